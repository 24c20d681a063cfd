"""What a pod, or a template of pods, asks of a node."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

from kubernetes.utils.quantity import parse_quantity

from gala.planning.eligibility import may_use
from gala.planning.templates import Spread, Template, Term, Toleration, Where


class Requests(NamedTuple):
    """CPU in millicores, memory in bytes."""

    cpu: int
    memory: int

    def plus(self, other: Requests) -> Requests:
        """The sum."""
        return Requests(self.cpu + other.cpu, self.memory + other.memory)

    def most(self, other: Requests) -> Requests:
        """The larger of each."""
        return Requests(max(self.cpu, other.cpu), max(self.memory, other.memory))


NOTHING = Requests(0, 0)

_BASIC: Final = frozenset({"cpu", "memory"})

NODE_NAME: Final = "metadata.name"
"""The only field of a node that a pod can ask for."""


@lru_cache(maxsize=4096)
def millicores(text: str) -> int:
    """A CPU quantity in millicores, rounded up; 0 where it cannot be read."""
    return amount(text, 1000) or 0


@lru_cache(maxsize=4096)
def whole(text: str) -> int:
    """A quantity of bytes or pods, rounded up; 0 where it cannot be read."""
    return amount(text, 1) or 0


def requests_of(spec: Mapping[str, Any]) -> Requests:
    """What the scheduler reckons for a pod ``spec``.

    The containers' sum, or an init container's if that is more; sidecars (init containers
    with ``restartPolicy: Always``) stay and count in both; ``overhead`` comes on top.
    A limit without a request is a request, as the API server decides for pods.
    """
    return _peak(spec, _requested).plus(_overhead(spec))


def template_of(spec: Mapping[str, Any], labels: Mapping[str, str] | None = None) -> Template:
    """What else a pod ``spec`` says that a plan can use; ``labels`` are the pod's."""
    limits = _peak(spec, _limited).plus(_overhead(spec))
    return Template(
        limits_cpu=limits.cpu,
        limits_memory=limits.memory,
        priority_class=str(spec.get("priorityClassName") or ""),
        deadline=spec.get("activeDeadlineSeconds") is not None,
        where=_where(spec),
        extended=extended_of(spec),
        spread=_spread(spec, labels or {}),
    )


def extended_of(spec: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """What else the scheduler reckons for a pod ``spec``: devices, huge pages, scratch space, by name."""
    containers = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
    resources = [container.get("resources") or {} for container in containers]
    names = {name for one in resources for part in ("requests", "limits") for name in one.get(part) or ()}
    found = ((name, _peak(spec, partial(_named, name)).cpu) for name in sorted(names - _BASIC))
    return tuple((name, asked) for name, asked in found if asked)


def _spread(spec: Mapping[str, Any], labels: Mapping[str, str]) -> Spread | None:
    """The first constraint over zones that has to hold and counts the pod's own kind."""
    for one in spec.get("topologySpreadConstraints") or ():
        selector, key = one.get("labelSelector") or {}, str(one.get("topologyKey"))
        own = [
            *(Term(name, "In", (str(value),)) for name, value in (selector.get("matchLabels") or {}).items()),
            *_terms(selector),
        ]
        binds = one.get("whenUnsatisfiable") == "DoNotSchedule" and key != _HOST
        if binds and own and may_use(labels, (), Where((tuple(own),))):
            return Spread(key, int(one.get("maxSkew") or 1), int(one.get("minDomains") or 1))
    return None


_HOST: Final = "kubernetes.io/hostname"
"""Spread over single nodes is not planned with: a pool for each node would cost too much."""

_NEVER: Final = (Term(NODE_NAME, "In"),)
"""What an empty alternative says: it takes no node."""


def _where(spec: Mapping[str, Any]) -> Where:
    """Node selector and required node affinity have to hold together; what is only preferred is left out."""
    selected = tuple(
        Term(key, "In", (str(value),)) for key, value in sorted((spec.get("nodeSelector") or {}).items())
    )
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    alternatives = required.get("nodeSelectorTerms") or ()
    if alternatives:
        selector = tuple((*selected, *(tuple(_terms(one)) or _NEVER)) for one in alternatives)
    else:
        selector = (selected,) if selected else ()
    return Where(
        selector,
        tuple(
            Toleration(
                str(one.get("key") or ""),
                str(one.get("operator") or "Equal"),
                str(one.get("value") or ""),
                str(one.get("effect") or ""),
            )
            for one in spec.get("tolerations") or ()
        ),
    )


def _terms(alternative: Mapping[str, Any]) -> Iterable[Term]:
    """Of one alternative; ``matchFields`` knows the node's name alone, which is kept as a label."""
    for part in ("matchExpressions", "matchFields"):
        for term in alternative.get(part) or ():
            yield Term(
                str(term.get("key")), str(term.get("operator")), tuple(map(str, term.get("values") or ()))
            )


def _peak(spec: Mapping[str, Any], of: Callable[[Mapping[str, Any]], Requests]) -> Requests:
    running = _sum(map(of, spec.get("containers") or ()))
    sidecars, peak = NOTHING, NOTHING
    for container in spec.get("initContainers") or ():
        own = of(container)
        if container.get("restartPolicy") == "Always":
            sidecars = sidecars.plus(own)
            peak = peak.most(sidecars)
        else:
            peak = peak.most(sidecars.plus(own))
    return running.plus(sidecars).most(peak)


def _overhead(spec: Mapping[str, Any]) -> Requests:
    return _amounts(spec.get("overhead") or {}, {})


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod is Ready and stays."""
    if (pod.get("metadata") or {}).get("deletionTimestamp"):
        return False
    return condition(pod, "Ready")


def condition(obj: Mapping[str, Any], kind: str) -> bool:
    """Whether a condition of a pod or node is True."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return any(item.get("type") == kind and item.get("status") == "True" for item in conditions)


def _sum(asked: Iterable[Requests]) -> Requests:
    total = NOTHING
    for one in asked:
        total = total.plus(one)
    return total


def _requested(container: Mapping[str, Any]) -> Requests:
    resources = container.get("resources") or {}
    return _amounts(resources.get("requests") or {}, resources.get("limits") or {})


def _named(name: str, container: Mapping[str, Any]) -> Requests:
    """One amount that is neither CPU nor memory, in the place of the first."""
    resources = container.get("resources") or {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    return Requests(whole(str(requests.get(name, limits.get(name, "0")))), 0)


def _limited(container: Mapping[str, Any]) -> Requests:
    return _amounts((container.get("resources") or {}).get("limits") or {}, {})


def _amounts(requests: Mapping[str, Any], limits: Mapping[str, Any]) -> Requests:
    cpu, memory = (requests.get(name, limits.get(name, "0")) for name in ("cpu", "memory"))
    return Requests(millicores(str(cpu)), whole(str(memory)))


def amount(text: str, factor: int) -> int | None:
    """A quantity times ``factor``, rounded up; None where it cannot be read."""
    try:
        known: Decimal = parse_quantity(text)  # type: ignore[no-untyped-call]
        return math.ceil(known * factor)
    except (ValueError, ArithmeticError):
        return None
