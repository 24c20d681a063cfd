"""``gala run`` as a process of its own, on a hub over HTTP."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from gala.errors import RequestFailed
from hub_server import CRDS_PATH, EVENTS_PATH, NAMESPACE, Hub, a_hub

LEASE_PATH = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/gala-operator"


def a_kubeconfig(path: Path, server: str) -> Path:
    path.write_text(
        f"""
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: here, user: me}}}}]
clusters: [{{name: here, cluster: {{server: "{server}"}}}}]
users: [{{name: me, user: {{}}}}]
"""
    )
    return path


WITHOUT_A_NAME = """
import sys, types
def getpwuid(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")
sys.modules["pwd"] = types.ModuleType("pwd")
sys.modules["pwd"].getpwuid = getpwuid
from gala.main import main
main()
"""
"""Runs it as a user that the system knows no name of, as in a container or in OpenShift."""


@asynccontextmanager
async def a_process(
    *arguments: str, program: tuple[str, ...] = ("-m", "gala.main"), env: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *program, *arguments, env=env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def holder(hub: Hub) -> str | None:
    try:
        found: dict[str, Any] = await hub.api.request("GET", LEASE_PATH)
    except RequestFailed:
        return None
    return str(found["spec"]["holderIdentity"])


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not await true():  # noqa: ASYNC110 (another process sets no event of ours)
            await asyncio.sleep(0.05)


async def test_it_leads_reports_an_event_and_leaves_the_lease_when_it_is_told_to_stop(tmp_path: Path) -> None:
    async with a_hub() as hub:
        await hub.create_event()
        config = a_kubeconfig(tmp_path / "config", hub.server.url)

        async def planned() -> bool:
            found = await hub.api.request("GET", f"{EVENTS_PATH}/gala")
            return bool(found.get("status", {}).get("phase"))

        async with a_process(
            "run", "--kubeconfig", str(config), "--log-format", "json", "--listen", "127.0.0.1:0"
        ) as process:
            await until(planned)
            assert await holder(hub)
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(5):
                status = await process.wait()
            assert process.stderr is not None
            last = (await process.stderr.read()).decode().splitlines()[-1]
        assert (status, await holder(hub)) == (0, "")
        assert '"stopped; replicas stay as they are"' in last


async def test_ctrl_c_ends_it_at_once_while_it_waits_for_a_hub_that_hangs(tmp_path: Path) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    config = a_kubeconfig(tmp_path / "config", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with a_process("run", "--kubeconfig", str(config), "--listen", "") as process:
        async with asyncio.timeout(30):
            await asked.wait()
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
        await gone.wait()
    server.close()
    assert (process.returncode, err.count(b"\n")) == (0, 1), err
    assert b"stopped; replicas stay as they are" in err


async def test_the_cluster_that_it_runs_in_takes_part_if_it_is_told_so(tmp_path: Path) -> None:
    async with a_hub() as hub:
        config = a_kubeconfig(tmp_path / "config", hub.server.url)

        async def there() -> bool:
            listed = await hub.api.request("GET", "/apis/gala.dev/v1alpha1/galaclusters")
            return [item["metadata"]["name"] for item in listed["items"]] == ["local"]

        async with a_process("run", "--kubeconfig", str(config), "--listen", "", "--local-cluster"):
            await until(there)


async def test_a_user_without_a_name_watches_as_any_other(tmp_path: Path) -> None:
    async with a_hub() as hub:
        config = a_kubeconfig(tmp_path / "config", hub.server.url)
        kinds = [hub.server.resources.find(plural) for plural in ("galaevents", "galaclusters")]

        async def watching() -> bool:
            return all(hub.server.store.watched(kind) for kind in kinds)

        options = ("run", "--kubeconfig", str(config), "--listen", "")
        async with a_process(*options, program=("-c", WITHOUT_A_NAME), env={"HOME": str(tmp_path)}):
            await until(watching)


async def test_a_hub_without_our_kinds_is_told_in_one_sentence_with_what_to_do(tmp_path: Path) -> None:
    async with a_hub() as hub:
        listed = await hub.api.request("GET", CRDS_PATH)
        for definition in listed["items"]:
            await hub.api.request("DELETE", f"{CRDS_PATH}/{definition['metadata']['name']}")
        config = a_kubeconfig(tmp_path / "config", hub.server.url)
        async with a_process("run", "--kubeconfig", str(config), "--listen", "") as process:
            _, err = await process.communicate()
    want = f"gala: {hub.server.url} does not know GalaEvents; install them with: gala crds | kubectl apply"
    assert (process.returncode, err.decode().startswith(want), err.count(b"\n")) == (1, True, 1)


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        pytest.param(["--kubeconfig", "/nowhere"], b"There is no kubeconfig at /nowhere", id="no such file"),
        pytest.param(["--context", "x"], b"Expected object with name x", id="no such context"),
    ],
)
async def test_a_login_that_cannot_be_is_told_before_anything_starts(
    arguments: list[str], want: bytes, tmp_path: Path
) -> None:
    config = a_kubeconfig(tmp_path / "config", "http://127.0.0.1:1")
    given = arguments if "--kubeconfig" in arguments else ["--kubeconfig", str(config), *arguments]
    async with a_process("run", *given) as process:
        _, err = await process.communicate()
    assert (process.returncode, want in err, err.count(b"\n")) == (1, True, 1), err
