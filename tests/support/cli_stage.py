"""What the tests of commands stand on: a hub in the middle of a night, and `gala` called on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from click.testing import CliRunner, Result

from gala.cli.root import root
from gala.sandbox.demo import SETTINGS
from gala.sandbox.fleet import SandboxFleet
from gala.sandbox.night import Night
from gala.sandbox.script import Incident, play
from scenes import at, live, night


@dataclass(frozen=True, slots=True)
class Stage:
    """A hub that stays as it is, and who calls commands on it."""

    fleet: SandboxFleet
    kubeconfig: str

    async def gala(self, *arguments: str) -> Result:
        """Runs one command line in a thread of its own, since the hub answers in this one."""
        return await gala(*arguments, "--kubeconfig", self.kubeconfig)


async def gala(*arguments: str, env: dict[str, str] | None = None) -> Result:
    """One command line; refusals are in ``exception``, the exit status in ``return_value``."""
    return await asyncio.to_thread(CliRunner().invoke, root, arguments, standalone_mode=False, env=env)


def write_kubeconfig(folder: Path, url: str, *, namespace: str | None = None, **others: str) -> str:
    """A kubeconfig whose current context is the hub's; ``others`` are contexts with their servers."""
    servers = {"hub": url, **others}
    space = {"namespace": namespace} if namespace else {}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "hub",
        "contexts": [{"name": name, "context": {"cluster": name, "user": "me", **space}} for name in servers],
        "clusters": [{"name": name, "cluster": {"server": server}} for name, server in servers.items()],
        "users": [{"name": "me", "user": {}}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return str(path)


@asynccontextmanager
async def night_at(
    after: float,
    folder: Path,
    *incidents: Incident,
    what: Night | None = None,
) -> AsyncIterator[Stage]:
    """The night as the real operator left it ``after`` seconds; then nothing moves any more."""
    fleet = SandboxFleet(what or night())
    await fleet.start()
    try:
        play(fleet, incidents)
        reached = asyncio.Event()
        at(fleet, after, reached.set)
        await live(fleet, SETTINGS, [], reached)
        members = {name: world.server.url for name, world in fleet.worlds.items()}
        yield Stage(
            fleet, write_kubeconfig(folder, fleet.hub_url, namespace=fleet.night.namespace, **members)
        )
    finally:
        await fleet.stop()
