"""The other two providers; the local clusters stand in for kind's and for those that exist."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from clusters import kind
from clusters.existing import ExistingProvider
from clusters.kind import KindProvider
from clusters.local import LocalCluster

KIND = """#!/bin/sh
# Stands in for kind: it knows what the folder beside it says, and "creates" by copying a kubeconfig.
here=$(dirname "$0")
echo "$@" >> "$here/asked"
case "$1 $2" in
  "get clusters") ls "$here/up" ;;
  "create cluster")
    name=${3#--name=}
    grep -q "name: $name" "$6" || exit 1
    cp "$here/${name#gala-}" "${4#--kubeconfig=}"
    touch "$here/up/$name" ;;
  "delete cluster") rm "$here/up/${3#--name=}" ;;
esac
"""


def stand_in(folder: Path, fleet: Sequence[LocalCluster]) -> Path:
    """A folder with programs that answer as kind and Docker would."""
    (folder / "up").mkdir(parents=True)
    for cluster in fleet:
        shutil.copy(cluster.admin, folder / cluster.name)
    shutil.copy(fleet[0].plane.programs / "controlplane", folder / "kubectl")
    for name, text in (("kind", KIND), ("docker", "#!/bin/sh\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o700)
    return folder


def test_kind_is_asked_for_each_cluster_of_its_configuration(
    local_fleet: Sequence[LocalCluster], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = stand_in(tmp_path / "bin", local_fleet)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    provider = KindProvider(tmp_path, keep=False)

    assert kind.missing() is None
    clusters = provider.start()
    kept = sorted(path.name for path in (programs / "up").iterdir())
    version = [one.kubectl("version", "-o", "json").count('"gitVersion": "v1.36.3"') for one in clusters]
    provider.stop()

    assert [one.name for one in clusters] == ["east", "west", "north"]
    assert kept == ["gala-east", "gala-north", "gala-west"]
    assert version == [2, 2, 2]
    assert list((programs / "up").iterdir()) == []


def test_clusters_of_kind_that_are_kept_are_taken_again(
    local_fleet: Sequence[LocalCluster], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = stand_in(tmp_path / "bin", local_fleet)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        provider = KindProvider(tmp_path / run, keep=True)
        assert len(provider.start()) == 3
        provider.stop()

    asked = (programs / "asked").read_text().splitlines()
    assert sum(line.startswith("create cluster") for line in asked) == 3
    assert not any(line.startswith("delete cluster") for line in asked)


def test_without_docker_kind_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert kind.missing() == "clusters of kind need `docker` on the PATH"

    for name in ("docker", "kind", "kubectl"):
        (tmp_path / name).write_text("#!/bin/sh\necho the daemon is not running >&2\nexit 1\n")
        (tmp_path / name).chmod(0o700)
    assert kind.missing() == "clusters of kind need Docker, and it says: the daemon is not running"


def test_the_configuration_of_kind_makes_three_clusters_with_two_zones_each() -> None:
    documents = kind.documents()
    zones = [
        [node["labels"]["topology.kubernetes.io/zone"] for node in one["nodes"] if node["role"] == "worker"]
        for one in documents
    ]

    assert [one["name"] for one in documents] == ["gala-east", "gala-west", "gala-north"]
    assert zones == [["a", "b"]] * 3


def test_contexts_of_a_kubeconfig_are_clusters_in_which_a_user_is_impersonated(
    local_fleet: Sequence[LocalCluster], tmp_path: Path
) -> None:
    merged = tmp_path / "merged"
    files = os.pathsep.join(str(cluster.admin) for cluster in local_fleet)
    text = local_fleet[0].kubectl("config", "view", "--raw", "--flatten", env={"KUBECONFIG": files})
    merged.write_text(text)
    kubectl = str(local_fleet[0].plane.programs / "kubectl")

    clusters = ExistingProvider(tmp_path, kubectl, ["west", "east", "north"], str(merged)).start()

    whose = clusters[0].kubectl("auth", "whoami", kubeconfig=clusters[0].kubeconfig("anna", ("team",)))
    uids = [one.get("ns", "default")["metadata"]["uid"] for one in (clusters[0], local_fleet[1])]
    assert [one.name for one in clusters] == ["west", "east", "north"]
    assert "anna" in whose
    assert "team" in whose
    assert uids[0] == uids[1]


def test_a_context_that_is_not_there_is_named(local_fleet: Sequence[LocalCluster], tmp_path: Path) -> None:
    kubectl = str(local_fleet[0].plane.programs / "kubectl")
    provider = ExistingProvider(tmp_path, kubectl, ["south"], str(local_fleet[0].admin))

    with pytest.raises(AssertionError, match="there is no context 'south'"):
        provider.start()
