"""The twenty rules of docs/reliability.md, and which breaches switch each of them off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from breach import Breach
from demo_breaches import DEMO_BREACHES
from edge_breaches import EDGE_BREACHES
from engine_breaches import ENGINE_BREACHES
from life_breaches import LIFE_BREACHES
from planning_breaches import PLANNING_BREACHES
from tenancy_breaches import TENANCY_BREACHES

BREACHES: tuple[Breach, ...] = (
    *DEMO_BREACHES,
    *PLANNING_BREACHES,
    *ENGINE_BREACHES,
    *EDGE_BREACHES,
    *LIFE_BREACHES,
    *TENANCY_BREACHES,
)


class Rule(NamedTuple):
    """One rule; ``begins`` is how the breaches of it begin."""

    title: str
    begins: tuple[str, ...]
    why_none: str = ""
    """Why no breach can switch it off."""

    def breaches(self) -> list[Breach]:
        """Its breaches, in their order."""
        return [breach for breach in BREACHES if breach.rule.startswith(self.begins)]


RULES: Mapping[int, Rule] = {
    1: Rule(
        "never scale down on doubt",
        (
            "never lower on doubt",
            "no data is not zero",
            "NaN and Inf",
            "unreachable is not down",
            "what cannot be read keeps its floors",
            "a lost original is never invented",
            "a ledger of a later version",
            "deletion",
            "events that vanish together",
        ),
    ),
    2: Rule(
        "the schedule's floor is independent of metrics",
        (
            "a floor is independent",
            "a hold lasts",
            "lead:",
            "latch",
            "ratchet",
            "make before break",
            "claims",
        ),
    ),
    3: Rule("the operator's death changes nothing", ("death", "never below the original")),
    4: Rule("kopf is intake only", ("kopf is intake only",)),
    5: Rule(
        "kopf in its own thread; the last good specs stay",
        ("kopf's end is not intake's end", "the last good spec"),
    ),
    6: Rule(
        "one worker per cluster, deadlines, a breaker",
        ("one cluster's fault", "every request has a deadline", "circuit breaker"),
    ),
    7: Rule(
        "absolute targets, guarded writes, the ledger first",
        (
            "write on a difference",
            "a first write carries",
            "a decrease tests",
            "ledger",
            "the original is fixed",
            "another object of the same name",
            "what a person sets",
        ),
    ),
    8: Rule("up fast, down slowly", ("down slowly", "what falls is lowered")),
    9: Rule("our own Lease", ("leadership",)),
    10: Rule("liveness is progress", ("progress",)),
    11: Rule("dependencies are pinned", (), "tests/test_layout.py holds the pins; the source has no switch"),
    12: Rule(
        "times carry an offset; a clock that was set is doubt",
        ("times carry an offset", "a clock that was set", "a start in any century"),
    ),
    13: Rule(
        "freshness by the sample's own time, and completeness",
        ("freshness", "a stale sample", "a partial answer"),
    ),
    14: Rule("a 401 renews a login once", ("a 401 means",)),
    15: Rule("preflight hours ahead", (), "not built yet: what is known shows in PreflightPassed"),
    16: Rule("reverts are detected and reasserted within a bound", ("a revert", "a contested value")),
    17: Rule("waves, write limits, Retry-After", ("waves", "write limit", "Retry-After")),
    18: Rule("status on change only, and never in the way", ("status", "a status that is refused")),
    19: Rule(
        "credentials and queries are data; namespaces are bounds",
        (
            "redirects",
            "no proxy",
            "a kubeconfig",
            "credentials go over https",
            "tenancy",
            "the namespace's matcher",
            "label values",
            "a query of one's own",
            "a file is weighed",
        ),
    ),
    20: Rule("a pause, and a plan that works by hand", ("a frozen event", "a plan by hand")),
}
