"""``gala plan``: who gets what and when, from files alone."""

from __future__ import annotations

import json

import click

from gala.api.documents import LARGEST
from gala.api.event import GalaEvent
from gala.api.validation import unsupported
from gala.cli.columns import columns_of_stdout, folded
from gala.cli.options import instant
from gala.cli.plan_document import document
from gala.cli.plan_outlook import Outlook, before_the_first, look_out
from gala.cli.plan_script import script
from gala.cli.plan_snapshot import Text, event_key, read_files, snapshot_of
from gala.cli.plan_table import SHORT, table
from gala.errors import InvalidInput
from gala.settings import Settings

FILE = click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True)


def named(_context: click.Context, _option: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """The files with clusters; who names none is told what stands in such a file."""
    if not names:
        raise click.UsageError(
            "Missing option '--clusters': name a file with your GalaClusters and a GalaFacts that says what "
            "runs in them and what is free; examples/clusters.yaml is one to begin with."
        )
    return names


@click.command()
@click.option("-f", "--filename", "events", type=FILE, multiple=True, required=True,
              help="GalaEvents as YAML or JSON; `-` reads stdin. May be given several times.")  # fmt: skip
@click.option("--clusters", type=FILE, multiple=True, callback=named,
              help="GalaClusters, and GalaFacts that say what runs there and what is free; as "
                   "examples/clusters.yaml is.  [required]")  # fmt: skip
@click.option("-o", "--output", type=click.Choice(["table", "json", "kubectl"]), default="table",
              show_default=True, help="json for machines; kubectl prints the night as commands.")  # fmt: skip
@click.option("--at", metavar="TIME", callback=instant,
              help="Plan as of this time, as 2027-02-05T20:00:00+08:00 "
                   "[default: a day before the first round].")  # fmt: skip
@click.option("-n", "--namespace", default="default", show_default=True,
              help="Namespace of events that name none.")  # fmt: skip
@click.option("--fail-on-short", is_flag=True,
              help="Exit with status 1 if something does not fit or begins too late.")  # fmt: skip
def plan(
    events: tuple[str, ...],
    clusters: tuple[str, ...],
    output: str,
    at: float | None,
    namespace: str,
    fail_on_short: bool,
) -> int:
    """Show who gets what and when, without any cluster.

    Every round and the scene after it: when growing begins in each cluster, how many replicas
    each one gets, what does not fit, and what is lost with the largest cluster.

    \b
      gala plan -f EVENT.yaml --clusters CLUSTERS.yaml
      gala plan -f EVENT.yaml --clusters CLUSTERS.yaml -o kubectl > by-hand.sh

    The exit status is 0 also where something does not fit (unless --fail-on-short says
    otherwise), and 1 if a file cannot be used.
    """  # noqa: D301 (click wants the real \b)
    files = read_files(texts(events), texts(clusters), namespace=namespace)
    snapshot = snapshot_of(files)
    outlook = look_out(snapshot, before_the_first(snapshot) if at is None else at, Settings())
    for event in files.events:
        for feature in unsupported(event):
            click.echo(
                f"gala: {event_key(event)}: NotYetSupported: {feature}; the plan leaves it out", err=True
            )
    _print(outlook, files.events, output)
    return 1 if fail_on_short and not outlook.fits else 0


def texts(names: tuple[str, ...]) -> list[Text]:
    """The files of these names, read; ``-`` is stdin."""
    found = []
    for name in names:
        try:
            with click.open_file(name, encoding="utf-8") as file:
                found.append(Text("stdin" if name == "-" else name, file.read(LARGEST + 1)))
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{name}: this is not text in UTF-8; save it as that") from error
    return found


def _print(outlook: Outlook, events: tuple[GalaEvent, ...], output: str) -> None:
    if output == "json":
        click.echo(json.dumps(document(outlook, events), indent=2))
    elif output == "kubectl":
        click.echo("\n".join(script(outlook, events)))
    else:
        width = columns_of_stdout()
        for line in table(outlook, events, width=width):
            colour = "red" if line.startswith(SHORT) else None
            for part in folded(line, width):
                click.secho(part, fg=colour)
