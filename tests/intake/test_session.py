"""kopf's HTTP session: who it trusts, how it says who we are, and which watches it has seen."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.intake.session import Watches, open_session
from gala.settings import Settings

KINDS = ("galaclusters", "galaevents")
INNER = "api.inner.example"

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


async def echo(request: web.Request) -> web.Response:
    certificate = request.transport.get_extra_info("peercert") if request.transport else None
    names = dict(part[0] for part in certificate["subject"]) if certificate else {}
    status = int(request.query.get("status", 200))
    told = {"authorization": request.headers.get("Authorization"), "client": names.get("commonName")}
    return web.json_response(told, status=status)


@asynccontextmanager
async def a_server(context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{path:.*}", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def a_certificate(folder: Path, name: str, *, ca: str | None = None, san: str = "IP:127.0.0.1") -> None:
    """``<name>.pem`` and ``<name>.key``, signed by ``ca`` or by itself."""
    signer = ["-CA", f"{ca}.pem", "-CAkey", f"{ca}.key"] if ca else []
    usage = [] if ca is None else ["-addext", f"subjectAltName={san}", "-addext", "basicConstraints=CA:FALSE"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2",
         *signer, *usage],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("ca", "stranger"):
        a_certificate(folder, name)
    a_certificate(folder, "server", ca="ca")
    a_certificate(folder, "inner", ca="ca", san=f"DNS:{INNER}")
    a_certificate(folder, "operator", ca="ca")
    return folder


def serving(folder: Path, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def of_operator(folder: Path, server: str, *, ca: str = "ca", inner: str | None = None) -> Credentials:
    return Credentials(
        server=server,
        ca_data=(folder / f"{ca}.pem").read_bytes(),
        client_cert_data=(folder / "operator.pem").read_bytes(),
        client_key_data=(folder / "operator.key").read_bytes(),
        tls_server_name=inner,
    )


async def told(credentials: Credentials, path: str = "/") -> dict[str, str | None]:
    """What the server saw of a request of the session."""
    async with open_session(credentials, Watches(KINDS)) as session:
        answer: dict[str, str | None] = await (await session.get(f"{credentials.server}{path}")).json()
        return answer


async def test_a_token_is_sent() -> None:
    async with a_server() as url:
        assert (await told(Credentials(server=url, token="abc")))["authorization"] == "Bearer abc"


async def test_the_token_of_a_pod_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("rotated\n")
    async with a_server() as url:
        found = await told(Credentials(server=url, token_path=tmp_path / "token"))
    assert found["authorization"] == "Bearer rotated"


@needs_openssl
@pytest.mark.parametrize(
    ("certificate", "inner"),
    [
        pytest.param("server", None, id="a server that is called what we call it"),
        pytest.param("inner", INNER, id="a server whose certificate is checked against another name"),
    ],
)
async def test_a_client_certificate_says_who_we_are(
    certificate: str, inner: str | None, certificates: Path
) -> None:
    async with a_server(serving(certificates, certificate)) as url:
        credentials = of_operator(certificates, url, inner=inner)
        api = ApiServer("hub", credentials, Settings())
        by_client = await api.request("GET", "/version")
        await api.close()
        assert [(await told(credentials))["client"], by_client["client"]] == ["operator", "operator"]


@needs_openssl
@pytest.mark.parametrize(
    ("certificate", "ca"),
    [
        pytest.param("server", "stranger", id="signed by somebody else"),
        pytest.param("inner", "ca", id="made for another name"),
    ],
)
async def test_a_server_is_not_trusted_that_is(certificate: str, ca: str, certificates: Path) -> None:
    async with a_server(serving(certificates, certificate)) as url:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await told(of_operator(certificates, url, ca=ca))


async def test_watches_are_open_once_each_kind_was_answered() -> None:
    watches = Watches(KINDS, steady=iter([10.0, 20.0, 30.0]).__next__)
    async with a_server() as url, open_session(Credentials(server=url), watches) as session:
        for asked in (
            "galaevents?watch=true&status=403",
            "galaevents",
            "pods?watch=true",
            "galaevents?watch=true",
        ):
            await session.get(f"{url}/apis/{asked}")
        half = (watches.never_opened(), watches.oldest(), watches.all_open.is_set())
        await session.get(f"{url}/apis/galaclusters?watch=true")
        await session.get(f"{url}/apis/galaevents?watch=true")
    assert half == (("galaclusters",), None, False)
    assert (watches.never_opened(), watches.oldest(), watches.all_open.is_set()) == ((), 20.0, True)
