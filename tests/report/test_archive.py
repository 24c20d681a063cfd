"""A recorded night can be put away and taken out again, and what is none is refused."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from gala.errors import InvalidInput
from gala.report import archive
from gala.report.event_report import build
from gala.report.nightlog import FloorLog, MoveLog, Place, Take
from report_night import T0, night, seven_rounds, steps

WEB = Place("web", "east")


def test_a_night_comes_back_as_it_was() -> None:
    log = night(
        ready={WEB: steps((0, 2), (60.123, None), (70, 10))},
        moves=(MoveLog(T0 + 110, "web", "round-1", "east", "west", 2),),
        floors=(FloorLog(segment="round-1", place=WEB, at_ready_by=10, takes=(Take(T0 + 120, 2),)),),
        time_zone="Asia/Shanghai",
    )
    assert archive.load(archive.dump(log)) == log


def test_the_same_night_gives_the_same_bytes() -> None:
    assert archive.dump(night()) == archive.dump(night())


def test_a_long_night_gives_the_same_report() -> None:
    log = seven_rounds()
    assert build(archive.load(archive.dump(log))) == build(log)


def test_fields_of_a_later_version_are_no_error() -> None:
    document = json.loads(gzip.decompress(archive.dump(night())))
    document["weather"] = "cold"
    assert archive.load(gzip.compress(json.dumps(document).encode())) == night()


@pytest.mark.parametrize(
    ("data", "want"),
    [
        pytest.param(b"hello", "this is no recorded night", id="text"),
        pytest.param(gzip.compress(b"{}"), "this is no recorded night", id="another document"),
        pytest.param(archive.dump(night())[:200], "this is no recorded night", id="one that was cut off"),
        pytest.param(
            gzip.compress(gzip.decompress(archive.dump(night())).replace(b'"version":1', b'"version":2')),
            "recorded by a newer gala",
            id="one of a later version",
        ),
        pytest.param(gzip.compress(bytes(archive.LARGEST + 1)), "is not read", id="a bomb"),
    ],
)
def test_what_is_no_night_is_refused(data: bytes, want: str) -> None:
    with pytest.raises(InvalidInput, match=want):
        archive.load(data)


def test_times_that_go_backwards_are_refused() -> None:
    document = json.loads(gzip.decompress(archive.dump(night())))
    document["series"]["ready"][0][2][1] = -5.0
    with pytest.raises(InvalidInput, match="no recorded night"):
        archive.load(gzip.compress(json.dumps(document).encode()))


def test_decisions_are_kept_to_the_byte() -> None:
    log = replace(night(), decisions=night().decisions * 3)
    assert build(archive.load(archive.dump(log))).to_json() == build(log).to_json()
