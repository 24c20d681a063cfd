"""The scalable objects of one cluster, as the plan sees them.

Deployments and StatefulSets say themselves how many of their pods are Ready. Any other
kind with ``/scale`` is watched through its own resource (``spec.replicas`` and
``status.replicas``), and its Ready pods are counted by the selector that its ``/scale``
gives, which is asked once for each object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from gala.errors import GalaError, Rejected, RequestFailed
from gala.fleet.autoscalers import Autoscalers
from gala.fleet.client import ApiServer
from gala.fleet.objects import Scaled, foreign, native, pod_ready, stateful
from gala.fleet.paths import Catalog, collection, single
from gala.fleet.trouble import why
from gala.fleet.warm import ReadyHistory
from gala.fleet.watching import Cache
from gala.planning.facts import Missing, TargetFacts, TargetKey
from gala.planning.templates import Template

_PROJECTIONS: Final = {"Deployment": native, "ReplicaSet": native, "StatefulSet": stateful}


class Wanted(Protocol):
    """A target whose facts a plan needs."""

    @property
    def target(self) -> TargetKey:
        """Which."""
        ...

    @property
    def warmup(self) -> float:
        """Seconds after which a Ready pod counts as warm."""
        ...


class _Pods:
    """The pods of one object of a kind that does not count them itself."""

    def __init__(self, server: ApiServer, uid: str, namespace: str, selector: str) -> None:
        self.uid = uid
        self.selector = selector
        path = collection("v1", "pods", namespace)
        self.cache: Cache[bool] = Cache(server, path, pod_ready, selector=selector)


class _Standing(NamedTuple):
    """Facts that stay what they are from ``since`` on, while every cache is as it was."""

    caches: tuple[tuple[int, GalaError | None], ...]
    """The changes and the failure of each."""
    since: float
    facts: Mapping[TargetKey, TargetFacts | Missing]


class Targets:
    """The wanted targets of one cluster and the caches behind them."""

    def __init__(self, server: ApiServer) -> None:
        self.catalog = Catalog(server)
        self._server = server
        self._wanted: dict[TargetKey, float] = {}
        self._uncounted: list[TargetKey] = []
        """Those of kinds that do not count their Ready pods themselves."""
        self._kinds: dict[str, Cache[Scaled]] = {}
        self._autoscalers: dict[str, Autoscalers] = {}
        self._pods: dict[TargetKey, _Pods] = {}
        self._history: dict[TargetKey, ReadyHistory] = {}
        self._unknown: dict[TargetKey, GalaError] = {}
        self._sources: dict[TargetKey, Cache[Scaled]] = {}
        """What ``cache`` found, so that an unchanged target is not looked for in each pass."""
        self._known: dict[TargetKey, tuple[object, TargetFacts]] = {}
        """The facts of the pass before, and what they were made of: most targets do not change."""
        self._standing: _Standing | None = None
        """Those of all targets: in most clusters nothing changes at most times."""

    @property
    def wanted(self) -> Iterable[TargetKey]:
        """The targets that were asked for."""
        return self._wanted.keys()

    def selectors(self) -> Mapping[TargetKey, str]:
        """Of the targets whose pods are known by label only."""
        return {key: pods.selector for key, pods in self._pods.items()}

    def templates(self) -> Iterator[Template]:
        """Of the targets that are known."""
        seen = (self._seen(key) for key in self._wanted)
        return (one.template for one in seen if one is not None)

    def caches(self) -> Iterator[Cache[Any]]:
        """All of them."""
        yield from self._kinds.values()
        for autoscalers in self._autoscalers.values():
            yield from autoscalers.caches
        for pods in self._pods.values():
            yield pods.cache

    def sources(self) -> Iterable[Cache[Scaled]]:
        """The caches of the targets themselves."""
        return self._kinds.values()

    def of(self, source: Cache[Scaled]) -> list[TargetKey]:
        """The wanted targets whose facts come from this cache."""
        return [key for key in self._wanted if self.cache(key) is source]

    def cache(self, key: TargetKey) -> Cache[Scaled] | None:
        """Where the facts of a target come from."""
        found = self._sources.get(key)
        if found is None:
            path = self.catalog.path(key)
            found = None if path is None else self._kinds.get(path)
            if found is not None:
                self._sources[key] = found
        return found

    async def want(self, wanted: Sequence[Wanted]) -> None:
        """Makes the caches that these targets need, not yet started, and stops those that none needs."""
        warmups: dict[TargetKey, float] = {}
        for item in wanted:
            warmups[item.target] = max(item.warmup, warmups.get(item.target, 0.0))
        self._wanted = warmups
        self._uncounted = [key for key in warmups if key.kind not in _PROJECTIONS]
        self._history = {key: self._history.get(key) or ReadyHistory() for key in warmups}
        self._unknown = {}
        self._standing = None
        self._known = {key: known for key, known in self._known.items() if key in warmups}
        for key in warmups:
            await self._make(key)
        await self._prune()

    async def learn_again(self) -> None:
        """Asks anew for kinds that could not be found."""
        self._standing = None
        for key in list(self._unknown):
            del self._unknown[key]
            await self._make(key)

    def has_questions(self) -> bool:
        """Whether a kind could not be found, or the pods of a target cannot be counted yet."""
        return bool(self._unknown) or bool(self.without_selector())

    def without_selector(self) -> list[TargetKey]:
        """Targets whose pods cannot be counted yet, or that are another object now."""
        found = []
        for key in self._uncounted:
            seen = self._seen(key)
            pods = self._pods.get(key)
            if seen is not None and seen.ready is None and (pods is None or pods.uid != seen.uid):
                found.append(key)
        return found

    async def select(self, key: TargetKey) -> None:
        """Asks ``/scale`` for a target's selector and makes the cache of its pods.

        Raises:
            RequestFailed: as every request; ``Rejected`` where ``/scale`` names no selector.
        """
        path, seen = self.catalog.path(key), self._seen(key)
        if path is None or seen is None:
            return
        scale = await self._server.request("GET", f"{single(path, key.name)}/scale")
        selector = (scale.get("status") or {}).get("selector")
        if not selector:
            raise Rejected(f"/scale of {key} names no selector, so its pods cannot be counted.")
        self._standing = None
        if old := self._pods.pop(key, None):
            await old.cache.stop()
        self._pods[key] = _Pods(self._server, seen.uid, key.namespace, str(selector))

    async def read(self, key: TargetKey) -> None:
        """Reads one target by itself, for facts that a write showed to be old.

        Raises:
            RequestFailed: as every request; a target that is gone is no failure.
        """
        cache = self.cache(key)
        if cache is None:
            return
        try:
            cache.put(await self._server.request("GET", single(cache.path, key.name)))
        except Rejected as error:
            if error.status != 404:
                raise
            cache.drop((key.namespace, key.name))

    def forget_history(self) -> None:
        """After a time without contact."""
        self._standing = None
        for history in self._history.values():
            history.forget()

    def facts(self, now: float, *, fresh: bool) -> Mapping[TargetKey, TargetFacts | Missing]:
        """Of every wanted target; ``fresh`` notes what is Ready now.

        The same object as before means that nothing is different.
        """
        caches, last = tuple((cache.changes, cache.failure) for cache in self.caches()), self._standing
        if last is not None and last.caches == caches and now >= last.since:
            return last.facts
        scaled_by = {namespace: found.by_target() for namespace, found in self._autoscalers.items()}
        found = {key: self._facts(key, now, scaled_by, fresh=fresh) for key in self._wanted}
        since = max((self._history[key].stands_from(self._wanted[key]) for key in found), default=now)
        known = all(isinstance(each, TargetFacts) for each in found.values())
        self._standing = _Standing(caches, since, found) if fresh and known and now >= since else None
        return found

    async def stop(self) -> None:
        """Ends every cache."""
        for cache in list(self.caches()):
            await cache.stop()

    def _facts(
        self,
        key: TargetKey,
        now: float,
        scaled_by: Mapping[str, Mapping[tuple[str, str], str] | Missing],
        *,
        fresh: bool,
    ) -> TargetFacts | Missing:
        seen = self._seen(key)
        if seen is None:
            return self._absent(key)
        if seen.replicas is None:
            return Missing("ReplicasUnset", f"{key} has no spec.replicas, so nothing can be said about it.")
        autoscalers = scaled_by[key.namespace]
        if isinstance(autoscalers, Missing):
            return autoscalers
        autoscaler = autoscalers.get((key.kind, key.name), "")
        ready = self._ready(key, seen)
        basis = (seen, autoscaler, ready, self._warm(key, now, ready, fresh=fresh))
        known = self._known.get(key)
        if known is None or known[0] != basis:
            known = self._known[key] = (basis, _facts_of(*basis))
        return known[1]

    def _seen(self, key: TargetKey) -> Scaled | None:
        cache = self.cache(key)
        kept = None if cache is None else cache.get((key.namespace, key.name))
        return None if kept is None else kept.value

    def _absent(self, key: TargetKey) -> Missing:
        cache = self.cache(key)
        failure = self._unknown.get(key) if cache is None else cache.failure
        if cache is not None and cache.synced:
            return Missing("NotFound", f"There is no {key}.")
        if failure is None:
            return Missing("NotReadYet", f"{key} has not been read yet.")
        return Missing(why(failure), str(failure))

    def _ready(self, key: TargetKey, seen: Scaled) -> int | Missing:
        if seen.ready is not None:
            return seen.ready
        pods = self._pods.get(key)
        if pods is None or pods.uid != seen.uid or not pods.cache.synced:
            return Missing("PodsUnknown", f"The pods of {key} have not been counted.")
        return sum(pods.cache.values())

    def _warm(self, key: TargetKey, now: float, ready: int | Missing, *, fresh: bool) -> int | Missing:
        if isinstance(ready, Missing):
            return ready
        history = self._history[key]
        if fresh:
            history.note(now, ready)
        return history.warm(now, self._wanted[key])

    async def _make(self, key: TargetKey) -> None:
        try:
            await self.catalog.learn(key)
            path = self.catalog.path(key)
            if path is not None and path not in self._kinds:
                self._kinds[path] = Cache(self._server, path, _PROJECTIONS.get(key.kind, foreign))
            if key.namespace not in self._autoscalers:
                self._autoscalers[key.namespace] = Autoscalers(self._server, key.namespace)
        except RequestFailed as error:
            self._unknown[key] = error

    async def _prune(self) -> None:
        paths = {self.catalog.path(key) for key in self._wanted}
        namespaces = {key.namespace for key in self._wanted}
        gone: list[Cache[Any]] = [self._kinds.pop(path) for path in set(self._kinds) - paths]
        self._sources.clear()
        for namespace in set(self._autoscalers) - namespaces:
            gone.extend(self._autoscalers.pop(namespace).caches)
        gone.extend(self._pods.pop(key).cache for key in set(self._pods) - set(self._wanted))
        self.catalog.keep(self._wanted)
        for cache in gone:
            await cache.stop()


def _facts_of(seen: Scaled, autoscaler: str, ready: int | Missing, warm: int | Missing) -> TargetFacts:
    return TargetFacts(
        uid=seen.uid,
        resource_version=seen.resource_version,
        replicas=seen.replicas or 0,
        pods=seen.pods,
        ready=ready,
        warm=warm,
        manager=seen.manager,
        cpu=seen.requests.cpu,
        memory=seen.requests.memory,
        template=seen.template,
        ordered=seen.ordered,
        autoscaler=autoscaler,
        deletes_volumes=seen.deletes_volumes,
    )
