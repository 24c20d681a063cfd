"""The unchanged operator in a process of its own, against a sandbox in another: what the kill sweep kills.

It takes its time from the sandbox's clock over HTTP and shares nothing else with it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from gala.engine.wiring import wire
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.intake.intake import Intake
from gala.sandbox.demo import SETTINGS, until_synced
from gala.sandbox.remote_clock import RemoteClock
from gala.settings import Settings

IDENTITY = "sandbox-operator"
"""The same in every life, as a StatefulSet's pod has it: it need not wait for its own Lease."""


async def work(ports: Mapping[str, Any], settings: Settings = SETTINGS) -> None:
    """Runs until it is killed; ``ports`` is what the sandbox wrote into its port file.

    Raises:
        BarrierTimeout: the operator never saw what is wanted.
        Unreachable: the sandbox is gone, or another operator has taken over its clock.
    """
    hub = ApiServer("hub", Credentials(server=ports["hub"]), settings)
    clock = await RemoteClock.connect(ports["clock"], pid=os.getpid())
    wired = wire(hub, clock, settings, identity=IDENTITY)
    intake = Intake(wired.desired, hub, settings)
    try:
        await intake.start()
        await until_synced(wired)
        await wired.operator.run()
    finally:
        await intake.stop()
        await wired.close()
        await clock.close()
        await hub.close()


def main(ports: Mapping[str, Any]) -> None:
    """The whole process."""
    asyncio.run(work(ports))
