"""What the validator finds in events whose fields are each well-formed, and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from builders_api import raw_donor, raw_event
from gala.api.refusal import sentence
from gala.api.validation import check_event, parse_event, unsupported
from gala.errors import InvalidInput


class Other(BaseModel):
    share: float


def test_a_refusal_without_a_sentence_of_its_own_says_what_pydantic_says() -> None:
    with pytest.raises(ValidationError) as refusal:
        Other.model_validate({"share": "half"})

    want = "share: 'half' cannot be used: input should be a valid number, unable to parse string as a number"
    assert sentence(refusal.value, Other) == want


def test_all_problems_of_well_formed_fields_are_found_in_the_order_of_the_spec() -> None:
    changes = {"spec.timeZone": "Mars", "spec.rounds.0.scene": "storm"}
    with pytest.raises(InvalidInput, match=r"^spec.timeZone: .* \(1 more problem after this one\)$"):
        parse_event(raw_event(changes))


def test_a_valid_event_has_no_problems() -> None:
    assert check_event(parse_event(raw_event())) == ()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"spec.workloads.1.target.namespace": "other"}, id="in another namespace"),
        pytest.param({"spec.workloads.1.target.kind": "StatefulSet"}, id="of another kind"),
        pytest.param({"spec.workloads.1.target.apiVersion": "x.io/v1"}, id="of another group"),
    ],
)
def test_a_target_of_the_same_name_is_another_one(changes: dict[str, Any]) -> None:
    event = parse_event(raw_event({"spec.workloads.1.target.name": "web", **changes}))

    assert check_event(event) == ()


def measuring(**labels: str) -> dict[str, Any]:
    return {"spec.workloads.0.signal": {"metric": "hits", "matchLabels": labels}}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(measuring(app_name="web", _a='"}'), id="with labels of any value"),
        pytest.param(measuring(namespace="gala"), id="that says its own namespace"),
        pytest.param(
            {**measuring(namespace="shop"), "spec.workloads.0.target.namespace": "shop"},
            id="that says its target's namespace",
        ),
    ],
)
def test_a_signal_is_fine(changes: dict[str, Any]) -> None:
    assert check_event(parse_event(raw_event(changes))) == ()


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param(
            measuring(**{"app-name": "web"}),
            "spec.workloads[0].signal.matchLabels: 'app-name' is no label of a series; "
            "write letters, digits and underscores, as app_name",
            id="a label with a hyphen",
        ),
        pytest.param(
            measuring(__name__="hits"),
            "spec.workloads[0].signal.matchLabels: '__name__' is no label of a series; "
            "write letters, digits and underscores, as app_name",
            id="the metric's name as a label",
        ),
        pytest.param(
            measuring(namespace="bank"),
            "spec.workloads[0].signal.matchLabels: only series of the target's own namespace gala are "
            "measured; leave namespace out, or have the platform team set allowCustomQueries in a "
            "GalaCluster and write query",
            id="the namespace of somebody else",
        ),
    ],
)
def test_a_signal_is_refused(changes: dict[str, Any], want: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_event(raw_event(changes))
    assert str(refusal.value) == want


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param({}, (), id="a plain event asks for nothing that is missing"),
        pytest.param({"spec.donors": [raw_donor()]}, ("spec.donors",), id="donors are named"),
        pytest.param(
            {"spec.resilience": {"survive": 1}}, ("spec.resilience.survive",), id="survival is named"
        ),
        pytest.param(
            {"spec.mode": "Rehearsal", "spec.rehearsal": {"scalePercent": 10}},
            ("mode: Rehearsal",),
            id="a rehearsal is named",
        ),
    ],
)
def test_what_is_not_built_yet_is_named(changes: dict[str, Any], want: tuple[str, ...]) -> None:
    assert unsupported(parse_event(raw_event(changes))) == want
