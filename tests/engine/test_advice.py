"""What a refusal by the hub asks of people: one sentence each, with the command where there is one."""

from __future__ import annotations

import pytest

from gala.engine.advice import advice
from gala.errors import Conflict, Rejected, RequestFailed, Throttled, Unreachable


@pytest.mark.parametrize(
    ("failed", "verb", "want"),
    [
        pytest.param(Rejected("no", status=413), "update", "Split the event", id="a body that is too large"),
        pytest.param(
            Unreachable("etcdserver: request is too large", status=500),
            "update",
            "Split the event",
            id="an object that etcd finds too large",
        ),
        pytest.param(Rejected("no", status=401), "list", "log in anew", id="an account that is not known"),
        pytest.param(
            Rejected("no", status=403),
            "create",
            "needs create on galaallocations in namespace gala-system",
            id="a right that is missing",
        ),
        pytest.param(
            Rejected('namespaces "gala-system" not found', status=404),
            "create",
            "kubectl create namespace gala-system",
            id="a namespace that is gone",
        ),
        pytest.param(
            Rejected("the server could not find the requested resource", status=404),
            "list",
            "gala crds | kubectl apply --server-side -f -",
            id="a kind that is gone",
        ),
        pytest.param(
            Conflict("spec.x: Invalid value", status=422),
            "update",
            "gala crds | kubectl apply --server-side -f -",
            id="a definition that refuses what we write",
        ),
    ],
)
def test_people_are_told(failed: RequestFailed, verb: str, want: str) -> None:
    assert want in advice(failed, verb=verb, plural="galaallocations", namespace="gala-system")


@pytest.mark.parametrize(
    "failed",
    [
        pytest.param(Conflict("changed", status=409), id="somebody else wrote"),
        pytest.param(Throttled("slowly", retry_after=1.0), id="too many requests"),
        pytest.param(Unreachable("no answer"), id="no answer"),
    ],
)
def test_where_waiting_is_all_nothing_is_advised(failed: RequestFailed) -> None:
    assert advice(failed, verb="update", plural="galaallocations", namespace="gala-system") == ""
    assert str(failed.advised("")) == failed.args[0]


def test_the_advice_follows_the_failure_as_a_sentence_of_its_own() -> None:
    assert str(Rejected("it is gone.", status=404).advised("Make it again.")) == "it is gone. Make it again."
