"""What the chart has of its own: generated files that agree, and values by their schema."""

from __future__ import annotations

import copy
import json
import re
from ipaddress import ip_address, ip_network
from typing import Any

import jsonschema
import pytest
import yaml

import gala
from chart_files import CHART, FILES, ROOT, files
from gala.signals.reach import kind_of

VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
TEMPLATES = sorted((CHART / "templates").rglob("*.yaml"))


def changed(path: str, value: object) -> dict[str, Any]:
    """The default values with another one at a dotted path."""
    values = copy.deepcopy(VALUES)
    *outer, last = path.split(".")
    inner = values
    for step in outer:
        inner = inner[step]
    inner[last] = value
    return values


def test_what_the_chart_takes_over_is_what_is_elsewhere() -> None:
    committed = {
        str(path.relative_to(FILES)): path.read_text() for path in FILES.rglob("*") if path.is_file()
    }
    assert committed == files()


def test_the_chart_has_the_version_of_the_operator() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (gala.__version__, gala.__version__)


def test_the_default_values_are_valid() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(VALUES, SCHEMA)


def documented(schema: dict[str, Any], values: dict[str, Any], path: str = "") -> set[str]:
    """Paths that the schema knows and the file of values does not show."""
    missing = set()
    for name, inner in schema.get("properties", {}).items():
        if path + name in {"global", "resources.claims"}:
            continue
        if name not in values:
            missing.add(path + name)
        elif isinstance(values[name], dict):
            missing |= documented(inner, values[name], f"{path}{name}.")
    return missing


def test_every_value_is_shown_with_its_default() -> None:
    assert documented(SCHEMA, VALUES) == set()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("replica", 3, id="a value that is misspelt"),
        pytest.param("localCluster.enable", True, id="a value that is misspelt further down"),
        pytest.param("replicas", "2", id="a number as text"),
        pytest.param("replicas", -1, id="fewer than no replicas"),
        pytest.param("image.repository", "", id="no image"),
        pytest.param("image.digest", "sha256:abc", id="half a digest"),
        pytest.param("localCluster.targetNamespaces", ["*"], id="a star as a namespace"),
        pytest.param("localCluster.resources", ["rollouts.argoproj.io"], id="a kind as text"),
        pytest.param("localCluster.resources", [{"plural": "rollouts"}], id="a kind without its group"),
        pytest.param(
            "localCluster.resources", [{"plural": "*", "group": "apps"}], id="every kind of a group at once"
        ),
        pytest.param("operator.logFormat", "xml", id="a format that is not there"),
        pytest.param("operator.allowPrometheusAddresses", ["localhost"], id="a name as an address"),
        pytest.param("podLabels", {"a": 1}, id="a label that is no text"),
    ],
)
def test_a_value_that_cannot_work_is_refused(path: str, value: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(changed(path, value), SCHEMA)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("localCluster.targetNamespaces", ["gala"], id="targets in one namespace"),
        pytest.param(
            "localCluster.resources",
            [{"plural": "rollouts", "group": "argoproj.io"}],
            id="a kind of one's own",
        ),
        pytest.param("operator.allowPrometheusAddresses", ["127.0.0.0/8", "::1"], id="networks"),
        pytest.param("global", {"any": "thing"}, id="values of an umbrella chart"),
    ],
)
def test_a_value_that_can_work_is_taken(path: str, value: object) -> None:
    jsonschema.validate(changed(path, value), SCHEMA)


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in TEMPLATES])
def test_a_template_uses_only_values_that_there_are(path: Any) -> None:
    used = set(re.findall(r"\.Values\.([A-Za-z.]+)", path.read_text()))
    known = set()

    def walk(values: dict[str, Any], prefix: str = "") -> None:
        for name, value in values.items():
            known.add(prefix + name)
            if isinstance(value, dict):
                walk(value, f"{prefix}{name}.")

    walk(VALUES)
    assert used - known == set()


def test_the_default_network_policy_keeps_out_what_a_prometheus_may_not_be() -> None:
    text = (CHART / "templates" / "networkpolicy.yaml").read_text()
    excepted = [
        ip_network(network.strip(' "'))
        for listed in re.findall(r"except: \[(.*)\]", text)
        for network in listed.split(",")
    ]
    refused = {
        "169.254.169.254",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
    }
    assert {kind_of(ip_address(text)) for text in refused} == {"a metadata service"}
    assert {text for text in refused if not any(ip_address(text) in network for network in excepted)} == set()


def test_the_chart_says_how_it_is_installed_with_paths_that_there_are() -> None:
    text = (CHART / "README.md").read_text()
    assert "helm install gala-operator charts/gala-operator" in text
    assert (ROOT / "charts" / "gala-operator").is_dir()
