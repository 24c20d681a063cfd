"""Every tunable in one frozen value, each with its unit and the reason for its default.

Built once in ``gala.main`` and handed down; no room reads the environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

MANAGER = "gala-operator"
"""Field manager of every write that holds capacity; a value it manages is ours."""

HOME_MANAGER = "gala-operator-home"
"""Field manager of the write that reaches the original, so that the value is nobody's afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Times are seconds unless the name says otherwise."""

    fleet_namespace: str = "gala-system"
    """Where GalaClusters, their Secrets, the ledger and the Lease live."""

    tick_live: float = 2.0
    """Between passes while any hold is open: half of the five seconds from signal to write."""

    tick_idle: float = 15.0
    """Between passes when nothing is held: KEDA and HPA users expect 15 s."""

    look_ahead: float = 1800.0
    """While busy, segments later than this are planned only every ``look_far``; longer than any lead."""

    look_far: float = 60.0
    """Between two plans of the whole night while busy; what it says of later rounds is for people."""

    unreachable_after: float = 30.0
    """Without contact for this long the others cover a cluster's part; one lost probe is no outage."""

    probe_interval: float = 10.0
    """Between two light requests to a quiet cluster; three fit into ``unreachable_after``."""

    margin_min: float = 30.0
    """Least spare time in a lead: one scheduler back-off plus one missed tick."""

    margin_percent: int = 20
    """Spare time as part of the other terms of a lead."""

    last_pod_percent: int = 125
    """The last pod is planned at this part of the slowest seen: of 1,000 pods 50 are past the p95."""

    warmup_default: float = 30.0
    """Warm-up of a workload that states no capacity."""

    wave_seconds: float = 10.0
    """Length of one wave: a wave asks for as many pods as the cluster starts in this time."""

    own_need_early: float = 30.0
    """Own need counts from this long before ``readyBy``: the pre-ramp of the traffic shows then."""

    straggler_percent: int = 10
    """At most this part of a floor is made up for when pods are late."""

    shares_max_age: float = 86_400.0
    """A complete set of measured shares is used for this long."""

    step_wait: float = 30.0
    """A hand-back step waits at most this long for the pods of the step before to be gone."""

    contested_backoff: float = 10.0
    """Least time between two reassertions against the same foreign writer: a fight helps nobody."""

    request_deadline: float = 5.0
    """Of one request to an API server, on the wall clock."""

    watch_idle: float = 70.0
    """A watch that is silent for this long (wall clock; bookmarks come each minute) is opened anew."""

    room_interval: float = 180.0
    """Between two readings of nodes and pods: free room changes slowly outside of a hold."""

    room_ahead: float = 60.0
    """Before the earliest ``prepareAt`` of a segment nodes and pods are read anew: four idle ticks,
    so that even the reading of a large cluster has come when shares and caps are latched."""

    lease_name: str = "gala-operator"
    """Two operators beside each other (a canary, a shard) need two Leases."""

    jump_hold: float = 30.0
    """After the wall clock was set nothing is lowered for this long: it may be set again."""

    lease_duration: float = 15.0
    """Kubernetes' own default for leader election."""

    renew_deadline: float = 10.0
    """The leader stops itself when it could not renew for this long, well before the Lease runs out."""

    retry_period: float = 2.0
    """Between two attempts to renew or to take the Lease."""

    relist_interval: float = 20.0
    """Between two full lists of events and clusters, against watches that die in silence (kopf#585)."""

    deletion_confirm: float = 30.0
    """Between the two 404s after which a deletion is believed."""

    status_interval: float = 5.0
    """Between two writes of one object's status: an ever-changing status loops through every watch."""

    prometheus_addresses: tuple[IPv4Network | IPv6Network, ...] = ()
    """Where a Prometheus may be although loopback, link-local and metadata addresses are refused."""

    ledger_part: int = 500
    """Entries in one GalaAllocation: an object may not pass 1.5 MB."""
