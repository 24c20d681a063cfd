"""Labels and taints of nodes, and what pod templates say of them."""

from __future__ import annotations

from typing import Any

import pytest

from fleet_builders import DEPLOYMENTS, NODES, PODS, WEB, client, deployment, node, pod
from fleet_server import serving
from fleet_stage import stage
from gala.fleet.pods import NODE_NAME, template_of
from gala.fleet.rooms import Owners, Reading, read_room
from gala.planning.facts import Missing, NodeRoom, TargetFacts
from gala.planning.templates import Keys, Spread, Taint, Term, Toleration, Where

GI = 1 << 30


def labelled(name: str, labels: dict[str, str], **spec: Any) -> dict[str, Any]:
    """As a kubelet registers it, with the labels that are different on each node."""
    found = node(name, **spec)
    found["metadata"]["labels"] = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "m6i.8xlarge",
        **labels,
    }
    return found


async def read(*nodes: dict[str, Any], labels: tuple[str, ...] = ()) -> Reading:
    async with serving() as server:
        for item in nodes:
            server.put(NODES, item)
        north = client(server)
        try:
            return await read_room(north, Owners([], {}), Keys(frozenset(labels)))
        finally:
            await north.close()


def rooms(*told: tuple[int, Any, Any]) -> tuple[NodeRoom, ...]:
    return tuple(NodeRoom(count, 8_000, 32 * GI, 110, labels, taints) for count, labels, taints in told)


async def test_labels_that_nobody_asks_for_keep_no_nodes_apart() -> None:
    got = await read(labelled("n1", {"pool": "a"}), labelled("n2", {"pool": "b"}))
    assert got.rooms == rooms((2, (), ()))


async def test_nodes_are_told_apart_by_the_labels_that_are_asked_for() -> None:
    nodes = [labelled(f"n{number}", {"pool": "a"}) for number in range(3)]
    got = await read(*nodes, labelled("m", {}), labels=("pool", "zone"))
    assert got.rooms == rooms((3, (("pool", "a"),), ()), (1, (), ()))
    assert got.keys.labels == {"pool", "zone"}


async def test_the_name_of_a_node_can_be_asked_for() -> None:
    got = await read(node("n1"), node("n2"), labels=(NODE_NAME,))
    assert got.rooms == rooms((1, ((NODE_NAME, "n2"),), ()), (1, ((NODE_NAME, "n1"),), ()))


async def test_taints_that_keep_pods_away_are_kept_in_one_order() -> None:
    one = [
        {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"},
        {"key": "drain", "effect": "NoExecute"},
        {"key": "old", "effect": "PreferNoSchedule"},
    ]
    got = await read(node("n1", taints=one), node("n2", taints=one[::-1]))
    want = (Taint("drain", "", "NoExecute"), Taint("nvidia.com/gpu", "present", "NoSchedule"))
    assert got.rooms == rooms((2, (), want))


@pytest.mark.parametrize(
    ("spec", "want"),
    [
        pytest.param({}, Where(), id="nothing"),
        pytest.param(
            {"nodeSelector": {"zone": "a", "pool": "show"}},
            Where(((Term("pool", "In", ("show",)), Term("zone", "In", ("a",))),)),
            id="a node selector",
        ),
        pytest.param(
            {
                "nodeSelector": {"pool": "show"},
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["16"]}]},
                                {
                                    "matchFields": [
                                        {"key": "metadata.name", "operator": "In", "values": ["n7"]}
                                    ]
                                },
                            ]
                        },
                        "preferredDuringSchedulingIgnoredDuringExecution": [
                            {"weight": 1, "preference": {"matchExpressions": []}}
                        ],
                    }
                },
            },
            Where(
                (
                    (Term("pool", "In", ("show",)), Term("cores", "Gt", ("16",))),
                    (Term("pool", "In", ("show",)), Term(NODE_NAME, "In", ("n7",))),
                )
            ),
            id="required affinity beside a node selector; what is preferred binds nobody",
        ),
        pytest.param(
            {
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{}]}
                    }
                }
            },
            Where(((Term(NODE_NAME, "In"),),)),
            id="an empty alternative takes no node",
        ),
        pytest.param(
            {
                "tolerations": [
                    {"operator": "Exists"},
                    {"key": "pool", "value": "gpu", "effect": "NoSchedule"},
                    {"key": "drain", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                ]
            },
            Where(
                tolerations=(
                    Toleration("", "Exists"),
                    Toleration("pool", "Equal", "gpu", "NoSchedule"),
                    Toleration("drain", "Exists", "", "NoExecute"),
                )
            ),
            id="tolerations",
        ),
    ],
)
def test_where_a_pod_may_be(spec: dict[str, Any], want: Where) -> None:
    assert template_of({"containers": [], **spec}).where == want


def choosing(**selector: str) -> dict[str, Any]:
    found = deployment()
    found["spec"]["template"]["spec"]["nodeSelector"] = selector
    return found


async def test_a_cluster_is_read_by_the_labels_that_its_targets_ask_for() -> None:
    async with stage() as it:
        it.north.put(NODES, labelled("n1", {"pool": "show", "zone": "a"}))
        it.north.put(DEPLOYMENTS, choosing(pool="show"))
        assert (await it.look()).nodes == rooms((1, (("pool", "show"),), ()))


async def test_a_label_that_is_asked_for_later_is_read_at_once() -> None:
    async with stage() as it:
        it.north.put(NODES, labelled("n1", {"pool": "show", "zone": "a"}))
        assert (await it.look()).nodes == rooms((1, (), ()))

        it.north.put(DEPLOYMENTS, choosing(zone="a"))
        first = (await it.later(2, deployments=it.north.version)).nodes
        assert isinstance(first, Missing)
        assert (await it.later(2)).nodes == rooms((1, (("zone", "a"),), ()))
        assert it.north.count("GET", "/nodes") == 2


def with_devices(name: str, **allocatable: str) -> dict[str, Any]:
    """A node as its kubelet tells of it once a device plugin has registered."""
    found = node(name)
    found["status"]["allocatable"] |= {
        "ephemeral-storage": "95551679124",
        "hugepages-1Gi": "0",
        **{key.replace("__", "/").replace("_", "."): value for key, value in allocatable.items()},
    }
    return found


def asking(name: str, **limits: str) -> dict[str, Any]:
    """A pod of somebody else that asks for devices."""
    found = pod(name, cpu="0")
    found["spec"]["containers"][0]["resources"] = {
        "limits": {key.replace("__", "/").replace("_", "."): value for key, value in limits.items()}
    }
    return found


async def test_devices_that_targets_ask_for_are_counted_and_no_others() -> None:
    async with serving() as server:
        server.put(NODES, with_devices("n1", nvidia_com__gpu="8"))
        server.put(NODES, with_devices("n2"))
        server.put(PODS, asking("a", nvidia_com__gpu="2", amd_com__gpu="1"))
        server.put(PODS, asking("b", nvidia_com__gpu="1"))
        north = client(server)
        got = await read_room(north, Owners([], {}), Keys(resources=frozenset({"nvidia.com/gpu"})))
        await north.close()

    want = (
        NodeRoom(1, 8_000, 32 * GI, 110),
        NodeRoom(1, 8_000, 32 * GI, 108, extended=(("nvidia.com/gpu", 5),)),
    )
    assert got.rooms == want


@pytest.mark.parametrize(
    ("spec", "want"),
    [
        pytest.param({"containers": [{"name": "app"}]}, (), id="nothing"),
        pytest.param(
            {"containers": [{"resources": {"limits": {"nvidia.com/gpu": "2", "cpu": "1"}}}]},
            (("nvidia.com/gpu", 2),),
            id="a limit is a request",
        ),
        pytest.param(
            {
                "containers": [
                    {"resources": {"requests": {"ephemeral-storage": "1Gi", "hugepages-2Mi": "4Mi"}}},
                    {"resources": {"requests": {"ephemeral-storage": "1Gi"}}},
                ],
                "initContainers": [{"resources": {"requests": {"ephemeral-storage": "3Gi"}}}],
                "overhead": {"cpu": "100m"},
            },
            (("ephemeral-storage", 3 << 30), ("hugepages-2Mi", 4 << 20)),
            id="containers add up, or an init container's if that is more",
        ),
        pytest.param(
            {"containers": [{"resources": {"requests": {"nvidia.com/gpu": "0"}}}]}, (), id="none of it"
        ),
    ],
)
def test_what_else_a_pod_asks_for(spec: dict[str, Any], want: tuple[tuple[str, int], ...]) -> None:
    assert template_of(spec).extended == want


async def test_a_cluster_is_read_by_the_devices_that_its_targets_ask_for() -> None:
    async with stage() as it:
        it.north.put(NODES, with_devices("n1", nvidia_com__gpu="8"))
        web = deployment()
        resources = web["spec"]["template"]["spec"]["containers"][0]["resources"]
        resources["limits"] = {"nvidia.com/gpu": "1"}
        it.north.put(DEPLOYMENTS, web)

        facts = await it.look()

        assert facts.nodes == (NodeRoom(1, 8_000, 32 * GI, 110, extended=(("nvidia.com/gpu", 8),)),)
        target = facts.targets[WEB]
        assert isinstance(target, TargetFacts)
        assert target.template.extended == (("nvidia.com/gpu", 1),)


def constraint(**changes: Any) -> dict[str, Any]:
    return {
        "maxSkew": 2,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
        **changes,
    }


ZONES = Spread("topology.kubernetes.io/zone", 2)


@pytest.mark.parametrize(
    ("constraints", "want"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([constraint()], ZONES, id="a constraint that counts the pod's own kind"),
        pytest.param([constraint(minDomains=3)], ZONES._replace(domains=3), id="at least three zones"),
        pytest.param(
            [
                constraint(
                    labelSelector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}
                )
            ],
            ZONES,
            id="whose selector is an expression",
        ),
        pytest.param([constraint(whenUnsatisfiable="ScheduleAnyway")], None, id="what is only preferred"),
        pytest.param(
            [constraint(topologyKey="kubernetes.io/hostname"), constraint()], ZONES, id="nodes are no zones"
        ),
        pytest.param([constraint(labelSelector={"matchLabels": {"app": "x"}})], None, id="of other pods"),
        pytest.param([constraint(labelSelector={})], None, id="of all pods"),
    ],
)
def test_how_pods_are_spread(constraints: list[dict[str, Any]], want: Spread | None) -> None:
    spec = {"containers": [], "topologySpreadConstraints": constraints}
    assert template_of(spec, {"app": "web", "tier": "A"}).spread == want


async def test_a_cluster_is_read_by_the_zones_over_which_its_targets_are_spread() -> None:
    async with stage() as it:
        it.north.put(NODES, labelled("n1", {"topology.kubernetes.io/zone": "a"}))
        web = deployment()
        web["spec"]["template"]["metadata"] = {"labels": {"app": "web"}}
        web["spec"]["template"]["spec"]["topologySpreadConstraints"] = [constraint()]
        it.north.put(DEPLOYMENTS, web)
        assert (await it.look()).nodes == rooms((1, (("topology.kubernetes.io/zone", "a"),), ()))
