"""`gala status` on a hub over HTTP: what it prints, its exit status, and what it says when it cannot."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cli_stage import gala, night_at, write_kubeconfig
from gala.api.scalars import format_instant
from gala.cli import root
from gala.cli.hub import ENDED
from gala.cli.refusals import TRY_IT
from gala.errors import GalaError
from gala.sandbox.apiserver.faults import Call, Refuse
from gala.sandbox.served_folder import MARK
from hub_server import CRDS_PATH, SHOWS, Hub, a_hub
from scenes import ROUND_AT, START


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """A hub with our kinds, two namespaces and nothing in them."""
    async with a_hub() as found:
        yield found


def at(after: float) -> str:
    return format_instant(START + after)


async def document(kubeconfig: str, *arguments: str) -> dict[str, Any]:
    """What `-o json` prints."""
    result = await gala("status", "-o", "json", "--kubeconfig", kubeconfig, *arguments)
    return dict(json.loads(result.stdout))


async def test_a_night_is_told_as_its_servers_hold_it_while_a_round_is_live(tmp_path: Path) -> None:
    async with night_at(ROUND_AT + 60, tmp_path) as stage:
        tree = await stage.gala("status", "--at", at(ROUND_AT + 60))
        told = await document(stage.kubeconfig, "--at", at(ROUND_AT + 60))
        runs = stage.fleet.deployment("north", "web")["spec"]["replicas"]
    assert (tree.return_value, tree.stderr) == (0, "")
    lines = tree.stdout.splitlines()
    assert lines[0].startswith("✔ show/gala  Live")
    assert [line.lstrip("│├└─ ")[:9] for line in lines if "round-1  Live" in line] == ["✔ round-1"]
    event = told["events"][0]
    assert (told["kind"], told["ready"], told["withheld"]) == ("GalaStatus", True, [])
    assert (event["phase"], event["ready"], event["currentRound"]) == ("Live", True, "round-1")
    assert event["next"] == {
        "at": at(450),
        "inSeconds": 90,
        "round": "round-1",
        "what": "ends at the latest",
    }
    north = next(one for one in event["clusters"] if one["name"] == "north")
    web = next(one for one in north["workloads"] if one["workload"] == "web")
    want = {"original": 4, "intended": runs, "written": runs, "observed": runs, "ready": runs}
    assert {key: web[key] for key in want} == want
    assert web["target"]["kind"] == "Deployment"


@pytest.mark.parametrize(
    ("late", "silent"),
    [
        pytest.param(0, False, id="one that renewed its Lease just now is at work"),
        pytest.param(-3600, False, id="one whose clock is ahead of ours is at work"),
        pytest.param(120, True, id="one that has not for two minutes is not"),
    ],
)
async def test_what_an_operator_wrote_that_works_no_more_is_not_believed(
    tmp_path: Path, late: float, silent: bool
) -> None:
    async with night_at(ROUND_AT + 60, tmp_path) as stage:
        tree = await stage.gala("status", "--at", at(ROUND_AT + 60 + late))
        told = await document(stage.kubeconfig, "--at", at(ROUND_AT + 60 + late))
    assert tree.return_value == int(silent)
    assert ("✗ no operator has been at work for 2m" in tree.stdout) is silent
    assert (told["ready"], told["operator"]["holder"], told["operator"]["silent"]) == (
        not silent,
        "scene",
        silent,
    )


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(Refuse(status=403, path="/leases"), id="it may not be read"),
        pytest.param(Refuse(status=404, path="/leases"), id="it is not there"),
    ],
)
async def test_without_the_lease_nothing_is_said_of_the_operator(tmp_path: Path, refusal: Refuse) -> None:
    async with night_at(ROUND_AT + 60, tmp_path) as stage:
        stage.fleet.hub.faults.refusals = [refusal]
        told = await document(stage.kubeconfig)
    assert (told["ready"], told["operator"]) == (True, None)


async def test_a_lease_without_a_time_says_nothing(hub: Hub, tmp_path: Path) -> None:
    lease = {"metadata": {"name": "gala-operator"}, "spec": {"holderIdentity": "one"}}
    await hub.api.request("POST", "/apis/coordination.k8s.io/v1/namespaces/gala-system/leases", body=lease)
    kubeconfig = write_kubeconfig(tmp_path, hub.server.url)
    assert (await document(kubeconfig))["operator"] is None


async def test_a_hub_that_fails_after_all_has_been_read_is_told(hub: Hub, tmp_path: Path) -> None:
    hub.server.faults.refusals = [Refuse(status=500, path="/leases")]
    kubeconfig = write_kubeconfig(tmp_path, hub.server.url)
    assert isinstance((await gala("status", "--kubeconfig", kubeconfig)).exception, GalaError)


async def test_a_night_whose_capacity_is_on_its_way_has_exit_status_1(tmp_path: Path) -> None:
    async with night_at(200, tmp_path) as stage:
        tree = await stage.gala("status", "gala", "--at", at(200))
    assert tree.return_value == 1
    assert tree.stdout.splitlines()[0].startswith("► show/gala  Preparing")
    assert "it is on its way, and still in time" in tree.stdout


async def test_the_namespace_is_the_contexts_as_with_kubectl(hub: Hub, tmp_path: Path) -> None:
    await hub.create_event()
    kubeconfig = write_kubeconfig(tmp_path, hub.server.url, namespace=SHOWS)
    assert [one["name"] for one in (await document(kubeconfig))["events"]] == ["gala"]
    assert (await document(kubeconfig, "-n", "default"))["events"] == []
    assert [one["namespace"] for one in (await document(kubeconfig, "-A"))["events"]] == [SHOWS]


async def test_events_can_be_named(hub: Hub, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        await hub.create_event(name)
    kubeconfig = write_kubeconfig(tmp_path, hub.server.url, namespace=SHOWS)
    told = await document(kubeconfig, "two", "one", "two")
    assert [one["name"] for one in told["events"]] == ["one", "two"]


async def test_an_event_that_no_operator_has_seen_says_how_to_find_one(hub: Hub, tmp_path: Path) -> None:
    await hub.create_event()
    kubeconfig = write_kubeconfig(tmp_path, hub.server.url)
    result = await gala("status", "-n", SHOWS, "--kubeconfig", kubeconfig)
    assert result.return_value == 1
    assert "see that one runs: kubectl get lease gala-operator -n gala-system" in result.stdout


async def test_without_events_the_next_commands_are_named(hub: Hub, tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path, hub.server.url)
    result = await gala("status", "-n", SHOWS, "--kubeconfig", kubeconfig)
    assert (result.return_value, result.stdout) == (1, "")
    assert result.stderr == (
        f"gala: There are no events in namespace {SHOWS}; look everywhere with: gala status -A; or try one "
        "out with: gala plan -f EVENT.yaml --clusters CLUSTERS.yaml, and create it with: "
        "kubectl apply -f EVENT.yaml\n"
    )


@pytest.mark.parametrize(
    ("plural", "want"),
    [
        pytest.param("galaallocations", False, id="without the ledger there are no workloads"),
        pytest.param("galaclusters", True, id="without the fleet there are"),
    ],
)
async def test_what_may_not_be_read_is_named_and_left_out(tmp_path: Path, plural: str, want: bool) -> None:
    async with night_at(ROUND_AT + 60, tmp_path) as stage:
        stage.fleet.hub.faults.refusals = [Refuse(status=403, path=f"/{plural}")]
        tree = await stage.gala("status", "--at", at(ROUND_AT + 60))
    told = f"Not shown: you may not list {plural} in namespace gala-system"
    assert (tree.return_value, tree.exception) == (0, None)
    assert tree.stdout.splitlines()[-1].startswith(told)
    assert (" web  " in tree.stdout) is want


@pytest.mark.parametrize(
    ("refusal", "arguments", "want"),
    [
        pytest.param(
            Refuse(status=403, path="/galaevents"),
            ("-n", SHOWS),
            "You may not read galaevents in namespace shows on {server}; ask for that right, or name a "
            "namespace with -n. What you may: kubectl auth can-i --list -n shows",
            id="events that may not be read",
        ),
        pytest.param(
            Refuse(status=403, path="/galaevents"),
            ("-A",),
            "You may not read galaevents in any namespace on {server}; ask for that right, or name a "
            "namespace with -n. What you may: kubectl auth can-i --list",
            id="events of all namespaces that may not be read",
        ),
        pytest.param(
            Refuse(status=401),
            (),
            "{server} refuses these credentials (401); log in anew, or name another context with --context.",
            id="a login that has expired",
        ),
        pytest.param(
            Refuse(status=503, path="/galaevents"),
            ("-n", SHOWS),
            "{server} answered GET /apis/gala.dev/v1alpha1/namespaces/shows/galaevents with 503: refused on "
            "request; see whether it answers with: kubectl get --raw /readyz, and try again, or name another "
            "cluster with --kubeconfig or --context.",
            id="a server that is not well",
        ),
        pytest.param(
            None,
            ("nobody", "-n", SHOWS),
            "There is no GalaEvent nobody in namespace shows; see which there are with: gala status -A",
            id="an event that is not there",
        ),
        pytest.param(
            None,
            ("-n", "nowhere"),
            "There is no namespace nowhere; see where events are with: gala status -A",
            id="a namespace that is not there",
        ),
    ],
)
async def test_what_fails_is_one_sentence_with_what_to_do(
    hub: Hub,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    refusal: Refuse | None,
    arguments: tuple[str, ...],
    want: str,
) -> None:
    hub.server.faults.refusals = [refusal] if refusal else []
    kubeconfig = write_kubeconfig(tmp_path, hub.server.url)
    status = await asyncio.to_thread(root.call, ["status", *arguments, "--kubeconfig", kubeconfig])
    shown = capsys.readouterr()
    assert (status, shown.out, shown.err) == (1, "", f"gala: {want.format(server=hub.server.url)}\n")


@pytest.mark.parametrize("plural", ["galaevents", "galaclusters", "galaallocations"])
async def test_a_kind_that_is_missing_is_told_with_how_to_install_it(
    hub: Hub, tmp_path: Path, plural: str
) -> None:
    await hub.api.request("DELETE", f"{CRDS_PATH}/{plural}.gala.dev")
    kubeconfig = write_kubeconfig(tmp_path, hub.server.url)
    failed = (await gala("status", "-n", SHOWS, "--kubeconfig", kubeconfig)).exception
    assert isinstance(failed, GalaError)
    assert str(failed).endswith("install them with: gala crds | kubectl apply --server-side -f -")


async def test_a_hub_without_any_of_our_kinds_is_told_with_how_to_install_them(
    hub: Hub, tmp_path: Path
) -> None:
    hub.server.faults.refusals = [Refuse(status=404, path="/v1alpha1$")]
    kubeconfig = write_kubeconfig(tmp_path, hub.server.url)
    failed = (await gala("status", "--kubeconfig", kubeconfig)).exception
    assert str(failed) == (
        f"{hub.server.url} does not know GalaEvents; "
        "install them with: gala crds | kubectl apply --server-side -f -"
    )


async def test_a_namespace_that_may_not_be_looked_up_counts_as_one_without_events(
    hub: Hub, tmp_path: Path
) -> None:
    hub.server.faults.refusals = [Refuse(status=403, path="^/api/v1/namespaces")]
    kubeconfig = write_kubeconfig(tmp_path, hub.server.url)
    assert (await gala("status", "-n", "nowhere", "--kubeconfig", kubeconfig)).return_value == 1


def test_a_server_that_cannot_be_reached_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeconfig = write_kubeconfig(tmp_path, "http://127.0.0.1:1")
    status = root.call(["status", "--kubeconfig", kubeconfig])
    shown = capsys.readouterr()
    assert (status, shown.out, shown.err.count("\n")) == (1, "", 1)
    assert shown.err.startswith("gala: http://127.0.0.1:1 cannot be reached: ")
    assert shown.err.endswith(f"{TRY_IT}\n")


def test_a_served_fleet_that_was_killed_is_told_with_how_to_start_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeconfig = Path(write_kubeconfig(tmp_path, "http://127.0.0.1:1"))
    kubeconfig.write_text(MARK + kubeconfig.read_text())
    status = root.call(["status", "--kubeconfig", str(kubeconfig)])
    shown = capsys.readouterr()
    assert (status, shown.out, shown.err) == (1, "", f"gala: {ENDED}\n")


async def test_nothing_but_reads_reaches_the_hub(tmp_path: Path) -> None:
    async with night_at(ROUND_AT + 60, tmp_path) as stage:
        asked: list[str] = []

        async def note(call: Call) -> None:
            asked.append(call.method)

        stage.fleet.hub.faults.before = note
        await stage.gala("status")
    assert set(asked) == {"GET"}
