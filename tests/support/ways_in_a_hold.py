"""Ways to gain something by a change in the middle of a hold, when capacity is there already."""

from __future__ import annotations

from collections.abc import Mapping

from tenancy_objects import BANK, Json, admitting, cluster, event, of_the_bank, show_round, workload
from tenancy_ways import Told, Turn

STAYS = "what is held there stays until its round is over, and nothing new begins"
SHOW = event()


def turn(*then: Json, start: Json | None = None, show: Json = SHOW, grants: str = STAYS) -> Turn:
    """Something changes, and the event is told that it is not admitted."""
    told = Told(show, "PreflightPassed", "NotAdmitted", grants)
    return Turn(objects=(start or admitting(), show), then=then, told=told)


IN_A_HOLD: Mapping[str, Turn] = {
    "the admission is withdrawn": turn(cluster()),
    "the admission is given to somebody else": turn(admitting(event_namespace=BANK)),
    "the admission is narrowed to another namespace": turn(admitting(BANK)),
    "the permission is narrowed to lending": turn(admitting(may=["Lend"])),
    "namespaces do not mean the same any more": turn(cluster(), start=cluster(namespaceSameness=True)),
    "the highest tier is lowered": turn(
        admitting(),
        start=admitting(maxTier="S"),
        show=event(workloads=[workload(tier="S")]),
        grants="up to tier B, not tier S",
    ),
    "the tier is raised": turn(event(workloads=[workload(tier="S")]), grants="with maxTier: S"),
    "the target is exchanged for the bank's": turn(
        event(workloads=[workload(target={"name": "vault", "namespace": BANK})]),
        grants="{eventNamespace: shows, targetNamespaces: [bank], maxTier: B}",
    ),
    "one of the bank's workloads is added": turn(
        event(
            workloads=[workload(), of_the_bank()],
            rounds=[
                show_round(
                    demand=[{"workload": "front", "replicas": 30}, {"workload": "vault", "replicas": 30}]
                )
            ],
        ),
        grants="{eventNamespace: shows, targetNamespaces: [bank], maxTier: B}",
    ),
    "more is asked for once the admission is withdrawn": turn(
        cluster(), event(rounds=[show_round(replicas=60)])
    ),
    "a round is added once the admission is withdrawn": turn(
        cluster(), event(rounds=[show_round(), show_round("two", at=145.0, replicas=60)])
    ),
    "a minimum is added once the admission is withdrawn": turn(
        cluster(), event(workloads=[workload(perCluster={"min": 60})])
    ),
}
