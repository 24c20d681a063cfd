"""Who else scales a target: HPAs, and ScaledObjects where KEDA is installed.

Nothing in Kubernetes stops a writer of ``/scale`` from fighting an HPA, so a target with
one is not written (``TargetFacts.autoscaler`` names it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gala.errors import RequestFailed
from gala.fleet.client import ApiServer
from gala.fleet.objects import Reference, horizontal, keda
from gala.fleet.paths import collection
from gala.fleet.watching import Cache
from gala.planning.facts import Missing


class Autoscalers:
    """Those of one namespace."""

    def __init__(self, server: ApiServer, namespace: str) -> None:
        hpas = collection("autoscaling/v2", "horizontalpodautoscalers", namespace)
        scaled_objects = collection("keda.sh/v1alpha1", "scaledobjects", namespace)
        self.caches: tuple[Cache[Reference], ...] = (
            Cache(server, hpas, horizontal),
            Cache(server, scaled_objects, keda),
        )
        self._seen = -1
        self._names: dict[tuple[str, str], str] = {}

    def by_target(self) -> Mapping[tuple[str, str], str] | Missing:
        """``kind/name`` of the autoscaler on each target that has one, by the target's kind and name.

        Missing where one of the kinds is served and cannot be read: not knowing is no permission to write.
        """
        for cache in self.caches:
            if not cache.synced and not _not_served(cache):
                return Missing(
                    "AutoscalersUnknown", f"{cache.path} cannot be read: {cache.failure or 'not yet'}"
                )
        seen = sum(cache.changes for cache in self.caches)
        if seen != self._seen:
            self._names = _index(cache.values() for cache in self.caches)
            self._seen = seen
        return self._names


def _index(references: Iterable[Iterable[Reference]]) -> dict[tuple[str, str], str]:
    """KEDA makes an HPA for each ScaledObject; the ScaledObject, which comes last, is the one to name."""
    return {(item.kind, item.target): item.name for group in references for item in group}


def _not_served(cache: Cache[Reference]) -> bool:
    return isinstance(cache.failure, RequestFailed) and cache.failure.status == 404
