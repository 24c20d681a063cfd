"""The API server's audit log as typed records: what was really asked, by whom, whatever the operator says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

POLICY: Mapping[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Request", "resources": [{"group": "*", "resources": ["*/scale"]}]},
        {"level": "Request", "verbs": ["create", "update", "patch"], "resources": [{"group": "gala.dev"}]},
        {"level": "Metadata"},
    ],
}
"""Bodies where replicas are written and where the ledger is; elsewhere who did what to what."""

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that the API server answered."""

    at: datetime
    """When it arrived."""
    done: datetime
    """When it was answered."""
    user: str
    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int
    agent: str
    body: Any
    """What was sent; None outside of `/scale` and writes of gala.dev."""

    @property
    def writes(self) -> bool:
        """Whether it meant to change something."""
        return self.verb in WRITES

    @property
    def accepted(self) -> bool:
        """Whether the server did as it was asked."""
        return 200 <= self.code < 300

    @property
    def replicas(self) -> int | None:
        """The number that a write of `/scale` sent; None for anything else.

        A Scale without replicas means 0: the wire leaves zeros out.
        """
        if self.subresource != "scale" or not self.writes or self.body is None:
            return None
        if isinstance(self.body, list):
            sent = [
                step["value"]
                for step in self.body
                if step["op"] != "test" and step["path"] == "/spec/replicas"
            ]
            return int(sent[-1]) if sent else None
        return int(self.body.get("spec", {}).get("replicas", 0))


def records(log: Path, since: int = 0) -> Iterator[Asked]:
    """The requests that were answered after the log was ``since`` bytes long, oldest first."""
    with log.open("rb") as lines:
        lines.seek(since)
        for line in lines:
            if line.endswith(b"\n"):
                entry = json.loads(line)
                if entry["stage"] == "ResponseComplete":
                    yield _asked(entry)


def _asked(entry: Mapping[str, Any]) -> Asked:
    about = entry.get("objectRef", {})
    return Asked(
        at=datetime.fromisoformat(entry["requestReceivedTimestamp"]),
        done=datetime.fromisoformat(entry["stageTimestamp"]),
        user=entry.get("impersonatedUser", entry["user"]).get("username", ""),
        verb=entry["verb"],
        group=about.get("apiGroup", ""),
        resource=about.get("resource", ""),
        subresource=about.get("subresource", ""),
        namespace=about.get("namespace", ""),
        name=about.get("name", ""),
        code=entry.get("responseStatus", {}).get("code", 0),
        agent=entry.get("userAgent", ""),
        body=entry.get("requestObject"),
    )
