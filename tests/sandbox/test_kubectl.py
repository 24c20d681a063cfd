"""The real kubectl works against the embedded API server."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from gala.sandbox.apiserver.server import EmbeddedServer
from sandbox_builders import START, deployment, serving
from sandbox_definition import definition

KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not on PATH")


class Shell:
    """kubectl with its own kubeconfig and home; answers (exit status, output)."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "s", "cluster": {"server": url}}],
            "contexts": [{"name": "s", "context": {"cluster": "s", "user": "", "namespace": "shop"}}],
            "current-context": "s",
        }
        (folder / "config").write_text(json.dumps(config))

    def file(self, name: str, body: dict[str, object]) -> str:
        path = self.folder / name
        path.write_text(json.dumps(body))
        return str(path)

    async def run(self, *args: str, editor: str = "true") -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            str(KUBECTL),
            *args,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={
                "KUBECONFIG": str(self.folder / "config"),
                "HOME": str(self.folder),
                "EDITOR": editor,
                "PATH": "/usr/bin:/bin",
                "NO_PROXY": "127.0.0.1",
            },
        )
        async with asyncio.timeout(30):
            output, _ = await process.communicate()
        return process.returncode or 0, output.decode()


async def test_kubectl_applies_scales_diffs_and_explains_a_deployment(tmp_path: Path):
    async with serving(EmbeddedServer("east", lambda: START)) as client:
        shell = Shell(tmp_path, client.server.url)
        web = shell.file("web.json", deployment(replicas=3))
        assert await shell.run("apply", "-f", web) == (0, "deployment.apps/web created\n")
        assert await shell.run("scale", "deploy/web", "--replicas=5") == (0, "deployment.apps/web scaled\n")
        status, output = await shell.run("get", "deploy", "web")
        assert (status, output.split()[:5]) == (0, ["NAME", "DESIRED", "READY", "UP-TO-DATE", "AVAILABLE"])
        status, output = await shell.run("diff", "-f", web)
        assert (status, "+  replicas: 3" in output) == (1, True)
        assert await shell.run("apply", "-f", web) == (0, "deployment.apps/web configured\n")
        status, output = await shell.run("explain", "deploy.spec.replicas")
        assert (status, "Number of desired pods." in output) == (0, True)
        assert (await shell.run("delete", "deploy", "web"))[0] == 0


async def test_kubectl_server_side_apply_names_the_other_manager(tmp_path: Path):
    async with serving(EmbeddedServer("east", lambda: START)) as client:
        shell = Shell(tmp_path, client.server.url)
        web = shell.file("web.json", deployment(replicas=3))
        assert (await shell.run("apply", "--server-side", "-f", web))[0] == 0
        await client.scale(5, manager="gala-operator")
        status, output = await shell.run("apply", "--server-side", "-f", web)
        assert (status, 'conflict with "gala-operator"' in output) == (1, True)
        assert (await shell.run("apply", "--server-side", "--force-conflicts", "-f", web))[0] == 0


async def test_kubectl_waits_for_a_rollout(tmp_path: Path):
    async with serving(EmbeddedServer("east", lambda: START)) as client:
        shell = Shell(tmp_path, client.server.url)
        await client.deploy(replicas=2)
        waiting = asyncio.create_task(shell.run("rollout", "status", "deploy/web", "--timeout=20s"))
        counts = {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
        status = {"status": {**counts, "observedGeneration": 1}}
        path = "/apis/apps/v1/namespaces/shop/deployments/web/status"
        await client.call("PATCH", path, status, content="application/merge-patch+json")
        code, output = await waiting
        assert (code, 'deployment "web" successfully rolled out' in output) == (0, True)


async def test_kubectl_refuses_an_unknown_field_of_a_custom_resource_and_edits_it(tmp_path: Path):
    async with serving(EmbeddedServer("hub", lambda: START)) as client:
        shell = Shell(tmp_path, client.server.url)
        crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", **definition()}
        assert (await shell.run("apply", "-f", shell.file("crd.json", crd)))[0] == 0
        body = {"apiVersion": "gala.test/v1", "kind": "Show", "metadata": {"name": "a"}}
        wrong = shell.file("wrong.json", {**body, "spec": {"count": 1, "odd": 2}})
        status, output = await shell.run("apply", "-f", wrong)
        assert (status, 'unknown field "spec.odd"' in output) == (1, True)
        right = shell.file("right.json", {**body, "spec": {"count": 1}})
        assert (await shell.run("apply", "-f", right))[0] == 0
        editor = "sed -i s/count:.1/count:\\ 7/"
        assert await shell.run("edit", "sh", "a", editor=editor) == (0, "show.gala.test/a edited\n")
        status, output = await shell.run("get", "sh", "a")
        assert (status, output.split()) == (0, ["NAME", "COUNT", "a", "7"])
