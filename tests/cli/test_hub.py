"""Where credentials come from: a pod's own account, or a kubeconfig that a person named."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from gala.cli.hub import Login, check
from gala.errors import CredentialsRefused, InvalidInput, Unreachable
from gala.fleet.kubeconfig import Credentials
from gala.sandbox.apiserver.faults import Refuse
from hub_server import a_hub

SERVER = "https://api.example:6443"


def a_config(folder: Path, *, user: dict[str, Any], cluster: dict[str, Any] | None = None) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "contexts": [
            {"name": "one", "context": {"cluster": "one", "user": "me"}},
            {"name": "two", "context": {"cluster": "two", "user": "me"}},
        ],
        "clusters": [
            {"name": "one", "cluster": {"server": SERVER, **(cluster or {})}},
            {"name": "two", "cluster": {"server": "https://two.example"}},
        ],
        "users": [{"name": "me", "user": user}],
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(document))
    return str(path)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def a_pod(folder: Path) -> Path:
    (folder / "token").write_text("of-the-pod")
    (folder / "ca.crt").write_text("PEM")
    return folder


async def credentials(tmp_path: Path, **how: Any) -> Credentials:
    return await Login(kubeconfig=a_config(tmp_path, **how), account=tmp_path / "none").credentials()


async def test_a_token_and_a_ca_are_taken_from_the_kubeconfig(tmp_path: Path) -> None:
    ca = {"certificate-authority-data": encoded("PEM"), "tls-server-name": "inner"}
    found = await credentials(tmp_path, user={"token": "abc"}, cluster=ca)
    assert found == Credentials(server=SERVER, ca_data=b"PEM", token="abc", tls_server_name="inner")


async def test_files_that_a_person_names_are_read(tmp_path: Path) -> None:
    for name in ("cert", "key", "ca"):
        (tmp_path / name).write_text(name.upper())
    user = {"client-certificate": "cert", "client-key": "key"}
    found = await credentials(tmp_path, user=user, cluster={"certificate-authority": "ca"})
    want = Credentials(server=SERVER, ca_data=b"CA", client_cert_data=b"CERT", client_key_data=b"KEY")
    assert found == want


async def test_a_login_command_of_a_person_is_run(tmp_path: Path) -> None:
    version = "client.authentication.k8s.io/v1"
    answer = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": "fresh"}}
    command = tmp_path / "login"
    command.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    found = await credentials(tmp_path, user={"exec": {"apiVersion": version, "command": str(command)}})
    assert found.token == "fresh"


async def test_another_context_can_be_named(tmp_path: Path) -> None:
    config = a_config(tmp_path, user={"token": "abc"})
    found = await Login(kubeconfig=config, context="two").credentials()
    assert found.server == "https://two.example"


async def test_a_pod_uses_its_own_account_whose_token_rotates(tmp_path: Path) -> None:
    found = await Login(account=a_pod(tmp_path), pod_api="10.0.0.1:443").credentials()
    want = Credentials(server="https://10.0.0.1:443", ca_data=b"PEM", token_path=tmp_path / "token")
    assert found == want


async def test_a_kubeconfig_that_is_named_comes_before_the_pods_account(tmp_path: Path) -> None:
    config = a_config(tmp_path, user={"token": "abc"})
    found = await Login(kubeconfig=config, account=a_pod(tmp_path)).credentials()
    assert found.token == "abc"


async def test_without_a_pod_the_kubeconfig_at_home_is_used(tmp_path: Path) -> None:
    home = Path(a_config(tmp_path, user={"token": "abc"}))
    found = await Login(home=home, account=tmp_path / "none").credentials()
    assert found.token == "abc"


def a_context(folder: Path, **more: Any) -> str:
    """A kubeconfig with a context of its own namespace beside one without."""
    path = Path(a_config(folder, user={"token": "abc"}))
    document = yaml.safe_load(path.read_text())
    document["contexts"][0]["context"]["namespace"] = "show"
    path.write_text(yaml.safe_dump({**document, **more}))
    return str(path)


@pytest.mark.parametrize(
    ("context", "want"),
    [
        pytest.param(None, "show", id="of the current context"),
        pytest.param("one", "show", id="of a context that is named"),
        pytest.param("two", "default", id="of a context that names none"),
    ],
)
async def test_the_namespace_is_that_of_the_context(tmp_path: Path, context: str | None, want: str) -> None:
    login = Login(kubeconfig=a_context(tmp_path), context=context, account=tmp_path / "none")
    assert await login.namespace() == want


@pytest.mark.parametrize(
    ("text", "want"),
    [pytest.param("gala", "gala", id="its own"), pytest.param(None, "default", id="none that is known")],
)
async def test_a_pod_asks_in_its_own_namespace(tmp_path: Path, text: str | None, want: str) -> None:
    account = a_pod(tmp_path)
    if text is not None:
        (account / "namespace").write_text(text)
    assert await Login(account=account).namespace() == want


@pytest.mark.parametrize(
    ("user", "cluster", "want"),
    [
        pytest.param({}, {}, "neither a token nor a certificate; log in first", id="no login"),
        pytest.param({"username": "a", "password": "b"}, {}, "with a password", id="a password"),
        pytest.param({"token": "a"}, {"proxy-url": "http://proxy"}, "through a proxy", id="a proxy"),
        pytest.param(
            {"token": "a"}, {"insecure-skip-tls-verify": True}, "skips checking who answers", id="no check"
        ),
    ],
)
async def test_what_cannot_be_used_is_told(
    user: dict[str, Any], cluster: dict[str, Any], want: str, tmp_path: Path
) -> None:
    with pytest.raises((InvalidInput, CredentialsRefused), match=want):
        await credentials(tmp_path, user=user, cluster=cluster)


async def test_a_kubeconfig_that_is_no_yaml_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("{")
    with pytest.raises(InvalidInput, match="cannot be used"):
        await Login(kubeconfig=str(path)).credentials()


async def test_a_hub_that_is_well_passes_the_check() -> None:
    async with a_hub() as hub:
        await check(hub.api)


@pytest.mark.parametrize(
    ("status", "kind", "want"),
    [
        pytest.param(401, CredentialsRefused, "log in anew", id="credentials that have expired"),
        pytest.param(403, CredentialsRefused, "name another context", id="credentials without rights"),
        pytest.param(404, InvalidInput, "gala crds", id="no CRDs"),
        pytest.param(503, Unreachable, "503", id="an API server that is not ready"),
    ],
)
async def test_a_hub_that_refuses_is_told_with_what_to_do(
    status: int, kind: type[Exception], want: str
) -> None:
    async with a_hub() as hub:
        hub.server.faults.refusals = [Refuse(status=status)]
        with pytest.raises(kind, match=want):
            await check(hub.api)
