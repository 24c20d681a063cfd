"""``gala simulate``: a night by arithmetic, beside what other ways to scale would make of it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from gala.api.validation import unsupported
from gala.cli.files import take_place
from gala.cli.options import duration
from gala.cli.plan import FILE, named, texts
from gala.cli.plan_snapshot import event_key, read_files, snapshot_of
from gala.cli.simulate_table import table
from gala.settings import Settings
from gala.simulate.document import document
from gala.simulate.page import render
from gala.simulate.run import simulate as play
from gala.simulate.trace import Weather


@click.command()
@click.option("-f", "--filename", "events", type=FILE, multiple=True, required=True,
              help="GalaEvents as YAML or JSON; `-` reads stdin. May be given several times.")  # fmt: skip
@click.option("--clusters", type=FILE, multiple=True, callback=named,
              help="GalaClusters, and GalaFacts that say what runs there and what is free; as "
                   "examples/clusters.yaml is.  [required]")  # fmt: skip
@click.option("--seed", type=int, default=2022, show_default=True, help="The same seed gives the same night.")
@click.option("--traffic", "percent", type=click.IntRange(1, 1000), default=100, show_default=True,
              help="What comes, in percent of the forecast.")  # fmt: skip
@click.option("--skew", type=click.IntRange(0, 90), default=15, show_default=True,
              help="In each round a cluster's part is up to so many percent off; 0: not at all.")  # fmt: skip
@click.option("--slip", metavar="DURATION", default="0s", show_default=True, callback=duration,
              help="Every round starts so much later than scheduled, as 4m.")  # fmt: skip
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table",
              show_default=True, help="json for machines.")  # fmt: skip
@click.option("--html", "html_file", type=click.Path(dir_okay=False, path_type=Path),
              help="Also write a page with the night drawn, once for each way.")  # fmt: skip
@click.option("-n", "--namespace", default="default", show_default=True,
              help="Namespace of events that name none.")  # fmt: skip
def simulate(  # noqa: PLR0913 (one argument for each option; click has no other way)
    *,
    events: tuple[str, ...],
    clusters: tuple[str, ...],
    seed: int,
    percent: int,
    skew: int,
    slip: float,
    output: str,
    html_file: Path | None,
    namespace: str,
) -> int:
    """Play a night by arithmetic, beside an HPA, cron, the peak all night and an oracle.

    The plans are the operator's own; pods, nodes and traffic are numbers under a virtual clock,
    so that a night takes seconds. The traffic is made from the event's forecast: a warm-up, a
    rise within seconds at each round, a wave after it, noise, and parts that are off.

    \b
      gala simulate -f EVENT.yaml --clusters CLUSTERS.yaml
      gala simulate -f EVENT.yaml --clusters CLUSTERS.yaml --traffic 200 --html night.html

    The exit status is 0 whatever the night came to, and 1 if a file cannot be used.
    """  # noqa: D301 (click wants the real \b)
    files = read_files(texts(events), texts(clusters), namespace=namespace)
    if html_file is not None:
        take_place(html_file, "--html")
    for event in files.events:
        for feature in unsupported(event):
            click.echo(
                f"gala: {event_key(event)}: NotYetSupported: {feature}; the night leaves it out", err=True
            )
    weather = Weather(percent=percent, skew=skew, slip=slip)
    simulated = play(snapshot_of(files), seed=seed, weather=weather, settings=Settings())
    if html_file is not None:
        html_file.write_text(render(simulated), encoding="utf-8")
    if output == "json":
        click.echo(json.dumps(document(simulated), indent=2))
    else:
        for line in table(simulated):
            click.echo(line)
    return 0
