"""``gala run``: the operator on a real hub and the wall clock."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import uuid
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final, Literal

import click

from gala.cli import loop
from gala.cli.hub import Login
from gala.cli.local_cluster import ensure_local_cluster
from gala.cli.nights import NightReports
from gala.cli.rights import check_rights
from gala.engine.clock import WallClock
from gala.engine.endpoint import Address
from gala.engine.operator import run_until_stopped
from gala.engine.vigil import Vigil
from gala.engine.wiring import Wired, wire
from gala.fleet.client import ApiServer
from gala.intake.intake import Intake
from gala.planning.facts import EventKey
from gala.report import logs
from gala.report.nightlog import NightLog
from gala.settings import Settings

log = logging.getLogger(__name__)

CLOSE_DEADLINE: Final = 2.0
"""Wall seconds for closing connections; SIGTERM to exit takes five at most."""

LEAVE_AFTER: Final = 2.5
"""Wall seconds after the operator's end in which threads may come to theirs; with those that its end
takes, at most five from SIGTERM on."""

STOPPED: Final = "stopped; replicas stay as they are"

MOST_PORTS: Final = 65_535

_DEFAULTS: Final = Settings()


def parse_address(_context: click.Context, _option: click.Parameter, text: str) -> Address | None:
    """``:8080``, ``127.0.0.1:0`` or ``[::1]:8080``; None for the empty text."""
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > MOST_PORTS:
        raise click.BadParameter(f"{text!r} is no address; write :8080, 127.0.0.1:8080 or [::1]:8080.")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def parse_networks(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> tuple[IPv4Network | IPv6Network, ...]:
    """``127.0.0.0/8``, ``fd00:ec2::254``: networks, or single addresses."""
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        raise click.BadParameter(f"{error}; write a network as 127.0.0.0/8, or one address.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line said."""

    login: Login
    settings: Settings
    identity: str
    report_dir: Path | None = None
    listen: Address | None = None
    local_cluster: bool = False


@click.command()
@click.option("--kubeconfig", envvar="KUBECONFIG", metavar="PATH", show_envvar=True,
              help="The cluster that holds the GalaEvents; in a pod its own account is used.")  # fmt: skip
@click.option("--context", metavar="NAME", help="Another context of the kubeconfig than its current one.")
@click.option("-n", "--fleet-namespace", default=_DEFAULTS.fleet_namespace, show_default=True,
              help="Where GalaClusters, their Secrets, the ledger and the Lease live.")  # fmt: skip
@click.option("--lease-name", default=_DEFAULTS.lease_name, show_default=True,
              help="The Lease that only one of several replicas holds.")  # fmt: skip
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="Lines for people, or one JSON object per line.")  # fmt: skip
@click.option("--allow-prometheus-address", "prometheus_addresses", metavar="CIDR", multiple=True,
              callback=parse_networks,
              help="Where a Prometheus may be although loopback, link-local and metadata addresses are "
                   "refused. May be given several times.")  # fmt: skip
@click.option("--local-cluster", is_flag=True,
              help="Have this cluster take part: makes GalaCluster local in the fleet namespace, unless one "
                   "with inCluster is there.")  # fmt: skip
@click.option("--report-dir", type=click.Path(file_okay=False, path_type=Path),
              help="Write each event's report here, as JSON and HTML, once all is handed back.")  # fmt: skip
@click.option("--listen", default=":8080", show_default=True, metavar="ADDRESS:PORT", callback=parse_address,
              help="Where /metrics, /healthz and /readyz answer; '' for nowhere.")  # fmt: skip
@click.option("--identity", envvar="POD_NAME", hidden=True)
@click.option("--pod-host", envvar="KUBERNETES_SERVICE_HOST", hidden=True)
@click.option("--pod-port", envvar="KUBERNETES_SERVICE_PORT", hidden=True)
@click.option("-v", "--verbose", is_flag=True, help="Log more than decisions and problems.")
def run(  # noqa: PLR0913 (one argument for each option; click has no other way)
    *,
    kubeconfig: str | None,
    context: str | None,
    fleet_namespace: str,
    lease_name: str,
    log_format: Literal["text", "json"],
    prometheus_addresses: tuple[IPv4Network | IPv6Network, ...],
    local_cluster: bool,
    report_dir: Path | None,
    listen: Address | None,
    identity: str | None,
    pod_host: str | None,
    pod_port: str | None,
    verbose: bool,
) -> None:
    """Run the operator until it is told to stop.

    Its end changes nothing: replicas stay where they are, and the next one goes on from the
    ledger. Run two or three; the Lease decides which of them acts.

    \b
      gala crds | kubectl apply --server-side -f -
      gala run --context staging
    """  # noqa: D301 (click wants the real \b)
    logs.configure(sys.stderr, style=log_format, level=logging.DEBUG if verbose else logging.INFO)
    address = f"[{pod_host}]" if pod_host and ":" in pod_host else pod_host
    options = RunOptions(
        login=Login(
            kubeconfig=kubeconfig,
            context=context,
            pod_api=f"{address}:{pod_port or 443}" if address else None,
        ),
        settings=Settings(
            fleet_namespace=fleet_namespace,
            lease_name=lease_name,
            prometheus_addresses=prometheus_addresses,
        ),
        # A container that starts anew in the same pod is the only one of that name: it need not wait.
        identity=identity or f"{socket.gethostname()}_{uuid.uuid4()}",
        report_dir=report_dir,
        listen=listen,
        local_cluster=local_cluster,
    )
    loop.run(serve(options))


async def serve(options: RunOptions) -> None:
    """Builds the operator, runs it until SIGTERM or SIGINT, and closes everything.

    Raises:
        GalaError: The hub cannot be reached, refuses us or lacks the CRDs; or the operator gets
            nothing done any more, so that its supervisor has to start it anew.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    reaching = asyncio.create_task(_reach(options), name="reach the hub")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({reaching, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not reaching.done():
        _leave_in_time(0)
        reaching.cancel()
        await asyncio.wait({reaching}, timeout=CLOSE_DEADLINE)
        log.info(STOPPED)
        return
    hub = await reaching
    try:
        await _operate(hub, options, stop)
    finally:
        await hub.close()


async def _reach(options: RunOptions) -> ApiServer:
    """The hub, once it has answered everything that is asked before the start."""
    async with AsyncExitStack() as failing:
        hub = ApiServer("hub", await options.login.credentials(), options.settings)
        failing.push_async_callback(hub.close)
        await check_rights(hub, options.settings)
        if options.local_cluster:
            await ensure_local_cluster(hub, options.settings)
        failing.pop_all()
        return hub


async def _operate(hub: ApiServer, options: RunOptions, stop: asyncio.Event) -> None:
    def night(key: EventKey) -> NightLog | None:
        return wired.recorder.log(key)

    observer = NightReports(options.report_dir, night) if options.report_dir else None
    wired = wire(hub, WallClock(), options.settings, identity=options.identity, observer=observer)
    intake = Intake(wired.desired, hub, options.settings)
    vigil = Vigil(
        wired.operator,
        vitals=lambda: wired.vitals(intake.health()),
        text=wired.metrics.text,
        delayed=wired.metrics.delayed,
    )
    keeping = asyncio.create_task(options.login.keep(hub), name="login")
    log.info("%s watches %s as %s", options.settings.lease_name, hub.credentials.server, options.identity)
    status = 1
    try:
        stalled = await vigil.start(options.listen)
        await intake.start()
        await run_until_stopped(wired.operator, stop, wired.elector, stalled)
        status = 0
        log.info(STOPPED)
    finally:
        _leave_in_time(status)
        keeping.cancel()
        await _close(intake, wired, vigil)


def _leave_in_time(status: int) -> None:
    """Ends the process although a thread hangs, as one may that resolves a name: nothing is lost by it."""
    timer = threading.Timer(LEAVE_AFTER, os._exit, (status,))
    timer.daemon = True
    timer.start()


async def _close(intake: Intake, wired: Wired, vigil: Vigil) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_DEADLINE):
            await asyncio.gather(intake.stop(), wired.close(), vigil.stop())
