"""What is granted works: else the ways out would be refused for no good reason."""

from __future__ import annotations

import base64

import pytest

from gala.sandbox.apiserver.kinds import find_builtin
from gala.sandbox.apiserver.resources import Options
from tenancy_objects import (
    BANK,
    FLEET,
    SHOWS,
    SYSTEM,
    WANTED,
    Json,
    admit,
    admitting,
    cluster,
    event,
    home,
    measured,
    measuring,
    of_the_bank,
    show_round,
    workload,
)
from tenancy_town import a_town

BANKS = event(workloads=[of_the_bank()])
DNS = workload("coredns", target={"name": "coredns", "namespace": SYSTEM})


@pytest.mark.parametrize(
    ("where", "what", "want"),
    [
        pytest.param(home(), event(), "home shows/front", id="the own namespace in the own cluster"),
        pytest.param(
            home(admits=[admit(BANK)]), BANKS, "home bank/vault", id="another one that is listed there"
        ),
        pytest.param(admitting(), event(), "north shows/front", id="the own namespace in a remote cluster"),
        pytest.param(admitting(SHOWS, BANK), BANKS, "north bank/vault", id="another one that is listed"),
        pytest.param(admitting("*"), BANKS, "north bank/vault", id="every namespace"),
        pytest.param(
            admitting("*"), event(workloads=[DNS]), "north kube-system/coredns", id="kube-system among them"
        ),
        pytest.param(
            cluster(namespaceSameness=True),
            event(),
            "north shows/front",
            id="the own namespace where namespaces mean the same",
        ),
        pytest.param(
            admitting(may=["Lend", "Grow"]),
            event(),
            "north shows/front",
            id="growing beside lending",
        ),
        pytest.param(
            admitting(maxTier="S"),
            event(workloads=[workload(tier="S")]),
            "north shows/front",
            id="the highest tier that is granted",
        ),
        pytest.param(
            cluster(admits=[admit()], kubeconfig={"secretRef": {"name": "north-kubeconfig", "key": "value"}}),
            event(),
            "north shows/front",
            id="a Secret of the fleet namespace by its name",
        ),
        pytest.param(
            admitting(),
            event(
                workloads=[
                    workload(target={"apiVersion": "apps/v1", "kind": "Deployment", "namespace": SHOWS})
                ]
            ),
            "north shows/front",
            id="a target with every word of it",
        ),
    ],
)
async def test_what_is_granted_grows(where: Json, what: Json, want: str) -> None:
    async with a_town() as town:
        town.apply(where)
        town.apply(what)

        await town.play()

        assert town.grown() == {want: WANTED}
        assert town.condition(what, "PreflightPassed")["status"] == "True"
        name, _, target = want.partition(" ")
        assert town.escapes({name: (target.partition("/")[0],)}) == []


@pytest.mark.parametrize(
    ("where", "what", "want"),
    [
        pytest.param(
            measuring(),
            measured(signal={"metric": "hits", "matchLabels": {"app": "front"}}),
            {SHOWS},
            id="the series of the own namespace",
        ),
        pytest.param(
            measuring(),
            measured(signal={"metric": "hits", "matchLabels": {"namespace": SHOWS}}),
            {SHOWS},
            id="the own namespace, although it says so itself",
        ),
        pytest.param(
            measuring(allowCustomQueries=True),
            measured(query='sum(rate(hits{namespace="bank"}[1m]))'),
            {BANK},
            id="everybody's series where a query of one's own is allowed, for that is what it grants",
        ),
    ],
)
async def test_what_is_granted_is_measured(where: Json, what: Json, want: set[str]) -> None:
    async with a_town() as town:
        town.apply(where)
        town.apply(what)

        await town.play()

        assert town.condition(what, "SignalsFresh")["reason"] == "Fresh"
        assert {series["namespace"] for series in town.measured} == want


async def test_a_token_of_the_fleet_namespace_is_sent() -> None:
    async with a_town() as town:
        data = {"value": base64.b64encode(b"the fleet's").decode()}
        body = {"metadata": {"name": "prometheus"}, "data": data}
        town.hub.resources.create(find_builtin("secrets"), FLEET, body, Options())
        town.apply(measuring(bearerTokenSecretRef={"name": "prometheus"}))
        town.apply(measured(signal={"metric": "hits"}))

        await town.play()

        assert set(town.prometheus.tokens) == {"Bearer the fleet's"}
        assert town.escapes({"north": (SHOWS,)}, secrets=("prometheus",)) == []


async def test_more_that_is_asked_for_in_a_hold_is_given_where_it_is_admitted() -> None:
    more = event(rounds=[show_round(replicas=2 * WANTED)])
    async with a_town() as town:
        town.apply(admitting())
        town.apply(event())

        await town.play(seconds=20.0, later={8.0: lambda it: it.apply(more)})

        assert town.grown() == {"north shows/front": 2 * WANTED}
        assert town.condition(more, "PreflightPassed")["reason"] != "NotAdmitted"


async def test_an_admission_that_comes_in_the_middle_of_it_all_is_used_at_once() -> None:
    async with a_town() as town:
        town.apply(cluster())
        town.apply(event())

        await town.play(seconds=30.0, later={10.0: lambda it: it.apply(admitting())})

        assert town.grown() == {"north shows/front": WANTED}
