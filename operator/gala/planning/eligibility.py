"""Whether a pod may use a node: taints, node selector, required node affinity, as the scheduler judges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gala.planning.templates import Taint, Term, Toleration, Where


def may_use(labels: Mapping[str, str], taints: Iterable[Taint], where: Where) -> bool:
    """Whether every taint is tolerated and one of the selector's alternatives holds."""
    if not all(any(_tolerates(one, taint) for one in where.tolerations) for taint in taints):
        return False
    return not where.selector or any(all(_holds(term, labels) for term in terms) for terms in where.selector)


def _tolerates(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect not in ("", taint.effect) or toleration.key not in ("", taint.key):
        return False
    return toleration.operator == "Exists" or toleration.value == taint.value


def _holds(term: Term, labels: Mapping[str, str]) -> bool:
    """A term whose operator nobody knows yet keeps no pod away: what is not known is no bound."""
    value = labels.get(term.key)
    match term.operator:
        case "In":
            return value in term.values
        case "NotIn":
            return value not in term.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _compares(term, value)
        case _:
            return True


def _compares(term: Term, value: str | None) -> bool:
    """Of labels that are whole numbers; every other one is neither greater nor less."""
    try:
        (bound,) = map(int, term.values)
        number = int(value or "")
    except ValueError:
        return False
    return number > bound if term.operator == "Gt" else number < bound
