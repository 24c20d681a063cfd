"""What a condition said, second by second of a night: how soon people were told, and what."""

from __future__ import annotations

from typing import Any, NamedTuple

from gala.sandbox.fleet import SandboxFleet
from scenes import EVENT, NAMESPACE, START, at


class Told(NamedTuple):
    """The first time that a condition said so."""

    after: float
    """Seconds from the fault on."""
    reason: str
    message: str


class ConditionWatch:
    """Looks once a second in [first, last) at a condition of an object in the hub; ``prepare`` of a scene."""

    def __init__(
        self,
        condition: str,
        *,
        first: float,
        last: float,
        place: tuple[str, str, str] = ("galaevents", NAMESPACE, EVENT),
    ) -> None:
        """``place`` is the plural, namespace and name of the object."""
        self._condition, self._place = condition, place
        self._first, self._last = first, last
        self._seen: list[tuple[float, dict[str, Any]]] = []

    def __call__(self, fleet: SandboxFleet) -> None:
        """Plans the looks."""
        plural, namespace, name = self._place
        kind = fleet.hub.resources.find(plural)

        def look() -> None:
            status = fleet.hub.resources.get(kind, namespace, name).get("status", {})
            found = [c for c in status.get("conditions", ()) if c["type"] == self._condition]
            self._seen += [(fleet.clock.now() - START, condition) for condition in found]

        for second in range(int(self._first), int(self._last)):
            at(fleet, float(second), look)

    def all_told(self) -> list[Told]:
        """Everything that made the condition false, each reason once."""
        first: dict[str, Told] = {}
        for second, one in self._seen:
            if one["status"] == "False":
                told = Told(second - self._first, one["reason"], one["message"])
                first.setdefault(told.reason, told)
        return list(first.values())

    def told(self, word: str) -> Told:
        """The first that has this word in its reason or message."""
        for second, one in self._seen:
            if one["status"] == "False" and word in f"{one['reason']} {one['message']}":
                return Told(second - self._first, one["reason"], one["message"])
        raise AssertionError(f"nobody was told {word}; {self._condition} said {self.all_told()}")
