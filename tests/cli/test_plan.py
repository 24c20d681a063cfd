"""The command as a person or a machine calls it: what it prints and how it ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import plan_files as build
from gala.cli import root

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
EXAMPLE = ["-f", str(EXAMPLES / "spring-festival-gala.yaml"), "--clusters", str(EXAMPLES / "clusters.yaml")]


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Writes the documents into files, plans, and answers status, stdout and stderr."""

    def _call(
        events: list[Any], clusters: list[Any], *arguments: str, clean: bool = True
    ) -> tuple[int, str, str]:
        names = []
        for name, documents in (("event.yaml", events), ("clusters.yaml", clusters)):
            path = tmp_path / name
            path.write_text(build.text(name, *documents).text, encoding="utf-8")
            names.append(str(path))
        status = root.call(["plan", "-f", names[0], "--clusters", names[1], *arguments])
        out, err = capsys.readouterr()
        assert err == "" or not clean
        return status, out, err

    return _call


def test_as_json_every_figure_can_be_read_by_a_machine(call: Any) -> None:
    status, out, _ = call([build.event()], build.fleet(), "-o", "json")
    plan = json.loads(out)
    assert status == 0
    assert (plan["kind"], plan["at"], plan["fits"]) == ("GalaPlan", "2027-02-04T12:00:00Z", True)
    segment = plan["events"][0]["segments"][0]
    want = {
        "name": "opening",
        "kind": "Round",
        "round": "opening",
        "start": "2027-02-05T12:00:00Z",
        "readyBy": "2027-02-05T11:59:00Z",
        "prepareAt": "2027-02-05T11:56:39Z",
        "earliestEnd": "2027-02-05T12:09:00Z",
        "latestEnd": "2027-02-05T12:15:00Z",
    }
    assert {key: segment[key] for key in want} == want
    assert [(c["cluster"], c["leadSeconds"], c["lateSeconds"], c["gap"]) for c in segment["clusters"]] == [
        ("east", 141, 0, None),
        ("north", 138, 0, None),
    ]
    (web,) = segment["workloads"]
    assert (web["qps"], web["required"], web["planned"], web["short"]) == (10_000, 120, 120, 0)
    assert web["clusters"] == [
        {"cluster": "east", "share": 2, "cap": 1000, "division": 80, "floor": 80, "original": 20,
         "trafficWeight": None},
        {"cluster": "north", "share": 1, "cap": 1000, "division": 40, "floor": 40, "original": 10,
         "trafficWeight": None},
    ]  # fmt: skip
    assert plan["changes"][0] == {
        "at": "2027-02-05T11:56:39Z",
        "cluster": "east",
        "target": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "gala", "name": "web"},
        "event": {"namespace": "gala", "name": "show"},
        "workload": "web",
        "segment": "opening",
        "from": 20,
        "to": 80,
        "reason": "PreScale",
    }


def test_where_a_cap_cuts_a_share_the_plan_says_where_to_steer_the_traffic(call: Any) -> None:
    _, out, _ = call([build.event()], build.fleet(north=30), "-o", "json")
    (web,) = json.loads(out)["events"][0]["segments"][0]["workloads"]
    want = {"east": (90, 75), "north": (30, 25)}
    assert {c["cluster"]: (c["floor"], c["trafficWeight"]) for c in web["clusters"]} == want


def test_room_that_nobody_stated_bounds_nothing(call: Any) -> None:
    known = build.facts(east={"targets": [build.running(20)]})
    _, out, _ = call([build.event()], [build.cluster("east"), known], "-o", "json")
    (web,) = json.loads(out)["events"][0]["segments"][0]["workloads"]
    assert [(c["cap"], c["floor"]) for c in web["clusters"]] == [(None, 120)]


def test_the_table_shows_begin_lead_and_what_each_cluster_gets(call: Any) -> None:
    status, out, _ = call([build.event(timeZone="Asia/Shanghai")], build.fleet())
    lines = out.splitlines()
    assert status == 0
    assert lines[0].startswith("gala/show: 1 round, 1 segment, mode Enforce; times in Asia/Shanghai")
    assert any(re.fullmatch(r"  web +10,000 +120 +0 +20→80/1,000 +10→40/1,000", line) for line in lines)
    assert any(re.fullmatch(r"  begin +19:56:39 +19:56:42", line) for line in lines)
    assert any(re.fullmatch(r"  lead +2m21s +2m18s", line) for line in lines)
    assert "  If east is lost: 80 of 120 replicas go; what is left carries of the forecast: web 40 %" in lines
    assert lines[-1] == "Everything fits."


def test_a_fleet_wider_than_a_screen_goes_on_in_the_rows_below(call: Any) -> None:
    names = [f"c{number}" for number in range(8)]
    clusters = [build.cluster(name) for name in names]
    known = build.facts(**{name: {"targets": [build.running(1)]} for name in names})
    _, out, _ = call([build.event()], [*clusters, known])
    headers = [line.split() for line in out.splitlines() if line.startswith("  WORKLOAD")]
    assert headers == [
        ["WORKLOAD", "QPS", "REQUIRED", "SHORT", *names[:6]],
        ["WORKLOAD", *names[6:]],
    ]


@pytest.mark.parametrize(
    ("flags", "want"),
    [
        pytest.param([], 0, id="as kubectl a plan that was made is a success"),
        pytest.param(["--fail-on-short"], 1, id="a gate in a pipeline asks for a failure"),
    ],
)
def test_a_shortfall_stands_first_and_last_and_fails_only_on_request(
    call: Any, flags: list[str], want: int
) -> None:
    status, out, _ = call([build.event()], build.fleet(east=80, north=30), *flags)
    lines = out.splitlines()
    assert status == want
    assert (
        lines[1] == "SHORT: opening: 10 of 120 web: InsufficientCPU: not enough CPU is free in east and north"
    )
    assert lines[-1] == "SHORT: not everything fits; see above."


def test_what_may_not_grow_is_named_with_who_can_change_it(call: Any) -> None:
    document = build.event()
    document["metadata"]["namespace"] = "other"
    _, out, _ = call([document], build.fleet(), "--fail-on-short")
    assert "NoClusters: no cluster admits Deployment other/web" in out
    assert "spec.admits of GalaCluster east or north" in out


def test_the_night_by_hand_is_a_list_of_commands_down_to_the_originals(call: Any) -> None:
    status, out, _ = call([build.event()], build.fleet(), "-o", "kubectl")
    lines = out.splitlines()
    scale = "--namespace gala scale deployment/web"
    assert status == 0
    assert [line for line in lines if line and not line.startswith("#")] == [
        f"kubectl --context east {scale} --replicas=80  # was 20",
        f"kubectl --context north {scale} --replicas=40  # was 10",
        f"kubectl --context east {scale} --replicas=20  # was 80",
        f"kubectl --context north {scale} --replicas=10  # was 40",
    ]
    assert "# 2027-02-05 11:56:39 UTC (2027-02-05T11:56:39Z): up for opening" in lines
    assert "# 2027-02-05 12:20:00 UTC (2027-02-05T12:20:00Z): back to the originals" in lines


def test_the_commands_are_a_script_that_a_shell_can_read(call: Any, tmp_path: Path) -> None:
    _, out, _ = call([build.event()], build.fleet(), "-o", "kubectl")
    path = tmp_path / "night.sh"
    path.write_text(out, encoding="utf-8")
    subprocess.run(["sh", "-n", str(path)], check=True)


def test_a_kind_of_another_group_is_named_in_full() -> None:
    from gala.cli.plan_script import resource  # noqa: PLC0415
    from gala.planning.facts import TargetKey  # noqa: PLC0415

    rollout = TargetKey("argoproj.io/v1alpha1", "Rollout", "gala", "web")
    assert resource(rollout) == "rollout.v1alpha1.argoproj.io/web"
    assert resource(TargetKey("apps/v1", "StatefulSet", "gala", "db")) == "statefulset/db"


def test_where_enough_runs_there_is_nothing_to_do_by_hand(call: Any) -> None:
    little = build.event(rounds=[build.round_(demand=[{"workload": "web", "replicas": 3}])])
    _, out, _ = call([little], build.fleet(), "-o", "kubectl")
    assert "# Nothing to do: what runs is enough for every round." in out


@pytest.mark.parametrize("output", ["table", "json", "kubectl"])
def test_a_feature_that_is_not_built_yet_is_named_in_every_output_and_on_stderr(
    call: Any, output: str
) -> None:
    document = build.event(donors=[{"name": "batch", "target": {"name": "batch"}}], resilience={"survive": 1})
    status, out, err = call([document], build.fleet(), "-o", output, clean=False)
    assert status == 0
    assert err.splitlines() == [
        f"gala: gala/show: NotYetSupported: {feature}; the plan leaves it out"
        for feature in ("spec.donors", "spec.resilience.survive")
    ]
    assert all(feature in out for feature in ("spec.donors", "spec.resilience.survive"))


def test_what_is_wrong_in_a_file_is_one_sentence_and_status_1(call: Any) -> None:
    document = build.event(rounds=[build.round_(scene="shopping")])
    status, out, err = call([document], build.fleet(), clean=False)
    assert (status, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "event.yaml: spec.rounds[0].scene: there is no scene 'shopping'" in err


def test_a_file_that_is_not_text_is_one_sentence_and_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "e.yaml").write_bytes(b"\xff\xfe\x00")
    status = root.call(["plan", "-f", str(tmp_path / "e.yaml"), "--clusters", str(tmp_path / "e.yaml")])
    assert status == 1
    assert capsys.readouterr().err.endswith("this is not text in UTF-8; save it as that\n")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-f", "nowhere.yaml", "--clusters", "nowhere.yaml"], id="a file that is not there"),
        pytest.param([*EXAMPLE, "--at", "tonight"], id="a time that is none"),
        pytest.param(EXAMPLE[:2], id="no clusters"),
    ],
)
def test_a_wrong_command_line_ends_with_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert root.call(["plan", *arguments]) == 2
    assert "Error: " in capsys.readouterr().err


def test_who_names_no_clusters_is_told_what_such_a_file_holds_and_where_one_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert root.call(["plan", *EXAMPLE[:2]]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "Missing option '--clusters': name a file with your GalaClusters and a GalaFacts" in said
    assert "examples/clusters.yaml is one to begin with." in said


def test_events_may_come_from_stdin_and_nothing_slow_is_imported_for_a_plan() -> None:
    # In a process of its own: here other tests have imported everything.
    code = (
        "import sys\n"
        "from gala.cli import root\n"
        "status = root.call(sys.argv[1:])\n"
        "slow = {'kopf', 'kubernetes', 'aiohttp', 'requests', 'asyncio', 'gala.engine.operator'}\n"
        "print(sorted(slow & set(sys.modules)), file=sys.stderr)\n"
        "sys.exit(status)\n"
    )
    arguments = ["plan", "-f", "-", *EXAMPLE[2:], "-o", "json"]
    text = Path(EXAMPLE[1]).read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], input=text, capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"
    assert len(json.loads(done.stdout)["events"]) == 1


def test_after_the_last_round_there_is_nothing_left_to_plan(call: Any) -> None:
    _, out, _ = call([build.event()], build.fleet(), "--at", "2027-02-06T12:00:00Z")
    assert "Nothing is left to plan: every round is over." in out.splitlines()


def test_planned_in_the_middle_of_the_show_the_commands_begin_with_what_is_due_now(call: Any) -> None:
    _, out, _ = call([build.event()], build.fleet(), "--at", "2027-02-05T12:05:00Z", "-o", "json")
    changes = json.loads(out)["changes"]
    assert [(c["at"], c["cluster"], c["to"]) for c in changes[:2]] == [
        ("2027-02-05T12:05:00Z", "east", 80),
        ("2027-02-05T12:05:00Z", "north", 40),
    ]


def test_the_large_example_is_planned_without_any_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.call(["plan", *EXAMPLE, "-o", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    (night,) = plan["events"]
    rounds = [segment for segment in night["segments"] if segment["kind"] == "Round"]
    required = [sum(w["required"] for w in segment["workloads"]) for segment in rounds]
    # As the example's comments work them out; round 7 has 540 + 1,125 and the scene's 180 and 130.
    assert required == [2865, 1605, 1605, 1605, 1605, 1605, 1975]
    assert [w["short"] for segment in rounds for w in segment["workloads"]] == [0] * 28
    assert {finding["reason"] for finding in night["findings"]} <= {"InsufficientCPU"}


def test_after_the_night_every_target_of_the_example_is_at_its_original(
    capsys: pytest.CaptureFixture[str],
) -> None:
    root.call(["plan", *EXAMPLE, "-o", "json"])
    changes = json.loads(capsys.readouterr().out)["changes"]
    first: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], int] = {}
    for change in changes:
        key = (change["cluster"], change["workload"])
        assert change["from"] == last.get(key, change["from"])
        first.setdefault(key, change["from"])
        last[key] = change["to"]
    assert last == first
    assert len(last) > 10
    assert [change["at"] for change in changes] == sorted(change["at"] for change in changes)
