"""``gala status``: how the shows stand now, as the operator wrote it down."""

from __future__ import annotations

import asyncio
import json
import sys

import click

from gala.cli.hub import Login
from gala.cli.hub_reading import Asked, Held, reached, read
from gala.cli.options import hub_options, instant, kubernetes_names
from gala.cli.status_document import document
from gala.cli.status_operator import Operator, ask
from gala.cli.status_tree import print_tree
from gala.cli.status_view import shows
from gala.engine.clock import WallClock
from gala.settings import Settings


@click.command()
@click.argument("events", metavar="[EVENT]...", nargs=-1, callback=kubernetes_names)
@hub_options
@click.option("-A", "--all-namespaces", is_flag=True, help="Events of every namespace.")
@click.option("-o", "--output", type=click.Choice(["tree", "json"]), default="tree", show_default=True,
              help="A tree for people, or one JSON document.")  # fmt: skip
@click.option("--full", is_flag=True,
              help="Show every cluster and workload; a terminal else gets only a part of them.")  # fmt: skip
@click.option("--at", metavar="TIME", callback=instant,
              help="Count down from this time, for a hub whose clock is not this machine's.")  # fmt: skip
def status(  # noqa: PLR0913 (one argument for each option; click has no other way)
    *,
    events: tuple[str, ...],
    namespace: str | None,
    kubeconfig: str | None,
    context: str | None,
    fleet_namespace: str,
    all_namespaces: bool,
    output: str,
    full: bool,
    at: float | None,
) -> int:
    """Show how events stand: rounds, clusters, workloads; what is wrong first.

    It only reads: what the operator wrote into events, clusters and its ledger. Whoever may not
    read the ledger sees everything but the workloads.

    The exit status is 0 if every event that was asked for is Ready and an operator is at work, else 1.

    \b
      gala status
      gala status spring-gala -n gala-show
      gala status -A -o json
    """  # noqa: D301 (click wants the real \b)
    _check_names(events, all_namespaces=all_namespaces, namespace=namespace)
    login = Login(kubeconfig=kubeconfig, context=context)
    settings = Settings(fleet_namespace=fleet_namespace)
    asked, held, operator = asyncio.run(
        _fetch(login, settings, names=events, namespace=namespace, everywhere=all_namespaces)
    )
    now = WallClock().now() if at is None else at
    found = shows(held, fleet_namespace=fleet_namespace, now=now)
    silent = operator is not None and operator.silent(now)
    if output == "json":
        click.echo(json.dumps(document(found, operator, now=now, withheld=held.withheld), indent=2))
    elif found:
        alarm = operator.sentence(now, fleet_namespace) if operator is not None and silent else ""
        print_tree(found, sys.stdout, now=now, alarm=alarm, withheld=held.withheld, full=full)
    if not found:
        click.echo(f"gala: {_none(asked)}", err=True)
    return 0 if found and not silent and all(show.ready for show in found) else 1


def _check_names(events: tuple[str, ...], *, all_namespaces: bool, namespace: str | None) -> None:
    if all_namespaces and (events or namespace):
        raise click.UsageError("-A asks for every event; name events or a namespace, or ask for all.")


async def _fetch(
    login: Login, settings: Settings, *, names: tuple[str, ...], namespace: str | None, everywhere: bool
) -> tuple[Asked, Held, Operator | None]:
    async with reached(login, settings) as hub:
        where = None if everywhere else namespace or await login.namespace()
        asked = Asked(names=names, namespace=where, fleet_namespace=settings.fleet_namespace)
        return asked, await read(hub, asked), await ask(hub, settings)


def _none(asked: Asked) -> str:
    look = "" if asked.namespace is None else "look everywhere with: gala status -A; or "
    return (
        f"There are no events {asked.where}; {look}try one out with: gala plan -f EVENT.yaml --clusters "
        "CLUSTERS.yaml, and create it with: kubectl apply -f EVENT.yaml"
    )
