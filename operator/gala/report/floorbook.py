"""The floors that were promised: each segment's at its ``readyBy``, and what may lower them since.

Two things may: the take of a move, and a newer basis, which is a person's word. Facts never.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gala.planning.ledger import Basis, Floor
from gala.planning.outcome import EventPlan
from gala.report.nightlog import FloorLog, Place, SegmentLog, Take


@dataclass(slots=True)
class _Page:
    at_ready_by: int
    taken: int
    basis: Basis | None
    promised: int
    takes: list[Take] = field(default_factory=list)


class FloorBook:
    """Written once per pass, from the ledger; where nothing is held (``Observe``) from the plan."""

    def __init__(self) -> None:
        self._pages: dict[tuple[str, Place], _Page] = {}
        self._ends: dict[str, float] = {}

    def observe(
        self,
        now: float,
        segments: Iterable[SegmentLog],
        plan: EventPlan,
        floors: Mapping[tuple[str, Place], Floor],
    ) -> None:
        """Opens a page for each floor whose ``readyBy`` has come, and enters what took from those open."""
        live = {one.name: one for one in segments if one.ready_by <= now < one.latest_end}
        self._ends |= {name: one.latest_end for name, one in live.items()}
        for segment in plan.segments:
            if segment.name in live:
                for one in segment.placements:
                    place = Place(one.workload, one.cluster)
                    self._enter(now, (segment.name, place), floors.get((segment.name, place)), one.floor)
        for key, floor in floors.items():
            if key[0] in live:
                self._enter(now, key, floor, floor.replicas)

    def promised(self, place: Place, now: float) -> int:
        """The highest floor that no fact may undercut here now."""
        return max(
            (
                page.promised
                for (segment, where), page in self._pages.items()
                if where == place and now < self._ends.get(segment, 0.0)
            ),
            default=0,
        )

    def logs(self) -> tuple[FloorLog, ...]:
        """Every page, in the order of segment and place."""
        return tuple(
            FloorLog(segment=segment, place=place, at_ready_by=page.at_ready_by, takes=tuple(page.takes))
            for (segment, place), page in sorted(self._pages.items())
        )

    def _enter(self, now: float, key: tuple[str, Place], floor: Floor | None, planned: int) -> None:
        replicas = planned if floor is None else floor.replicas
        page = self._pages.get(key)
        if page is None:
            taken, basis = (floor.taken, floor.basis) if floor else (0, None)
            self._pages[key] = _Page(at_ready_by=replicas, taken=taken, basis=basis, promised=replicas)
            return
        if floor is None:
            return
        if floor.taken > page.taken:
            page.takes.append(Take(now, floor.taken - page.taken))
            page.promised -= floor.taken - page.taken
            page.taken = floor.taken
        if page.basis is None or floor.basis.newer_than(page.basis):
            page.basis, page.promised = floor.basis, replicas
