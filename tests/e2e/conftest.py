"""The clusters of the end-to-end tests.

    make e2e                                          three clusters of this machine's own (`local`)
    make e2e ARGS='--clusters=kind'                   those of kind-config.yaml; wants Docker and kind
    make e2e ARGS='--clusters=kubeconfig --contexts=a,b,c'

A test asks for `fleet` (three clusters, for the whole session), `cluster` (the first of them), or `namespace`
(a namespace of the test's own in each of them). Of a cluster (`clusters/cluster.py`) it uses

    cluster.kubectl("get", "pods", ...)               as the administrator; what it printed
    cluster.run(..., kubeconfig=..., stdin=...)       the same, and how it ended
    cluster.apply({...}, {...}), cluster.get("deployment", "web", "-n", ...), cluster.until(...)
    cluster.kubeconfig("anna", groups=["sre"])        another user, who may do nothing yet
    cluster.service_account("ns", "name")             a ServiceAccount's token and nothing more

and of a local one (`clusters/local.py`), elsewhere the test is skipped with the reason:

    mark = cluster.audit_mark(); cluster.audit(mark)  what the API server was asked since: `clusters/audit.py`

Faults are the matter of `local_fleet` and `local_cluster`: `with cluster.stopped("kube-apiserver"):`,
`with cluster.frozen("etcd"):`, and `stop`, `start`, `freeze`, `thaw` for each program. Their nodes are
simulated: `with cluster.pool(NodePool(...)):` adds slow ones, or such that cannot pull images
(`clusters/pools.py`), and `cluster.add_pool(...)` changes how those of a name behave.
"""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clusters import kind
from clusters.cluster import Cluster
from clusters.existing import ExistingProvider
from clusters.kind import KindProvider
from clusters.local import LocalCluster, LocalProvider
from clusters.port import Provider
from figures import figures
from operating import Stage, operating
from programs import NotBuilt, built
from tallies import TableOfTests

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NAMES = ("east", "west", "north")

LONGEST = (
    "test_outages.py",
    "test_prometheus.py",
    "test_trouble_in_a_round.py",
    "test_main_job.py",
    "test_rights.py",
    "test_leaders.py",
    "test_release.py",
    "test_kinds_of_targets.py",
    "test_upgrades.py",
)
"""They begin first, so that no worker is left alone with one of them at the end."""

__all__ = ["figures"]

_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gala", "the clusters of the end-to-end tests")
    group.addoption(
        "--clusters",
        default="local",
        choices=("local", "kind", "kubeconfig"),
        help="where clusters come from",
    )
    group.addoption("--contexts", default="", help="three contexts, with --clusters=kubeconfig: a,b,c")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
    turns = {name: turn for turn, name in enumerate(LONGEST)}
    items.sort(key=lambda item: turns.get(item.path.name, len(turns)))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(TableOfTests())


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.option.markexpr == "alone":
        session.exitstatus = pytest.ExitCode.OK  # `-k` chose none of those that `make e2e` runs last


@pytest.fixture(scope="session")
def programs_folder(request: pytest.FixtureRequest) -> Path:
    """The folder with kubectl and helm, and the servers; built where it is missing, which takes minutes."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    try:
        with capture.global_and_fixture_disabled():
            return built(tell=True)
    except NotBuilt as reason:
        pytest.fail(str(reason), pytrace=False)


@pytest.fixture(scope="session")
def fleet(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sequence[Cluster]]:
    """Three clusters, up for the whole session; a test leaves them as they were, but for its namespaces."""
    provider = _provider(request, tmp_path_factory.mktemp("clusters"))
    try:
        yield provider.start()
    finally:
        provider.stop()


def _provider(request: pytest.FixtureRequest, folder: Path) -> Provider:
    chosen = request.config.getoption("--clusters", default="local")
    if chosen == "local":
        return LocalProvider(folder, request.getfixturevalue("programs_folder"), NAMES)
    if hasattr(request.config, "workerinput"):
        raise pytest.UsageError(f"--clusters={chosen} names the same clusters for every worker: add -n 0")
    if chosen == "kind":
        missing = kind.missing()
        if missing is not None:
            pytest.skip(missing)
        return KindProvider(folder, keep=request.config.getoption("--keep-cluster"))
    contexts = [name for name in request.config.getoption("--contexts").split(",") if name]
    if len(contexts) != len(NAMES):
        raise pytest.UsageError("--clusters=kubeconfig needs three contexts: --contexts=a,b,c")
    kubectl = shutil.which("kubectl") or str(request.getfixturevalue("programs_folder") / "kubectl")
    return ExistingProvider(folder, kubectl, contexts, request.config.getoption("--kubeconfig"))


@pytest.fixture(scope="session")
def definitions(fleet: Sequence[Cluster]) -> None:
    """The CustomResourceDefinitions of crds/ are served by every cluster."""
    for cluster in fleet:
        cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
        cluster.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")


@pytest.fixture
def cluster(fleet: Sequence[Cluster]) -> Cluster:
    """The first cluster."""
    return fleet[0]


@pytest.fixture
def local_fleet(fleet: Sequence[Cluster]) -> Sequence[LocalCluster]:
    """The three clusters, where their programs can be stopped and frozen; else the test is skipped."""
    local = [cluster for cluster in fleet if isinstance(cluster, LocalCluster)]
    if len(local) != len(fleet):
        pytest.skip("only the programs of local clusters can be stopped and frozen")
    return local


@pytest.fixture
def local_cluster(local_fleet: Sequence[LocalCluster]) -> LocalCluster:
    """The first cluster, where its programs can be stopped and frozen; else the test is skipped."""
    return local_fleet[0]


@pytest.fixture
def namespace(request: pytest.FixtureRequest, fleet: Sequence[Cluster]) -> Iterator[str]:
    """A namespace of this test's own in each cluster; afterwards it goes, and nobody waits for that."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.originalname.removeprefix("test_"))[:40].strip("-")
    name = f"{words}-{next(_numbers)}"
    with ThreadPoolExecutor(len(fleet)) as side_by_side:
        list(side_by_side.map(lambda cluster: cluster.namespace(name), fleet))
        yield name
        list(side_by_side.map(lambda cluster: cluster.kubectl("delete", "ns", name, "--wait=false"), fleet))


@pytest.fixture
def stage(fleet: Sequence[Cluster], namespace: str) -> Iterator[Stage]:
    """The first cluster as a hub with the kinds of gala; no member and no operator yet."""
    with operating(fleet, namespace) as made:
        yield made
