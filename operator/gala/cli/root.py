"""The command ``gala`` itself: which commands there are, and how each of them fails.

Commands are imported when they are called, so that ``gala plan`` does not wait half a second
for kopf and the Kubernetes client, which only ``gala run`` and ``gala demo`` need.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Mapping
from typing import Final, NamedTuple

import click
from click.shell_completion import CompletionItem

import gala
from gala.cli.completion import PROGRAM, VARIABLE
from gala.cli.refusals import told, told_of_the_machine
from gala.errors import GalaError


class Known(NamedTuple):
    """A command that is not imported yet; ``module`` has a click command of its name."""

    module: str
    summary: str
    """The first sentence of its help: to list commands, none is imported."""


COMMANDS: Mapping[str, Known] = {
    "demo": Known("gala.cli.demo", "Play a night like the Spring Festival Gala, without any cluster."),
    "plan": Known("gala.cli.plan", "Show who gets what and when, without any cluster."),
    "simulate": Known(
        "gala.cli.simulate",
        "Play a night by arithmetic, beside an HPA, cron, the peak all night and an oracle.",
    ),
    "status": Known(
        "gala.cli.status", "Show how events stand: rounds, clusters, workloads; what is wrong first."
    ),
    "diff": Known("gala.cli.diff", "Show what a file would change, against what is stored and what runs."),
    "run": Known("gala.cli.run", "Run the operator until it is told to stop."),
    "report": Known("gala.cli.report", "Print what the night of an event came to."),
    "crds": Known("gala.cli.crds", "Print the CustomResourceDefinitions."),
    "member-rbac": Known(
        "gala.cli.member_rbac", "Print the account and the roles that the operator needs in a member cluster."
    ),
    "completion": Known(
        "gala.cli.completion", "Print a script that completes commands and options in a shell."
    ),
}
"""By name, in the order in which they are listed: what is tried first stands first."""

READER_GONE: Final = 141
"""What a shell says of a program that SIGPIPE ended."""

HELP_ON_H = {"help_option_names": ["-h", "--help"]}


class LazyGroup(click.Group):
    """A group that finds its commands in ``COMMANDS`` and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the table."""
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists them without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, known.summary) for name, known in COMMANDS.items()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None, which click answers with what would have been right."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name].module), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)  # noqa: S101 (a wrong table is our bug, not the caller's)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Names what a mistyped command was probably meant to be."""
        name = args[0]
        if name in COMMANDS or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        close = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
        instead = f"did you mean {close[0]}?" if close else f"see which there are with: {ctx.info_name} -h"
        raise click.UsageError(f"No such command {name!r}; {instead}", ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Commands by their table, so that a key press imports none of them."""
        found = [
            CompletionItem(name, help=known.summary)
            for name, known in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


@click.group(cls=LazyGroup, context_settings=HELP_ON_H)
@click.version_option(gala.__version__, prog_name=PROGRAM)
def root() -> None:
    """Makes Kubernetes capacity Ready before each round of a show, and gives it back exactly.

    You describe the show as a GalaEvent: its rounds with their start times, its workloads, and
    the traffic that each round brings. gala works out how many replicas each cluster needs and
    when growing has to begin, and afterwards returns every target to what it was.

    \b
    Try it without any cluster:
      gala demo                                  play a night on three embedded clusters
      gala plan -f EVENT --clusters CLUSTERS     who gets what, and when
      gala simulate -f EVENT --clusters CLUSTERS what the night would come to

    \b
    Use it on yours:
      gala crds | kubectl apply --server-side -f -
      gala run
    """  # noqa: D301 (click wants the real \b)


def call(arguments: list[str] | None = None, *, program: str = PROGRAM) -> int:
    """Runs one command line and returns its exit status; ``program`` is what a person typed for us.

    0: done. 1: the answer is no, or something failed; one sentence on stderr says what to do.
    2: the command line itself is wrong. 130: interrupted. 141: who read the output went away.
    """
    stdout = sys.stdout
    try:
        outcome = root.main(arguments, prog_name=program, complete_var=VARIABLE, standalone_mode=False)
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("gala: interrupted", err=True)
        return 130
    except GalaError as failed:
        click.echo(f"gala: {told(failed)}", err=True)
        return 1
    except SystemExit:
        # What click makes of a broken pipe (`gala plan | head -1`), by a stdout that keeps silent.
        if sys.stdout is stdout:
            raise
        return READER_GONE
    except OSError as failed:
        click.echo(f"gala: {told_of_the_machine(failed)}", err=True)
        return 1
    except UnicodeEncodeError as failed:
        text = f"{failed.object[failed.start : failed.end]!a} cannot be printed in {failed.encoding}"
        click.echo(f"gala: {text}; try it with PYTHONIOENCODING=utf-8, or with -o json.", err=True)
        return 1
    return outcome if isinstance(outcome, int) else 0
