"""Judges that plan once more: in another order, and after a restart."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from gala.planning.ledger import Phase
from gala.planning.plan import plan
from gala.planning.snapshot import Snapshot
from planning_judges import floors
from planning_play import Pass


def the_order_of_the_input_changes_nothing(seen: Pass) -> None:
    rng = random.Random(int(seen.now))
    if rng.random() < 0.04:
        assert plan(_shuffled(seen.before, rng), seen.now, seen.world.settings) == seen.plan


def _shuffled(snapshot: Snapshot, rng: random.Random) -> Snapshot:
    def mixed(items: Mapping) -> dict:  # type: ignore[type-arg]
        pairs = list(items.items())
        rng.shuffle(pairs)
        return dict(pairs)

    events = []
    for event in snapshot.events:
        spec = event.spec
        changed = {
            name: tuple(rng.sample(getattr(spec, name), len(getattr(spec, name))))
            for name in ("workloads", "rounds", "scenes")
        }
        events.append(replace(event, spec=spec.model_copy(update=changed)))
    rng.shuffle(events)
    clusters = {
        name: replace(facts, targets=mixed(facts.targets), traffic=mixed(facts.traffic))
        for name, facts in mixed(snapshot.clusters).items()
    }
    return replace(
        snapshot,
        events=tuple(events),
        clusters=clusters,
        records=mixed(snapshot.records),
        ledgers=mixed(snapshot.ledgers),
    )


def a_restart_changes_no_floor(seen: Pass) -> None:
    """Planned again on the same facts with the new ledger: nothing is covered or made up for twice."""
    rng = random.Random(int(seen.now * 7))
    if rng.random() > 0.1:
        return
    records, ledgers = dict(seen.before.records), dict(seen.before.ledgers)
    for store, changes in ((records, seen.plan.records), (ledgers, seen.plan.ledgers)):
        for key, value in changes.items():  # type: ignore[attr-defined]
            if value is None:
                store.pop(key, None)  # type: ignore[attr-defined]
            else:
                store[key] = value  # type: ignore[index]
    again = plan(replace(seen.before, records=records, ledgers=ledgers), seen.now, seen.world.settings)
    old = floors(ledgers)
    begins = {c.prepare_at for r in records.values() for item in r.latched for c in item.clusters}
    moved = {
        move.workload
        for record in (*records.values(), *again.records.values())
        for move in (record.moves if record else ())
        if move.phase is not Phase.CLOSED
    }
    new = floors({place: ledger for place, ledger in again.ledgers.items() if ledger is not None})
    risen = {(p[0], p[2], p[3]) for p, f in new.items() if p in old and f.division != old[p].division}
    for place, floor in new.items():
        key, _, workload, segment = place
        if place not in old or workload in moved or (key, workload, segment) in risen:
            continue
        assert floor.replicas == old[place].replicas, ("changed again", place, old[place], floor)
        if seen.now not in begins:
            assert floor.stragglers == old[place].stragglers, ("again", place, old[place], floor)


def again() -> list[object]:
    """Both."""
    return [the_order_of_the_input_changes_nothing, a_restart_changes_no_floor]
