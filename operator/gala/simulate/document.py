"""A simulated night as one JSON document: the same night gives the same bytes."""

from __future__ import annotations

from typing import Any

from gala.api.scalars import format_instant
from gala.simulate.outcome import Outcome, TierOutcome
from gala.simulate.run import Simulated

Json = dict[str, Any]


def document(simulated: Simulated) -> Json:
    """What was played, and what it came to in each way."""
    night, weather = simulated.night, simulated.weather
    return {
        "events": [str(event.key) for event in night.snapshot.events],
        "seed": night.seed,
        "startedAt": format_instant(night.start),
        "endedAt": format_instant(night.end),
        "clusters": len(night.clusters),
        "workloads": len(night.by_flow()),
        "places": len(night.places),
        "traffic": {
            "percentOfForecast": weather.percent,
            "skewPercent": weather.skew,
            "slipSeconds": weather.slip,
            "signalAgeSeconds": weather.signal_age,
            "stepSeconds": simulated.step,
        },
        "passEverySeconds": simulated.tick,
        "strategies": [_outcome(outcome) for outcome in simulated.outcomes],
    }


def _outcome(outcome: Outcome) -> Json:
    return {
        "name": outcome.name,
        "tiers": {name: _tier(tier) for name, tier in outcome.tiers.items()},
        "roundsReady": outcome.rounds_ready,
        "rounds": outcome.rounds,
        "replicaHours": outcome.replica_hours,
        "sceneMoves": outcome.scene_moves,
        "serversAdded": outcome.servers_added,
        "podsWithoutRoom": outcome.most_waiting,
        "handedBack": outcome.handed_back,
        "passes": outcome.passes,
    }


def _tier(tier: TierOutcome) -> Json:
    return {
        "offered": tier.offered,
        "served": tier.served,
        "servedRatio": tier.ratio,
        "steeredRatio": tier.steered_ratio,
        "shortSeconds": tier.short_seconds,
        "worstPercent": tier.worst_percent,
    }
