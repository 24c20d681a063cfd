"""PromQL for a workload's signal.

The namespace's matcher is forced, so that an event sees its own targets' traffic only, and
every value is quoted, so that a label cannot end the matcher it stands in. Two queries
belong to a figure: the rate, and when the newest of its samples was scraped
(``freshness``); the answer to an instant query carries the time of the question only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from gala.api.cluster import GalaCluster, Prometheus
from gala.api.event import Signal, Workload
from gala.errors import InvalidInput
from gala.planning.facts import EventKey

_METRIC: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_MATCHER: Final = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
_RENDERED: Final = re.compile(
    r"sum\(rate\((?P<selector>[a-zA-Z_:][a-zA-Z0-9_:]*"
    rf"\{{{_MATCHER}(?:,{_MATCHER})*\}})\[[0-9]+ms\]\)\)"
)
"""Exactly what ``rate`` writes: somebody's own query that only begins and ends like it must never be asked
in one ``union`` with the figures of others, for it could answer in their place."""


MARK: Final = "gala"
"""Label by which the answers to a ``union`` are told apart."""


class Question(NamedTuple):
    """One figure to ask for; an empty ``query`` is one that may not be asked."""

    event: EventKey
    workload: str
    cluster: str
    query: str
    interval: float = 15.0
    """Seconds between two questions: the event's ``rebalance.interval``."""


def asks(
    event: EventKey, places: Iterable[tuple[Workload, GalaCluster]], *, interval: float
) -> list[Question]:
    """What to ask so that every measured workload of an event has a figure in each place; raises nothing.

    Give the clusters that let the workload grow; those without Prometheus, and workloads that
    state neither ``signal`` nor ``query``, are left out.
    """
    return [
        Question(event, workload.name, cluster.metadata.name, query, interval)
        for workload, cluster in places
        if cluster.spec.prometheus is not None
        and (query := rendered(workload, cluster.spec.prometheus, event.namespace)) is not None
    ]


def rendered(workload: Workload, prometheus: Prometheus, event_namespace: str) -> str | None:
    """The workload's query for one cluster; None if it has none, ``""`` if it may not be asked there."""
    if workload.signal is not None:
        forced = {"namespace": workload.target.namespace or event_namespace}
        if prometheus.cluster_label is not None:
            forced["cluster"] = prometheus.cluster_label
        try:
            return rate(workload.signal, forced)
        except InvalidInput:
            return ""
    if workload.query is None:
        return None
    return workload.query if prometheus.allow_custom_queries else ""


def rate(signal: Signal, forced: Mapping[str, str]) -> str:
    """``sum(rate(metric{…}[…]))``; ``forced`` matchers win over the signal's own.

    Raises:
        InvalidInput: a metric or label that PromQL has no name for, or a value that is no text.
    """
    if not _METRIC.fullmatch(signal.metric):
        raise InvalidInput(
            f"signal.metric {signal.metric!r} is no metric's name; write the name of a counter."
        )
    matchers = {**signal.match_labels, **forced}
    for label, value in matchers.items():
        if not _LABEL.fullmatch(label):
            raise InvalidInput(f"signal.matchLabels has {label!r}, which is no label's name.")
        if not value.isascii() and value.encode(errors="replace").decode() != value:
            raise InvalidInput(f"signal.matchLabels has a value of {label!r} that is no text.")
    inner = ",".join(f'{label}="{_quoted(value)}"' for label, value in sorted(matchers.items()))
    return f"sum(rate({signal.metric}{{{inner}}}[{round(signal.window * 1000)}ms]))"


def freshness(query: str) -> str | None:
    """The query for the newest scrape behind a rendered one, in seconds since the epoch.

    None for a query of somebody's own: the selectors in it are not ours to find. Its figure
    counts as taken when it was asked, and stale series drop out of it after Prometheus' own
    five minutes.
    """
    found = _RENDERED.fullmatch(query)
    return f"max(timestamp({found['selector']}))" if found else None


def union(queries: Mapping[str, str]) -> str:
    """One query for several that each yield one sample without labels; ``MARK`` tells the answers apart."""
    return " or ".join(f'label_replace({query},"{MARK}","{name}","","")' for name, query in queries.items())


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
