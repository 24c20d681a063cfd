"""Facts for planning without any I/O: a fleet as the caches would know it, and how it answers a plan."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from night import (
    APART,
    GIB,
    NAMESPACE,
    NODE_GROUPS,
    Load,
    Size,
    cluster_name,
    events,
    free_cores,
    loads,
    nodes_of,
)

from gala.api.scalars import parse_instant
from gala.api.validation import parse_event
from gala.planning.facts import (
    Admission,
    ClusterFacts,
    EventFacts,
    EventKey,
    NodeRoom,
    PodStart,
    Sample,
    TargetFacts,
    TargetKey,
    Traffic,
)
from gala.planning.outcome import Plan
from gala.planning.plan import plan
from gala.planning.snapshot import Snapshot
from gala.settings import Settings

NOW = parse_instant("2027-02-05T20:00:00+08:00")
"""The first round's start."""

SETTINGS = Settings()


def snapshot(size: Size, now: float, *, seed: int = 0, after: bool = False, room: float = 1.0) -> Snapshot:
    """The fleet before the show; ``seed`` changes everybody's traffic, ``room`` a part of what is free."""
    rng = Random(seed)
    shown = [_event(document, number) for number, document in enumerate(events(size, NOW, after=after))]
    owners = {w.name: event.key for event in shown for w in event.spec.workloads}
    every = loads(size)
    clusters = {}
    for number in range(size.clusters):
        name = cluster_name(number)
        clusters[name] = ClusterFacts(
            name=name,
            private=number % 4 != 3,
            fill_order=number % 3,
            weight=0 if number % 4 == 3 else 1,
            admits=(Admission(event_namespace=NAMESPACE, target_namespaces=("*",), max_tier="S"),),
            last_contact=now,
            targets={target(load): _running(load, number) for load in every},
            nodes=_nodes(size, number, room),
            pod_start=PodStart(per_second=30, p95=60.0, slowest=75.0),
            signal_configured=True,
            traffic=_traffic(every, owners, rng, now),
        )
    return Snapshot(events=tuple(shown), clusters=clusters)


def target(load: Load) -> TargetKey:
    """What is scaled, in every cluster."""
    return TargetKey("apps/v1", "Deployment", NAMESPACE, load.name)


def again(known: Snapshot, now: float, *, seed: int) -> Snapshot:
    """The same fleet with other traffic; every cluster's facts are new values, as a pass makes them."""
    rng = Random(seed)
    owners = {w.name: event.key for event in known.events for w in event.spec.workloads}
    every = loads(Size(len(known.clusters), len(owners)))
    return replace(
        known,
        clusters={
            name: replace(
                cluster,
                last_contact=now,
                targets={key: replace(facts) for key, facts in cluster.targets.items()},  # type: ignore[arg-type]
                traffic=_traffic(every, owners, rng, now),
            )
            for name, cluster in known.clusters.items()
        },
    )


def carried_out(known: Snapshot, made: Plan) -> Snapshot:
    """The fleet after a plan: ledgers stored, writes acknowledged, pods Ready and warm at once."""
    records = {**known.records, **made.records}
    ledgers = {**known.ledgers, **made.ledgers}
    clusters = {name: dict(cluster.targets) for name, cluster in known.clusters.items()}
    for write in made.writes:
        facts = clusters[write.cluster][write.target]
        assert isinstance(facts, TargetFacts)
        clusters[write.cluster][write.target] = replace(
            facts, replicas=write.to, pods=write.to, ready=write.to, warm=write.to, manager=write.manager
        )
    return replace(
        known,
        records={key: record for key, record in records.items() if record is not None},
        ledgers={key: ledger for key, ledger in ledgers.items() if ledger is not None},
        clusters={name: replace(known.clusters[name], targets=targets) for name, targets in clusters.items()},
    )


def live(size: Size, *, after: bool = False, room: float = 1.0) -> tuple[Snapshot, float]:
    """A fleet in the middle of its night, every entry written, and the time: one minute into a round."""
    middle = NOW + (size.rounds // 2) * APART
    known = snapshot(size, middle - 600.0, seed=1, after=after, room=room)
    now = middle - 600.0
    while now <= middle + 60.0:
        made = plan(again(known, now, seed=2), now, SETTINGS, ahead=SETTINGS.look_ahead)
        known = carried_out(known, made)
        now += 60.0 if made.busy else 240.0
    return known, middle + 60.0


def _event(document: dict, number: int) -> EventFacts:  # type: ignore[type-arg]
    parsed = parse_event(document)
    metadata = document["metadata"]
    return EventFacts(
        key=EventKey(metadata["namespace"], metadata["name"]),
        uid=f"uid-{number}",
        generation=1,
        created=NOW - 1e6 + number,
        spec=parsed.spec,
    )


def _running(load: Load, cluster: int) -> TargetFacts:
    return TargetFacts(
        uid=f"{load.name}-{cluster}",
        resource_version="1000",
        replicas=load.original,
        pods=load.original,
        ready=load.original,
        warm=load.original,
        manager="helm",
        cpu=load.cpu,
        memory=load.memory,
    )


def _nodes(size: Size, cluster: int, room: float) -> tuple[NodeRoom, ...]:
    each, free = nodes_of(size) // NODE_GROUPS, [int(cpu * room) for cpu in free_cores(cluster)]
    return tuple(NodeRoom(each, cpu, cpu * 4 * GIB // 1000, 110) for cpu in free)


def _traffic(
    every: tuple[Load, ...], owners: dict[str, EventKey], rng: Random, now: float
) -> dict[tuple[EventKey, str], Traffic]:
    found = {}
    for load in every:
        rate = load.peak / 100 * rng.uniform(0.5, 1.5)
        found[owners[load.name], load.name] = Traffic(Sample(rate, now - 5.0), Sample(rate, now - 20.0))
    return found
