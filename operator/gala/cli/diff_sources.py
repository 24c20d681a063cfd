"""Where `gala diff` knows from what is stored and what runs: the hub, the clusters, or files alone.

Of a target the cluster's own word counts first, then that of a GalaFacts file, then what the
operator last wrote into its ledger. What nobody says is missing, and no zero.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gala.api.cluster import GalaCluster
from gala.api.event import GalaEvent
from gala.api.facts_file import FactsCluster
from gala.cli.diff_ledger import NOT_KNOWN, Ledger, learned, read_ledger
from gala.cli.diff_members import Running, look
from gala.cli.hub import Login
from gala.cli.hub_reading import Asked, Held, Json, read
from gala.cli.plan_facts import ClusterInFiles
from gala.cli.plan_snapshot import cluster_facts, event_key, takes_part
from gala.engine.wanted import read_cluster, read_event
from gala.errors import CredentialsRefused, GalaError, InvalidInput
from gala.fleet.client import ApiServer
from gala.planning.facts import (
    TARGET_GONE,
    ClusterFacts,
    EventFacts,
    EventKey,
    Missing,
    TargetFacts,
    TargetKey,
)
from gala.planning.sites import target_key
from gala.planning.snapshot import Snapshot
from gala.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What stood in the files that a person named."""

    wanted: tuple[GalaEvent, ...]
    """The events as they are to be."""
    members: tuple[GalaCluster, ...] = ()
    facts: Mapping[str, FactsCluster] = field(default_factory=dict)
    """By cluster name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What is stored, and what would be: the same facts with other events."""

    before: Snapshot
    after: Snapshot
    keys: tuple[EventKey, ...]
    """The events of the files, in their order."""
    notes: tuple[str, ...] = ()
    """What could not be known, one sentence each."""


def from_files(given: Given, stored: Sequence[GalaEvent]) -> Sides:
    """Two versions of events on the facts in files; nothing is held yet."""
    events = tuple(
        EventFacts(key=event_key(e), uid=str(event_key(e)), generation=1, created=0.0, spec=e.spec)
        for e in stored
    )
    return _sides(_World(given=given, stored=events, clusters=given.members, ledger=read_ledger(())))


async def from_hub(hub: ApiServer, login: Login, given: Given, *, settings: Settings, live: bool) -> Sides:
    """What the hub stores, and what runs as far as somebody says it; clusters in files replace stored ones.

    Raises:
        InvalidInput: A kind is missing, or nobody says which clusters there are.
        CredentialsRefused: The events may not be read.
        RequestFailed: The hub does not answer.
    """
    held, notes = await _held(hub, given.wanted, settings)
    ledger = read_ledger(held.ledgers)
    world = _World(
        given=given,
        stored=tuple(_stored(held, ledger, notes)),
        clusters=tuple(_clusters(held, given.members, notes)),
        ledger=ledger,
        statuses={str(raw["metadata"]["name"]): raw for raw in held.clusters},
    )
    running = await _running(hub, login, world, settings, live=live)
    for name, found in running.items():
        if isinstance(found, str):
            notes.append(f"cluster {name} was not asked what runs there: {found}")
        else:
            doubts = [one for one in (*found.targets.values(), found.nodes) if isinstance(one, Missing)]
            notes += list(dict.fromkeys(one.message for one in doubts if _in_doubt(one)))
    known = {name: answer for name, answer in running.items() if isinstance(answer, Running)}
    return _sides(replace(world, running=known, notes=tuple(notes)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """Everything that is known."""

    given: Given
    stored: tuple[EventFacts, ...]
    clusters: Sequence[GalaCluster]
    ledger: Ledger
    statuses: Mapping[str, Json] = field(default_factory=dict)
    """GalaClusters as the hub has them."""
    running: Mapping[str, Running] = field(default_factory=dict)
    """What the clusters themselves say."""
    notes: tuple[str, ...] = ()

    def needed(self, cluster: GalaCluster) -> dict[TargetKey, str]:
        """The targets of both sides in a cluster, each with the name of its workload."""
        new = [
            EventFacts(key=event_key(e), uid="", generation=0, created=0.0, spec=e.spec)
            for e in self.given.wanted
        ]
        return {
            target_key(workload, event.key.namespace): workload.name
            for event in [*self.stored, *new]
            for workload in event.spec.workloads
            if takes_part(event, workload, cluster)
        }


def _stored(held: Held, ledger: Ledger, notes: list[str]) -> Iterator[EventFacts]:
    for raw in held.events:
        event = read_event(raw, missing=False, before=None)
        if event.facts is None:
            notes.append(f"the stored event {event.key} cannot be used: {event.problems[0]}")
            continue
        doubt = event.key in ledger.unreadable
        if doubt:
            notes.append(f"the ledger of {event.key} cannot be read, so what it holds is not known")
        yield replace(event.facts, doubt=doubt)


async def _held(hub: ApiServer, wanted: Sequence[GalaEvent], settings: Settings) -> tuple[Held, list[str]]:
    """The whole hub; where a person may not see all events, those beside the ones in the files."""
    fleet = settings.fleet_namespace
    try:
        held = await read(hub, Asked(namespace=None, fleet_namespace=fleet))
        notes = []
    except CredentialsRefused:
        spaces = sorted({event.metadata.namespace for event in wanted})
        parts = [await read(hub, Asked(namespace=name, fleet_namespace=fleet)) for name in spaces]
        held = replace(parts[0], events=tuple(event for part in parts for event in part.events))
        notes = ["events of other namespaces may not be read; the room that they take is not counted"]
    return held, notes + [f"you may not {right}, so what it says is not known" for right in held.withheld]


def _clusters(held: Held, members: Sequence[GalaCluster], notes: list[str]) -> list[GalaCluster]:
    found: dict[str, GalaCluster] = {}
    for raw in held.clusters:
        one = read_cluster(raw, before=None)
        if one.cluster is None:
            notes.append(f"the GalaCluster {one.name} cannot be used: {one.problems[0]}")
        else:
            found[one.name] = one.cluster
    found |= {member.metadata.name: member for member in members}
    if not found:
        raise InvalidInput(
            "No GalaCluster is known, so nothing can be placed; register one with: kubectl apply -f "
            "CLUSTER.yaml, or name a file that has them with --clusters"
        )
    return [found[name] for name in sorted(found)]


async def _running(
    hub: ApiServer, login: Login, world: _World, settings: Settings, *, live: bool
) -> dict[str, Running | str]:
    """What runs, by cluster, or why it could not be asked."""

    async def one(cluster: GalaCluster) -> Running | str:
        name, targets = cluster.metadata.name, sorted(world.needed(cluster))
        if cluster.spec.in_cluster:
            return await look(hub, targets)
        try:
            credentials = await Login(
                kubeconfig=login.kubeconfig, context=name, home=login.home
            ).credentials()
        except GalaError as failed:
            return str(failed)
        server = ApiServer(name, credentials, settings)
        try:
            return await look(server, targets)
        finally:
            await server.close()

    asked = [cluster for cluster in world.clusters if live or cluster.spec.in_cluster]
    found = await asyncio.gather(*(one(cluster) for cluster in asked))
    return {cluster.metadata.name: answer for cluster, answer in zip(asked, found, strict=True)}


def _sides(world: _World) -> Sides:
    names = {cluster.metadata.name for cluster in world.clusters}
    unknown = sorted(set(world.given.facts) - names)
    if unknown:
        raise InvalidInput(
            f"GalaFacts tells of cluster {unknown[0]!r}, of which there is no GalaCluster; "
            "add it to the files of --clusters"
        )
    before = Snapshot(
        events=world.stored,
        clusters={cluster.metadata.name: _facts(cluster, world) for cluster in world.clusters},
        records=world.ledger.records,
        ledgers=world.ledger.ledgers,
    )
    keys = tuple(event_key(event) for event in world.given.wanted)
    old = {event.key: event for event in world.stored}
    last = max((event.created for event in world.stored), default=0.0)
    others = tuple(event for event in world.stored if event.key not in keys)
    new = tuple(_replaced(event, old.get(event_key(event)), last) for event in world.given.wanted)
    return Sides(before=before, after=replace(before, events=(*others, *new)), keys=keys, notes=world.notes)


def _replaced(event: GalaEvent, old: EventFacts | None, last: float) -> EventFacts:
    """The event as it would be stored: an edit raises the generation, a new one is the youngest."""
    if old is None:
        key = event_key(event)
        return EventFacts(key=key, uid=str(key), generation=1, created=last + 1.0, spec=event.spec)
    return replace(old, spec=event.spec, generation=old.generation + (old.spec != event.spec))


def _facts(cluster: GalaCluster, world: _World) -> ClusterFacts:
    name, needed = cluster.metadata.name, world.needed(cluster)
    live, file = world.running.get(name), world.given.facts.get(name)
    filed = ClusterInFiles(file, name, needed.items())
    targets: dict[TargetKey, TargetFacts | Missing] = {}
    for key in needed:
        said = world.ledger.targets.get((name, key))
        sources = [live.targets.get(key) if live else None, _in_file(filed.target(key), said), said]
        nobody = Missing(NOT_KNOWN, f"nobody says what runs of {key} in cluster {name}; ask it with --live")
        targets[key] = next((s for s in sources if s is not None and not _in_doubt(s)), sources[0] or nobody)
    nodes = filed.room() if file else live.nodes if live else _NO_ROOM
    quotas = filed.quotas() if file else live.quotas if live else {}
    known = cluster_facts(cluster, targets=targets, nodes=nodes, quotas=quotas)
    return learned(known, world.statuses.get(name))


def _in_doubt(said: TargetFacts | Missing) -> bool:
    return isinstance(said, Missing) and said.reason != TARGET_GONE


_NO_ROOM = Missing(NOT_KNOWN, "nobody says how much room is free, so it is taken to be there")


def _in_file(found: TargetFacts | Missing, said: TargetFacts | Missing | None) -> TargetFacts | None:
    """What a file says of a target; it is the object that the ledger knows, if that knows one."""
    if isinstance(found, Missing):
        return None
    return replace(found, uid=said.uid) if isinstance(said, TargetFacts) else found
