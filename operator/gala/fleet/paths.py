"""Where things are in an API server's tree of addresses."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from gala.errors import Rejected
from gala.fleet.client import ApiServer
from gala.planning.facts import TargetKey

_SEGMENT: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")

_BUILT_IN: Final = {
    ("apps/v1", "Deployment"): "deployments",
    ("apps/v1", "StatefulSet"): "statefulsets",
    ("apps/v1", "ReplicaSet"): "replicasets",
}


def collection(api_version: str, plural: str, namespace: str = "") -> str:
    """The address of a kind's objects, in one namespace if given.

    Raises:
        Rejected: a part that is no Kubernetes name; ``..`` would lead to another object.
    """
    parts = api_version.split("/")
    root = "/api" if len(parts) == 1 else "/apis"
    if namespace:
        parts += ["namespaces", namespace]
    return "/".join([root, *(_segment(part) for part in [*parts, plural])])


def single(path: str, name: str) -> str:
    """The address of one object of a collection."""
    return f"{path}/{_segment(name)}"


def _segment(text: str) -> str:
    if not _SEGMENT.fullmatch(text) or ".." in text:
        raise Rejected(f"{text!r} is not a Kubernetes name.")
    return text


class Catalog:
    """The plural names of kinds, asked once of one cluster."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._plurals = dict(_BUILT_IN)
        self._paths: dict[tuple[str, str, str], str] = {}

    def path(self, target: TargetKey) -> str | None:
        """The collection of a target, None while ``learn`` has not been told its kind."""
        path = self._paths.get(target[:3])
        if path is None:
            plural = self._plurals.get((target.api_version, target.kind))
            if plural is None:
                return None
            path = self._paths[target[:3]] = collection(target.api_version, plural, target.namespace)
        return path

    def keep(self, wanted: Collection[TargetKey]) -> None:
        """Forgets what none of these targets needs."""
        kinds = {(key.api_version, key.kind) for key in wanted} | set(_BUILT_IN)
        places = {key[:3] for key in wanted}
        self._plurals = {kind: plural for kind, plural in self._plurals.items() if kind in kinds}
        self._paths = {place: path for place, path in self._paths.items() if place in places}

    async def learn(self, target: TargetKey) -> None:
        """Asks for the plural of a kind that is not known yet.

        Raises:
            Rejected: the kind is not served here, or has no ``/scale``.
            RequestFailed: as every request.
        """
        kind = (target.api_version, target.kind)
        if kind in self._plurals:
            return
        resources = await self._resources(target.api_version)
        names = {item.get("name") for item in resources}
        for item in resources:
            name = str(item.get("name"))
            namespaced = item.get("namespaced", True)
            if not namespaced or "/" in name or item.get("kind") != target.kind:
                continue
            if f"{name}/scale" in names:
                self._plurals[kind] = name
                return
        raise Rejected(
            f"{target.kind} of {target.api_version} cannot be scaled here: only what lives in a namespace "
            "and has /scale can, whoever grants it; write another target.",
            status=404,
        )

    async def _resources(self, api_version: str) -> Sequence[Mapping[str, Any]]:
        """The kinds of one group; none where it is not served."""
        group = collection(api_version, "x").rpartition("/")[0]
        try:
            return (await self._server.request("GET", group)).get("resources") or ()
        except Rejected as error:
            if error.status != 404:
                raise
            return ()
