"""What GalaFacts says of the targets of a plan in one cluster, and of the room beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from gala.api.facts_file import FactsCluster, FactsNodes, FactsTarget
from gala.planning.facts import TARGET_GONE, Missing, NodeRoom, TargetFacts, TargetKey
from gala.planning.fit import Needs, Size
from gala.planning.pools import empty_room
from gala.planning.quotas import Quota
from gala.planning.templates import Taint, Template, Term, Toleration, Where


class ClusterInFiles:
    """One cluster as the files have it, for the targets that are asked for there."""

    def __init__(
        self, facts: FactsCluster | None, cluster: str, wanted: Iterable[tuple[TargetKey, str]]
    ) -> None:
        """``wanted`` are targets, each with the name of a workload that has it.

        ``facts`` is None where the files say nothing.
        """
        self._facts = facts
        self._cluster = cluster
        self._names: dict[TargetKey, str] = {}
        self._places: dict[TargetKey, int] = {}
        self._asked: defaultdict[int, set[TargetKey]] = defaultdict(set)
        """By line: the targets that it would have to stand for."""
        for key, workload in wanted:
            place = _place(facts, key, workload)
            if place is not None:
                self._asked[place].add(key)
                self._places[key] = place
            if place is not None or key not in self._names:
                self._names[key] = workload

    def target(self, key: TargetKey) -> TargetFacts | Missing:
        """What runs of a wanted target; missing too where one line would have to stand for several."""
        place, workload = self._places.get(key), self._names[key]
        if self._facts is None or place is None:
            return Missing(
                TARGET_GONE,
                f"GalaFacts does not say what runs of {workload} in cluster {self._cluster}, so nothing is "
                "placed there; add it to that cluster's targets",
            )
        if len(self._asked[place]) > 1:
            return Missing(
                TARGET_GONE,
                f"GalaFacts says once what runs of {workload} in cluster {self._cluster}, but {key} is not "
                "the only target of a workload of that name, so nothing is placed there; add a line for "
                f"each, this one with namespace: {key.namespace} and target: {key.name}",
            )
        found = self._facts.targets[place]
        return TargetFacts(
            uid=f"{self._cluster}/{key.namespace}/{key.name}",
            resource_version="",
            replicas=found.replicas,
            pods=found.replicas,
            ready=found.replicas,
            warm=found.replicas,
            manager="",
            cpu=found.cpu,
            memory=found.memory,
            template=Template(where=_where(found)),
        )

    def quotas(self) -> dict[str, tuple[Quota, ...]]:
        """What quotas leave, by namespace."""
        found: defaultdict[str, list[Quota]] = defaultdict(list)
        for one in self._facts.quotas if self._facts is not None else ():
            bounds = (("pods", one.pods), ("requests.cpu", one.cpu), ("requests.memory", one.memory))
            free = tuple((resource, left) for resource, left in bounds if left is not None)
            found[one.namespace].append(Quota(one.name, free))
        return {namespace: tuple(here) for namespace, here in found.items()}

    def room(self) -> tuple[NodeRoom, ...] | Missing:
        """Free room beside what no event here plans with: such a target keeps running through the night."""
        facts = self._facts
        if facts is None or "nodes" not in facts.model_fields_set:
            return Missing("NoNodes", f"GalaFacts does not say what is free in cluster {self._cluster}")
        nodes = [_nodes(node) for node in facts.nodes]
        others = [row for place, row in enumerate(facts.targets) if len(self._asked[place]) != 1]
        if not others:
            return tuple(nodes)
        room = empty_room(nodes, {}, [_size(row) for row in facts.targets])
        for row in sorted(others, key=lambda t: (-t.cpu, -t.memory, t.workload)):
            room.place(_size(row), row.replicas)
        return room.left()


def _nodes(node: FactsNodes) -> NodeRoom:
    taints = tuple(sorted(Taint(one.key, one.value, one.effect) for one in node.taints))
    labels = tuple(sorted(node.labels.items()))
    return NodeRoom(node.count, node.cpu, node.memory, node.pods, labels, taints)


def _size(row: FactsTarget) -> Size:
    return Size(row.cpu, row.memory, Needs(where=_where(row)))


def _where(row: FactsTarget) -> Where:
    terms = tuple(Term(key, "In", (value,)) for key, value in sorted(row.node_selector.items()))
    return Where(
        (terms,) if terms else (),
        tuple(Toleration(one.key, one.operator, one.value, one.effect) for one in row.tolerations),
    )


def _place(facts: FactsCluster | None, key: TargetKey, workload: str) -> int | None:
    """Where the line about a target stands: of those that fit, the first of those that say most."""
    rows = enumerate(facts.targets if facts is not None else ())
    fitting = [(place, row) for place, row in rows if row.workload == workload and _fits(row, key)]
    if not fitting:
        return None
    return max(fitting, key=lambda one: _stated(one[1]))[0]


def _fits(row: FactsTarget, key: TargetKey) -> bool:
    return row.namespace in (None, key.namespace) and row.target in (None, key.name)


def _stated(row: FactsTarget) -> int:
    return (row.namespace is not None) + (row.target is not None)
