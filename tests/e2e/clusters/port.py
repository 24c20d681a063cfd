"""What the tests ask of whoever has clusters for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from clusters.cluster import Cluster


class Provider(Protocol):
    """Has clusters for the time of a session."""

    def start(self) -> Sequence[Cluster]:
        """Brings up three clusters side by side; each answers, has nodes, and none is anybody else's.

        Raises:
            clusters.processes.TooLate: One of them did not come up; with the tail of its log.
        """
        ...

    def stop(self) -> None:
        """Takes down what `start` brought up, even half of it."""
        ...
