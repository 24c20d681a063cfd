"""What a newcomer does with kubectl on ``gala demo --serve``; time goes 15 times as fast."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serve_stage import KUBECTL, WITHOUT_KUBECTL, Kubectl, Up, a_served_fleet

pytestmark = pytest.mark.skipif(KUBECTL is None, reason=WITHOUT_KUBECTL)

SHOW = "evening-show"
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with a_served_fleet(tmp_path_factory.mktemp("served"), speed=15) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def kubectl(up: Up, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    return Kubectl(tmp_path_factory.mktemp("home"), up.served.folder.kubeconfig)


def an_event(name: str, *, start: str = "2099-01-01T20:00:00+08:00", **spec: Any) -> str:
    more = "".join(f"  {key}: {value}\n" for key, value in spec.items())
    return f"""
apiVersion: gala.dev/v1alpha1
kind: GalaEvent
metadata:
  name: {name}
  labels: {{season: {name}}}
spec:
{more}  workloads:
  - name: login
    target: {{name: login}}
    capacity: {{qpsPerReplica: 500}}
  rounds:
  - name: opening
    start: {start}
    duration: 10m
    demand:
    - {{workload: login, qps: 30k}}
"""


def test_a_person_who_scales_a_target_of_a_live_show_is_overruled_and_named(kubectl: Kubectl) -> None:
    kubectl.fine("wait", "ge", SHOW, "--for=jsonpath={.status.phase}=Live", "--timeout=110s")
    kubectl.fine("--context", "north", "scale", "deploy/gateway", "--replicas=1")
    kubectl.fine("wait", "ge", SHOW, "--for=condition=Contested", "--timeout=60s")
    shown = kubectl.until("Contested", "describe", "ge", SHOW).partition("Events:")[2]
    assert re.search(r"Warning +Contested .*gateway", shown)
    assert kubectl.read("deploy", "gateway", "--context", "north")["spec"]["replicas"] > 1


@pytest.mark.parametrize(
    ("kind", "want"),
    [
        pytest.param("galaevents", "PHASE ROUND NEXT READY CLUSTERS AGE", id="a show"),
        pytest.param("gc -n gala-system", "CLASS ORDER REACHABLE NODES CORES FREE AGE", id="a cluster"),
        pytest.param("deploy --context north", "DESIRED READY UP-TO-DATE AVAILABLE AGE", id="a deployment"),
        pytest.param("pods --context east", "READY STATUS NODE AGE", id="a pod"),
        pytest.param("nodes --context cloud", "STATUS CPU MEMORY PODS AGE", id="a node"),
        pytest.param("secrets -n gala-system", "TYPE AGE", id="a secret"),
        pytest.param("leases -n gala-system", "HOLDER AGE", id="a lease"),
        pytest.param("namespaces", "STATUS AGE", id="a namespace"),
        pytest.param("crds", "CREATED AT", id="a definition"),
    ],
)  # fmt: skip
def test_get_prints_the_columns_of_(kubectl: Kubectl, kind: str, want: str) -> None:
    head, *rows = kubectl.fine("get", *kind.split(), "-o", "wide").splitlines()
    assert head.split()[1:] == want.split()
    assert rows


def test_get_finds_what_it_is_asked_for_in_all_namespaces(kubectl: Kubectl) -> None:
    shown = kubectl.fine("get", "galaevents,galaclusters", "--all-namespaces")
    want = [f"gala {SHOW}", *(f"gala-system {name}" for name in ("cloud", "east", "north"))]
    rows = [line.split() for line in shown.splitlines() if line.startswith("gala")]
    assert set(want) <= {f"{row[0]} {row[1].partition('/')[2]}" for row in rows}


def test_get_prints_a_show_as_yaml(kubectl: Kubectl) -> None:
    assert "  timeZone: UTC\n" in kubectl.fine("get", "ge", SHOW, "-o", "yaml")


def test_get_selects_by_labels(kubectl: Kubectl) -> None:
    assert kubectl.fine("--context", "north", "get", "deploy", "-l", "app=gateway", "-o", "name").split() == [
        "deployment.apps/gateway"
    ]


def test_get_watches_for_as_long_as_it_is_told(kubectl: Kubectl) -> None:
    kubectl.fine("apply", "-f", "-", given=an_event("watched"))
    _, shown = kubectl("get", "ge", "watched", "--watch", "--request-timeout=5s")
    assert shown.splitlines()[1].split()[0] == "watched"
    assert re.search(r"\d+[smh]$", shown.splitlines()[1])


def test_describe_shows_what_the_operator_says_with_its_events(kubectl: Kubectl) -> None:
    shown = kubectl.until("PhasePreparing", "describe", "galaevent", SHOW)
    assert "Planned → Preparing" in shown.partition("Events:")[2]


def test_events_are_listed(kubectl: Kubectl) -> None:
    head, *rows = kubectl.until(SHOW, "get", "events").splitlines()
    assert head.split()[:5] == ["NAME", "LAST", "SEEN", "TYPE", "REASON"]
    assert "PhasePreparing" in " ".join(rows)


def test_explain_tells_what_the_models_say(kubectl: Kubectl) -> None:
    assert "FIELD: qpsPerReplica <integer>" in kubectl.fine(
        "explain", "ge.spec.workloads.capacity.qpsPerReplica"
    )


def test_api_resources_list_our_kinds(kubectl: Kubectl) -> None:
    names = kubectl.fine("api-resources", "--api-group=gala.dev", "-o", "name").split()
    assert names == [
        f"{kind}.gala.dev" for kind in ("galaallocations", "galaclusters", "galacues", "galaevents")
    ]


@pytest.mark.parametrize(
    "how", [pytest.param("", id="by the client"), pytest.param("--server-side", id="by the server")]
)
def test_a_show_is_applied_changed_and_deleted_(kubectl: Kubectl, how: str) -> None:
    name = f"applied{how.strip('-')[:6]}"
    flags = ["apply", *how.split(), "-f", "-"]
    done = "serverside-applied" if how else "created"
    assert kubectl.fine(*flags, given=an_event(name)) == f"galaevent.gala.dev/{name} {done}\n"
    kubectl.fine("wait", "ge", name, "--for=condition=Valid", "--timeout=60s")
    kubectl.fine(*flags, given=an_event(name, start="2099-02-02T20:00:00+08:00"))
    assert kubectl.read("ge", name)["spec"]["rounds"][0]["start"] == "2099-02-02T20:00:00+08:00"
    assert kubectl.fine("delete", "ge", name).startswith(f'galaevent.gala.dev "{name}" deleted')


def test_diff_shows_what_apply_would_change(kubectl: Kubectl) -> None:
    kubectl.fine("apply", "-f", "-", given=an_event("differs"))
    status, shown = kubectl("diff", "-f", "-", given=an_event("differs", paused="true"))
    assert (status, "+  paused: true" in shown) == (1, True)


def test_a_show_is_created_and_replaced_from_a_file(kubectl: Kubectl, tmp_path: Path) -> None:
    path = tmp_path / "show.yaml"
    path.write_text(an_event("created"))
    assert kubectl.fine("create", "-f", str(path)) == "galaevent.gala.dev/created created\n"
    assert "already exists" in kubectl.refused("create", "-f", str(path))
    path.write_text(an_event("created", paused="true"))
    assert kubectl.fine("replace", "-f", str(path)) == "galaevent.gala.dev/created replaced\n"
    assert kubectl.read("ge", "created")["spec"]["paused"] is True


def test_a_show_is_edited(kubectl: Kubectl) -> None:
    kubectl.fine("apply", "-f", "-", given=an_event("edited"))
    shown = kubectl.fine("edit", "ge", "edited", editor="sed -i s/qps:.30k/qps:\\ 40k/")
    assert shown == "galaevent.gala.dev/edited edited\n"
    assert kubectl.read("ge", "edited")["spec"]["rounds"][0]["demand"][0]["qps"] == "40k"


def test_an_edit_that_breaks_the_schema_is_refused_with_its_message(kubectl: Kubectl) -> None:
    kubectl.fine("apply", "-f", "-", given=an_event("guarded"))
    shown = kubectl.refused("edit", "ge", "guarded", editor="sed -i s/start:..2099.*/start:\\ tomorrow/")
    kept = re.search(r'stored to "(.*)"', shown)
    assert kept
    assert '# * spec.rounds[0].start: Invalid value: "tomorrow": should match' in Path(kept[1]).read_text()
    assert kubectl.read("ge", "guarded")["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("patch", "want"),
    [
        pytest.param('{"spec":{"mode":"Often"}}', 'mode: Unsupported value: "Often"', id="a new mode"),
        pytest.param('{"spec":{"paused":3}}', "spec.paused: Invalid value", id="a number for a switch"),
        pytest.param('{"spec":{"rounds":[]}}', "spec.rounds: Invalid value", id="no round"),
        pytest.param('{"spec":{"workloads":null}}', "spec.workloads: Required value", id="no workloads"),
    ],
)  # fmt: skip
def test_a_patch_is_refused_that_brings_(kubectl: Kubectl, patch: str, want: str) -> None:
    kubectl.fine("apply", "-f", "-", given=an_event("patched"))
    assert want in kubectl.refused("patch", "ge", "patched", "--type=merge", "-p", patch)


def test_a_field_that_is_misspelt_is_refused(kubectl: Kubectl) -> None:
    assert 'unknown field "spec.pausd"' in kubectl.refused(
        "apply", "-f", "-", given=an_event("odd", pausd="true")
    )


def test_what_only_the_operator_can_tell_is_a_condition(kubectl: Kubectl) -> None:
    kubectl.fine("apply", "-f", "-", given=an_event("martian", timeZone="Mars"))
    kubectl.fine("wait", "ge", "martian", "--for=jsonpath={.status.phase}=Invalid", "--timeout=60s")
    assert "Mars" in kubectl.fine("describe", "ge", "martian").partition("Status:")[2]


def test_a_show_is_paused_by_a_patch(kubectl: Kubectl) -> None:
    kubectl.fine("apply", "-f", "-", given=an_event("resting"))
    kubectl.fine("patch", "ge", "resting", "--type=merge", "-p", '{"spec":{"paused":true}}')
    kubectl.fine("wait", "ge", "resting", "--for=jsonpath={.status.phase}=Paused", "--timeout=60s")


def test_a_deployment_is_scaled_and_rolls_out(kubectl: Kubectl) -> None:
    there = ("--context", "cloud", "--namespace", "gala")
    assert (
        kubectl.fine(*there, "scale", "deploy/recommend", "--replicas=7")
        == "deployment.apps/recommend scaled\n"
    )
    shown = kubectl.fine(*there, "rollout", "status", "deploy/recommend", "--timeout=100s")
    assert 'deployment "recommend" successfully rolled out' in shown
    assert kubectl.read(*there, "deploy", "recommend")["status"]["readyReplicas"] == 7


def test_a_pod_that_is_deleted_is_replaced(kubectl: Kubectl) -> None:
    there = ("--context", "east", "--namespace", "gala")
    first, *rest = kubectl.fine(*there, "get", "pods", "-l", "app=recommend", "-o", "name").split()
    kubectl.fine(*there, "delete", first, "--wait=false")
    kubectl.fine(*there, "wait", "deploy/recommend", "--for=condition=Available", "--timeout=60s")
    kubectl.fine(*there, "wait", first, "--for=delete", "--timeout=60s")
    now = kubectl.fine(*there, "get", "pods", "-l", "app=recommend", "-o", "name").split()
    assert (len(now), first in now, set(rest) <= set(now)) == (len(rest) + 1, False, True)


def test_a_node_is_drained_and_its_pods_go_elsewhere(kubectl: Kubectl) -> None:
    node = "east-node-0000"
    kubectl.fine("--context", "east", "drain", node, "--force", "--ignore-daemonsets")
    placed = kubectl.read("--context", "east", "pods")["items"]
    assert [pod for pod in placed if pod["spec"].get("nodeName") == node] == []
    kubectl.fine("--context", "east", "uncordon", node)


def test_a_node_that_is_deleted_takes_its_pods_along(kubectl: Kubectl) -> None:
    there = ("--context", "cloud")
    node = "cloud-node-0000"
    assert kubectl.fine(*there, "get", "pods", "--field-selector", f"spec.nodeName={node}", "-o", "name")
    kubectl.fine(*there, "delete", "node", node)
    kubectl.fine(
        *there, "wait", "pods", "--for=delete", "--timeout=60s", f"--field-selector=spec.nodeName={node}"
    )
    assert kubectl.fine(*there, "get", "nodes", "-o", "name").split()[0] == "node/cloud-node-0001"


@pytest.mark.parametrize(
    ("command", "want"),
    [
        pytest.param("logs deploy/login", "they have no logs", id="logs"),
        pytest.param("label pods -l app=login a=b", "pods follow from their workload", id="a label on a pod"),
        pytest.param("run web --image=web", "pods follow from their workload", id="a bare pod"),
        pytest.param("delete pod -n kube-system agent-north-node-0003", "pods follow", id="no workload"),
    ],
)  # fmt: skip
def test_it_is_said_that_the_sandbox_does_not_do_(kubectl: Kubectl, command: str, want: str) -> None:
    assert want in kubectl.refused("--context", "north", *command.split())


def test_a_namespace_with_a_secret_and_a_map_is_created_from_arguments(kubectl: Kubectl) -> None:
    assert kubectl.fine("create", "namespace", "stage") == "namespace/stage created\n"
    there = ("--namespace", "stage")
    kubectl.fine(*there, "create", "secret", "generic", "key", "--from-literal=value=sesam")
    kubectl.fine(*there, "create", "configmap", "words", "--from-literal=a=b", "--from-literal=c=d")
    assert kubectl.read(*there, "secret", "key")["data"] == {"value": "c2VzYW0="}
    assert kubectl.read(*there, "configmap", "words")["data"] == {"a": "b", "c": "d"}


def test_a_deployment_is_created_by_the_detour_that_a_refusal_names(kubectl: Kubectl) -> None:
    create = ("create", "deployment", "web", "--image=web", "--replicas=2", "--context", "east")
    assert "--dry-run=client -o yaml" in kubectl.refused(*create)
    body = kubectl.fine(*create, "--dry-run=client", "-o", "yaml")
    assert (
        kubectl.fine("--context", "east", "create", "-f", "-", given=body) == "deployment.apps/web created\n"
    )


def test_everybody_may_do_everything(kubectl: Kubectl) -> None:
    assert kubectl.fine("auth", "can-i", "create", "galaevents") == "yes\n"


def test_the_smallest_example_can_be_applied_as_it_is(kubectl: Kubectl) -> None:
    kubectl.fine("apply", "-f", str(EXAMPLES / "minimal.yaml"))
    kubectl.fine("wait", "ge", "first-show", "--for=condition=Valid", "--timeout=60s")
    status = kubectl.read("ge", "first-show")["status"]
    assert (status["rounds"][0]["required"], status["clustersReachable"]) == (180, "3/3")


def test_the_large_example_finds_its_targets_too(kubectl: Kubectl) -> None:
    kubectl.fine("apply", "--dry-run=server", "-f", str(EXAMPLES / "spring-festival-gala.yaml"))
    event = kubectl.fine("get", "-f", str(EXAMPLES / "spring-festival-gala.yaml"), "--ignore-not-found")
    targets = kubectl.fine("--context", "north", "get", "deploy", "-o", "name").split()
    names = ("gateway", "login", "payment", "recommend", "red-envelope", "shopping")
    assert (event, targets) == ("", [f"deployment.apps/{name}" for name in names])


def test_the_show_that_lies_ready_is_live_minutes_after_it_is_applied(kubectl: Kubectl, up: Up) -> None:
    kubectl.fine("apply", "-f", str(up.served.folder.show))
    kubectl.fine("wait", "ge", "next-show", "--for=jsonpath={.status.phase}=Live", "--timeout=100s")
    assert kubectl.read("ge", "next-show")["status"]["rounds"][0]["required"] == 144
