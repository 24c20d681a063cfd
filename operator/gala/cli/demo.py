"""``gala demo``: a night on three embedded clusters, played at high speed and judged by its servers."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click
from click.core import ParameterSource

from gala.cli import demo_serve, loop
from gala.cli.demo_screen import DemoScreen
from gala.cli.files import take_place
from gala.engine.passes import Done
from gala.report import html, picture
from gala.report.table import print_report
from gala.sandbox.demo import Played, play_night
from gala.sandbox.night import Night, build_night
from gala.sandbox.serving import HIGHEST_PORT, ServeParams


@click.command()
@click.option("--seed", type=int, default=2022, show_default=True, help="The same seed gives the same night.")
@click.option(
    "--rounds", type=click.IntRange(1, 7), default=7, show_default=True, help="Play the first N rounds only."
)
@click.option(
    "--clusters",
    type=click.IntRange(1, 3),
    default=3,
    show_default=True,
    help="Use the first N clusters only.",
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the event report as JSON to this file; - prints it and nothing else. "
                   "With --serve: what is up.")  # fmt: skip
@click.option("--html", "html_file", type=click.Path(dir_okay=False, path_type=Path),
              default=Path("out/night.html"), show_default=True,
              help="Where the page with the night drawn goes.")  # fmt: skip
@click.option(
    "--svg",
    "svg_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also draw a standalone picture.",
)
@click.option("--serve", is_flag=True,
              help="Play nothing: keep clusters and operator up for kubectl, until Ctrl-C.")  # fmt: skip
@click.option("--directory", type=click.Path(file_okay=False, path_type=Path),
              default=demo_serve.DIRECTORY, show_default=True,
              help="With --serve: where the kubeconfig and a show to apply go.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, HIGHEST_PORT), default=0,
              help="With --serve: of the hub, and the next ones of its members; 0 for any.")  # fmt: skip
@click.option("--speed", type=click.IntRange(1, 60), default=1, show_default=True,
              help="With --serve: how many times as fast as the wall clock time goes.")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="With --serve: do not tell what the operator does.")
@click.pass_context
def demo(  # noqa: PLR0913 (one argument for each option; click has no other way)
    ctx: click.Context,
    *,
    seed: int,
    rounds: int,
    clusters: int,
    json_file: Path | None,
    html_file: Path,
    svg_file: Path | None,
    serve: bool,
    directory: Path,
    port: int,
    speed: int,
    quiet: bool,
) -> int:
    """Play a night like the Spring Festival Gala, without any cluster.

    Three API servers run in this process: two private clusters and a public one, with nodes,
    pods that take up to 75 s to be Ready, traffic, and a Prometheus. The operator is the real
    one and talks to them over HTTP; only time is simulated, four hours in about a minute.

    The exit status is 0 only if every round was Ready at its start and everything was handed
    back: judged by what the servers saw, not by what the operator says.

    \b
      gala demo
      gala demo --seed 7 --json report.json
      gala demo --rounds 1 --clusters 1
      gala demo --serve
    """  # noqa: D301 (click wants the real \b)
    _refuse_mixture(ctx, serve=serve)
    if serve:
        params = ServeParams(seed=seed, rounds=rounds, clusters=clusters, port=port, speed=speed)
        return demo_serve.run(
            demo_serve.ServeOptions(params=params, directory=directory, json_file=json_file, quiet=quiet)
        )
    return _play_out(build_night(seed=seed, rounds=rounds, clusters=clusters), json_file, html_file, svg_file)


def _refuse_mixture(ctx: click.Context, *, serve: bool) -> None:
    """Options that would be passed over are a mistake."""
    foreign = ("html_file", "svg_file") if serve else ("directory", "port", "speed", "quiet")
    for option in ctx.command.params:
        if option.name in foreign and ctx.get_parameter_source(option.name) is ParameterSource.COMMANDLINE:
            why = "goes without --serve, which plays no night" if serve else "goes with --serve only"
            raise click.UsageError(f"{option.opts[-1]} {why}.", ctx)


def _play_out(night: Night, json_file: Path | None, html_file: Path, svg_file: Path | None) -> int:
    quiet = json_file is not None and str(json_file) == "-"
    for option, path in (
        ("--html", html_file),
        ("--svg", svg_file),
        ("--json", None if quiet else json_file),
    ):
        if path is not None:
            take_place(path, option)
    began = time.monotonic()
    played = loop.run(_play(night, quiet=quiet))
    _write(html_file, html.render(played.report, played.log))
    if svg_file is not None:
        _write(svg_file, picture.render_svg(played.report, played.log))
    if json_file is not None and not quiet:
        _write(json_file, played.report.to_json())
    if quiet:
        click.echo(played.report.to_json(), nl=False)
    else:
        _tell(played, html_file, time.monotonic() - began)
    for breach in played.verdict.breaches:
        click.echo(f"gala: {breach}", err=True)
    return 0 if played.verdict.ok and played.report.passed else 1


async def _play(night: Night, *, quiet: bool) -> Played:
    screen: AbstractContextManager[Callable[[Done], None]] = (
        nullcontext(_ignore) if quiet else DemoScreen(sys.stdout, start=night.start, end=night.end)
    )
    with screen as observer:
        return await play_night(night, observer=observer)


def _ignore(_: Done) -> None:
    """Nobody watches."""


def _tell(played: Played, page: Path, seconds: float) -> None:
    click.echo()
    print_report(played.report, sys.stdout, time_zone=played.log.time_zone)
    hours = (played.log.ended_at - played.log.started_at) / 3600
    click.echo()
    click.echo(
        f"{hours:.1f} simulated hours, {played.passes:,} passes, {seconds:.0f} s. The night, drawn: {page}"
    )


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
