"""What an API server kept of what it was given, and what follows if it did not."""

from __future__ import annotations

from typing import Any

import pytest

from gala.engine import kept


@pytest.mark.parametrize(
    ("sent", "answer", "want"),
    [
        pytest.param({"a": 1}, {"a": 1}, [], id="all of it"),
        pytest.param({"a": 1}, {"a": 1, "b": 2}, [], id="all of it and a default of its own"),
        pytest.param({"a": 1, "b": {"c": 2}}, {"b": {}}, ["spec.a", "spec.b.c"], id="fields are missing"),
        pytest.param({"a": {"b": 1}}, {"a": None}, ["spec.a.b"], id="what was an object is none"),
        pytest.param({"a": 1}, None, ["spec.a"], id="nothing of it"),
        pytest.param({"a": 1}, {"a": 2}, ["spec.a"], id="another value"),
        pytest.param(
            {"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}, {}]}, ["spec.a[].b"], id="a field of an item"
        ),
        pytest.param({"a": [1, 2]}, {"a": [1]}, ["spec.a"], id="fewer items"),
        pytest.param({"a": [1]}, {"a": "1"}, ["spec.a"], id="no list any more"),
    ],
)
def test_an_api_server_kept(sent: Any, answer: Any, want: list[str]) -> None:
    assert list(kept.dropped(sent, answer)) == want


@pytest.mark.parametrize(
    ("path", "want"),
    [
        pytest.param("spec.entries[].original", True, id="an original"),
        pytest.param("spec.entries[].target.uid", True, id="which object it was"),
        pytest.param("spec.entries", True, id="every entry"),
        pytest.param("spec.eventRef.uid", True, id="whose ledger it is"),
        pytest.param("spec.entries[].floors[].taken", False, id="a figure of a floor"),
        pytest.param(
            "spec.entries[].writtenBy", False, id="a field that only begins like one that is needed"
        ),
        pytest.param("spec.latched[].capsAt", False, id="when caps were computed"),
    ],
)
def test_giving_back_needs(path: str, want: bool) -> None:
    assert kept.needed([path]) is want


def test_a_refusal_names_each_unknown_field_once() -> None:
    text = (
        'strict decoding error: unknown field "spec.entries[0].rule", unknown field "spec.entries[17].rule"'
    )
    assert kept.unknown(text) == ("spec.entries[].rule",)


def test_a_refusal_for_another_reason_names_none() -> None:
    assert kept.unknown("the body is no JSON") == ()


def test_the_sentence_names_some_fields_what_follows_and_the_command() -> None:
    text = kept.sentence(["spec.a", "spec.b", "spec.c", "spec.d", "spec.e", "spec.a"])
    assert "drops spec.a, spec.b, spec.c, spec.d and 1 more of the ledger" in text
    assert "nothing is lowered" in text
    assert text.endswith("Write: gala crds | kubectl apply --server-side -f -")


def test_the_sentence_says_when_nothing_can_be_written() -> None:
    assert "nothing is written to a target" in kept.sentence(["spec.entries[].original"])
