"""The tables of metrics in docs/metrics.md, made from `families.py` so that they cannot drift.

`.venv/bin/python tests/support/metric_tables.py` writes them anew; a test compares. A table
stands between the two comments `<!-- metrics: events -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from gala.report.families import EVENT, FAMILIES, MEMBER, PART, ROUND, WORKLOAD, Family
from metric_tales import LEADING, samples, told

PAGE = Path(__file__).parent.parent.parent / "docs" / "metrics.md"

_MARKED = re.compile(r"(?P<head><!-- metrics: (?P<about>[a-z]+) -->\n).*?(?P<foot><!-- end -->)", re.DOTALL)
_PER = (
    (ROUND, "round"),
    (WORKLOAD, "workload of an event"),
    (PART, "cluster of an event"),
    (EVENT, "event"),
    (MEMBER, "cluster"),
)
"""What there is one of for each set of labels, the longest first."""


def filled(text: str) -> str:
    """The page with every table made anew."""
    return _MARKED.sub(lambda found: f"{found['head']}\n{table(found['about'])}\n{found['foot']}", text)


def about(family: Family) -> str:
    """Which table a metric stands in."""
    if "event" in family.labels:
        return "events"
    clusters = "member_cluster" in family.labels or family.name.startswith("gala_write")
    return "clusters" if clusters else "process"


def table(subject: str) -> str:
    """One row for each metric about ``process``, ``clusters`` or ``events``."""
    rows = ["| metric | type | labels | series | meaning |", "|---|---|---|---|---|"]
    for family in FAMILIES:
        if about(family) == subject:
            labels = ", ".join(f"`{label}`" for label in family.labels)
            rows.append(f"| `{family.name}` | {family.kind} | {labels} | {_series(family)} | {family.text} |")
    return "\n".join(rows) + "\n"


def _series(family: Family) -> str:
    """How many there are, and of what."""
    each = _in_histogram(family) if family.kind == "histogram" else 1
    for labels, thing in _PER:
        if set(labels) <= set(family.labels):
            more = [label for label in family.labels if label not in labels]
            return " × ".join([f"{each} per {thing}", *more])
    return " × ".join([str(each), *(label for label in family.labels if label != "version")])


def _in_histogram(family: Family) -> int:
    """Its buckets, its sum and its count."""
    found = Counter(
        re.sub(r"_(bucket|sum|count)$", "", name) for name, labels in samples(told().text(LEADING))
    )
    return found[family.name]


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
