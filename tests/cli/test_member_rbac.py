"""What a member cluster grants: exactly what was asked for, and where."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from gala.cli import root


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    assert root.call(["member-rbac", *options]) == 0
    return list(yaml.safe_load_all(capsys.readouterr().out))


def granted(documents: list[dict[str, Any]]) -> dict[str, set[str]]:
    """``verb resource`` by the namespace in which it is granted, ``*`` for all."""
    found: dict[str, set[str]] = {}
    for document in documents:
        place = found.setdefault(document["metadata"].get("namespace", "*"), set())
        for rule in document.get("rules", ()):
            place |= {f"{verb} {one}" for one in rule["resources"] for verb in rule["verbs"]}
    return found


def test_workloads_are_touched_in_the_named_namespaces_only(capsys: pytest.CaptureFixture[str]) -> None:
    found = granted(printed(capsys, "-t", "gala", "-t", "pay"))
    assert found.keys() == {"*", "gala-system", "gala", "pay"}
    assert found["*"] == {"list nodes", "list pods"}
    assert found["gala-system"] == set()
    assert found["gala"] == found["pay"] >= {"patch deployments/scale", "watch deployments"}


def test_with_every_namespace_the_same_is_granted_once_for_all(capsys: pytest.CaptureFixture[str]) -> None:
    named = granted(printed(capsys, "-t", "gala"))
    found = granted(printed(capsys, "--all-namespaces"))
    assert found == {"gala-system": set(), "*": named["*"] | named["gala"]}


@pytest.mark.parametrize(
    ("options", "want"),
    [
        pytest.param(("-t", "gala"), {"patch deployments/scale", "patch statefulsets/scale"}, id="usually"),
        pytest.param(
            ("-t", "gala", "--resource", "rollouts.argoproj.io"),
            {"patch deployments/scale", "patch statefulsets/scale", "patch rollouts/scale"},
            id="with a kind of one's own",
        ),
    ],
)
def test_nothing_but_scale_can_be_written(
    options: tuple[str, ...], want: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    everything = set().union(*granted(printed(capsys, *options)).values())
    reading = {"get", "list", "watch"}
    assert {one for one in everything if one.split()[0] not in reading} == want


def test_a_kind_of_ones_own_is_read_with_its_pods(capsys: pytest.CaptureFixture[str]) -> None:
    usual = granted(printed(capsys, "-t", "gala"))["gala"]
    found = granted(printed(capsys, "-t", "gala", "--resource", "rollouts.argoproj.io"))["gala"]
    want = {f"{verb} rollouts" for verb in ("get", "list", "watch")}
    assert found - usual == want | {f"{verb} rollouts/scale" for verb in ("get", "patch")} | {
        "list pods",
        "watch pods",
    }


def test_every_role_is_bound_to_the_account_that_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    documents = printed(capsys, "-t", "gala", "-n", "fleet", "--name", "gala-east")
    kinds = [(document["kind"], document["metadata"]) for document in documents]
    roles = {(kind, str(metadata)) for kind, metadata in kinds if kind.endswith("Role")}
    bound = {
        (document["roleRef"]["kind"], str(document["metadata"]))
        for document in documents
        if document["kind"].endswith("Binding")
    }
    assert roles == bound
    assert kinds[0] == ("ServiceAccount", {"name": "gala-east", "namespace": "fleet"})
    subjects = [document["subjects"] for document in documents if "subjects" in document]
    assert subjects == [[{"kind": "ServiceAccount", "name": "gala-east", "namespace": "fleet"}]] * 2


def test_as_json_it_is_one_list_of_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    want = printed(capsys, "-t", "gala")
    assert root.call(["member-rbac", "-t", "gala", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"apiVersion": "v1", "kind": "List", "items": want}


@pytest.mark.parametrize(
    ("options", "want"),
    [
        pytest.param((), "--all-namespaces", id="nobody says where targets may be"),
        pytest.param(("-t", "gala", "--all-namespaces"), "--target-namespace", id="two answers to where"),
        pytest.param(("-t", "*"), "is no name", id="a star is no namespace"),
        pytest.param(("--all-namespaces", "--resource", "rollouts"), "rollouts.argoproj.io", id="no group"),
    ],
)
def test_what_is_unclear_is_a_usage_error_that_says_what_to_write(
    options: tuple[str, ...], want: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert root.call(["member-rbac", *options]) == 2
    assert want in capsys.readouterr().err
