"""A segment's floor only rises; a newer basis lowers it by no more than its own division fell.

Facts never lower a floor. What a person's edit lowers is bounded twice: in each cluster by
the fall of that cluster's division, and in all clusters together by the fall of the total,
taken in reverse fill order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gala.planning.ledger import Basis, Floor


def ratchet(
    segment: str,
    *,
    old: Mapping[str, Floor],
    divisions: Mapping[str, int],
    required: int,
    basis: Basis,
    reverse_fill_order: Sequence[str],
) -> dict[str, Floor]:
    """New floors by cluster from the stored ones and a division made now.

    A cluster that has a stored floor and no division any more keeps what it has until the
    segment ends. ``reverse_fill_order`` lists every cluster of both mappings.
    """
    outdated = {c: floor for c, floor in old.items() if basis.newer_than(floor.basis)}
    budget = max((floor.required for floor in outdated.values()), default=required) - required
    found: dict[str, Floor] = {}
    for cluster in reverse_fill_order:
        stored = old.get(cluster)
        division = divisions.get(cluster, 0 if stored is None else stored.division)
        if stored is None:
            found[cluster] = Floor(
                segment=segment, replicas=division, required=required, division=division, basis=basis
            )
            continue
        if cluster not in outdated:
            found[cluster] = _raised(stored, division)
            continue
        drop = min(max(0, stored.division - division), max(0, budget), stored.replicas)
        budget -= drop
        found[cluster] = Floor(
            segment=segment,
            replicas=max(division - stored.taken, stored.replicas - drop),
            required=required,
            division=division,
            basis=basis,
            taken=stored.taken,
            stragglers=stored.stragglers,
        )
    return found


def _raised(stored: Floor, division: int) -> Floor:
    """The same basis: a larger division raises the floor, a smaller one changes nothing."""
    if division <= stored.division:
        return stored
    return Floor(
        segment=stored.segment,
        replicas=max(stored.replicas, division - stored.taken),
        required=stored.required,
        division=division,
        basis=stored.basis,
        taken=stored.taken,
        stragglers=stored.stragglers,
    )
