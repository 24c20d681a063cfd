"""What the operator's accounts may do, and nothing more.

One source for the chart's roles, for ``gala member-rbac`` and for the tables of docs/security.md;
the end-to-end suite compares it with the audit logs of real API servers, in both directions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from gala.api.meta import ALLOCATIONS, CLUSTERS, CUES, EVENTS, GROUP

ROLES: Final = "rbac.authorization.k8s.io"


class Rule(NamedTuple):
    """Verbs on resources of one API group; ``names`` narrows them to objects of these names."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()


class Scalable(NamedTuple):
    """A kind with ``/scale`` beside Deployment and StatefulSet, as ``rollouts`` of ``argoproj.io``."""

    plural: str
    group: str


HUB_EVERYWHERE: Final = (
    Rule(GROUP, (EVENTS,), ("get", "list", "watch")),
    Rule(GROUP, (CLUSTERS,), ("list", "watch")),
    Rule(GROUP, (CUES,), ("list",)),
    Rule(GROUP, (f"{EVENTS}/status", f"{CLUSTERS}/status", f"{CUES}/status"), ("patch",)),
    Rule("", ("events",), ("create",)),
    Rule("", ("namespaces",), ("get",)),
    Rule(
        "apiextensions.k8s.io",
        ("customresourcedefinitions",),
        ("get",),
        tuple(f"{plural}.{GROUP}" for plural in (EVENTS, CLUSTERS, ALLOCATIONS)),
    ),
)
"""In the cluster of the operator, where events may be in any namespace."""


def in_fleet_namespace(lease: str) -> tuple[Rule, ...]:
    """In the namespace of the operator alone; ``lease`` is the name of its Lease."""
    leases = "coordination.k8s.io"
    return (
        Rule(GROUP, (ALLOCATIONS,), ("list", "create", "update", "delete")),
        Rule(GROUP, (f"{ALLOCATIONS}/status",), ("patch",)),
        # RBAC cannot narrow `create` to a name.
        Rule(leases, ("leases",), ("create",)),
        Rule(leases, ("leases",), ("get", "update"), (lease,)),
        Rule("", ("secrets",), ("get",)),
        Rule("", ("configmaps",), ("create", "patch")),
    )


LOCAL_CLUSTER: Final = (Rule(GROUP, (CLUSTERS,), ("create",)),)
"""In the namespace of the operator, for ``gala run --local-cluster``."""

MEMBER_EVERYWHERE: Final = (Rule("", ("nodes", "pods"), ("list",)),)
"""In a member cluster as a whole: its free room, which is the nodes' less all pods'."""


def in_target_namespaces(scalables: Sequence[Scalable] = ()) -> tuple[Rule, ...]:
    """In the namespaces of a member cluster whose targets may be grown.

    The pods of kinds that do not count their own Ready ones are watched, by the label selector
    that their ``/scale`` gives.
    """
    built_in = ("deployments", "statefulsets")
    return (
        Rule("apps", built_in, ("get", "list", "watch")),
        Rule("apps", tuple(f"{plural}/scale" for plural in built_in), ("patch",)),
        Rule("autoscaling", ("horizontalpodautoscalers",), ("list", "watch")),
        Rule("keda.sh", ("scaledobjects",), ("list", "watch")),
        Rule("", ("resourcequotas",), ("list",)),
        *(rule for scalable in scalables for rule in _of(scalable)),
        *((Rule("", ("pods",), ("list", "watch")),) if scalables else ()),
    )


def _of(scalable: Scalable) -> tuple[Rule, ...]:
    return (
        Rule(scalable.group, (scalable.plural,), ("get", "list", "watch")),
        Rule(scalable.group, (f"{scalable.plural}/scale",), ("get", "patch")),
    )


def wire(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """The ``rules`` of a Role or a ClusterRole."""
    return [
        {
            "apiGroups": [rule.group],
            "resources": list(rule.resources),
            **({"resourceNames": list(rule.names)} if rule.names else {}),
            "verbs": list(rule.verbs),
        }
        for rule in rules
    ]


def role(name: str, rules: Sequence[Rule], *, namespace: str = "") -> dict[str, Any]:
    """A Role, or a ClusterRole where there is no namespace."""
    return {
        "apiVersion": f"{ROLES}/v1",
        "kind": "Role" if namespace else "ClusterRole",
        "metadata": _metadata(name, namespace),
        "rules": wire(rules),
    }


def binding(name: str, account: Mapping[str, str], *, namespace: str = "") -> dict[str, Any]:
    """Gives the Role of the same name, or the ClusterRole without a namespace, to an account.

    ``account`` has the ``name`` and the ``namespace`` of a ServiceAccount.
    """
    return {
        "apiVersion": f"{ROLES}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": _metadata(name, namespace),
        "roleRef": {"apiGroup": ROLES, "kind": "Role" if namespace else "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", **account}],
    }


def _metadata(name: str, namespace: str) -> dict[str, str]:
    return {"name": name, **({"namespace": namespace} if namespace else {})}
