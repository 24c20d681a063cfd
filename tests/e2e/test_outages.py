"""A member's API server stopped, its etcd frozen (T09), the hub restarted, a member's credentials exchanged.

One show is held from the first test to the last; each of them breaks something, asks for more meanwhile, and
waits until what was broken has it too.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence

import pytest

from clusters.cluster import Cluster
from clusters.local import LocalCluster
from figures import Figures
from operating import FLEET, NAME, Operator, Stage
from shows import AT_HOME, HELD, ask_for, begin, end, falls, marks, show_stage, steps

KINDS = ("token", "certificate")
"""What the second and the third cluster are logged in to with."""


class Show:
    """The show, and what it asks for in each cluster."""

    def __init__(self, stage: Stage, operator: Operator, since: Mapping[str, int]) -> None:
        self.stage = stage
        self.operator = operator
        self.each = 0
        self._since = since

    def more(self) -> None:
        """Asks for one more in each cluster, in all that were told of the show until now."""
        self.each = self.each + 1 if self.each else HELD
        if self.each == HELD:
            begin(self.stage, known_before=15)
        else:
            ask_for(self.stage, self.each)

    def served(self, *clusters: Cluster) -> float:
        """Waits until so much is Ready in these, and tells the seconds until it was written in all."""
        began = time.monotonic()
        names = ", ".join(one.name for one in clusters)
        self.stage.until(
            lambda: all(self._asked(one) >= self.each for one in clusters), f"{self.each} asked in {names}"
        )
        written = time.monotonic() - began
        self.stage.until(
            lambda: all(self._ready(one) >= self.each for one in clusters), f"{self.each} Ready in {names}"
        )
        return written

    def _asked(self, cluster: Cluster) -> int:
        words = ("deployment", "web", "-n", self.stage.namespace, "--request-timeout=5s")
        ran = cluster.run("get", *words, "-o", "jsonpath={.spec.replicas}")
        return int(ran.out or 0)

    def _ready(self, cluster: Cluster) -> int:
        return cluster.ready("deployment", "web", self.stage.namespace)

    def lowered(self) -> list[str]:
        """Every decrease since the beginning."""
        return falls(steps(self.stage, self._since))


@pytest.fixture(scope="module")
def show(fleet: Sequence[Cluster]) -> Iterator[Show]:
    """The operator runs and knows its members; nothing is asked for yet."""
    with show_stage(fleet, 0, "outages") as stage:
        for member, kind in zip(stage.fleet[1:], KINDS, strict=True):
            _log_in(stage, member, kind, "old")
        operator = stage.operator()
        made = Show(stage, operator, marks(stage))
        yield made


def test_a_member_that_is_down_before_a_round_keeps_nobody_waiting_and_gets_its_part_later(
    show: Show, local_fleet: Sequence[LocalCluster], figures: Figures
) -> None:
    east, west, north = local_fleet
    show.more()
    show.stage.until(lambda: _parts(show.stage) == [HELD] * 3, "each cluster's part is known")

    with north.stopped("kube-apiserver"):
        waited = show.served(east, west)
    back = show.served(north)

    figures.add("member down before a round", "others written after", f"{waited:.1f} s")
    figures.add("member down before a round", "it is written after", f"{back:.1f} s")
    assert show.lowered() == []


def test_a_member_that_is_down_in_a_round_lowers_nothing_anywhere(
    show: Show, local_fleet: Sequence[LocalCluster], figures: Figures
) -> None:
    east, west, north = local_fleet

    with west.stopped("kube-apiserver"):
        show.more()
        show.served(east, north)
    back = show.served(west)

    figures.add("member down in a round", "it is written after", f"{back:.1f} s")
    assert show.lowered() == []


def test_an_etcd_that_is_frozen_for_30_and_for_120_seconds_delays_its_own_cluster_alone(
    show: Show, local_fleet: Sequence[LocalCluster], figures: Figures
) -> None:
    east, west, north = local_fleet

    began = time.monotonic()
    with north.frozen("etcd"):
        with west.frozen("etcd"):
            show.more()
            waited = show.served(east)
            time.sleep(max(0.0, 30 - (time.monotonic() - began)))
        short = show.served(west)
        time.sleep(max(0.0, 120 - (time.monotonic() - began)))
    long = show.served(north)

    figures.add("two etcds frozen", "the third cluster written after", f"{waited:.1f} s")
    figures.add("etcd frozen for 30 s", "it is written after", f"{short:.1f} s")
    figures.add("etcd frozen for 120 s", "it is written after", f"{long:.1f} s")
    assert show.lowered() == []


def test_a_hub_that_comes_back_is_led_again_by_the_same_process(
    show: Show, local_fleet: Sequence[LocalCluster], figures: Figures
) -> None:
    with local_fleet[0].stopped("kube-apiserver"):
        time.sleep(12)  # longer than a leader may go without its Lease
    show.more()
    back = show.served(*local_fleet)

    figures.add("hub down for 12 s", "an edit is carried out after", f"{back:.1f} s")
    assert show.operator.program.runs()
    assert show.lowered() == []


@pytest.mark.parametrize("kind", ["token", "certificate"])
def test_credentials_that_are_exchanged_and_whose_old_ones_are_revoked_cost_no_replica(
    kind: str, show: Show, local_fleet: Sequence[LocalCluster], figures: Figures
) -> None:
    member = local_fleet[1 + KINDS.index(kind)]
    mark = member.audit_mark()

    _log_in(show.stage, member, kind, "new")
    _revoke(member, kind, "old")
    show.more()
    back = show.served(*local_fleet)

    figures.add(f"{kind} exchanged, old one revoked", "an edit is carried out after", f"{back:.1f} s")
    scaled = {one.user for one in member.audit(mark) if one.subresource == "scale" and one.accepted}
    assert scaled == {_user(kind, "new")}
    assert show.lowered() == []


def test_afterwards_everything_goes_home(show: Show) -> None:
    show.stage.until(lambda: show.stage.ledger() != [], "something is held")

    end(show.stage)

    show.stage.until(lambda: show.stage.ledger() == [], "all is given back")
    assert set(show.stage.replicas("web").values()) == {AT_HOME}


def _parts(stage: Stage) -> list[int]:
    """What the event's status says of each cluster."""
    return [one["required"] for one in stage.status("show").get("clusters", ())]


def _user(kind: str, name: str) -> str:
    """As audit logs have it."""
    return f"system:serviceaccount:{FLEET}:{kind}-{name}" if kind == "token" else f"{kind}-{name}"


def _log_in(stage: Stage, member: Cluster, kind: str, name: str) -> None:
    """Puts credentials of a user who may do what the operator may into the member's Secret."""
    rbac = "rbac.authorization.k8s.io"
    subject = {"kind": "User", "apiGroup": rbac, "name": _user(kind, name)}
    if kind == "token":
        account = {"kind": "ServiceAccount", "metadata": {"name": f"{kind}-{name}", "namespace": FLEET}}
        member.apply({"apiVersion": "v1", **account})
    member.apply(
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{kind}-{name}"},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": NAME},
            "subjects": [subject],
        }
    )
    if kind == "token":
        kubeconfig = member.service_account(FLEET, f"{kind}-{name}")
    else:
        kubeconfig = member.kubeconfig(_user(kind, name))
    stage.hub.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{member.name}-kubeconfig", "namespace": FLEET},
            "data": {"value": b64encode(kubeconfig.read_bytes()).decode()},
        }
    )


def _revoke(member: Cluster, kind: str, name: str) -> None:
    """A token ends with its account; of a certificate only what it may do can be taken away."""
    if kind == "token":
        member.kubectl("delete", "serviceaccount", f"{kind}-{name}", "-n", FLEET)
    member.kubectl("delete", "clusterrolebinding", f"{kind}-{name}")
