"""The ResourceQuotas of the targets' namespaces, and what other pods leave of them.

``status.used`` is not read: it counts our own pods too and belongs to another moment than
the list of pods. What others use is added up from the same list that the nodes' room is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from typing import Any, Final

from gala.errors import Rejected
from gala.fleet.answers import pages
from gala.fleet.client import ApiServer
from gala.fleet.paths import collection
from gala.fleet.pods import Requests, amount, template_of
from gala.fleet.watching import PAGE
from gala.planning.quotas import Purse, Quota, Scope, draws

_MILLICORES: Final = frozenset({"cpu", "requests.cpu", "limits.cpu"})


async def read_quotas(server: ApiServer, namespaces: Iterable[str]) -> Quotas:
    """The quotas of these namespaces, of which nothing is used yet.

    Raises:
        RequestFailed: as every request; where the kind is not served there are none.
    """
    found: dict[str, list[Quota]] = {}
    for namespace in namespaces:
        path = collection("v1", "resourcequotas", namespace)
        try:
            async with aclosing(pages(server, path, {"limit": PAGE})) as listed:
                async for page, _ in listed:
                    found.setdefault(namespace, []).extend(quota_of(item) for item in page)
        except Rejected as error:
            if error.status != 404:
                raise
    return Quotas(found)


class Quotas:
    """What quotas leave while pods are counted, by namespace."""

    def __init__(self, quotas: Mapping[str, Iterable[Quota]]) -> None:
        self._quotas = {namespace: tuple(here) for namespace, here in quotas.items() if here}
        self._used: Counter[Purse] = Counter()

    def count(self, namespace: str, spec: Mapping[str, Any], asks: Requests) -> None:
        """Counts one pod that is no target's, wherever it is or waits."""
        quotas = self._quotas.get(namespace)
        if quotas is not None:
            template = template_of(spec)
            for purse, taken in draws(namespace, quotas, cpu=asks.cpu, memory=asks.memory, template=template):
                self._used[purse] += taken

    def left(self) -> dict[str, tuple[Quota, ...]]:
        """The same quotas without what was counted; below zero where they were lowered since."""
        return {
            namespace: tuple(
                quota._replace(
                    free=tuple(
                        (resource, hard - self._used[Purse(namespace, quota.name, resource)])
                        for resource, hard in quota.free
                    )
                )
                for quota in here
            )
            for namespace, here in self._quotas.items()
        }


def quota_of(obj: Mapping[str, Any]) -> Quota:
    """What a ResourceQuota allows; a bound that cannot be read is none."""
    spec = obj.get("spec") or {}
    hard = {
        str(resource): amount(str(text), 1000 if resource in _MILLICORES else 1)
        for resource, text in (spec.get("hard") or {}).items()
    }
    selected = (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    return Quota(
        str(obj["metadata"]["name"]),
        tuple(sorted((resource, known) for resource, known in hard.items() if known is not None)),
        (
            *(Scope(str(name)) for name in spec.get("scopes") or ()),
            *(
                Scope(
                    str(item.get("scopeName")),
                    str(item.get("operator")),
                    tuple(map(str, item.get("values") or ())),
                )
                for item in selected
            ),
        ),
    )
