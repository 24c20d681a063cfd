"""The ledger in the API server: one writer, nothing lost, nothing written twice."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from gala.engine.parts import LARGEST
from gala.engine.store import LedgerStore
from gala.errors import Conflict, InvalidInput, RequestFailed, Unreachable
from gala.planning.facts import EventKey
from gala.planning.ledger import ClusterLedger
from gala.sandbox.apiserver.faults import Refuse
from gala.settings import Settings
from hub_server import CRDS_PATH, LEDGER_PATH, Hub, a_hub, without
from ledger_values import EVENT, a_latch, a_ledger, a_record, an_entry, as_object

NORTH = (EVENT, "north")


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with a_hub(settings=Settings(ledger_part=3)) as made:
        yield made


def a_store(hub: Hub) -> LedgerStore:
    return LedgerStore(hub.api, hub.settings)


async def objects(hub: Hub) -> dict[str, dict[str, Any]]:
    listed = await hub.api.request("GET", LEDGER_PATH)
    return {item["metadata"]["name"]: item for item in listed["items"]}


async def loaded(hub: Hub) -> LedgerStore:
    store = a_store(hub)
    await store.load()
    return store


async def test_another_process_finds_what_was_stored(hub: Hub) -> None:
    store = await loaded(hub)
    await store.put_record(EVENT, a_record())
    await store.put_ledger(NORTH, a_ledger())
    want = ({EVENT: a_record()}, {NORTH: a_ledger()})
    assert await store.load() == want
    assert await a_store(hub).load() == want


async def test_a_changed_ledger_replaces_the_stored_one(hub: Hub) -> None:
    store = await loaded(hub)
    await store.put_ledger(NORTH, a_ledger())
    want = replace(a_ledger(), entries=(replace(an_entry(), intended=20, written=None),))
    await store.put_ledger(NORTH, want)
    assert (await a_store(hub).load())[1] == {NORTH: want}


async def test_an_equal_ledger_costs_no_request(hub: Hub) -> None:
    store = await loaded(hub)
    await store.put_ledger(NORTH, a_ledger())
    await store.put_record(EVENT, a_record())
    before = hub.server.requests
    await store.put_ledger(NORTH, a_ledger())
    await store.put_record(EVENT, a_record())
    await store.load()
    assert hub.server.requests == before


async def test_a_deleted_ledger_is_gone(hub: Hub) -> None:
    store = await loaded(hub)
    await store.put_record(EVENT, a_record())
    await store.put_ledger(NORTH, a_ledger(entries=5))
    await store.put_ledger(NORTH, None)
    await store.put_record(EVENT, None)
    assert await objects(hub) == {}
    assert await store.load() == ({}, {})


async def test_deleting_what_is_gone_already_is_done(hub: Hub) -> None:
    store = await loaded(hub)
    await store.put_ledger(NORTH, a_ledger())
    await hub.api.request("DELETE", f"{LEDGER_PATH}/shows.gala.north")
    await store.put_ledger(NORTH, None)
    assert await store.load() == ({}, {})


async def test_more_entries_than_fit_go_into_further_parts_and_come_back_together(hub: Hub) -> None:
    store = await loaded(hub)
    want = a_ledger(entries=8)
    await store.put_ledger(NORTH, want)
    sizes = {name: len(item["spec"]["entries"]) for name, item in (await objects(hub)).items()}
    assert sizes == {"shows.gala.north": 3, "shows.gala.north.p1": 3, "shows.gala.north.p2": 2}
    assert (await a_store(hub).load())[1] == {NORTH: want}


async def test_an_entry_never_moves_to_another_part_and_an_empty_part_goes(hub: Hub) -> None:
    store = await loaded(hub)
    full = a_ledger(entries=7)
    await store.put_ledger(NORTH, full)
    await store.put_ledger(NORTH, replace(full, entries=full.entries[2:6]))
    rows = {
        name: [row["workload"] for row in item["spec"]["entries"]]
        for name, item in (await objects(hub)).items()
    }
    want = {
        "shows.gala.north": ["front-0002"],
        "shows.gala.north.p1": ["front-0003", "front-0004", "front-0005"],
    }
    assert rows == want


async def test_an_unchanged_part_is_not_written_again(hub: Hub) -> None:
    store = await loaded(hub)
    full = a_ledger(entries=6)
    await store.put_ledger(NORTH, full)
    before = await objects(hub)
    changed = (*full.entries[:5], replace(full.entries[5], intended=99))
    await store.put_ledger(NORTH, replace(full, entries=changed))
    after = await objects(hub)
    assert [name for name in after if after[name] != before[name]] == ["shows.gala.north.p1"]


async def test_a_segment_with_many_shares_goes_into_a_part_of_its_own(hub: Hub) -> None:
    store = await loaded(hub)
    want = a_record(a_latch("one", 5_000), a_latch("two", 5_000))
    await store.put_record(EVENT, want)
    parts = {
        name: [row["segment"] for row in item["spec"]["latched"]]
        for name, item in (await objects(hub)).items()
    }
    assert parts == {"shows.gala": ["one"], "shows.gala.p1": ["two"]}
    assert (await a_store(hub).load())[0] == {EVENT: want}


async def test_loading_reads_page_after_page(hub: Hub) -> None:
    for at in range(501):
        raw = as_object(replace(a_ledger(), event=EventKey("shows", f"e{at:03}")))
        await hub.api.request("POST", LEDGER_PATH, body=raw)
    before = hub.server.requests
    ledgers = (await a_store(hub).load())[1]
    assert (len(ledgers), hub.server.requests - before) == (501, 2)


async def test_a_write_over_somebody_elses_is_refused_and_read_anew(hub: Hub) -> None:
    first, second = await loaded(hub), await loaded(hub)
    await first.put_ledger(NORTH, a_ledger())
    await second.load()
    second.invalidate()
    await second.load()
    theirs = replace(a_ledger(), hold_until=5.0)
    await first.put_ledger(NORTH, theirs)
    with pytest.raises(Conflict):
        await second.put_ledger(NORTH, replace(a_ledger(), hold_until=9.0))
    assert (await second.load())[1] == {NORTH: theirs}


async def test_a_ledger_that_another_leader_closed_is_not_written_again(hub: Hub) -> None:
    first = await loaded(hub)
    await first.put_ledger(NORTH, a_ledger())
    second = await loaded(hub)
    await first.put_ledger(NORTH, None)
    with pytest.raises(Conflict):
        await second.put_ledger(NORTH, replace(a_ledger(), hold_until=9.0))
    assert await second.load() == ({}, {})


async def test_a_delete_spares_what_somebody_else_changed(hub: Hub) -> None:
    first = await loaded(hub)
    await first.put_ledger(NORTH, a_ledger())
    second = await loaded(hub)
    await first.put_ledger(NORTH, replace(a_ledger(), hold_until=9.0))
    with pytest.raises(Conflict):
        await second.put_ledger(NORTH, None)
    assert list((await second.load())[1]) == [NORTH]


async def test_after_a_failed_write_memory_is_not_trusted(hub: Hub) -> None:
    store = await loaded(hub)
    await store.put_ledger(NORTH, a_ledger())
    hub.server.faults.refusals = [Refuse(status=503, method="PUT", times=1)]
    with pytest.raises(Unreachable):
        await store.put_ledger(NORTH, replace(a_ledger(), hold_until=9.0))
    assert (await store.load())[1] == {NORTH: a_ledger()}


async def test_a_list_that_fails_is_no_empty_ledger(hub: Hub) -> None:
    hub.server.faults.refusals = [Refuse(status=500)]
    with pytest.raises(Unreachable):
        await a_store(hub).load()


async def test_a_list_that_expires_between_its_pages_is_begun_anew(hub: Hub) -> None:
    store = await loaded(hub)
    await store.put_ledger(NORTH, a_ledger())
    hub.server.faults.refusals = [Refuse(status=410, method="GET", times=1)]
    assert (await a_store(hub).load())[1] == {NORTH: a_ledger()}


async def test_a_ledger_of_a_later_version_is_named_and_stays_one(hub: Hub) -> None:
    raw = as_object(a_ledger())
    raw["spec"]["schemaVersion"] = 2
    await hub.api.request("POST", LEDGER_PATH, body=raw)
    store = await loaded(hub)
    assert "later version" in store.doubts[EVENT]
    await store.put_ledger(NORTH, replace(a_ledger(), hold_until=9.0))
    assert (await objects(hub))["shows.gala.north"]["spec"]["schemaVersion"] == 2


async def test_a_ledger_that_cannot_be_read_is_told_held_and_never_overwritten(hub: Hub) -> None:
    kind = hub.server.resources.find("galaallocations")
    raw = as_object(a_ledger())
    await hub.api.request("POST", LEDGER_PATH, body=raw)
    (broken,) = hub.server.store.all(kind)
    broken["spec"]["entries"][0]["intended"] = "many"
    store = await loaded(hub)
    assert "shows.gala.north cannot be read at spec.entries.0" in store.doubts[EVENT]
    with pytest.raises(InvalidInput, match="Repair it, or delete it"):
        await store.put_ledger(NORTH, a_ledger())


async def test_status_shows_what_is_seen_and_since_when(hub: Hub) -> None:
    store = await loaded(hub)
    await store.put_ledger(NORTH, a_ledger())
    await store.put_status(NORTH, {"front": (12, 7)}, outstanding=1, now=1_800_000_000.0)
    await store.put_status(NORTH, {"front": (12, None)}, outstanding=0, now=1_800_000_030.0)
    status = (await objects(hub))["shows.gala.north"]["status"]
    want = {
        "entries": [{"workload": "front", "observed": 12, "since": "2027-01-15T08:00:30Z"}],
        "outstanding": 0,
    }
    assert status == want


@pytest.mark.parametrize(
    ("ready", "later"),
    [
        pytest.param(9, 29.9, id="a change within thirty seconds waits"),
        pytest.param(7, 60.0, id="the same again is never written"),
    ],
)
async def test_status_is_written_rarely(hub: Hub, ready: int, later: float) -> None:
    store = await loaded(hub)
    await store.put_ledger(NORTH, a_ledger())
    await store.put_status(NORTH, {"front": (12, 7)}, outstanding=1, now=1_800_000_000.0)
    before = hub.server.requests
    await store.put_status(NORTH, {"front": (12, ready)}, outstanding=1, now=1_800_000_000.0 + later)
    assert hub.server.requests == before


async def test_a_ledger_can_be_written_after_its_status(hub: Hub) -> None:
    store = await loaded(hub)
    await store.put_ledger(NORTH, a_ledger())
    await store.put_status(NORTH, {"front": (12, 7)}, outstanding=1, now=1_800_000_000.0)
    want = replace(a_ledger(), hold_until=9.0)
    await store.put_ledger(NORTH, want)
    assert (await a_store(hub).load())[1] == {NORTH: want}


async def with_a_definition(hub: Hub, *missing: str) -> None:
    """Somebody installs a definition that lacks these fields, or all of them again."""
    path = f"{CRDS_PATH}/galaallocations.gala.dev"
    now = await hub.api.request("GET", path)
    body = {**without("galaallocations", *missing), "metadata": now["metadata"]}
    await hub.api.request("PUT", path, body=body)


async def test_a_definition_that_lacks_a_figure_costs_that_figure_and_is_doubt(hub: Hub) -> None:
    await with_a_definition(hub, "entries[].floors[].taken")
    store = await loaded(hub)
    await store.put_ledger(NORTH, a_ledger())
    assert "drops spec.entries[].floors[].taken of the ledger" in store.doubts[EVENT]
    assert await store.load() == ({}, {NORTH: a_ledger()})
    (entry,) = (await objects(hub))["shows.gala.north"]["spec"]["entries"]
    assert (entry["original"], "taken" in entry["floors"][0]) == (4, False)


async def test_a_server_that_drops_fields_without_a_word_is_found_out_too(hub: Hub) -> None:
    await with_a_definition(hub, "entries[].floors[].taken")
    hub.server.resources.strict = False
    store = await loaded(hub)
    await store.put_ledger(NORTH, a_ledger())
    assert "spec.entries[].floors[].taken" in store.doubts[EVENT]


async def test_a_definition_that_lacks_what_giving_back_needs_gets_no_ledger(hub: Hub) -> None:
    await with_a_definition(hub, "entries[].original")
    store = await loaded(hub)
    with pytest.raises(
        InvalidInput, match=r"drops spec.entries\[\].original .* nothing is written to a target"
    ):
        await store.put_ledger(NORTH, a_ledger())
    assert await objects(hub) == {}


async def test_a_definition_that_was_brought_up_to_date_is_believed_within_half_a_minute(hub: Hub) -> None:
    await with_a_definition(hub, "entries[].floors[].taken")
    store = LedgerStore(hub.api, hub.settings, steady=hub.time.now)
    await store.load()
    await store.put_ledger(NORTH, a_ledger())
    await with_a_definition(hub)
    before = hub.server.requests
    hub.time.value += 29.9
    await store.mend()
    assert (hub.server.requests, list(store.doubts)) == (before, [EVENT])
    hub.time.value += 0.1
    await store.mend()
    assert store.doubts == {}
    assert (await a_store(hub).load())[1] == {NORTH: a_ledger()}


async def test_a_definition_that_stays_old_stays_doubt(hub: Hub) -> None:
    await with_a_definition(hub, "entries[].floors[].taken")
    store = LedgerStore(hub.api, hub.settings, steady=hub.time.now)
    await store.load()
    await store.put_ledger(NORTH, a_ledger())
    hub.time.value += 30.0
    await store.mend()
    assert list(store.doubts) == [EVENT]
    await store.put_ledger(NORTH, None)
    assert store.doubts == {}


async def test_a_ledger_that_grows_over_what_an_object_holds_moves_and_a_kill_in_between_loses_nothing() -> (
    None
):
    async with a_hub() as hub:
        store = await loaded(hub)
        await store.put_ledger(NORTH, a_ledger(entries=400))
        grown = with_floors(a_ledger(entries=400), 16)
        hub.server.faults.refusals = [Refuse(status=503, method="PUT", path=r"gala\.north$")]
        with pytest.raises(Unreachable):
            await store.put_ledger(NORTH, grown)
        hub.server.faults.refusals = []
        names = sorted(await objects(hub))
        assert (names[0], len(names) > 1) == ("shows.gala.north", True)
        between = (await a_store(hub).load())[1][NORTH]
        assert [entry.workload for entry in between.entries] == [e.workload for e in grown.entries]
        assert {entry.original for entry in between.entries} == {4}
        after = await loaded(hub)
        await after.put_ledger(NORTH, grown)
        assert (await a_store(hub).load())[1] == {NORTH: grown}
        sizes = [len(json.dumps(item["spec"])) for item in (await objects(hub)).values()]
        assert max(sizes) <= LARGEST


def with_floors(ledger: ClusterLedger, segments: int) -> ClusterLedger:
    """Every entry held by so many segments."""
    floor = an_entry().floors[0]
    floors = tuple(replace(floor, segment=f"round-{number}") for number in range(segments))
    return replace(ledger, entries=tuple(replace(entry, floors=floors) for entry in ledger.entries))


async def test_a_segment_that_no_object_can_hold_is_refused_before_anything_is_sent(hub: Hub) -> None:
    store = await loaded(hub)
    before = hub.server.requests
    with pytest.raises(InvalidInput, match="split the event into several"):
        await store.put_record(EVENT, a_record(a_latch("one", 20_000)))
    assert hub.server.requests == before


@pytest.mark.parametrize(
    ("refusal", "want"),
    [
        pytest.param(Refuse(status=403, method="POST"), "needs create on galaallocations", id="a right"),
        pytest.param(Refuse(status=413, method="POST"), "Split the event", id="a smaller object"),
        pytest.param(Refuse(status=401, method="POST"), "log in anew", id="another account"),
    ],
)
async def test_a_refused_write_says_what_it_takes(hub: Hub, refusal: Refuse, want: str) -> None:
    store = await loaded(hub)
    hub.server.faults.refusals = [refusal]
    with pytest.raises(RequestFailed, match=want):
        await store.put_ledger(NORTH, a_ledger())


async def test_a_list_that_is_refused_says_what_it_takes(hub: Hub) -> None:
    hub.server.faults.refusals = [Refuse(status=403, method="GET")]
    with pytest.raises(RequestFailed, match="needs list on galaallocations in namespace gala-system"):
        await a_store(hub).load()


async def test_a_fleet_namespace_that_is_gone_is_named_with_the_command_that_makes_it(hub: Hub) -> None:
    store = await loaded(hub)
    await hub.api.request("DELETE", "/api/v1/namespaces/gala-system")
    with pytest.raises(RequestFailed, match="kubectl create namespace gala-system"):
        await store.put_ledger(NORTH, a_ledger())
