"""The alert rules and the dashboard, and what their expressions ask for."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import promql_parser as promql
import yaml

MONITORING = Path(__file__).parent.parent.parent / "monitoring"
RULES = MONITORING / "alerts.yaml"

_VARIABLES = {"$__rate_interval": "4m", "$__range": "1h"}
"""What Grafana puts in; variables inside of quotes may stand as they are."""


class Asked(NamedTuple):
    """One selector: a metric and what its labels have to be, by name."""

    name: str
    labels: Mapping[str, tuple[str, str]]
    """Operator and value."""


@functools.cache
def groups() -> list[dict[str, Any]]:
    """The groups of rules."""
    found: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return found


def alerts() -> dict[str, dict[str, Any]]:
    """Every alert by its name."""
    return {rule["alert"]: rule for group in groups() for rule in group["rules"]}


@functools.cache
def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    found: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    return found


@functools.cache
def rule_tests() -> dict[str, dict[str, Any]]:
    """What promtool tries the rules on, by the name of the test."""
    text = (MONITORING / "alerts_test.yaml").read_text(encoding="utf-8")
    return {test["name"]: test for test in yaml.safe_load(text)["tests"]}


def panels() -> list[dict[str, Any]]:
    """Without the rows between them."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def expressions() -> dict[str, str]:
    """All PromQL by where it stands, with Grafana's intervals filled in."""
    found = {name: rule["expr"] for name, rule in alerts().items()}
    for panel in panels():
        for target in panel["targets"]:
            found[f"{panel['title']} {target['refId']}"] = filled(target["expr"])
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            found[f"${variable['name']}"] = _values_of(variable["definition"])
    for one in dashboard()["annotations"]["list"]:
        if "expr" in one:
            found[f"annotation {one['name']}"] = one["expr"]
    return found


def filled(expression: str) -> str:
    """An expression of the dashboard as Prometheus gets it, but for what stands in quotes."""
    for name, value in _VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


def _values_of(definition: str) -> str:
    """The selector in ``label_values(selector, label)``, with that label asked for."""
    match = re.fullmatch(r"label_values\((.+), (\w+)\)", definition)
    assert match is not None, definition
    return f"count by ({match[2]}) ({match[1]})"


def selectors(expression: str) -> Iterator[Asked]:
    """Every metric that an expression asks for."""
    for node in _nodes(expression):
        if isinstance(node, promql.VectorSelector):
            labels = {one.name: (str(one.op).rpartition(".")[2], one.value) for one in node.matchers.matchers}
            yield Asked(node.name or "", labels)


def grouped(expression: str) -> set[str]:
    """Every label that an expression groups or joins by."""
    found: set[str] = set()
    for node in _nodes(expression):
        if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
            found |= set(node.modifier.labels)
    found |= {name.strip() for on in re.findall(r"\bon \(([^)]*)\)", expression) for name in on.split(",")}
    return found


def _nodes(expression: str) -> list[promql.Expr]:
    nodes: list[promql.Expr] = []
    promql.walk(promql.parse(expression), nodes.append)
    return nodes
