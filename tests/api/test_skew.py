"""An installed definition against this version's: older ones are told, newer ones are nobody's business."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from gala.api import crd
from gala.api.skew import older
from hub_server import without


def newer() -> dict[str, Any]:
    definition = copy.deepcopy(crd.render("GalaEvent"))
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    schema["properties"]["encore"] = {"type": "boolean"}
    return definition


def of_another_version() -> dict[str, Any]:
    definition = copy.deepcopy(crd.render("GalaCue"))
    definition["spec"]["versions"][0]["name"] = "v1"
    return definition


@pytest.mark.parametrize(
    "definition",
    [pytest.param(crd.render(kind), id=f"the {kind} of this version") for kind in crd.KINDS]
    + [pytest.param(newer(), id="a later version that knows more")],
)
def test_nothing_is_said_of(definition: dict[str, Any]) -> None:
    assert older(definition) == ""


@pytest.mark.parametrize(
    ("definition", "want"),
    [
        pytest.param(
            without("galaclusters", "prometheus.caSecretRef"),
            "does not know spec.prometheus.caSecretRef: ",
            id="a field inside an object",
        ),
        pytest.param(
            without("galaevents", "rounds[].window"),
            "does not know spec.rounds[].window: ",
            id="a field of a list's items",
        ),
        pytest.param(
            without("galaevents", "donors", "resilience", "rebalance", "handback", "timeZone"),
            "spec.donors, spec.handback, spec.rebalance, spec.resilience and 1 more: ",
            id="more fields than a sentence names",
        ),
        pytest.param(
            of_another_version(), "does not know apiVersion, kind, metadata, spec", id="the whole version"
        ),
    ],
)
def test_what_is_missing_is_named(definition: dict[str, Any], want: str) -> None:
    assert want in older(definition)
