"""What Argo CD makes of our statuses (docs/argocd.md): its Lua in a real Lua 5.1, on what we write."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from lupa import lua51

from chart_files import ROOT
from gala.api.cue import CuePhase, GalaCueStatus
from gala.planning.outcome import EventPlan
from gala.report.cluster_status import ClusterView, cluster_status, stray_status
from gala.report.conditions import yes
from gala.report.event_judgements import EventView, Trouble
from gala.report.status import event_status, hindered_status, invalid_status, to_wire
from report_night import T0
from report_passes import cluster, event_plan, finding, health
from report_views import view

CUSTOMIZATIONS = yaml.safe_load((ROOT / "integrations" / "argocd" / "argocd-cm.yaml").read_text())["data"]
CLOSED = ("coroutine", "debug", "io", "math", "os", "package", "require", "string")
"""Libraries that Argo CD does not open for a health check."""

GENERATION = 3


def told(kind: str, status: dict[str, Any] | None, *, generation: int = GENERATION) -> tuple[str, str]:
    """The health and its message."""
    lua = lua51.LuaRuntime(unpack_returned_tuples=True)
    for name in CLOSED:
        lua.globals()[name] = None
    obj = {"metadata": {"generation": generation}, **({} if status is None else {"status": status})}
    lua.globals().obj = lua.table_from(obj, recursive=True)
    found = lua.execute(CUSTOMIZATIONS[f"resource.customizations.health.gala.dev_{kind}"])
    return found.status, found.message


def of_event(one: EventView) -> tuple[str, str]:
    return told("GalaEvent", to_wire(event_status(one)))


def short(**changes: Any) -> EventPlan:
    """Four of ten replicas that are due are Ready."""
    return event_plan(floors={("web", "east"): 10}, ready={("web", "east"): 4}, **changes)


@pytest.mark.parametrize(
    ("one", "want", "said"),
    [
        pytest.param(view(), "Healthy", "every floor that is due now is Ready", id="weeks ahead"),
        pytest.param(
            view(plan=short(phase="Preparing")),
            "Progressing",
            "4 of 10 are Ready",
            id="capacity is on its way",
        ),
        pytest.param(
            view(plan=short(phase="Live")), "Degraded", "4 of 10 are Ready", id="pods are missing in a round"
        ),
        pytest.param(
            view(plan=event_plan(floors={("web", "east"): 10}, ready={("web", "east"): None})),
            "Progressing",
            "unknown",
            id="nobody knows what is Ready",
        ),
        pytest.param(
            view(plan=event_plan(phase="Paused")), "Suspended", "spec.paused", id="a person has paused it"
        ),
        pytest.param(
            view(problems=("spec.rounds: none",)), "Degraded", "spec.rounds: none", id="an edit is invalid"
        ),
        pytest.param(
            view(plan=event_plan(findings=(finding(),))),
            "Healthy",
            "PreflightPassed=False NotAdmitted: ",
            id="what is wrong ahead is told and holds up no sync",
        ),
    ],
)
def test_an_event_is_as_healthy_as_its_conditions_say(one: EventView, want: str, said: str) -> None:
    status, message = of_event(one)
    assert (status, said in message) == (want, True), message


@pytest.mark.parametrize(
    ("status", "want"),
    [
        pytest.param(None, "Progressing", id="nobody has seen it"),
        pytest.param({"phase": "Planned"}, "Progressing", id="nobody has judged it"),
        pytest.param(
            to_wire(invalid_status(("spec.rounds: none",), previous=None, generation=GENERATION, now=T0)),
            "Degraded",
            id="it never was valid",
        ),
        pytest.param(
            to_wire(
                hindered_status(
                    (Trouble("LedgerNotStored", "no right"),), previous=None, generation=GENERATION, now=T0
                )
            ),
            "Degraded",
            id="its ledger cannot be kept",
        ),
    ],
)
def test_an_event_that_is_not_planned_is_not_healthy(status: dict[str, Any] | None, want: str) -> None:
    assert told("GalaEvent", status)[0] == want


@pytest.mark.parametrize("kind", ["GalaEvent", "GalaCluster"])
def test_an_edit_that_was_not_seen_yet_is_on_its_way(kind: str) -> None:
    seen = {
        "GalaEvent": to_wire(event_status(view())),
        "GalaCluster": to_wire(
            cluster_status(ClusterView(generation=3, now=T0, facts=cluster(), health=health()))
        ),
    }[kind]
    assert told(kind, seen)[0] == "Healthy"
    assert told(kind, seen, generation=GENERATION + 1)[0] == "Progressing"


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param({}, "Healthy", id="it answers and allows everything"),
        pytest.param(
            {"health": health(reachable=False, reason="TimedOut", message="no answer")},
            "Degraded",
            id="it is silent",
        ),
        pytest.param(
            {"health": health(unauthorized="deployments: forbidden")}, "Degraded", id="it forbids something"
        ),
        pytest.param({"health": None, "facts": None}, "Progressing", id="it was not asked yet"),
    ],
)
def test_a_cluster_is_as_healthy_as_its_condition_ready(changes: dict[str, Any], want: str) -> None:
    values = {"generation": GENERATION, "now": T0, "facts": cluster(), "health": health(), **changes}
    assert told("GalaCluster", to_wire(cluster_status(ClusterView(**values))))[0] == want


def test_a_cluster_outside_of_the_fleet_namespace_is_not_healthy() -> None:
    status = stray_status("gala-system", previous=None, generation=GENERATION, now=T0)
    assert told("GalaCluster", to_wire(status))[0] == "Degraded"


@pytest.mark.parametrize(
    ("phase", "want"),
    [
        pytest.param(CuePhase.APPLIED, "Healthy", id="it was carried out"),
        pytest.param(CuePhase.REJECTED, "Degraded", id="it was rejected"),
    ],
)
def test_a_cue_is_as_healthy_as_its_answer(phase: CuePhase, want: str) -> None:
    status = GalaCueStatus(phase=phase, message="why", applied_at=T0, observed_generation=1)
    assert told("GalaCue", to_wire(status)) == (want, "why")


def test_a_cue_without_an_answer_is_on_its_way() -> None:
    assert told("GalaCue", None)[0] == "Progressing"


def test_a_condition_that_is_not_there_is_no_good_news() -> None:
    status = to_wire(event_status(view()))
    status["conditions"] = [one for one in status["conditions"] if one["type"] != yes("Ready", "X").type]
    assert told("GalaEvent", status)[0] == "Progressing"
