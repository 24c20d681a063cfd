"""The page and the picture: well-formed, self-contained, small, and nobody's text becomes markup."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest

from gala.planning.outcome import Decision
from gala.report import chart
from gala.report.chart import Frame
from gala.report.curves import by_cluster, together
from gala.report.event_report import build
from gala.report.html import render
from gala.report.nightlog import NightLog, Place
from gala.report.picture import render_svg
from report_night import EVENT, T0, night, seven_rounds, steps

SVG = "{http://www.w3.org/2000/svg}"


def page_of(log: NightLog) -> str:
    return render(build(log), log)


def frame(**changes: object) -> Frame:
    values: dict[str, object] = {
        "left": 0.0, "top": 0.0, "width": 100.0, "height": 50.0, "start": 0.0, "end": 100.0,
        "highest": 10.0, "zone": UTC,
    }  # fmt: skip
    return Frame(**(values | changes))  # type: ignore[arg-type]


class Tags(HTMLParser):
    """Counts elements, and remembers what they point at."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]


@pytest.fixture(scope="module")
def long_page() -> str:
    """Four hours with a sample of traffic each second, and more decisions than anybody reads."""
    log = seven_rounds()
    many = tuple(
        Decision(T0 + n, EVENT, "beijing", "red-packet", n, n + 1, "WavePlanned", "waves")
        for n in range(9000)
    )
    return page_of(replace(log, decisions=many))


def test_the_page_fetches_nothing_and_runs_nothing(long_page: str) -> None:
    tags = Tags(long_page)
    assert tags.links == []
    assert not {"script", "link", "img", "iframe"} & set(tags.seen)
    assert "url(" not in page_of(night())


def test_the_page_of_a_long_night_stays_small(long_page: str) -> None:
    assert 50_000 < len(long_page.encode()) < 400_000
    assert re.search(r"the first 1,\d{3} of 9,000; the JSON report has all", long_page)


def test_the_page_has_a_panel_in_total_and_for_each_cluster_workload_and_round(long_page: str) -> None:
    assert Tags(long_page).seen.count("svg") == 2 * (1 + 3 + 3 + 7)


def test_the_page_knows_dark_and_light() -> None:
    assert "prefers-color-scheme:dark" in page_of(night())


def test_decisions_are_collapsed() -> None:
    page = page_of(night())
    assert "<details><summary>Decisions (2)</summary>" in page


def test_names_of_others_never_become_markup() -> None:
    evil = '<script>alert(1)</script>"&'
    log = night(
        event=f"show/{evil}",
        time_zone=evil,
        clusters=(evil,),
        ready={Place("web", evil): steps((0, 10))},
        decisions=(Decision(T0, EVENT, evil, evil, 1, 2, evil, evil),),
    )
    assert "script" not in Tags(page_of(log)).seen
    ET.fromstring(render_svg(build(log), log))


def test_a_fault_is_the_first_thing_that_the_page_says() -> None:
    page = page_of(night(ready={Place("web", "east"): steps((0, 2))}))
    assert '<span class="verdict no">not Ready throughout: round-1</span>' in page


def test_times_are_shown_in_the_zone_of_the_event() -> None:
    page = page_of(night(time_zone="Asia/Shanghai"))
    assert '<td class="">20:01:40</td>' in page
    assert "Asia/Shanghai" in page


def test_a_zone_that_nobody_knows_is_shown_as_utc() -> None:
    assert '<td class="">12:01:40</td>' in page_of(night(time_zone="Moon/Tycho"))


def test_a_night_in_which_nothing_was_seen_can_still_be_drawn() -> None:
    log = night(
        clusters=(), segments=(), ready={}, warm={}, offered={}, intended={}, spec={}, decisions=(), writes=()
    )
    assert "no round was played" in page_of(log)
    ET.fromstring(render_svg(build(log), log))


@pytest.mark.parametrize(
    ("width", "height"),
    [pytest.param(1200, 620, id="as the README shows it"), pytest.param(640, 420, id="small")],
)
def test_the_picture_is_one_svg_of_the_size_asked_for(width: int, height: int) -> None:
    log = seven_rounds()
    root = ET.fromstring(render_svg(build(log), log, width=width, height=height))
    assert (root.tag, root.get("width"), root.get("height")) == (f"{SVG}svg", str(width), str(height))
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert {"spring-festival-gala", "beijing", "shanghai", "cloud", "round-1", "round-7"} <= texts


def test_the_picture_stays_within_its_frame() -> None:
    log = seven_rounds()
    root = ET.fromstring(render_svg(build(log), log, width=900, height=500))
    data = " ".join(element.get("d") or "" for element in root.iter(f"{SVG}path"))
    across = [float(number) for number in re.findall(r"[MHL](-?[\d.]+)", data)]
    assert across
    assert min(across) >= 0
    assert max(across) <= 900


@pytest.mark.parametrize(
    ("pick", "want"),
    [
        pytest.param(max, [5.0, 9.0], id="of demand the highest in each column"),
        pytest.param(min, [1.0, 2.0], id="of capacity the lowest in each column"),
    ],
)
def test_a_column_never_flatters(pick: object, want: list[float]) -> None:
    one = steps((0, 1), (10, 5), (50, 2), (60, 9), base=0.0)
    assert chart.sample(one, frame(), 2, pick) == want  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "closed", "want"),
    [
        pytest.param(
            [5.0, 5.0, 10.0, 10.0], False, "M-3 25H50V0H103", id="steps, a run of equal columns as one line"
        ),
        pytest.param([None, 5.0, 5.0, None], False, "M25 25H75", id="what is unknown is a gap in the line"),
        pytest.param(
            [5.0, None, 10.0, 10.0],
            True,
            "M-3 53V25H25V53ZM50 53V0H103V53Z",
            id="areas, each closed down to zero",
        ),
        pytest.param([None, None], False, "", id="nothing known, nothing drawn"),
    ],
)
def test_path(values: list[float | None], closed: bool, want: str) -> None:
    assert chart.path(values, frame(), closed=closed) == want


@pytest.mark.parametrize(
    ("highest", "count", "want"),
    [
        pytest.param(5300, 6, [0, 1000, 2000, 3000, 4000, 5000], id="thousands"),
        pytest.param(2.4, 4, [0, 1, 2], id="never less than one replica apart"),
        pytest.param(1.0, 6, [0, 1], id="an empty panel"),
    ],
)
def test_ticks_are_round_figures(highest: float, count: int, want: list[int]) -> None:
    assert chart.ticks(highest, count=count) == want


def test_the_time_axis_is_labelled_on_full_hours_of_the_zone() -> None:
    zone = ZoneInfo("Asia/Kolkata")
    one = frame(start=T0 + 60, end=T0 + 4 * 3600, width=300.0, zone=zone)
    assert [chart.clock(time, zone, seconds=False) for time in chart.times(one)] == [
        "18:00",
        "19:00",
        "20:00",
        "21:00",
    ]


def test_a_marker_of_a_tooltip_says_what_stood_at_its_time() -> None:
    log = night()
    drawn = chart.draw(together(by_cluster(log)), frame(start=T0, end=T0 + 300, hits=3))
    titles = re.findall(r"<title>(.*?)</title>", drawn)
    assert titles[1] == "12:02:30&#10;demand 9&#10;intended 10&#10;Ready 10&#10;900 QPS"
