"""``gala demo --serve``: the embedded fleet stays up, with the operator on it, for people with kubectl."""

from __future__ import annotations

import asyncio
import json
import logging
import shlex
import shutil
import signal
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from gala.cli import loop
from gala.cli.demo_log import ServeLog
from gala.report import logs
from gala.sandbox.served_folder import ServedFolder
from gala.sandbox.serving import Served, ServeParams, serve

DIRECTORY: Final = Path("out/serve")
"""Where the kubeconfig goes if nobody says otherwise; git ignores ``out``."""

INSTALL: Final = "https://kubernetes.io/docs/tasks/tools/"

MINE: Final = "a show of yours, in 3 to 4 minutes"

COLUMN: Final = 58
"""Width of the commands on the page."""

STOPS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends it, the closing of its terminal too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What the command line said."""

    params: ServeParams
    directory: Path
    json_file: Path | None
    """Where to write what is up, as JSON; ``-`` prints it instead of the page."""
    quiet: bool


def run(options: ServeOptions) -> int:
    """Serves until SIGINT, SIGTERM or SIGHUP; the exit status is 0 then.

    Raises:
        GalaError: a port is taken, or another fleet has the folder.
    """
    logs.configure(sys.stderr, level=logging.WARNING)
    with ServedFolder(options.directory).hold() as folder:
        loop.run(_serve(folder, options))
    return 0


async def _serve(folder: ServedFolder, options: ServeOptions) -> None:
    stop = asyncio.Event()
    for number in STOPS:
        # Under nohup SIGHUP is ignored, and has to stay so.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    log = None if options.quiet else ServeLog(sys.stderr)
    await serve(folder, options.params, stop, ready=lambda served: _tell(served, options), observer=log)


def _tell(served: Served, options: ServeOptions) -> None:
    if options.json_file is not None and str(options.json_file) != "-":
        options.json_file.parent.mkdir(parents=True, exist_ok=True)
        options.json_file.write_text(describe(served), encoding="utf-8")
    elif options.json_file is not None:
        click.echo(describe(served), nl=False)
        return
    click.echo(page(served, kubectl=shutil.which("kubectl") is not None))


def describe(served: Served) -> str:
    """What is up, for machines."""
    body = {
        "kubeconfig": str(served.folder.kubeconfig.absolute()),
        "show": str(served.folder.show.absolute()),
        "namespace": served.night.namespace,
        "event": served.night.name,
        "contexts": served.urls,
        "prometheus": served.prometheus,
    }
    return json.dumps(body, indent=2) + "\n"


def page(served: Served, *, kubectl: bool) -> str:
    """The one screen that says what is there and what to try; ``kubectl``: whether it is installed."""
    hub, *members = served.urls
    night = served.night
    first = datetime.fromisoformat(night.event["spec"]["rounds"][0]["start"]).timestamp()
    when = (
        f"{datetime.fromtimestamp(first).astimezone():%H:%M:%S}, in {(first - served.now()) / 60:.0f} minutes"
    )
    mine = "as you left it; remove it for a new one" if served.folder.show_is_yours else MINE
    tries = [
        ("kubectl get galaevents --watch", f"{night.name}: Planned, Preparing, Armed, Live"),
        (f"kubectl describe galaevent {night.name}", "what the operator says of it"),
        ("gala status", "all of it as a tree"),
        (f"kubectl --context {members[0]} get deployments --watch", "what it scales"),
        (f"kubectl apply -f {shlex.quote(str(served.folder.show))}", mine),
        (f"kubectl --context {members[0]} scale deploy gateway --replicas=1", "interfere while it is Live"),
    ]
    lines = [
        f"A hub, {_count(members)} and the operator run in this process, on 127.0.0.1 alone and without",
        "passwords: a sandbox, in which nothing but the operator is real.",
        f"Round 1 of {night.name} begins at {when}. In another terminal:",
        "",
        f"  export KUBECONFIG={shlex.quote(str(served.folder.kubeconfig.absolute()))}",
        *(f"  {command:<{COLUMN}}  # {why}" for command, why in tries),
        "",
        f"Contexts: {hub} (the current one), {', '.join(members)}; the namespace is {night.namespace}.",
        "Ctrl-C ends everything and removes the kubeconfig.",
    ]
    if not kubectl:
        lines.append("Only these commands need kubectl, which is not on the PATH: " + INSTALL)
    return "\n".join(lines)


def _count(members: list[str]) -> str:
    return f"{len(members)} member cluster{'s' * (len(members) > 1)}"
