"""What people read where no answer came: the cause, and no name of a library's class."""

from __future__ import annotations

import errno
import socket
import ssl

import aiohttp
import pytest

from gala.errors import Unreachable
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.fleet.unanswered import cause
from gala.settings import Settings


def a_closed_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


async def test_a_closed_port_is_told_by_its_address() -> None:
    port = a_closed_port()
    north = ApiServer("north", Credentials(server=f"https://127.0.0.1:{port}", token="t"), Settings())
    with pytest.raises(Unreachable) as told:
        await north.request("GET", "/version")
    await north.close()
    want = f"north cannot be reached: no connection to 127.0.0.1:{port}: connection refused."
    assert str(told.value) == want


KEY = aiohttp.client_reqrep.ConnectionKey("10.0.0.7", 6443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("error", "want"),
    [
        pytest.param(
            aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(-2, "Name or service not known")),
            "the name 10.0.0.7 is not known (name or service not known)",
            id="a name that nobody knows",
        ),
        pytest.param(
            aiohttp.ClientConnectorError(KEY, OSError(errno.EHOSTUNREACH, "Connect call failed")),
            "no connection to 10.0.0.7:6443: no route to host",
            id="a machine that is not there",
        ),
        pytest.param(
            aiohttp.ClientConnectorError(KEY, OSError("Multiple exceptions: refused, refused")),
            "no connection to 10.0.0.7:6443: Multiple exceptions: refused, refused",
            id="several addresses of one name",
        ),
        pytest.param(
            aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] no")),
            "no connection to 10.0.0.7:6443: TLS failed (TLS)",
            id="TLS with a server that speaks none",
        ),
        pytest.param(
            aiohttp.ServerDisconnectedError(), "it closed the connection without an answer", id="a hang-up"
        ),
        pytest.param(
            ConnectionResetError(errno.ECONNRESET, "x"), "connection reset by peer", id="a reset connection"
        ),
        pytest.param(ssl.SSLError(1, "x"), "TLS failed (TLS)", id="TLS that breaks later"),
        pytest.param(
            aiohttp.ClientPayloadError("cut"), "ClientPayloadError: cut", id="what nobody thought of"
        ),
    ],
)
def test_the_cause_of_(error: Exception, want: str) -> None:
    assert cause(error) == want


def test_a_certificate_that_is_not_accepted_is_told_with_the_constant_to_search_for() -> None:
    inner = ssl.SSLCertVerificationError(1, "x")
    inner.reason, inner.verify_message = "CERTIFICATE_VERIFY_FAILED", "Hostname mismatch."
    want = "its certificate is not accepted: Hostname mismatch (CERTIFICATE_VERIFY_FAILED)"
    error = aiohttp.ClientConnectorCertificateError(KEY, inner)
    assert cause(error) == f"no connection to 10.0.0.7:6443: {want}"
