"""What the ResourceQuotas of a namespace leave to the targets in it.

A quota is counted as Kubernetes counts it: over all pods of a namespace that its scopes
take, wherever they run. A scope that a plan cannot judge takes no pod, because a cap that
is not there would be a shortfall that nobody can find.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gala.planning.templates import Template


class Scope(NamedTuple):
    """Which pods a quota counts; ``values`` belong to ``In`` and ``NotIn``."""

    name: str
    operator: str = "Exists"
    values: tuple[str, ...] = ()


class Quota(NamedTuple):
    """One ResourceQuota and what it leaves beside pods that are no target of ours."""

    name: str
    free: tuple[tuple[str, int], ...]
    """By the quota's own name of a resource: pods, millicores, bytes."""
    scopes: tuple[Scope, ...] = ()
    """All of them have to take a pod."""


class Purse(NamedTuple):
    """One amount that the pods of a namespace share."""

    namespace: str
    quota: str
    resource: str


class Draw(NamedTuple):
    """What one pod takes out of a purse."""

    purse: Purse
    amount: int


def draws(
    namespace: str, quotas: Iterable[Quota], *, cpu: int, memory: int, template: Template
) -> tuple[Draw, ...]:
    """What one pod takes out of each quota of its namespace; millicores and bytes."""
    uses = {
        "pods": 1,
        "count/pods": 1,
        "cpu": cpu,
        "requests.cpu": cpu,
        "limits.cpu": template.limits_cpu,
        "memory": memory,
        "requests.memory": memory,
        "limits.memory": template.limits_memory,
        **dict(template.extended),
        **{f"requests.{name}": amount for name, amount in template.extended},
    }
    best_effort = not cpu and not memory
    return tuple(
        Draw(Purse(namespace, quota.name, resource), uses[resource])
        for quota in quotas
        if all(_takes(scope, template, best_effort=best_effort) for scope in quota.scopes)
        for resource, _ in quota.free
        if uses.get(resource)
    )


def _takes(scope: Scope, template: Template, *, best_effort: bool) -> bool:
    known = {
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
        "Terminating": template.deadline,
        "NotTerminating": not template.deadline,
        "PriorityClass": _picks(scope, template.priority_class),
    }
    return known.get(scope.name, False)


def _picks(scope: Scope, value: str) -> bool:
    return {
        "In": value in scope.values,
        "NotIn": value not in scope.values,
        "Exists": bool(value),
        "DoesNotExist": not value,
    }.get(scope.operator, False)
