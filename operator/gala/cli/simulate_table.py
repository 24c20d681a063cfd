"""What a simulated night came to, as a table for people: one line for each way to scale."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from gala.report.captions import zone_of
from gala.simulate.outcome import Outcome
from gala.simulate.page import percent
from gala.simulate.run import Simulated

_NAME = 8
_WIDTH = 12


def table(simulated: Simulated) -> Iterator[str]:
    """What was played, then one table for the fleet and one for each tier."""
    yield from _head(simulated)
    yield ""
    yield _row("", "rounds Ready", "replica-h", "scene moves", "servers +", "no room", "handed back")
    for outcome in simulated.outcomes:
        yield _row(outcome.name, *_fleet(outcome))
    for tier in simulated.outcomes[0].tiers:
        yield ""
        yield _row(f"tier {tier}", "served", "if steered", "short", "worst", "requests lost")
        for outcome in simulated.outcomes:
            yield _row(outcome.name, *_tier(outcome, tier))


def _head(simulated: Simulated) -> Iterator[str]:
    night, weather = simulated.night, simulated.weather
    zone = zone_of(night.snapshot.events[0].spec.time_zone)
    first, last = (datetime.fromtimestamp(time, UTC).astimezone(zone) for time in (night.start, night.end))
    events = night.snapshot.events
    what = str(events[0].key) if len(events) == 1 else f"{len(events)} events"
    yield (
        f"{what}, {first:%Y-%m-%d %H:%M} to {last:%H:%M}, {len(night.clusters)} clusters, "
        f"{len(night.by_flow())} workloads, seed {night.seed}"
    )
    slip = f", every round {weather.slip:g} s late" if weather.slip else ""
    yield (
        f"traffic: {weather.percent} % of the forecast, parts up to {weather.skew} % off{slip}; "
        f"each {simulated.step} s counts"
    )
    yield (
        f"signals are {weather.signal_age:g} s old; gala looks each {simulated.tick:g} s and at every edge, "
        "an HPA each 15 s"
    )


def _row(name: str, *cells: str) -> str:
    return (f"{name:<{_NAME}}" + "".join(f"  {cell:>{max(_WIDTH, len(cell))}}" for cell in cells)).rstrip()


def _fleet(outcome: Outcome) -> tuple[str, ...]:
    return (
        f"{outcome.rounds_ready} of {outcome.rounds}",
        f"{outcome.replica_hours:,.0f}",
        f"{outcome.scene_moves}",
        f"{outcome.servers_added}",
        f"{outcome.most_waiting:,}",
        "yes" if outcome.handed_back else "no",
    )


def _tier(outcome: Outcome, name: str) -> tuple[str, ...]:
    tier = outcome.tiers[name]
    if not tier.offered:
        return ("–",) * 5
    return (
        percent(tier.ratio),
        percent(tier.steered_ratio),
        f"{tier.short_seconds:,} s",
        f"{tier.worst_percent:.1f}%",
        f"{tier.offered - tier.served:,}",
    )
