"""``gala plan -o kubectl``: the night as plain commands, so that it can be run by hand.

Printed before the show and kept beside it, this is what is left when neither the operator
nor its cluster is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from gala.api.event import GalaEvent
from gala.api.scalars import format_instant
from gala.api.validation import unsupported
from gala.cli.plan_outlook import Change, Outlook
from gala.cli.plan_snapshot import event_key
from gala.cli.plan_table import shortfalls
from gala.planning.facts import TargetKey

HEAD = """\
# {names}: the night by hand, as planned at {at}.
# Run each block at its time, from top to bottom. Contexts are named after the GalaClusters.
# Stop the operator first (or set `paused: true`): it raises again what is lowered by hand.
# It would grow in waves and give back in steps; here each target gets its value at once.
# Nothing below is measured: take more where the traffic is higher than forecast."""


def script(outlook: Outlook, events: Sequence[GalaEvent]) -> list[str]:
    """The lines to print: comments and commands, in time order, down to every original."""
    names = ", ".join(str(event_key(event)) for event in events)
    lines = HEAD.format(names=names, at=format_instant(outlook.at)).splitlines()
    zone = ZoneInfo(events[0].spec.time_zone)
    for event in events:
        lines += [f"# NotYetSupported, and left out: {feature}" for feature in unsupported(event)]
        lines += [f"# {text}" for text in shortfalls(outlook, outlook.events[event_key(event)], zone)]
    for at, block in groupby(outlook.changes, key=lambda change: change.at):
        changes = list(block)
        local = f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M:%S} {zone.key}"
        lines += ["", f"# {local} ({format_instant(at)}): {'; '.join(_why(changes))}"]
        lines += [command(change) for change in changes]
    if not outlook.changes:
        lines += ["", "# Nothing to do: what runs is enough for every round."]
    return lines


def command(change: Change) -> str:
    """One command; it sets a value and says in a comment which one stood there before."""
    return (
        f"kubectl --context {change.cluster} --namespace {change.target.namespace} scale "
        f"{resource(change.target)} --replicas={change.to}  # was {change.start}"
    )


def resource(target: TargetKey) -> str:
    """What kubectl calls the object: ``deployment/web``, ``rollout.v1alpha1.argoproj.io/web``."""
    group, _, version = target.api_version.rpartition("/")
    kind = target.kind.lower()
    if group in {"", "apps"}:
        return f"{kind}/{target.name}"
    return f"{kind}.{version}.{group}/{target.name}"


def _why(changes: Sequence[Change]) -> Iterator[str]:
    rising = sorted({change.segment for change in changes if change.to > change.start})
    falling = sorted({change.segment for change in changes if change.to < change.start and change.segment})
    if any(change.to < change.start and not change.segment for change in changes):
        yield "back to the originals"
    if falling:
        yield f"down to what {', '.join(falling)} still {'holds' if len(falling) == 1 else 'hold'}"
    if rising:
        yield f"up for {', '.join(rising)}"
