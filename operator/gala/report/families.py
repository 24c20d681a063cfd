"""Every metric of the operator: its name, its labels, and what to do with it.

The one list that the exposition, docs/metrics.md, the alert rules and the dashboard are held
against. Names follow Prometheus' conventions: base units, ``_total`` for counters. Label values
are names of objects and constants, never a text from a server. No metric has both workload and
cluster: their product would be a series for each target of the fleet. Labels avoid ``namespace``
and ``cluster``, which scrape configurations set themselves and would rename ours.

What happens inside the process is told as an age by a clock that nobody sets, because a wall
clock that jumps is one of the faults to be seen; moments of the show are timestamps.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

EVENT: Final = ("event_namespace", "event")
WORKLOAD: Final = (*EVENT, "workload")
MEMBER: Final = ("member_cluster",)
PART: Final = (*EVENT, *MEMBER)
ROUND: Final = (*EVENT, "round")


class Family(NamedTuple):
    """One metric as it is exposed; a counter's ``name`` ends in ``_total``."""

    name: str
    kind: str
    """``gauge``, ``counter`` or ``histogram``."""
    text: str
    labels: tuple[str, ...] = ()

    def gauge(self) -> GaugeMetricFamily:
        """Without samples yet."""
        return GaugeMetricFamily(self.name, self.text, labels=self.labels)

    def counter(self) -> CounterMetricFamily:
        """Without samples yet."""
        return CounterMetricFamily(self.name, self.text, labels=self.labels)

    def histogram(self) -> HistogramMetricFamily:
        """Without samples yet."""
        return HistogramMetricFamily(self.name, self.text, labels=self.labels)


def _gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Family:
    return Family(name, "gauge", text, labels)


def _counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Family:
    return Family(name, "counter", text, labels)


def _histogram(name: str, text: str, labels: tuple[str, ...] = ()) -> Family:
    return Family(name, "histogram", text, labels)


BUILD = _gauge("gala_build_info", "Always 1; the label says which version runs.", ("version",))
LEADER = _gauge("gala_leader", "1 in the process that holds the Lease and acts. The sum over all is to be 1.")
LEASE_PROBLEM = _gauge(
    "gala_lease_problem",
    "1 while the Lease can be neither read nor written: the log names the right or namespace that lacks.",
)
SYNCED = _gauge(
    "gala_synced", "1 once GalaEvents and GalaClusters have been listed; nothing is decided before."
)
LOOP_AGE = _gauge(
    "gala_loop_age_seconds", "Since the event loop last had time for anything. At 60 the process ends itself."
)
LOOP_DELAY = _histogram(
    "gala_loop_delay_seconds",
    "By how much the event loop was late, looked at twice a second. Give it more CPU where it grows.",
)
TURN_AGE = _gauge(
    "gala_turn_age_seconds",
    "Since a turn of the operator's loop came to its end, in a standby too. At 60 the process ends itself.",
)
PASS_AGE = _gauge(
    "gala_pass_age_seconds",
    "In the leader: since a pass came to its end. It should stay below 20; see the log.",
)
PASSES = _counter(
    "gala_passes_total",
    "Done; Undecided: the ledger could not be read or a cache was late; Fault: a bug of ours, see the log.",
    ("outcome",),
)
PASS_SECONDS = _histogram(
    "gala_pass_duration_seconds",
    "From a pass's begin to the end of its writes. Over 2 it delays the next: mend slow clusters, add CPU.",
)
CLOCK_JUMPS = _counter(
    "gala_clock_jumps_total",
    "Times the wall clock was set. Each halts every decrease for 30 s: mend the NTP.",
)
CLOCK_DOUBT = _gauge(
    "gala_clock_doubt", "1 while nothing is lowered because the wall clock was set just now."
)
LIST_AGE = _gauge(
    "gala_intake_list_age_seconds",
    "Since GalaEvents and GalaClusters were listed, every 20 s. Edits older than this were seen.",
)
WATCH_AGE = _gauge(
    "gala_intake_watch_age_seconds", "Since the older watch of them was opened, anew every 5 minutes."
)
INTAKE_RESTARTS = _counter(
    "gala_intake_restarts_total",
    "Times the watch of them had to begin anew: the API server cuts or refuses it.",
)
INTAKE_PROBLEM = _gauge(
    "gala_intake_problem", "1 while they cannot be listed or watched; see the log for why."
)
STATUS_WRITES = _counter("gala_status_writes_total", "Statuses of events and clusters that were written.")
STATUS_FAILURES = _counter(
    "gala_status_write_failures_total",
    "Statuses that were refused. Scaling goes on, what kubectl shows is old: check rights and the CRDs.",
)
HUB_SECONDS = _histogram(
    "gala_hub_request_duration_seconds",
    "Requests to the hub's API server, watches apart, failed ones included.",
)
HUB_FAILURES = _counter(
    "gala_hub_request_failures_total", "Requests and watches of the hub that were refused or not answered."
)
DECISIONS = _counter(
    "gala_decisions_total",
    "Changes that were decided, by reason; docs/how-it-decides.md explains them.",
    ("reason",),
)
LEDGER_PROBLEMS = _gauge(
    "gala_ledger_problems",
    "Records and ledgers that the last pass could not store; what depends on them is not written.",
)
VANISHED = _gauge(
    "gala_events_vanished",
    "GalaEvents that dropped out of a list with most others. They are held: restore them, or delete by name.",
)

CLUSTER_VALID = _gauge(
    "gala_cluster_valid", "0 while a GalaCluster's spec is refused; kubectl describe says why.", MEMBER
)
CLUSTER_REACHABLE = _gauge(
    "gala_cluster_reachable",
    "1 while a member cluster answers. The others cover for one that does not.",
    MEMBER,
)
CLUSTER_AUTHORIZED = _gauge(
    "gala_cluster_authorized",
    "0 while a member cluster refuses something: see its condition Authorized.",
    MEMBER,
)
CLUSTER_CONTACT = _gauge(
    "gala_cluster_last_contact_timestamp_seconds", "When a member cluster last answered.", MEMBER
)
CLUSTER_WATCH_AGE = _gauge(
    "gala_cluster_watch_age_seconds",
    "Since the quietest of its watches heard anything; servers send a bookmark each minute.",
    MEMBER,
)
CLUSTER_CACHES = _gauge(
    "gala_cluster_caches_behind", "Watches of a member cluster that do not follow it at the moment.", MEMBER
)
CLUSTER_RESTARTS = _counter(
    "gala_cluster_cache_restarts_total", "Times a watch of a member cluster had to begin anew.", MEMBER
)
CLUSTER_SIGNAL_AGE = _gauge(
    "gala_cluster_signal_age_seconds",
    "Age of the oldest figure of traffic in a cluster by its own timestamp, as of the last pass.",
    MEMBER,
)
CLUSTER_SIGNALS_MISSING = _gauge(
    "gala_cluster_signals_missing", "Figures of traffic that a cluster should have and has not.", MEMBER
)
CLUSTER_BREAKER = _gauge(
    "gala_cluster_breaker_open", "1 while writes rest because three in a row were not answered.", MEMBER
)
CLUSTER_FAILURES = _gauge(
    "gala_cluster_write_failures", "Writes in a row that a member cluster did not answer.", MEMBER
)
CLUSTER_SECONDS = _histogram(
    "gala_cluster_request_duration_seconds",
    "Requests to a member cluster, watches apart, failed ones included. They are given up after 5 s.",
    MEMBER,
)
CLUSTER_REQUEST_FAILURES = _counter(
    "gala_cluster_request_failures_total",
    "Requests and watches of a member cluster that were refused or not answered.",
    MEMBER,
)
WRITES = _counter(
    "gala_writes_total",
    "Writes to /scale: Written, or why not. Conflict is read anew; Throttled and Unreachable tried again.",
    (*MEMBER, "outcome"),
)
WRITE_SECONDS = _histogram("gala_write_duration_seconds", "Writes to /scale that were acknowledged.")

EVENTS = _gauge("gala_events", "GalaEvents that are known, those that are gone and still held included.")
EVENTS_UNTOLD = _gauge(
    "gala_events_untold",
    "Events that the metrics of events leave out, because there are too many; they are served all the same.",
)
EVENT_VALID = _gauge(
    "gala_event_valid", "0 while a GalaEvent's spec is refused; its last good one goes on. See Valid.", EVENT
)
EVENT_DOUBT = _gauge(
    "gala_event_doubt",
    "1 while an event is held and nothing of it lowered, because it or its ledger is in doubt.",
    EVENT,
)
EVENT_PHASE = _gauge("gala_event_phase", "1 for the phase that an event is in.", (*EVENT, "phase"))
EVENT_CONDITION = _gauge(
    "gala_event_condition",
    "1 for the status that each condition of an event has; kubectl describe gives its reason and message.",
    (*EVENT, "condition", "status"),
)
EVENT_ENTRIES = _gauge(
    "gala_event_open_entries",
    "Targets of an event that are held or on their way back to their originals.",
    EVENT,
)
EVENT_FINDINGS = _gauge(
    "gala_event_findings",
    "What people should know of an event, by reason; its conditions say it.",
    (*EVENT, "reason"),
)
EVENT_SIGNAL_AGE = _gauge(
    "gala_event_signal_age_seconds",
    "Age of an event's oldest figure of traffic by its own timestamp, as of the last pass.",
    EVENT,
)
EVENT_SIGNALS_MISSING = _gauge(
    "gala_event_signals_missing",
    "Figures of traffic that are not there, by reason; docs/signals.md explains them.",
    (*EVENT, "reason"),
)
CONTESTED = _counter(
    "gala_contested_total", "Times somebody lowered a target below its floor and it was raised again.", EVENT
)
MOVES = _counter(
    "gala_rebalance_moves_total", "Moves of capacity from a cold cluster to a hot one that were begun.", EVENT
)
WRONG = _counter(
    "gala_wrong_decreases_total",
    "Our writes that took a target below a floor that was due. More than 0 is a bug: report it.",
    EVENT,
)
WORKLOAD_REQUIRED = _gauge(
    "gala_workload_required_replicas",
    "Floors of a workload that are due now, all clusters together.",
    WORKLOAD,
)
WORKLOAD_READY = _gauge(
    "gala_workload_ready_replicas",
    "Ready pods of a workload in all clusters where they are known; absent where nobody knows any.",
    WORKLOAD,
)
WORKLOAD_MISSING = _gauge(
    "gala_workload_missing_replicas",
    "What a workload lacks of the floors that are due; too many in one cluster make up for none in another.",
    WORKLOAD,
)
WORKLOAD_QPS = _gauge(
    "gala_workload_measured_qps",
    "Queries per second of a workload in the clusters that measure it; absent where none does.",
    WORKLOAD,
)
PART_REQUIRED = _gauge(
    "gala_event_cluster_required_replicas", "Floors of an event that are due now in a cluster.", PART
)
PART_READY = _gauge(
    "gala_event_cluster_ready_replicas",
    "Ready pods of an event's targets in a cluster, of those that are known; absent where none is.",
    PART,
)
PART_MISSING = _gauge(
    "gala_event_cluster_missing_replicas",
    "What an event lacks in a cluster of the floors that are due; no workload makes up for another.",
    PART,
)
PART_UNKNOWN = _gauge(
    "gala_event_cluster_unknown_targets",
    "Targets with a floor due of which nobody knows how many pods are Ready; see gala_cluster_caches_behind.",
    PART,
)
PART_INTENDED = _gauge(
    "gala_event_cluster_intended_replicas",
    "What the ledger wants of an event's targets in a cluster, those on their way back included.",
    PART,
)
ROUND_START = _gauge(
    "gala_round_start_timestamp_seconds", "Scheduled start of a round that is not over.", ROUND
)
ROUND_READY_BY = _gauge(
    "gala_round_ready_by_timestamp_seconds",
    "When a round's capacity has to be Ready, its early window included.",
    ROUND,
)
ROUND_PREPARE = _gauge(
    "gala_round_prepare_timestamp_seconds", "When the first cluster begins to grow for a round.", ROUND
)
ROUND_SHORT = _gauge(
    "gala_round_short_replicas", "Replicas of a round that find no room; gala plan says where and why.", ROUND
)
ROUND_LATE = _gauge(
    "gala_round_late_seconds",
    "By how much a round's growing begins too late for its lead; 0 is in time.",
    ROUND,
)
ROUND_SHORT_SECONDS = _gauge(
    "gala_round_short_replica_seconds",
    "Replicas below the floor, summed over the seconds of a round so far; 0 is a round without want.",
    ROUND,
)
ROUND_REQUIRED = _gauge(
    "gala_round_required_replicas", "What a round that is not over asks for, all workloads together.", ROUND
)
ROUND_READY = _gauge(
    "gala_round_ready_replicas",
    "Ready pods of a round's workloads. Where one lacks any, the others count with what they require.",
    ROUND,
)

FAMILIES: Final = tuple(value for value in list(globals().values()) if isinstance(value, Family))
"""All of them, in the order above."""
