"""A real Prometheus scrapes the operator's own metrics, well and in each bad state: which alerts fire?

`for` is shortened to a second; expressions, labels and texts are those of monitoring/alerts.yaml.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

import monitoring_files as files
from bad_states import STATES, Bad, Page
from prometheus_process import Prometheus, pages, prometheus, tool, until

pytestmark = pytest.mark.monitoring

SUPPORT = Path(__file__).parent.parent / "support"
EXPRESSIONS = [pytest.param(text, id=name) for name, text in files.expressions().items()]
SCRAPES_WELL = 4
"""Of every page before anything turns bad."""


@dataclass
class Seen:
    """What Prometheus said, and whether it still does."""

    prometheus: Prometheus
    absent: bool = False
    well: list[dict[str, Any]] = field(default_factory=list)
    scraped: int = 0
    """Pages that were scraped while all was well."""
    fired: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By alert and job; each page is a job named after the alert that it is to set off."""

    def take(self) -> bool:
        """Enters what fires now; whether all did that should."""
        for alert in self.prometheus.alerts():
            if alert["state"] == "firing":
                labels = alert["labels"]
                self.fired[labels["alertname"], labels.get("job", "")] = alert
        return {(name, name) for name in STATES} <= self.fired.keys()


class Fleet:
    """Every page, by path; ``phase`` is what they all do: away, well or bad."""

    def __init__(self) -> None:
        self.phase = "away"
        self._restarts = [_of_another_process() for _ in range(3)]
        self._pages = {f"/{name}/a": Page(bad) for name, bad in STATES.items()}
        self._pages["/GalaTwoLeaders/a"] = Page(Bad())
        self._pages["/GalaTwoLeaders/b"] = Page(STATES["GalaTwoLeaders"], leads=False)

    @property
    def paths(self) -> list[str]:
        return list(self._pages)

    def answer(self, path: str) -> bytes | None:
        if self.phase == "away":
            return None
        if self.phase == "bad" and path == "/GalaOperatorRestarting/a":
            self._restarts.append(self._restarts.pop(0))
            return self._restarts[-1]
        now = time.time()  # noqa: TID251 (Prometheus has no other clock)
        return self._pages[path].scrape(now, bad=self.phase == "bad")


def _of_another_process() -> bytes:
    program = "import sys, metric_tales as m; sys.stdout.buffer.write(m.told().text(m.LEADING))"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=SUPPORT, check=True, capture_output=True
    ).stdout


def configuration(folder: Path, port: int, paths: list[str]) -> dict[str, Any]:
    """One job for each alert, one target for each of its pages."""
    rules = {"groups": [{**group, "rules": [_hasty(r) for r in group["rules"]]} for group in files.groups()]}
    (folder / "rules.yml").write_text(yaml.safe_dump(rules))
    jobs: dict[str, list[Any]] = {}
    for path in paths:
        _, job, instance = path.split("/")
        labels = {"__metrics_path__": path, "instance": instance}
        jobs.setdefault(job, []).append({"targets": [f"127.0.0.1:{port}"], "labels": labels})
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / "rules.yml")],
        "scrape_configs": [{"job_name": job, "static_configs": targets} for job, targets in jobs.items()],
    }


def _hasty(rule: dict[str, Any]) -> dict[str, Any]:
    return {**rule, "for": "0s" if rule["for"] == "0s" else "1s"}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """Nobody answers; then all is well; then everything is bad at once."""
    folder, fleet = tmp_path_factory.mktemp("prometheus"), Fleet()
    with (
        pages(fleet.answer) as port,
        prometheus(folder, configuration(folder, port, fleet.paths)) as one,
    ):
        seen = Seen(one)
        seen.absent = until(lambda: [a["labels"]["alertname"] for a in one.alerts()] == ["GalaOperatorAbsent"]
                            and one.alerts()[0]["state"] == "firing")  # fmt: skip
        fleet.phase = "well"
        often = f"count(count_over_time(gala_build_info[2m]) >= {SCRAPES_WELL})"
        until(lambda: [found["value"][1] for found in one.query(often)] == [str(len(fleet.paths))])
        seen.well = one.alerts()
        seen.scraped = len(one.query("gala_build_info"))
        fleet.phase = "bad"
        until(seen.take)
        yield seen


def test_while_nobody_answers_the_operator_is_absent_and_nothing_else_is_known(seen: Seen) -> None:
    assert seen.absent


def test_while_all_is_well_nothing_fires_or_is_about_to(seen: Seen) -> None:
    assert seen.scraped == len(STATES) + 1
    assert seen.well == []


@pytest.mark.parametrize("name", list(STATES))
def test_an_alert_fires_in_the_state_that_it_is_about(name: str, seen: Seen) -> None:
    assert (name, name) in seen.fired
    alert = seen.fired[name, name]
    assert alert["labels"]["severity"] == files.alerts()[name]["labels"]["severity"]
    for text in alert["annotations"].values():
        assert not re.search(r"no value|error|\{\{|\(\)| of /| in \.", text), text


def test_every_alert_has_a_state_that_sets_it_off() -> None:
    assert files.alerts().keys() == STATES.keys() | {"GalaOperatorAbsent"}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_prometheus_takes_an_expression_and_finds_something_to_look_at(expression: str, seen: Seen) -> None:
    assert isinstance(seen.prometheus.query(_all(expression)), list)
    for one in files.selectors(_all(expression)):
        matchers = ",".join(
            f'{name}{_OPERATORS[op]}"{value}"' for name, (op, value) in one.labels.items() if name != "reason"
        )
        assert seen.prometheus.query(f"last_over_time({one.name}{{{matchers}}}[2m])")


_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


def _all(expression: str) -> str:
    """With All chosen in every variable of the dashboard."""
    return re.sub(r"\$(job|event_namespace|event|cluster)\b", ".*", expression)


@pytest.mark.parametrize("state", [pytest.param("well", id="well"), pytest.param("bad", id="bad")])
def test_promtool_finds_nothing_to_say_of_what_is_exposed(state: str) -> None:
    page = Page(STATES["GalaWritesFailing"])
    text = page.scrape(time.time(), bad=state == "bad")  # noqa: TID251 (as above)
    checked = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
