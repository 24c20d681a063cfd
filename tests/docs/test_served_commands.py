"""The commands for a served fleet, in getting started, do what a newcomer expects."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from doc_pages import ROOT, blocks
from serve_stage import KUBECTL, WITHOUT_KUBECTL, a_served_fleet

PAGE = ROOT / "docs" / "getting-started.md"
REAL = ("helm install", "gala member-rbac")
"""What needs a real API server is done on one: `tests/e2e/chart`."""

SCRIPT = "\n".join(
    block.text
    for block in blocks("bash")
    if block.page == PAGE and not any(command in block.text for command in REAL)
)


@pytest.mark.skipif(KUBECTL is None, reason=WITHOUT_KUBECTL)
def test_getting_started_can_be_typed_from_top_to_bottom(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    with a_served_fleet(tmp_path / "out" / "serve"):
        done = subprocess.run(
            ["bash", "-eu", "-c", SCRIPT],
            check=False,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            env={
                "HOME": str(tmp_path),
                "PATH": os.pathsep.join(
                    [str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]
                ),
                "NO_PROXY": "127.0.0.1",
            },
        )
    assert done.returncode == 0, done.stderr
    for want in (
        "evening-show   Planned",
        "galaevent.gala.dev/next-show created",
        "deployment.apps/gateway scaled",
        "galaevent.gala.dev/evening-show patched",
        'node "north-node-0000" deleted',
        "galaevent.gala.dev/first-show created",
    ):
        assert want in done.stdout


def test_the_page_and_the_folder_agree_about_names() -> None:
    assert "KUBECONFIG=$PWD/out/serve/kubeconfig" in SCRIPT
    assert "out/serve/next-show.yaml" in SCRIPT
