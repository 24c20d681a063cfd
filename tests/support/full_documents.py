"""A document of each kind that people write in which every field is filled."""

from __future__ import annotations

from builders_api import raw_cluster, raw_cue, raw_donor, raw_event

LABELS = {"matchLabels": {"region": "east"}}
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x", "namespace": "gala"}
SECRET = {"name": "s", "key": "value"}

EVENT = raw_event(
    {
        "spec.mode": "Rehearsal",
        "spec.paused": False,
        "spec.timeZone": "Asia/Shanghai",
        "spec.rehearsal": {"scalePercent": 10, "start": "2027-01-20T02:00:00Z"},
        "spec.clusterSelector": LABELS,
        "spec.workloads.0.target": {**TARGET, "name": "web"},
        "spec.workloads.0.tier": "S",
        "spec.workloads.0.capacity": {
            "qpsPerReplica": 100,
            "headroomPercent": 20,
            "warmup": "30s",
            "testedAt": "2027-01-20T02:00:00Z",
        },
        "spec.workloads.0.signal": {"metric": "http_requests_total", **LABELS, "window": "1m"},
        "spec.workloads.0.perCluster": {"min": 2, "max": 9},
        "spec.workloads.0.clusterSelector": LABELS,
        "spec.workloads.1.query": "sum(rate(pay[1m]))",
        "spec.scenes.0.demand.1": {"workload": "pay", "replicas": 3},
        "spec.rounds.0.scene": "calm",
        "spec.rounds.0.afterScene": "calm",
        "spec.rounds.0.afterDuration": "10m",
        "spec.rounds.0.window": {"early": "1m", "late": "90s"},
        "spec.donors": [
            raw_donor(
                target={**TARGET, "name": "batch"},
                tier="C",
                floor={"percent": 20},
                clusterSelector=LABELS,
                allowStateful=False,
            ),
            {"name": "many", "selector": {"kind": "Deployment", **LABELS}, "floor": {"replicas": 1}},
        ],
        "spec.division": {"shares": [{"cluster": "east", "weight": 3}]},
        "spec.resilience": {"survive": 1, "tiers": ["S", "A"]},
        "spec.rebalance": {
            "enabled": True,
            "interval": "15s",
            "tolerancePercent": 10,
            "maxStepPercent": 20,
            "staleAfter": "60s",
            "cooldown": "2m",
        },
        "spec.handback": {"cooldown": "1m", "maxStepPercent": 50, "onDelete": "Keep"},
    }
)
CLUSTER = raw_cluster(
    {
        "spec.class": "Public",
        "spec.kubeconfig": {"secretRef": SECRET},
        "spec.inCluster": False,
        "spec.fillOrder": 1,
        "spec.weight": 1,
        "spec.costPerCoreHour": "0.04",
        "spec.prometheus": {
            "url": "https://prometheus.example.com",
            "clusterLabel": "east",
            "bearerTokenSecretRef": SECRET,
            "caSecretRef": SECRET,
            "allowCustomQueries": False,
        },
        "spec.writeLimit": {"qps": 50, "burst": 100},
        "spec.podStart": {"perSecond": 20, "p95": "1m30s"},
        "spec.elastic": {"maxCores": 5000, "nodeStart": "3m"},
        "spec.namespaceSameness": False,
        "spec.admits.0.may": ["Grow"],
        "spec.admits.0.maxTier": "B",
    }
)
CUE = raw_cue({"spec.reason": "the ad break is longer"})
