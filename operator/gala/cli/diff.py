"""``gala diff``: what a file would change, against what is stored and what runs."""

from __future__ import annotations

import asyncio
import json
from typing import Final

import click

from gala.cli.columns import columns_of_stdout, folded
from gala.cli.diff_compare import EventDiff, compare
from gala.cli.diff_document import document
from gala.cli.diff_sources import Given, Sides, from_files, from_hub
from gala.cli.diff_table import BELOW, NOTE, table
from gala.cli.hub import DEFAULT_NAMESPACE, Login
from gala.cli.hub_reading import reached
from gala.cli.options import hub_options, instant
from gala.cli.plan import FILE, texts
from gala.cli.plan_outlook import before_the_first
from gala.cli.plan_snapshot import read_events, read_fleet
from gala.cli.refusals import told
from gala.engine.clock import WallClock
from gala.errors import GalaError
from gala.settings import Settings

DIFFERS: Final = 1
FAILED: Final = 2
"""Exit status of a failure; as with kubectl diff, 1 says that there are differences."""

_COLOURS: Final = {"+": "green", "-": "red", "~": "yellow", BELOW: "red", NOTE: "yellow"}


@click.command()
@click.option("-f", "--filename", "events", type=FILE, multiple=True, required=True,
              help="GalaEvents as they are to be; `-` reads stdin. May be given several times.")  # fmt: skip
@click.option("--clusters", type=FILE, multiple=True,
              help="GalaClusters and GalaFacts that count more than what the hub says.")  # fmt: skip
@click.option("--stored", type=FILE, multiple=True,
              help="The events as they are, from a file; no hub is asked then.")  # fmt: skip
@click.option("--live", is_flag=True,
              help="Ask the clusters what runs, by contexts that are named after them.")  # fmt: skip
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True,
              help="A table for people, or one JSON document.")  # fmt: skip
@click.option("--at", metavar="TIME", callback=instant,
              help="Plan as of this time [default: now; with --stored a day ahead].")  # fmt: skip
@hub_options
def diff(  # noqa: PLR0913 (one argument for each option; click has no other way)
    *,
    events: tuple[str, ...],
    clusters: tuple[str, ...],
    stored: tuple[str, ...],
    live: bool,
    output: str,
    at: float | None,
    namespace: str | None,
    kubeconfig: str | None,
    context: str | None,
    fleet_namespace: str,
) -> int:
    """Show what a file would change, against what is stored and what runs.

    Two plans are made of the same facts, one with the event as it is stored and one with the event
    as the file has it. What runs is what the operator last wrote into its ledger, what a GalaFacts
    file says, or with --live what the clusters answer. Nothing is written.

    \b
      gala diff -f EVENT.yaml
      gala diff -f EVENT.yaml --live
      gala diff -f NEW.yaml --stored OLD.yaml --clusters CLUSTERS.yaml

    The exit status is as with kubectl diff: 0 if applying the file changes nothing and everything
    that it wants now runs, 1 if there are differences, 2 if something failed.
    """  # noqa: D301 (click wants the real \b)
    if stored and (live or not clusters):
        raise click.UsageError("--stored asks no server: name --clusters with it, and leave out --live.")
    login = Login(kubeconfig=kubeconfig, context=context)
    settings = Settings(fleet_namespace=fleet_namespace)
    try:
        where = namespace or (DEFAULT_NAMESPACE if stored else asyncio.run(login.namespace()))
        members, facts = read_fleet(texts(clusters))
        given = Given(wanted=read_events(texts(events), namespace=where), members=members, facts=facts)
        if stored:
            sides = from_files(given, read_events(texts(stored), namespace=where))
        else:
            sides = asyncio.run(_ask(login, given, settings, live=live))
        now = _as_of(at, sides, offline=bool(stored))
        found = compare(sides, now, settings)
    except GalaError as failed:
        click.echo(f"gala: {told(failed)}", err=True)
        return FAILED
    _print(found, sides, now, output)
    return DIFFERS if any(one.changes or one.below for one in found) else 0


async def _ask(login: Login, given: Given, settings: Settings, *, live: bool) -> Sides:
    async with reached(login, settings) as hub:
        return await from_hub(hub, login, given, settings=settings, live=live)


def _as_of(at: float | None, sides: Sides, *, offline: bool) -> float:
    if at is not None:
        return at
    return before_the_first(sides.after) if offline else WallClock().now()


def _print(found: tuple[EventDiff, ...], sides: Sides, now: float, output: str) -> None:
    if output == "json":
        click.echo(json.dumps(document(found, sides.notes, now), indent=2))
        return
    width = columns_of_stdout()
    for line in table(found, sides.notes, now, width=width):
        colour = next((c for sign, c in _COLOURS.items() if line.startswith(sign)), None)
        for part in folded(line, width):
            click.secho(part, fg=colour)
