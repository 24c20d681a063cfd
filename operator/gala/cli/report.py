"""``gala report``: what a night came to, from the operator's shelf or from a file."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

import click
from pydantic import ValidationError

from gala.cli.hub import Login
from gala.cli.hub_reading import reached
from gala.cli.options import hub_options, kubernetes_name
from gala.errors import InvalidInput
from gala.planning.facts import EventKey
from gala.report import archive, event_report, html, picture
from gala.report.event_report import EventReport
from gala.report.nightlog import NightLog
from gala.report.shelf import fetch
from gala.report.table import print_report
from gala.settings import Settings

_GZIP: Final = b"\x1f\x8b"


@click.command()
@click.argument("event", required=False, callback=kubernetes_name)
@click.option("-f", "--filename", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
              help="A report (.json) or a recorded night (.json.gz) on disk; - reads stdin.")  # fmt: skip
@click.option("-o", "--output", type=click.Choice(["table", "json", "html", "svg", "night"]), default="table",
              show_default=True, help="How to print it; night is the recording itself, for -f.")  # fmt: skip
@hub_options
def report(  # noqa: PLR0913 (one argument for each option; click has no other way)
    *,
    event: str | None,
    namespace: str | None,
    filename: Path | None,
    output: str,
    kubeconfig: str | None,
    context: str | None,
    fleet_namespace: str,
) -> int:
    """Print what the night of an event came to.

    The operator puts it away after each round and once everything is handed back.
    The exit status is 1 if a round was short, a write failed or something was not given back.

    \b
      gala report spring-gala -n gala-show
      gala report spring-gala -n gala-show -o html > night.html
      gala report -f night.json.gz -o svg > night.svg
    """  # noqa: D301 (click wants the real \b)
    if (event is None) == (filename is None):
        raise click.UsageError("Name an event, or a file with -f.")
    if filename is not None:
        found, night = _read(filename)
    else:
        login = Login(kubeconfig=kubeconfig, context=context)
        settings = Settings(fleet_namespace=fleet_namespace)
        found, night = asyncio.run(_fetch(login, settings, namespace, event or ""))
    _print(found, night, output)
    return 0 if found.passed else 1


async def _fetch(
    login: Login, settings: Settings, namespace: str | None, name: str
) -> tuple[EventReport, NightLog]:
    async with reached(login, settings) as hub:
        return await fetch(hub, settings, EventKey(namespace or await login.namespace(), name))


def _read(path: Path) -> tuple[EventReport, NightLog | None]:
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read: {error.strerror}; name a file that gala demo --json or gala report wrote"
        ) from error
    if data.startswith(_GZIP):
        night = archive.load(data)
        return event_report.build(night), night
    try:
        return EventReport.model_validate_json(data), None
    except ValidationError as error:
        raise InvalidInput(
            f"{path} is no event report; name a file that gala demo --json or gala report -o json wrote"
        ) from error


def _print(found: EventReport, night: NightLog | None, output: str) -> None:
    if output == "json":
        click.echo(found.to_json(), nl=False)
        return
    if output == "table":
        print_report(found, sys.stdout, time_zone=night.time_zone if night else "UTC")
        return
    if night is None:
        raise InvalidInput(
            f"a report alone cannot be drawn as {output}; name a recorded night, which you get with: "
            "gala report EVENT -o night > night.json.gz"
        )
    if output == "night":
        sys.stdout.buffer.write(archive.dump(night))
        sys.stdout.buffer.flush()
    else:
        drawn = html.render(found, night) if output == "html" else picture.render_svg(found, night)
        click.echo(drawn, nl=False)
