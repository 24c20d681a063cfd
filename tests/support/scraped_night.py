"""A night of the sandbox as Prometheus would see it, written down as a test for promtool.

Time is simulated and promtool's begins at 0, so moments are told as seconds of the night.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from gala.engine.passes import Done
from gala.engine.wiring import Wired, wire
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.intake.intake import Intake
from gala.sandbox.demo import SETTINGS, until_synced
from gala.sandbox.fleet import SandboxFleet
from gala.sandbox.night import Night
from gala.sandbox.script import Incident, play
from metric_tales import Samples, samples

INTERVAL = 15.0
"""Seconds between two scrapes."""

Scrapes = dict[int, Samples]
"""By the number of the interval."""


async def scraped(what: Night, *incidents: Incident) -> Scrapes:
    """Plays the night with the real operator, and asks for its metrics after passes."""
    fleet, found = SandboxFleet(what), Scrapes()
    await fleet.start()
    play(fleet, incidents)
    hub = ApiServer("hub", Credentials(server=fleet.hub_url), SETTINGS)

    def look(done: Done) -> None:
        number = int((done.now - what.start) / INTERVAL) + 1
        found[number] = samples(wired.metrics.text(wired.vitals(intake.health())))

    wired: Wired = wire(hub, fleet.clock, SETTINGS, identity="scraped", observer=look)
    intake = Intake(wired.desired, hub, SETTINGS)
    try:
        await intake.start()
        await until_synced(wired)
        running = asyncio.create_task(wired.operator.run())
        ending = asyncio.create_task(fleet.clock.finished.wait())
        await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
        for task in (ending, running):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    finally:
        await intake.stop()
        await wired.close()
        await hub.close()
        await fleet.stop()
    return found


def as_test(scrapes: Scrapes, rules: Path, *, start: float, checks: Sequence[dict[str, Any]]) -> str:
    """A file for ``promtool test rules``; ``start`` is when the night began."""
    last = max(scrapes)
    known: Samples = {}
    rows: list[Samples] = []
    for number in range(last + 1):
        known = scrapes.get(number, known)
        rows.append(known)
    names = sorted({key for row in rows for key in row})
    series = []
    for name, labels in names:
        shift = start if name.endswith("_timestamp_seconds") else 0.0
        values = ["_" if (name, labels) not in row else repr(row[name, labels] - shift) for row in rows]
        quoted = ",".join(f"{label}={json.dumps(text)}" for label, text in (*labels, *TARGET))
        series.append({"series": f"{name}{{{quoted}}}", "values": " ".join(values)})
    test = {"interval": f"{INTERVAL:g}s", "input_series": series, "promql_expr_test": list(checks)}
    return yaml.safe_dump(
        {"rule_files": [str(rules)], "evaluation_interval": f"{INTERVAL:g}s", "tests": [test]}, width=10**9
    )


TARGET = (("job", "gala"), ("instance", "a"))
