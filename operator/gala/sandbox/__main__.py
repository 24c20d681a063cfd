"""The sandbox as a process of its own: ``python -m gala.sandbox --config FILE --port-file FILE``.

An operator is pointed at the hub and takes its time from the clock's URL; both are in the
port file once everything listens. ``GET <clock>/state`` says how far the night is, what the
servers saw, and which requests there were. SIGTERM ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from pathlib import Path
from typing import Any

from gala.sandbox.fleet import FleetParams, SandboxFleet
from gala.sandbox.killpoints import KillPoint, KillSwitch
from gala.sandbox.night import build_night
from gala.sandbox.oracle import fingerprint, judge
from gala.sandbox.readiness import Readiness
from gala.sandbox.remote_clock import ClockEndpoint
from gala.sandbox.script import PERSON, from_json, play


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gala.sandbox", description=__doc__)
    parser.add_argument(
        "--config", type=Path, required=True, help="JSON: night, fleet, readiness, killPoints, incidents"
    )
    parser.add_argument("--port-file", type=Path, required=True, help="written as JSON once all listen")
    return parser.parse_args()


def build(config: dict[str, Any]) -> SandboxFleet:
    """A fleet from a configuration; ``night``, ``fleet`` and ``readiness`` hold the arguments of those."""
    night = build_night(**config.get("night", {}))
    readiness = Readiness(**config.get("readiness", {}))
    return SandboxFleet(night, FleetParams(readiness=readiness, **config.get("fleet", {})))


async def run(config: dict[str, Any], port_file: Path) -> None:
    """Runs one sandbox until SIGTERM or SIGINT, and says in ``port_file`` where it listens."""
    fleet = build(config)
    await fleet.start()
    play(fleet, from_json(config.get("incidents", [])))
    points = tuple(KillPoint(**point) for point in config.get("killPoints", []))

    def state() -> dict[str, Any]:
        verdict = judge(fleet.recorder.seen, people=frozenset({PERSON}))
        return {
            "calls": [[*key, count] for key, count in sorted(switch.calls.items())],
            "struck": [point._asdict() for point in switch.struck],
            "open": sorted(fleet.recorder.seen.open),
            "verdict": {
                "ok": verdict.ok,
                "breaches": list(verdict.breaches),
                "wrongDecreases": verdict.wrong_decreases,
                "handedBack": verdict.handed_back,
            },
            "end": fingerprint(fleet.recorder.seen),
        }

    endpoint = ClockEndpoint(fleet.clock, state)
    switch = KillSwitch(fleet, endpoint.kill, points)
    ports = {
        "clock": await endpoint.start(),
        "hub": fleet.hub_url,
        "members": {name: world.server.url for name, world in fleet.worlds.items()},
        "prometheus": {name: fleet.prometheus.url(name) for name in fleet.worlds},
    }
    await asyncio.to_thread(_publish, port_file, ports)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await endpoint.stop()
    await fleet.stop()


def _publish(path: Path, ports: dict[str, Any]) -> None:
    """In one rename, so that nobody reads half of it."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(ports))
    part.rename(path)


def main() -> None:
    """Reads the configuration and runs until told to stop."""
    arguments = _parse()
    asyncio.run(run(json.loads(arguments.config.read_text()), arguments.port_file))


if __name__ == "__main__":
    main()
