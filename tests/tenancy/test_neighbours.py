"""Two tenants on one target, under one name, and under one roof: neither moves what the other holds."""

from __future__ import annotations

import pytest

from tenancy_objects import (
    BANK,
    DURATION,
    FLEET,
    ROUND_AT,
    SHOWS,
    WANTED,
    admit,
    admitting,
    cluster,
    event,
    of_the_bank,
    show_round,
    workload,
)
from tenancy_town import Act, Town, a_town

BOTH = cluster(admits=[admit(BANK), admit(BANK, event_namespace=BANK)])
VAULT = {"workload": "vault", "replicas": WANTED}
THE_BANKS = event(namespace=BANK, workloads=[of_the_bank()])


def asking(replicas: int, **spec: object) -> dict[str, object]:
    """An event of ``shows`` that wants another number of the bank's vaults."""
    demand = [{"workload": "vault", "replicas": replicas}]
    return event(workloads=[of_the_bank()], rounds=[show_round(demand=demand)], **spec)


async def test_who_asks_for_less_lowers_nobody() -> None:
    async with a_town() as town:
        for obj in (BOTH, THE_BANKS, asking(10)):
            town.apply(obj)

        await town.play(seconds=30.0, later={20.0: lambda it: it.delete(asking(10))})

        assert town.grown() == {"north bank/vault": WANTED}


@pytest.mark.parametrize("on_delete", ["HandBack", "Keep"])
async def test_who_leaves_takes_nothing_with_him_that_another_holds(on_delete: str) -> None:
    show = asking(WANTED, handback={"cooldown": "10s", "onDelete": on_delete})
    end = ROUND_AT + DURATION
    seen: list[int] = []
    async with a_town() as town:
        for obj in (BOTH, THE_BANKS, show):
            town.apply(obj)
        later: dict[float, Act] = dict.fromkeys(
            (30.0, ROUND_AT, end), lambda it: seen.append(it.grown()["north bank/vault"])
        )

        await town.play(seconds=end + 60.0, later={20.0: lambda it: it.delete(show), **later})

        assert min(seen) >= WANTED
        assert town.grown() == {}


async def test_an_event_of_the_same_name_elsewhere_gets_a_ledger_of_its_own_or_none() -> None:
    mine = event()
    other = event(
        namespace=BANK,
        workloads=[workload(target={"name": "front", "namespace": SHOWS})],
        rounds=[show_round(replicas=5)],
    )
    async with a_town() as town:
        for obj in (admitting(), mine, other):
            town.apply(obj)

        await town.play(seconds=30.0, later={15.0: lambda it: it.delete(other)})

        assert town.grown() == {"north shows/front": WANTED}
        kind = town.hub.resources.find("galaallocations")
        specs = [one["spec"] for one in town.hub.store.all(kind)]
        owners = {(spec["eventRef"]["namespace"], spec.get("cluster")) for spec in specs}
        assert owners == {(SHOWS, None), (SHOWS, "north")}


async def test_the_end_of_a_namespace_is_the_end_of_its_events_and_no_sooner_than_their_hold() -> None:
    seen: list[dict[str, int]] = []

    def end(town: Town) -> None:
        town.hub.resources.delete(town.hub.resources.find("namespaces"), ("", SHOWS), {})

    async with a_town() as town:
        town.apply(admitting())
        town.apply(event())
        later = {20.0: end, ROUND_AT + DURATION - 1.0: lambda it: seen.append(it.grown())}

        await town.play(seconds=ROUND_AT + DURATION + 60.0, later=later)

        assert seen == [{"north shows/front": WANTED}]
        assert town.grown() == {}
        assert town.escapes({"north": (SHOWS,)}) == []


async def test_a_ledger_that_somebody_plants_in_his_own_namespace_is_never_looked_at() -> None:
    entry = {
        "workload": "vault",
        "target": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": BANK, "name": "vault"},
        "mechanism": "Scale",
        "original": 0,
        "intended": 0,
        "written": WANTED,
        "state": "Returning",
        "reason": "HandBack",
        "rule": "handback",
        "since": "2027-01-15T07:00:00Z",
    }
    planted = {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaAllocation",
        "metadata": {"name": "bank.gala.north", "namespace": SHOWS},
        "spec": {
            "schemaVersion": 1,
            "eventRef": {"namespace": BANK, "name": "gala", "uid": "x"},
            "cluster": "north",
            "policy": {},
            "entries": [entry],
        },
    }
    async with a_town() as town:
        town.apply(planted)
        town.apply(admitting(SHOWS))
        town.apply(event())

        await town.play(seconds=20.0)

        assert town.grown() == {"north shows/front": WANTED}
        assert town.escapes({"north": (SHOWS,)}) == []
        assert {one.path.split("/")[5] for one in town.heard if "galaallocations" in one.path} == {FLEET}
