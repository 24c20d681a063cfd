"""Objects of a hub as `gala status` reads them, each a whole one in which a test changes what it is about.

It is 19:58 in Shanghai; the round `opening` starts at 20:00, grows from 19:50 and has to be Ready
by 19:59. Cluster north holds 30 of web, for which 4 ran.
"""

from __future__ import annotations

from typing import Any

from gala.api.scalars import parse_instant
from gala.cli.hub_reading import Held
from gala.cli.status_view import Show, shows

Json = dict[str, Any]

FLEET = "gala-system"
START = "2027-02-05T20:00:00+08:00"
NOW = parse_instant("2027-02-05T19:58:00+08:00")

GOOD = {
    "Ready": "True",
    "Stalled": "False",
    "Valid": "True",
    "PreflightPassed": "True",
    "Armed": "False",
    "SignalsFresh": "True",
    "FleetReachable": "True",
    "CapacitySufficient": "True",
    "Contested": "False",
    "HandedBack": "False",
}


def conditions(**changed: tuple[str, str, str]) -> list[Json]:
    """All of an event, as on a good day; a changed one as (status, reason, message)."""
    return [
        {
            "type": kind,
            "status": changed.get(kind, (status, "", ""))[0],
            "reason": changed.get(kind, ("", "AsItShouldBe", ""))[1],
            "message": changed.get(kind, ("", "", f"{kind} is {status}"))[2],
            "lastTransitionTime": "2027-02-05T00:00:00Z",
            "observedGeneration": 1,
        }
        for kind, status in GOOD.items()
    ]


def round_status(**changes: Any) -> Json:
    """The opening while it is prepared."""
    return {
        "name": "opening",
        "phase": "Preparing",
        "start": START,
        "prepareAt": "2027-02-05T19:50:00+08:00",
        "readyBy": "2027-02-05T19:59:00+08:00",
        "required": 30,
        "ready": 20,
        **changes,
    }


def cluster_status(name: str = "north", **changes: Any) -> Json:
    """One cluster in the status of an event."""
    return {"name": name, "required": 30, "ready": 20, "qps": 1234, "state": "Reachable", **changes}


def event(*, spec: Json | None = None, generation: int = 1, name: str = "gala", **status: Any) -> Json:
    """A GalaEvent in namespace show; what is said of its status replaces that of the preparation."""
    known = {
        "phase": "Preparing",
        "observedGeneration": 1,
        "currentRound": "opening",
        "rounds": [round_status()],
        "clusters": [cluster_status()],
        "conditions": conditions(),
        **status,
    }
    opening = {
        "name": "opening",
        "start": START,
        "duration": "10m",
        "window": {"early": "1m", "late": "5m"},
        "demand": [{"workload": "web", "replicas": 30}],
    }
    return {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaEvent",
        "metadata": {"name": name, "namespace": "show", "uid": "u1", "generation": generation},
        "spec": {
            "timeZone": "Asia/Shanghai",
            "workloads": [{"name": "web", "target": {"name": "web"}}],
            "rounds": [opening],
            **(spec or {}),
        },
        "status": known,
    }


def entry(workload: str = "web", **changes: Any) -> Json:
    """One entry of the ledger."""
    intended = changes.get("intended", 30)
    return {
        "workload": workload,
        "target": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "show", "name": workload},
        "original": 4,
        "intended": intended,
        "written": 30,
        "state": "Written",
        "floors": [{"segment": "opening", "replicas": intended}],
        "since": "2027-02-05T11:50:00Z",
        "reason": "PreScale",
        "rule": "floors",
        **changes,
    }


def seen(workload: str = "web", *, observed: int | None = 30, ready: int | None = 20) -> Json:
    """What is seen of it."""
    known = {"observed": observed, "ready": ready}
    return {"workload": workload, **{key: value for key, value in known.items() if value is not None}}


def ledger(
    *entries: Json, status: list[Json] | None = None, cluster: str = "north", event: str = "gala", **spec: Any
) -> Json:
    """A GalaAllocation of one cluster; by default with web, of which 20 are Ready."""
    return {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaAllocation",
        "metadata": {"name": f"show.{event}.{cluster}", "namespace": FLEET},
        "spec": {
            "schemaVersion": 1,
            "eventRef": {"namespace": "show", "name": event, "uid": "u1"},
            "cluster": cluster,
            "entries": list(entries) or [entry()],
            **spec,
        },
        "status": {"entries": [seen()] if status is None else status, "outstanding": 1},
    }


def cluster(name: str = "north", ready: tuple[str, str, str] = ("True", "ClusterUsable", "")) -> Json:
    """A GalaCluster; ``ready`` is its condition as (status, reason, message)."""
    condition = {
        "type": "Ready",
        "status": ready[0],
        "reason": ready[1],
        "message": ready[2],
        "lastTransitionTime": "2027-02-05T00:00:00Z",
    }
    return {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaCluster",
        "metadata": {"name": name, "namespace": FLEET},
        "spec": {},
        "status": {"conditions": [condition]},
    }


def show(raw: Json | None = None, *ledgers: Json, clusters: tuple[Json, ...] = (), now: float = NOW) -> Show:
    """What is made of one event, its ledgers and the fleet."""
    held = Held(events=(raw or event(),), clusters=clusters, ledgers=ledgers)
    return shows(held, fleet_namespace=FLEET, now=now)[0]
