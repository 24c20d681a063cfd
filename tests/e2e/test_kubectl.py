"""kubectl as users use it: what it prints, what it refuses, and how its words find what was meant."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from builders_api import Document, raw_cluster, raw_cue, raw_event
from clusters.cluster import Cluster
from doc_pages import ROOT
from gala.api.crd import KINDS, render
from ledger_values import a_ledger, as_object

pytestmark = pytest.mark.usefixtures("definitions")

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
MINIMAL = ROOT / "examples" / "minimal.yaml"
NOW = "2027-02-05T11:30:00Z"


def placed(document: Mapping[str, object], namespace: str) -> Document:
    """A copy in this namespace."""
    made: Document = json.loads(json.dumps(document))
    made["metadata"]["namespace"] = namespace
    return made


def minimal(namespace: str) -> str:
    """The smallest example as a person would paste it."""
    return MINIMAL.read_text().replace("namespace: gala\n", f"namespace: {namespace}\n")


def with_status(cluster: Cluster, kind: str, name: str, namespace: str, status: Mapping[str, object]) -> None:
    """The status that the operator would write."""
    patch = json.dumps({"status": status})
    words = ("patch", kind, name, "-n", namespace, "--subresource=status", "--type=merge", "-p", patch)
    cluster.kubectl(*words)


def condition(kind: str, status: str = "True") -> dict[str, object]:
    """A condition as the operator writes it."""
    return {
        "type": kind,
        "status": status,
        "reason": "PlanComplete",
        "message": "the plan is complete",
        "lastTransitionTime": NOW,
        "observedGeneration": 1,
    }


def test_apply_again_changes_nothing_and_says_configured_because_lists_gain_defaults(
    cluster: Cluster, namespace: str
) -> None:
    text = minimal(namespace)
    said = []
    for each in (text, text, text.replace("300k", "400k")):
        printed = cluster.kubectl("apply", "-f", "-", stdin=each).strip()
        event = cluster.get("galaevent", "first-show", "-n", namespace)
        said.append((printed.rsplit(" ", 1)[-1], event["metadata"]["generation"]))

    assert said == [("created", 1), ("configured", 1), ("configured", 2)]
    assert event["spec"]["rounds"][0]["demand"][0]["qps"] == "400k"


def test_server_side_apply_names_who_owns_a_field_that_two_want(cluster: Cluster, namespace: str) -> None:
    team, caller = ("apply", "--server-side", "--field-manager=team"), ("--field-manager=show-caller",)
    text = minimal(namespace)
    cluster.kubectl(*team, "-f", "-", stdin=text)

    longer = text.replace("duration: 10m", "duration: 15m")
    refused = cluster.run("apply", "--server-side", *caller, "-f", "-", stdin=longer)

    assert refused.code == 1
    assert 'conflict with "team": .spec.rounds' in refused.err
    cluster.kubectl("apply", "--server-side", "--force-conflicts", *caller, "-f", "-", stdin=longer)
    assert cluster.get("ge", "first-show", "-n", namespace)["spec"]["rounds"][0]["duration"] == "15m"


@pytest.mark.parametrize(
    "how", [pytest.param((), id="client-side"), pytest.param(("--server-side",), id="server-side")]
)
def test_diff_shows_what_an_apply_would_change(cluster: Cluster, namespace: str, how: Sequence[str]) -> None:
    text = minimal(namespace)
    cluster.kubectl("apply", *how, "-f", "-", stdin=text)

    same = cluster.run("diff", *how, "-f", "-", stdin=text)
    other = cluster.run("diff", *how, "-f", "-", stdin=text.replace("qps: 300k", "qps: 400k"))

    assert (same.code, same.out) == (0, "")
    assert other.code == 1
    assert re.search(r"^-.*qps: 300k$", other.out, re.MULTILINE)
    assert re.search(r"^\+.*qps: 400k$", other.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "want"),
    [
        pytest.param(
            ("galaevent.spec.rounds.start",),
            ("FIELD: start <string>", "with an offset"),
            id="when a round starts",
        ),
        pytest.param(("ge.spec.mode",), ("ENUM:", "Rehearsal"), id="the choices of a mode"),
        pytest.param(
            ("galaevents.spec.workloads.capacity",), ("qpsPerReplica", "headroomPercent"), id="a capacity"
        ),
        pytest.param(("galacue.spec",), ("-required-", "action"), id="a cue"),
        pytest.param(("galacluster.spec.admits",), ("eventNamespace", "maxTier"), id="what a cluster admits"),
        pytest.param(
            ("galaallocation.spec", "--recursive"), ("original\t<integer>", "floors"), id="all of the ledger"
        ),
    ],
)
def test_explain_tells_what_a_field_is(cluster: Cluster, words: Sequence[str], want: Sequence[str]) -> None:
    told = cluster.kubectl("explain", *words)

    assert [each for each in want if each not in told] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_that_a_person_may_write_is_explained(cluster: Cluster, kind: str) -> None:
    plural = render(kind)["spec"]["names"]["plural"]
    told = cluster.kubectl("explain", f"{plural}.spec")

    assert "<no description>" not in told
    assert re.search(r"DESCRIPTION:\n\s+\S", told)


ALLOCATABLE = {"cpu": "384", "memory": "1536Gi", "pods": 6000}
STATUSES = [
    pytest.param(
        raw_event(),
        {
            "phase": "Armed",
            "nextRound": "first",
            "ready": "12/12",
            "clustersReachable": "3/3",
        },
        ("NAME PHASE ROUND NEXT READY CLUSTERS AGE", "show Armed first 12/12 3/3 AGE"),
        id="a show",
    ),
    pytest.param(
        raw_cluster({"spec.class": "Public", "spec.fillOrder": 2}),
        {
            "nodes": 12,
            "freeCores": 340,
            "allocatable": ALLOCATABLE,
            "conditions": [condition("Reachable")],
        },
        ("NAME CLASS ORDER REACHABLE NODES CORES FREE AGE", "east Public 2 True 12 384 340 AGE"),
        id="a cluster",
    ),
    pytest.param(
        raw_cue(),
        {"phase": "Applied"},
        ("NAME EVENT ACTION ROUND BY PHASE AGE", "show-1-slip show Slip first -90s Applied AGE"),
        id="a cue",
    ),
    pytest.param(
        as_object(a_ledger(2)),
        {"outstanding": 2},
        (
            "NAME EVENT-NAMESPACE EVENT CLUSTER OUTSTANDING HOLD-UNTIL AGE",
            "{name} shows gala north 2 {hold} AGE",
        ),
        id="a ledger",
    ),
]


@pytest.mark.parametrize(("document", "status", "want"), STATUSES)
def test_get_shows_in_columns_what_people_look_for(
    cluster: Cluster, namespace: str, document: Document, status: Mapping[str, object], want: tuple[str, str]
) -> None:
    one = placed(document, namespace)
    name = one["metadata"]["name"]
    cluster.apply(one)
    with_status(cluster, one["kind"].lower(), name, namespace, status)

    head, row = cluster.kubectl("get", one["kind"].lower(), "-n", namespace).splitlines()

    spec = cluster.get(one["kind"].lower(), name, "-n", namespace)["spec"]
    assert " ".join(head.split()) == want[0]
    filled = want[1].format(name=name, hold=spec.get("holdUntil"))
    assert re.sub(r" \d+s$", " AGE", " ".join(row.split())) == filled


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_short_name_and_is_in_the_category(
    cluster: Cluster, namespace: str, kind: str
) -> None:
    (short,) = render(kind)["spec"]["names"]["shortNames"]

    assert cluster.run("get", short, "-n", namespace).code == 0
    listed = cluster.kubectl("api-resources", "--categories=gala", "--no-headers")
    assert kind in listed.split()


def test_describe_shows_the_plan_and_its_conditions(cluster: Cluster, namespace: str) -> None:
    cluster.apply(placed(raw_event(), namespace))
    with_status(cluster, "ge", "show", namespace, {"phase": "Armed", "conditions": [condition("PlanReady")]})

    told = cluster.kubectl("describe", "galaevent", "show", "-n", namespace)

    want = ("Kind:         GalaEvent", "Qps Per Replica:   100", "Reason:                PlanComplete")
    assert [each for each in want if each not in told] == []


def test_wait_ends_when_the_condition_holds(cluster: Cluster, namespace: str) -> None:
    cluster.apply(placed(raw_event(), namespace))
    wait = ("wait", "ge/show", "-n", namespace, "--for=condition=Armed")

    before = cluster.run(*wait, "--timeout=1s")
    with_status(cluster, "ge", "show", namespace, {"conditions": [condition("Armed")]})
    after = cluster.run(*wait, "--timeout=20s")

    assert (before.code, after.code) == (1, 0)
    assert "timed out" in before.err
    assert "condition met" in after.out


def editor(folder: Path, old: str, new: str) -> Mapping[str, str]:
    """An editor that replaces one text by another, once: what it is shown again it leaves as it is."""
    script = folder / "editor"
    script.write_text(f'#!/bin/sh\nsed -i "s/{old}/{new}/" "$1"\n')
    script.chmod(0o700)
    return {"KUBE_EDITOR": str(script), "TMPDIR": str(folder)}


def test_edit_stores_what_the_editor_leaves(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    cluster.apply(placed(raw_event(), namespace))
    words = ("edit", "galaevent", "show", "-n", namespace)

    said = cluster.kubectl(*words, env=editor(tmp_path, "duration: 10m", "duration: 12m"))

    assert said.strip() == "galaevent.gala.dev/show edited"
    event = cluster.get("ge", "show", "-n", namespace)
    assert (event["spec"]["rounds"][0]["duration"], event["metadata"]["generation"]) == ("12m", 2)


def test_edit_refuses_nonsense_and_keeps_it_in_a_file_that_says_why(
    cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    cluster.apply(placed(raw_event(), namespace))
    words = ("edit", "galaevent", "show", "-n", namespace)

    ran = cluster.run(*words, env=editor(tmp_path, "duration: 10m", "duration: 0s"))

    assert ran.code == 1
    kept = re.search(r'A copy of your changes has been stored to "(.+)"', ran.err)
    assert kept is not None, ran.err
    assert "duration is zero; write how long the round lasts, as 10m" in Path(kept[1]).read_text()
    assert cluster.get("ge", "show", "-n", namespace)["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("old", "new", "want"),
    [
        pytest.param("duration:", "durations:", 'unknown field "spec.rounds[0].durations"', id="a typo"),
        pytest.param(
            "duration: 10m",
            "duration: 600",
            "spec.rounds[0].duration in body must be of type string",
            id="a type",
        ),
        pytest.param("kind: GalaEvent", "kind: GalaEvnt", 'no matches for kind "GalaEvnt"', id="a kind"),
        pytest.param("v1alpha1", "v1beta1", 'no matches for kind "GalaEvent" in version', id="a version"),
        pytest.param(
            "+08:00", "", "start has no offset, so nobody knows when it is", id="a time without an offset"
        ),
    ],
)
def test_apply_names_the_mistake(cluster: Cluster, namespace: str, old: str, new: str, want: str) -> None:
    ran = cluster.run("apply", "-f", "-", stdin=minimal(namespace).replace(old, new))

    assert ran.code == 1
    assert want in ran.err
    assert cluster.kubectl("get", "ge", "-n", namespace, "-o", "name") == ""


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in EXAMPLES])
def test_a_file_of_examples_is_applied_as_it_lies_there(cluster: Cluster, path: Path) -> None:
    cluster.namespace("gala")
    cluster.namespace("gala-system")
    objects = [each for each in yaml.safe_load_all(path.read_text()) if each["kind"] in KINDS]

    ran = cluster.run("apply", "--dry-run=server", "-f", str(path))

    assert ran.out.splitlines() == [
        f"{each['kind'].lower()}.gala.dev/{each['metadata']['name']} created (server dry run)"
        for each in objects
    ]
    assert ran.err == "" or 'no matches for kind "GalaFacts"' in ran.err


def test_a_deleted_event_is_gone_at_once_because_nothing_holds_it(cluster: Cluster, namespace: str) -> None:
    cluster.apply(placed(raw_event(), namespace))

    said = cluster.kubectl("delete", "galaevent", "show", "-n", namespace, "--timeout=10s")

    assert 'galaevent.gala.dev "show" deleted' in said
    assert cluster.run("get", "ge", "show", "-n", namespace).err.startswith("Error from server (NotFound)")
