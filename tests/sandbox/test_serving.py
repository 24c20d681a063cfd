"""A fleet that stays up: its time, its show, its files and its ports."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import aiohttp
import pytest
import yaml

from gala.api.scalars import format_instant
from gala.api.validation import parse_event
from gala.engine.clock import WallClock
from gala.errors import InvalidInput
from gala.sandbox.apiserver.kinds import find_builtin
from gala.sandbox.apiserver.resources import Options
from gala.sandbox.apiserver.server import EmbeddedServer
from gala.sandbox.evening import NAMESPACE, build_evening, next_show
from gala.sandbox.pacing import PacedClock
from gala.sandbox.served_folder import MARK, ServedFolder
from gala.sandbox.serving import HIGHEST_PORT, forget_events
from sandbox_builders import START
from serve_stage import a_served_fleet


class Hands:
    """What a wall clock and a steady clock show; somebody turns them."""

    def __init__(self) -> None:
        self.wall, self.steady = START, 50.0

    def turn(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


def a_paced_clock(speed: float) -> tuple[PacedClock, Hands]:
    hands = Hands()
    return PacedClock(WallClock(lambda: hands.wall, lambda: hands.steady), speed=speed), hands


@pytest.mark.parametrize(
    ("speed", "want"), [pytest.param(1, 10.0, id="as everywhere"), pytest.param(30, 300.0, id="thirty times")]
)
def test_time_goes_as_fast_as_it_was_told_(speed: float, want: float) -> None:
    clock, hands = a_paced_clock(speed)
    before = clock.now(), clock.steady()
    hands.turn(10.0)
    assert (clock.now() - before[0], clock.steady() - before[1]) == (want, want)


def test_time_begins_now() -> None:
    assert a_paced_clock(30)[0].now() == START


def test_a_wall_clock_that_is_set_is_told_at_the_same_speed() -> None:
    clock, hands = a_paced_clock(10)
    hands.wall += 5.0
    assert (clock.jumped(), clock.jumped()) == (50.0, 0.0)


async def test_waiting_ends_at_its_time_and_when_it_is_woken() -> None:
    clock, hands = a_paced_clock(60)
    hands.turn(2.0)
    assert await clock.until(START + 120.0) == {}
    clock.wake()
    assert await clock.until(START + 1_000_000.0) == {}


def test_the_first_round_of_the_evening_comes_in_four_to_five_minutes() -> None:
    night = build_evening(START + 7.3, rounds=2)
    rounds = parse_event(night.event).spec.rounds
    first = rounds[0].start - (START + 7.3)
    assert 240.0 <= first < 270.0
    assert rounds[1].start - rounds[0].start == 900.0


def test_the_evening_asks_only_for_what_is_there() -> None:
    night = build_evening(START)
    targets = {one.target.name for one in parse_event(night.event).spec.workloads}
    assert targets == {"gateway", "red-envelope", "payment", "shopping"}
    assert targets < {workload.name for workload in night.workloads}


def test_the_show_to_apply_comes_in_three_to_four_minutes_and_asks_for_a_target_that_is_there() -> None:
    event = parse_event(yaml.safe_load(next_show(START + 1.0)))
    assert 190.0 <= event.spec.rounds[0].start - START <= 241.0
    assert event.spec.workloads[0].target.name in {one.name for one in build_evening(START).workloads}


def test_a_kubeconfig_is_for_its_owner_alone_and_goes_with_the_fleet(tmp_path: Path) -> None:
    path = tmp_path / "out" / "serve"
    with ServedFolder(path).hold() as folder:
        folder.write_kubeconfig("kind: Config\n")
        folder.write_show("kind: GalaEvent\n")
        assert folder.kubeconfig.read_text() == f"{MARK}kind: Config\n"
        modes = {stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()}
        assert modes == {0o600}
    assert not (tmp_path / "out").exists()


def test_a_folder_that_was_there_stays_with_what_else_it_has(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    with ServedFolder(tmp_path).hold() as folder:
        folder.write_kubeconfig("kind: Config\n")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_folder_that_somebody_put_something_into_stays(tmp_path: Path) -> None:
    with ServedFolder(tmp_path / "out" / "serve").hold() as folder:
        (folder.path / "mine").write_text("")
    assert (tmp_path / "out" / "serve" / "mine").exists()


def test_a_kubeconfig_of_ones_own_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text("kind: Config\n")
    with pytest.raises(InvalidInput, match="kubeconfig of your own"), ServedFolder(tmp_path).hold():
        pass
    assert (tmp_path / "kubeconfig").read_text() == "kind: Config\n"


def test_what_a_fleet_left_that_was_killed_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text(f"{MARK}kind: Old\n")
    with ServedFolder(tmp_path).hold() as folder:
        folder.write_kubeconfig("kind: New\n")
        assert folder.kubeconfig.read_text() == f"{MARK}kind: New\n"


def test_two_fleets_do_not_share_a_folder(tmp_path: Path) -> None:
    first, second = ServedFolder(tmp_path), ServedFolder(tmp_path)
    with first.hold():
        with pytest.raises(InvalidInput, match=f"--directory {tmp_path}-2"), second.hold():
            pass
        first.write_kubeconfig("kind: Config\n")
    with second.hold():
        assert not second.kubeconfig.exists()


@pytest.mark.parametrize(
    ("edited", "want"),
    [
        pytest.param(None, "later", id="moved along while nobody edits it"),
        pytest.param("mine", "mine", id="left alone once it was edited"),
    ],
)
def test_the_show_to_apply_is_(tmp_path: Path, edited: str | None, want: str) -> None:
    with ServedFolder(tmp_path).hold() as folder:
        folder.write_show("sooner")
        if edited is not None:
            folder.show.write_text(edited)
        folder.write_show("later")
        assert folder.show.read_text() == want
    assert folder.show.exists() == (edited is not None)


@pytest.mark.parametrize(
    ("left", "want", "yours"),
    [
        pytest.param(next_show(START - 3600), next_show(START), False, id="overwritten if it was killed"),
        pytest.param(
            next_show(START - 3600).replace("60k", "90k"),
            next_show(START - 3600).replace("60k", "90k"),
            True,
            id="left alone if somebody edited it",
        ),
        pytest.param("mine\n", "mine\n", True, id="left alone if somebody wrote another"),
    ],
)
def test_the_show_of_an_earlier_fleet_is_(left: str, want: str, yours: bool, tmp_path: Path) -> None:
    (tmp_path / "next-show.yaml").write_text(left)
    with ServedFolder(tmp_path).hold() as folder:
        folder.write_show(next_show(START))
        assert (folder.show.read_text(), folder.show_is_yours) == (want, yours)
    assert folder.show.exists() is yours


def test_kubernetes_events_are_forgotten_after_their_time() -> None:
    server = EmbeddedServer("hub", lambda: START)
    kind = find_builtin("events")
    for name, at in (("old", START - 10.0), ("young", START)):
        body = {"metadata": {"name": name}, "lastTimestamp": format_instant(at)}
        server.resources.create(kind, "default", body, Options())
    server.resources.create(kind, "default", {"metadata": {"name": "bare"}}, Options())
    forget_events(server, before=START - 5.0)
    assert [name for _, name in server.store.keys(kind, "")] == ["bare", "young"]


def test_a_server_remembers_as_few_changes_as_it_is_told() -> None:
    server = EmbeddedServer("hub", lambda: START, history=3)
    kind = find_builtin("configmaps")
    for name in "abcdef":
        server.resources.create(kind, "default", {"metadata": {"name": name}}, Options())
    assert len(server.store._history[kind.key]) == 3


async def test_every_server_answers_on_its_port_until_the_end(tmp_path: Path) -> None:
    with a_served_fleet(tmp_path, rounds=1, clusters=2) as up:
        config = yaml.safe_load(up.served.folder.kubeconfig.read_text())
        contexts = {one["name"]: one["context"]["namespace"] for one in config["contexts"]}
        assert contexts == dict.fromkeys(("hub", "north", "east"), NAMESPACE)
        urls = {one["cluster"]["server"] for one in config["clusters"]}
        assert urls == set(up.served.urls.values())
        async with aiohttp.ClientSession() as session:
            for url in urls:
                assert url.startswith("http://127.0.0.1:")
                async with session.get(f"{url}/readyz") as answer:
                    assert answer.status == 200
    async with aiohttp.ClientSession() as session:
        for url in urls:
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.get(f"{url}/readyz")


def four_free_ports() -> int:
    """The first of four in a row that nobody has at the moment."""
    for first in range(20_000, 30_000, 4):
        taken = [socket.socket() for _ in range(4)]
        try:
            for number, one in enumerate(taken):
                one.bind(("127.0.0.1", first + number))
        except OSError:
            continue
        else:
            return first
        finally:
            for one in taken:
                one.close()
    raise AssertionError("no four free ports in a row")


def test_the_members_have_the_ports_after_the_hubs(tmp_path: Path) -> None:
    port = four_free_ports()
    with a_served_fleet(tmp_path, rounds=1, port=port) as up:
        want = {
            name: f"http://127.0.0.1:{port + n}" for n, name in enumerate(("hub", "north", "east", "cloud"))
        }
        assert up.served.urls == want


def test_a_port_that_is_taken_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mine:
        port = mine.getsockname()[1]
        want = f"from {port - 1} to .* is taken; choose others with --port"
        with pytest.raises(InvalidInput, match=want), a_served_fleet(tmp_path / "new", port=port - 1):
            pass
    assert not (tmp_path / "new").exists()


def test_a_port_that_leaves_no_room_for_the_members_is_refused(tmp_path: Path) -> None:
    want = f"no port {HIGHEST_PORT + 3}"
    with pytest.raises(InvalidInput, match=want), a_served_fleet(tmp_path, port=HIGHEST_PORT):
        pass
