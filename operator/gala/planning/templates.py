"""What a pod template says beside the CPU and memory that it requests, as far as a plan can use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Term(NamedTuple):
    """One requirement on a node's labels, with the operators of node affinity."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class Toleration(NamedTuple):
    """Which taints do not keep a pod away; an empty key or effect stands for all of them."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


class Taint(NamedTuple):
    """What keeps pods away from a node; only the effects NoSchedule and NoExecute do."""

    key: str
    value: str
    effect: str


class Where(NamedTuple):
    """Which nodes a pod may use."""

    selector: tuple[tuple[Term, ...], ...] = ()
    """All terms of one of these have to hold; without any every node will do."""
    tolerations: tuple[Toleration, ...] = ()

    @property
    def labels(self) -> frozenset[str]:
        """The keys that have to be known of a node."""
        return frozenset(term.key for terms in self.selector for term in terms)


ANYWHERE = Where()


class Spread(NamedTuple):
    """How far the zones of one target's pods may differ (``DoNotSchedule``)."""

    key: str
    """The label that says in which zone a node is."""
    skew: int
    domains: int = 1
    """Below so many zones no zone may have more than ``skew``."""


class Template(NamedTuple):
    """Amounts are millicores and bytes per pod."""

    limits_cpu: int = 0
    limits_memory: int = 0
    priority_class: str = ""
    deadline: bool = False
    """It ends by itself (``activeDeadlineSeconds``), which the pods of a target never do."""
    where: Where = ANYWHERE
    extended: tuple[tuple[str, int], ...] = ()
    """Requested beside CPU and memory, by name: devices, bytes."""
    spread: Spread | None = None


PLAIN = Template()


class Keys(NamedTuple):
    """What has to be known of nodes; whatever else they say would only keep equal ones apart."""

    labels: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()

    def cover(self, other: Keys) -> bool:
        """Whether nothing more has to be known for ``other``."""
        return other.labels <= self.labels and other.resources <= self.resources


NO_KEYS = Keys()


def keys_of(templates: Iterable[Template]) -> Keys:
    """What has to be known of the nodes for pods of these templates."""
    labels: set[str] = set()
    resources: set[str] = set()
    for one in templates:
        if one.where.selector:
            labels |= one.where.labels
        if one.spread is not None:
            labels.add(one.spread.key)
        if one.extended:
            resources.update(name for name, _ in one.extended)
    return Keys(frozenset(labels), frozenset(resources))
