"""The status that a controller would write for a Deployment or StatefulSet."""

from __future__ import annotations

from gala.sandbox.apiserver.errors import Json
from gala.sandbox.apiserver.selectors import stamp
from gala.sandbox.pods import PodArray


def status_of(pods: PodArray, body: Json, now: float) -> Json:
    """Counts as of ``now``; zeros are left out, as on the wire of a real server."""
    count, ready = len(pods), pods.ready(now)
    wanted = body["spec"].get("replicas", 0)
    counts = {
        "replicas": count,
        "updatedReplicas": count,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "terminatingReplicas": len(pods.leaving),
    }
    if pods.kind.kind == "Deployment":
        counts["unavailableReplicas"] = max(0, wanted - ready)
    else:
        counts["currentReplicas"] = count
    status: Json = {"observedGeneration": body["metadata"]["generation"]}
    status |= {name: value for name, value in counts.items() if value}
    if pods.kind.kind == "Deployment":
        fine = ready >= wanted - wanted // 4
        status["conditions"] = [
            _condition(body, "Available", fine, now),
            _condition(body, "Progressing", True, now),
        ]
    return status


_REASONS = {
    ("Available", True): "MinimumReplicasAvailable",
    ("Available", False): "MinimumReplicasUnavailable",
    ("Progressing", True): "NewReplicaSetAvailable",
}


def _condition(body: Json, kind: str, holds: bool, now: float) -> Json:
    state = str(holds)
    before = next((c for c in body.get("status", {}).get("conditions", ()) if c["type"] == kind), None)
    if before is not None and before["status"] == state:
        return dict(before)
    return {"type": kind, "status": state, "reason": _REASONS[kind, holds], "lastTransitionTime": stamp(now)}
