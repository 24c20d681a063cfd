"""Whether an operator is at work: what a dead one last wrote still reads as if all were well."""

from __future__ import annotations

from typing import Final, NamedTuple

from gala.api.scalars import format_duration, parse_instant
from gala.errors import RequestFailed
from gala.fleet.client import ApiServer
from gala.fleet.paths import collection, single
from gala.settings import Settings

SILENT_AFTER: Final = 60.0
"""Seconds without a renewal of the Lease; it is renewed every two, and taken over after fifteen."""


class Operator(NamedTuple):
    """Who held the Lease last, and when that was renewed."""

    holder: str
    renewed_at: float

    def silent(self, now: float) -> bool:
        """Whether nobody has renewed it for too long; a time ahead of ours is another clock, no silence."""
        return now - self.renewed_at > SILENT_AFTER

    def sentence(self, now: float, fleet_namespace: str) -> str:
        """What to say of one that is silent."""
        since = format_duration(round(now - self.renewed_at))
        return (
            f"no operator has been at work for {since}, so all of this may be old; "
            f"see its pods with: kubectl get pods -n {fleet_namespace}"
        )


async def ask(hub: ApiServer, settings: Settings) -> Operator | None:
    """The operator by its Lease; None where there is no Lease, or a person may not see it.

    Raises:
        RequestFailed: The hub does not answer.
    """
    path = single(
        collection("coordination.k8s.io/v1", "leases", settings.fleet_namespace), settings.lease_name
    )
    try:
        spec = (await hub.request("GET", path)).get("spec") or {}
        return Operator(str(spec.get("holderIdentity") or ""), parse_instant(str(spec.get("renewTime"))))
    except RequestFailed as failed:
        if failed.status not in {403, 404}:
            raise
    except ValueError:
        return None
    return None
