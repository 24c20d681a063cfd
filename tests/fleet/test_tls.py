"""TLS: who answers is checked, and a client certificate is shown."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from fleet_builders import enrol
from fleet_stage import stage
from gala.api.scalars import parse_instant
from gala.errors import Unreachable
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.settings import Settings

OPENSSL = shutil.which("openssl")

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificates")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, and a server's and a client's certificate that it signed."""
    folder = tmp_path_factory.mktemp("tls")

    def run(*words: str) -> None:
        subprocess.run([str(OPENSSL), *words], cwd=folder, check=True, capture_output=True)

    new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    run(*new, "-x509", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:api.example\n")
    for name in ("server", "client"):
        run(*new, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        sign = ["x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        run(*sign, "-days", "2", "-extfile", "names", "-out", f"{name}.pem")
    sign = ["x509", "-req", "-in", "client.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
    run(*sign, "-days", "-1", "-out", "expired.pem")
    return folder


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[str]:
    """A server that wants to see a client certificate; yields its address."""

    async def version(request: web.Request) -> web.Response:
        assert request.transport is not None
        subject = request.transport.get_extra_info("peercert")["subject"]
        return web.json_response({"gitVersion": subject[0][0][1]})

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    app = web.Application()
    app.router.add_get("/version", version)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def ask(
    folder: Path,
    *,
    ca: str | None = "ca.pem",
    client: bool = True,
    certificate: str = "client.pem",
    name: str | None = None,
) -> str:
    """Who the server says we are."""
    async with serving(folder) as address:
        credentials = Credentials(
            server=address,
            ca_data=(folder / ca).read_bytes() if ca else None,
            client_cert_data=(folder / certificate).read_bytes() if client else None,
            client_key_data=(folder / "client.key").read_bytes() if client else None,
            tls_server_name=name,
        )
        north = ApiServer("north", credentials, Settings())
        try:
            return str((await north.request("GET", "/version"))["gitVersion"])
        finally:
            await north.close()


async def test_the_client_certificate_is_shown_to_a_server_that_is_known(folder: Path) -> None:
    assert await ask(folder) == "client"


async def test_the_certificate_may_be_for_the_stated_name(folder: Path) -> None:
    assert await ask(folder, name="api.example") == "client"


async def test_a_certificate_for_another_name_is_not_accepted(folder: Path) -> None:
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        await ask(folder, name="bank.example")


async def test_an_authority_that_was_not_named_is_not_trusted(folder: Path) -> None:
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        await ask(folder, ca="client.pem")


async def test_without_an_authority_only_public_ones_are_trusted(folder: Path) -> None:
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        await ask(folder, ca=None)


async def test_without_its_certificate_the_client_is_turned_away(folder: Path) -> None:
    with pytest.raises(Unreachable):
        await ask(folder, client=False)


async def test_a_client_certificate_that_has_expired_opens_nothing(folder: Path) -> None:
    with pytest.raises(
        Unreachable, match="north cannot be reached: it closed the connection without an answer"
    ):
        await ask(folder, certificate="expired.pem")


@pytest.mark.parametrize(
    ("token", "want"),
    [
        pytest.param("asked for", "Unauthorized", id="the login is refused as an API server does it"),
        pytest.param("", "CertificateExpired", id="the connection is closed as a proxy does it"),
    ],
)
async def test_a_cluster_says_which_certificate_has_expired_where_(
    folder: Path, token: str, want: str
) -> None:
    files = {"client-certificate-data": "expired.pem", "client-key-data": "client.key"}
    user = {field: b64encode((folder / name).read_bytes()).decode() for field, name in files.items()}
    async with stage() as it:
        it.now.at = parse_instant("2090-01-01T00:00:00Z")
        enrol(it.hub, it.north, **user)
        it.north.token, it.north.down = token, not token
        assert not (await it.look()).reachable
        health = it.fleet.health()["north"]
    assert health.reason == want
    assert "Its client certificate expired on " in health.message
    assert health.message.count("Secret gala-system/north-kubeconfig") == 1
