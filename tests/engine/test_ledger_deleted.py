"""A ledger that somebody deleted by hand: what people read of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gala.engine.store import LedgerStore
from gala.errors import Conflict
from hub_server import CRDS_PATH, LEDGER_PATH, Hub, a_hub
from ledger_values import EVENT, a_ledger

NORTH = (EVENT, "north")
NAME = "shows.gala.north"


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with a_hub() as made:
        yield made


async def stored(hub: Hub) -> LedgerStore:
    store = LedgerStore(hub.api, hub.settings)
    await store.load()
    await store.put_ledger(NORTH, a_ledger())
    return store


async def test_a_ledger_that_somebody_deleted_is_told_in_one_sentence_without_an_address(hub: Hub) -> None:
    store = await stored(hub)
    await hub.api.request("DELETE", f"{LEDGER_PATH}/{NAME}")
    for write in (
        store.put_ledger(NORTH, replace(a_ledger(), hold_until=9.0)),
        store.put_status(NORTH, {"web": (3, 3)}, outstanding=1, now=100.0),
    ):
        with pytest.raises(Conflict) as told:
            await write
        text = str(told.value)
        assert text.startswith(f"GalaAllocation {NAME} is gone, deleted by hand or by another leader")
        assert text.count(".") == NAME.count(".") + 1
        assert "404" not in text
        assert "/apis/" not in text


async def test_a_definition_that_is_gone_is_not_taken_for_a_ledger_that_was_deleted(hub: Hub) -> None:
    store = await stored(hub)
    await hub.api.request("DELETE", f"{CRDS_PATH}/galaallocations.gala.dev")
    with pytest.raises(Conflict, match=f"^{NAME} is gone: hub answered PUT"):
        await store.put_ledger(NORTH, replace(a_ledger(), hold_until=9.0))
