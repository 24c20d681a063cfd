"""What the operator of a served fleet does, as short lines: phases, troubles, replicas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import IO

import click

from gala.engine.passes import Done
from gala.planning.facts import EventKey
from gala.planning.outcome import Decision, EventPlan
from gala.report.kube_events import notices


class ServeLog:
    """Observes the passes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._before: Mapping[EventKey, EventPlan] = {}

    def __call__(self, done: Done) -> None:
        """Prints what one pass brought."""
        for key, plan in sorted(done.plan.events.items()):
            for line in _news(self._before.get(key), plan):
                self._print(done.now, f"{key.name}  {line}")
        self._before = dict(done.plan.events)
        for line in _changes(done.plan.decisions):
            self._print(done.now, line)

    def _print(self, now: float, text: str) -> None:
        click.echo(f"{datetime.fromtimestamp(now).astimezone():%H:%M:%S}  {text}", file=self._stream)


def held(plan: EventPlan) -> str:
    """How much of what is due is Ready, as ``180 Ready of 180 due``; empty where nothing is due."""
    due = sum(plan.floors.values())
    counts = [plan.ready.get(site) for site, floor in plan.floors.items() if floor]
    known = [count for count in counts if count is not None]
    if len(known) == len(counts):
        return f"{sum(known):,} Ready of {due:,} due" if due else ""
    return f"at least {sum(known):,} Ready of {due:,} due" if known else f"{due:,} due, Ready unknown"


def _news(before: EventPlan | None, plan: EventPlan) -> Iterable[str]:
    if before is None or before.phase != plan.phase:
        due = held(plan)
        yield f"{plan.phase}, {due}" if due else plan.phase
    for notice in notices(before, plan):
        if notice.warning:
            yield f"{notice.reason}: {notice.message}"


def _changes(decisions: Iterable[Decision]) -> Iterable[str]:
    """One line for each event and reason: every workload's replicas, all its clusters together."""
    found: dict[tuple[str, str], list[Decision]] = {}
    for one in decisions:
        if one.start != one.to:
            found.setdefault((one.event.name, one.reason), []).append(one)
    for (event, reason), group in found.items():
        workloads = dict.fromkeys(one.workload for one in group)
        steps = ", ".join(_step(workload, group) for workload in workloads)
        clusters = ", ".join(dict.fromkeys(one.cluster for one in group))
        yield f"{event}  {steps} in {clusters} ({reason})"


def _step(workload: str, group: Iterable[Decision]) -> str:
    mine = [one for one in group if one.workload == workload]
    return f"{workload} {sum(one.start for one in mine)} → {sum(one.to for one in mine)}"
