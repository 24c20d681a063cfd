"""Who may touch what in a cluster, from what its platform team wrote.

Nobody gains rights in a namespace by writing an event in another one: without ``admits``
the cluster that the operator runs in admits an event in the event's own namespace, and a
remote cluster admits nobody, unless ``namespaceSameness`` says that a namespace belongs
to the same people everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from gala.api.cluster import Admit, GalaClusterSpec, Permission
from gala.planning.facts import Admission


def admissions(spec: GalaClusterSpec, namespaces: Iterable[str]) -> tuple[Admission, ...]:
    """``admits`` as planning reads it; ``namespaces`` are those that targets are wanted in.

    What is admitted by default has the default bounds: growth, and no tier above B.
    """
    stated = tuple(_stated(admit) for admit in spec.admits)
    if not admits_own(spec):
        return stated
    own = {Admission(event_namespace=name, target_namespaces=(name,)) for name in namespaces}
    return stated + tuple(sorted(own, key=lambda admission: admission.event_namespace))


def admits_own(spec: GalaClusterSpec) -> bool:
    """Whether events of every namespace may grow what runs in their own one."""
    return spec.namespace_sameness or (spec.in_cluster and not spec.admits)


def _stated(admit: Admit) -> Admission:
    return Admission(
        event_namespace=admit.event_namespace,
        target_namespaces=admit.target_namespaces,
        may_grow=Permission.GROW in admit.may,
        max_tier=str(admit.max_tier),
    )
