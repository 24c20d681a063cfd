"""Breaker, back-off and bucket, as values."""

from __future__ import annotations

import pytest

from gala.fleet.breaker import Backoff, Breaker, Bucket


@pytest.mark.parametrize(
    ("failures", "want"),
    [
        pytest.param(2, 0.0, id="two failures in a row do not open it"),
        pytest.param(3, 2.0, id="the third opens it for two seconds"),
        pytest.param(5, 8.0, id="each further one doubles the pause"),
        pytest.param(20, 30.0, id="the pause ends at thirty seconds"),
    ],
)
def test_the_breaker_opens_for(failures: int, want: float) -> None:
    breaker, now = Breaker(), 100.0
    for _ in range(failures):
        now = max(now, breaker.open_until)
        breaker = breaker.failed(now)

    assert breaker.tripped == (want > 0.0)
    assert breaker.allows(now + want)
    assert breaker.allows(now + want - 0.1) == (want == 0.0)


def test_what_was_sent_before_it_opened_does_not_make_its_pause_longer() -> None:
    breaker = Breaker().failed(0).failed(0).failed(0)

    assert breaker.failed(1.0) == breaker


def test_one_success_closes_the_breaker() -> None:
    breaker = Breaker().failed(0).failed(0).failed(0).succeeded()

    assert breaker.allows(0)
    assert breaker.failed(0).allows(0)


def test_the_pauses_between_attempts_grow_and_the_first_is_none() -> None:
    backoff, dues = Backoff(), []
    for _ in range(8):
        backoff = backoff.failed(100.0)
        dues.append(backoff.due - 100.0)

    assert dues == [0, 1, 2, 4, 8, 16, 30, 30]
    assert backoff.since == 100.0


def test_a_pause_may_have_a_least_length() -> None:
    assert Backoff().failed(100.0, least=300.0).due == 400.0


def test_a_bucket_gives_its_burst_at_once_and_then_by_its_rate() -> None:
    bucket, waits = Bucket.full(10, 3, 0.0), []
    for _ in range(5):
        bucket, wait = bucket.take(0.0)
        waits.append(wait)

    assert waits == [0.0, 0.0, 0.0, 0.1, 0.2]
    assert bucket.take(0.3)[1] == pytest.approx(0.0)


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket = Bucket.full(10, 2, 0.0)
    for _ in range(2):
        bucket, _ = bucket.take(1_000.0)

    assert bucket.take(1_000.0)[1] == pytest.approx(0.1)
