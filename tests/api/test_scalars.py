from __future__ import annotations

import pytest

from gala.api.scalars import (
    MAX_QPS,
    format_duration,
    format_instant,
    parse_duration,
    parse_instant,
    parse_qps,
)

NOON = 1_801_828_800.0


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("90s", 90.0, id="seconds may be more than a minute"),
        pytest.param("5m", 300.0, id="minutes are sixty seconds"),
        pytest.param("1h30m", 5400.0, id="units are added up"),
        pytest.param("1h30m15s250ms", 5415.25, id="milliseconds are a fraction of a second"),
        pytest.param("5ms", 0.005, id="milliseconds are not minutes"),
        pytest.param("0s", 0.0, id="zero has a unit"),
        pytest.param("-90s", -90.0, id="a minus sign turns the whole around"),
        pytest.param("-1h30m", -5400.0, id="a minus sign stands before all units"),
    ],
)
def test_a_duration_is_read_as_seconds(text: str, want: float) -> None:
    assert parse_duration(text) == want


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing is no duration"),
        pytest.param("-", id="a sign alone is no duration"),
        pytest.param("90", id="a number without a unit is refused"),
        pytest.param("1d", id="days are refused because they differ in length"),
        pytest.param("1h-5m", id="a minus sign in the middle is refused"),
        pytest.param("5m1h", id="units from small to large are refused"),
        pytest.param("1.5h", id="fractions are refused because the API has no floats"),
        pytest.param("PT5M", id="ISO 8601 is refused"),
        pytest.param(" 5m", id="blanks are refused"),
        pytest.param("5m\n", id="a line end is refused"),
        pytest.param("1234567s", id="more than six digits are refused"),
        pytest.param("٥m", id="digits of other scripts are refused"),
    ],
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write it with units from large to small, such as 90s, 5m or 1h30m"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "want"),
    [
        pytest.param(0.0, "0s", id="zero is written with a unit"),
        pytest.param(90.0, "1m30s", id="seconds carry over into minutes"),
        pytest.param(7200.0, "2h", id="empty units are left out"),
        pytest.param(-90.0, "-1m30s", id="the sign stands first"),
        pytest.param(0.25, "250ms", id="fractions are milliseconds"),
        pytest.param(-0.0001, "0s", id="less than a millisecond is zero without a sign"),
    ],
)
def test_a_duration_is_written_in_its_shortest_form(seconds: float, want: str) -> None:
    assert format_duration(seconds) == want


@pytest.mark.parametrize("seconds", [0.0, 1.0, 59.999, 60.0, 3661.5, 86_400.0, -5400.0])
def test_a_written_duration_is_read_back(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("2027-02-05T12:00:00Z", NOON, id="Z is UTC"),
        pytest.param("2027-02-05T20:00:00+08:00", NOON, id="the offset is taken off"),
        pytest.param("2027-02-05T07:30:00-04:30", NOON, id="offsets may be negative and not whole hours"),
        pytest.param("2027-02-05T12:00:00.250Z", NOON + 0.25, id="fractions of a second are kept"),
        pytest.param(
            "2027-02-06T00:20:00+08:00", NOON + 15_600, id="a time past midnight is on the next day"
        ),
    ],
)
def test_a_time_is_read_as_seconds_since_the_epoch(text: str, want: float) -> None:
    assert parse_instant(text) == want


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2027-02-05T20:00:00", id="a time without an offset is refused"),
        pytest.param("2027-02-05 20:00:00+08:00", id="a blank in the middle is refused"),
        pytest.param("2027-02-05T20:00+08:00", id="a time without seconds is refused"),
        pytest.param("20:00", id="a time without a day is refused"),
        pytest.param("2027-02-05T20:00:00+0800", id="an offset without a colon is refused"),
        pytest.param("2027-02-05T20:00:00Z\n", id="a line end is refused"),
    ],
)
def test_a_time_that_is_ambiguous_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it as 2027-02-05T20:00:00\+08:00 or 2027-02-05T12:00:00Z"):
        parse_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2027-02-30T20:00:00+08:00", id="the thirtieth of February"),
        pytest.param("2027-02-29T20:00:00+08:00", id="a leap day of another year"),
        pytest.param("2027-02-05T24:00:00Z", id="the twenty-fifth hour"),
        pytest.param("2027-02-05T23:59:60Z", id="a leap second"),
        pytest.param("2027-02-05T20:00:00+25:00", id="an offset of more than a day"),
        pytest.param("0000-02-05T20:00:00Z", id="the year before the first"),
    ],
)
def test_a_time_that_does_not_exist_is_refused_with_one_that_does(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a time that exists .*; write one that does, as 2027-"):
        parse_instant(text)


def test_a_leap_day_exists_in_its_year() -> None:
    assert format_instant(parse_instant("2028-02-29T23:30:00-01:00")) == "2028-03-01T00:30:00Z"


@pytest.mark.parametrize(
    ("seconds", "want"),
    [
        pytest.param(NOON, "2027-02-05T12:00:00Z", id="whole seconds have no fraction"),
        pytest.param(NOON + 0.25, "2027-02-05T12:00:00.250Z", id="fractions are milliseconds"),
        pytest.param(NOON - 0.0001, "2027-02-05T12:00:00Z", id="less than a millisecond is rounded"),
        pytest.param(0.0, "1970-01-01T00:00:00Z", id="the epoch is written out"),
    ],
)
def test_a_time_is_written_in_utc(seconds: float, want: str) -> None:
    assert format_instant(seconds) == want


@pytest.mark.parametrize(
    ("value", "want"),
    [
        pytest.param(300_000, 300_000, id="an integer is taken as it is"),
        pytest.param("300000", 300_000, id="digits in quotes are an integer"),
        pytest.param("300k", 300_000, id="k is thousands"),
        pytest.param("2M", 2_000_000, id="M is millions"),
        pytest.param("1G", 1_000_000_000, id="G is thousands of millions"),
        pytest.param("1.2M", 1_200_000, id="a fraction is fine where the whole is whole"),
        pytest.param("0.001k", 1, id="one is the least"),
        pytest.param(MAX_QPS, MAX_QPS, id="the bound itself is allowed"),
    ],
)
def test_a_rate_is_read_as_queries_per_second(value: str | int, want: int) -> None:
    assert parse_qps(value) == want


@pytest.mark.parametrize(
    ("value", "want"),
    [
        pytest.param("2m", "write 2M for millions", id="a small m is answered with a capital one"),
        pytest.param("300K", "write 300k for thousands", id="a capital K is answered with a small one"),
        pytest.param("1.5", "not a whole number", id="half a query is refused"),
        pytest.param("0.0001k", "not a whole number", id="a tenth of a query is refused"),
        pytest.param(0, "out of bounds; write a rate from 1", id="zero is refused"),
        pytest.param("0k", "out of bounds; write a rate from 1", id="zero thousands are refused"),
        pytest.param(MAX_QPS + 1, "out of bounds", id="more than the bound is refused"),
        pytest.param(-5, "such as 300000, 300k or 2M", id="a negative rate is refused"),
        pytest.param("many", "such as 300000, 300k or 2M", id="a word is refused"),
        pytest.param("1e6", "such as 300000, 300k or 2M", id="exponents are refused"),
    ],
)
def test_what_is_no_rate_is_refused_with_what_to_write(value: str | int, want: str) -> None:
    with pytest.raises(ValueError, match=want):
        parse_qps(value)
