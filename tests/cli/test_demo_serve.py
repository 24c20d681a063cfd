"""``gala demo --serve`` as a process of its own, what it prints, and what it refuses."""

from __future__ import annotations

import asyncio
import io
import json
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gala.cli import demo_serve, root
from gala.cli.demo_log import ServeLog, held
from gala.engine.passes import Done
from gala.planning.facts import EventKey
from gala.planning.outcome import EventPlan
from serve_stage import Up, a_served_fleet, wait_until


@pytest.fixture
def at_a_terminal() -> Iterator[None]:
    """Under nohup, which CI may use, everybody inherits that SIGHUP is ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def under_nohup() -> Iterator[None]:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


@asynccontextmanager
async def serving(
    folder: Path, *more: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    """The process, and what it says is up once it is."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gala.main", "demo", "--serve", "--json", "-", *more, cwd=folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            text = await process.stdout.readuntil(b"\n}\n")
        yield process, json.loads(text)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("number", [pytest.param(one, id=one.name) for one in demo_serve.STOPS])
async def test_it_ends_well_and_leaves_nothing_behind_after_(number: signal.Signals, tmp_path: Path) -> None:
    async with serving(tmp_path) as (process, up):
        assert up["kubeconfig"] == str(tmp_path / "out" / "serve" / "kubeconfig")
        assert names(tmp_path) == ["out"]
        process.send_signal(number)
        async with asyncio.timeout(20):
            out, _ = await process.communicate()
        assert (process.returncode, out) == (0, b"")
    assert names(tmp_path) == []


@pytest.mark.usefixtures("under_nohup")
async def test_under_nohup_it_outlives_its_terminal(tmp_path: Path) -> None:
    async with serving(tmp_path) as (process, up):
        process.send_signal(signal.SIGHUP)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{up['contexts']['hub']}/readyz") as answer,
        ):
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            assert await process.wait() == 0


async def test_two_run_side_by_side_in_folders_of_their_own(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as (_, first),
        serving(tmp_path, "--directory", "out/serve-2") as (_, second),
    ):
        assert set(first["contexts"].values()).isdisjoint(second["contexts"].values())
        assert names(tmp_path / "out") == ["serve", "serve-2"]
        third = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gala.main", "demo", "--serve", cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await third.communicate()
        want = (
            b"gala: Another gala demo --serve is using out/serve; give this one a folder of its own: "
            b"--directory out/serve-2\n"
        )
        assert (third.returncode, out, err) == (1, b"", want)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with a_served_fleet(tmp_path_factory.mktemp("a folder"), clusters=2) as fleet:
        yield fleet


def test_the_page_says_where_the_kubeconfig_is_and_what_to_try(up: Up) -> None:
    shown = demo_serve.page(up.served, kubectl=True)
    assert f"\n  export KUBECONFIG='{up.served.folder.kubeconfig}'\n" in shown
    commands = re.findall(r"^  (kubectl .*?)  +# ", shown, re.MULTILINE)
    assert len(commands) == 5
    assert "2 member clusters" in shown
    assert re.search(r"Round 1 of evening-show begins at [\d:]{8}, in [45] minutes\.", shown)
    assert demo_serve.INSTALL not in shown
    assert max(len(line) for line in shown.splitlines() if str(up.served.folder.path) not in line) <= 110


def test_a_show_that_somebody_edited_is_not_said_to_be_new(tmp_path: Path) -> None:
    (tmp_path / "next-show.yaml").write_text("mine\n")
    with a_served_fleet(tmp_path, clusters=1) as fleet:
        shown = demo_serve.page(fleet.served, kubectl=True)
        assert fleet.served.folder.show.read_text() == "mine\n"
    assert re.search(r"next-show\.yaml .*# as you left it; remove it for a new one$", shown, re.MULTILINE)


def test_where_there_is_no_kubectl_the_page_says_what_it_is_needed_for(up: Up) -> None:
    want = f"Only these commands need kubectl, which is not on the PATH: {demo_serve.INSTALL}"
    assert demo_serve.page(up.served, kubectl=False).endswith(want)


def test_what_is_up_is_told_as_json(up: Up) -> None:
    told = json.loads(demo_serve.describe(up.served))
    assert list(told) == ["kubeconfig", "show", "namespace", "event", "contexts", "prometheus"]
    assert (told["namespace"], told["event"]) == ("gala", "evening-show")
    assert (list(told["contexts"]), list(told["prometheus"])) == (["hub", "north", "east"], ["north", "east"])


@pytest.mark.parametrize(
    ("words", "want"),
    [
        pytest.param("--serve --html page.html", "--html goes without --serve", id="a page of a night"),
        pytest.param("--serve --svg night.svg", "--svg goes without --serve", id="a picture of a night"),
        pytest.param("--port 7000", "--port goes with --serve only", id="a port for nothing"),
        pytest.param("--speed 2", "--speed goes with --serve only", id="a speed of a night"),
        pytest.param("--directory out", "--directory goes with --serve only", id="a folder for nothing"),
        pytest.param("-q", "--quiet goes with --serve only", id="silence about nothing"),
        pytest.param("--serve --speed 0", "0 is not in the range", id="a time that stands still"),
        pytest.param("--serve --port 70000", "70000 is not in the range", id="a port that there is not"),
    ],
)
def test_a_command_line_is_wrong_with_(words: str, want: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert root.call(["demo", *words.split()]) == 2
    assert want in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("option", ["--html", "--svg", "--json"])
def test_a_page_that_cannot_be_written_is_told_before_the_night_is_played(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken").touch()
    assert root.call(["demo", option, "taken/night"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == f"gala: taken/night: File exists; name another place with {option}.\n"


def test_a_folder_that_cannot_be_made_is_told_with_the_option_for_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").touch()
    folder = tmp_path / "taken" / "serve"
    assert root.call(["demo", "--serve", "--directory", str(folder)]) == 1
    want = f"gala: {folder}: Not a directory; name another folder with --directory.\n"
    assert capsys.readouterr().err == want


EAST, WEST = ("web", "east"), ("web", "west")


@pytest.mark.parametrize(
    ("floors", "ready", "want"),
    [
        pytest.param({}, {EAST: 4}, "", id="nothing is due"),
        pytest.param({EAST: 10, WEST: 5}, {EAST: 9, WEST: 5}, "14 Ready of 15 due", id="all is known"),
        pytest.param(
            {EAST: 10, WEST: 5}, {EAST: 9, WEST: None}, "at least 9 Ready of 15 due", id="a part is unknown"
        ),
        pytest.param({EAST: 10}, {}, "10 due, Ready unknown", id="nothing is known, which is not zero"),
        pytest.param({EAST: 10, WEST: 0}, {EAST: 9}, "9 Ready of 10 due", id="what is unknown is not due"),
    ],
)
def test_how_much_of_what_is_due_is_ready_when_(
    floors: dict[tuple[str, str], int], ready: dict[tuple[str, str], int | None], want: str
) -> None:
    plan = EventPlan(key=EventKey("default", "show"), phase="Live", floors=floors, ready=ready)
    assert held(plan) == want


def told(passes: list[Done]) -> list[str]:
    stream = io.StringIO()
    log = ServeLog(stream)
    for done in passes:
        log(done)
    return [re.sub(r"^\d\d:\d\d:\d\d  ", "", line) for line in stream.getvalue().splitlines()]


def test_the_log_tells_phases_and_growth_once(tmp_path: Path) -> None:
    with a_served_fleet(tmp_path, speed=30, rounds=1) as fleet:
        armed_or_later = {"Armed", "Live", "Cooling", "HandedBack"}

        def there() -> bool:
            plans = [plan for done in list(fleet.passes) for plan in done.plan.events.values()]
            return any(plan.phase in armed_or_later for plan in plans)

        wait_until(there)
        lines = told(list(fleet.passes))
    assert lines[0] == "evening-show  Planned"
    assert sum(line.startswith("evening-show  Preparing, ") for line in lines) == 1
    grown = [line for line in lines if line.endswith("(PreScale)")]
    assert re.search(r"^evening-show  gateway \d+ → \d+, .* in .*\(PreScale\)$", grown[0])
