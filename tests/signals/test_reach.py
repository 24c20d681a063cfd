"""Where a Prometheus may be: nothing on this machine or its link is asked, unless its operator allows it."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import Sequence
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import requests

from gala.planning.facts import Missing, Sample
from gala.signals.reach import AddressRefused, Reach, check_url, kind_of
from gala.signals.session import BoundedSession
from signals_server import asked, fault
from signals_stage import LOOPBACK, reason, stage


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://169.254.169.254/latest", id="the cloud's metadata service"),
        pytest.param("http://[fd00:ec2::254]/latest", id="the cloud's metadata service by IPv6"),
        pytest.param("http://100.100.100.200", id="another cloud's, which is not link-local"),
        pytest.param("http://[fe80::1]:9090", id="a link"),
        pytest.param("http://127.0.0.1:9090", id="this machine"),
        pytest.param("http://127.9.9.9:9090", id="this machine by another of its addresses"),
        pytest.param("http://[::1]:9090", id="this machine by IPv6"),
        pytest.param("http://localhost:9090", id="this machine by name"),
        pytest.param("http://2130706433:9090", id="this machine as one number"),
        pytest.param("http://0x7f.1:9090", id="this machine in hexadecimal"),
        pytest.param("http://[::ffff:127.0.0.1]:9090", id="this machine in IPv6 clothing"),
        pytest.param("http://[::ffff:169.254.169.254]", id="a metadata service in IPv6 clothing"),
        pytest.param("http://[64:ff9b::a9fe:a9fe]", id="a metadata service behind NAT64"),
        pytest.param("http://[2002:7f00:1::]:9090", id="this machine behind 6to4"),
        pytest.param("http://0.0.0.0:9090", id="no address at all"),
        pytest.param("http://[::]:9090", id="no IPv6 address at all"),
        pytest.param("http://224.0.0.1:9090", id="everybody"),
        pytest.param("http://255.255.255.255:9090", id="everybody on the link"),
    ],
)
async def test_an_address_of_this_machine_or_its_link_is_refused(url: str) -> None:
    async with stage(allowed=()) as it:
        traffic = await it.ask(url=url)

    assert reason(traffic) == "AddressRefused"
    assert isinstance(traffic.latest, Missing)
    assert "whoever runs the operator" in traffic.latest.message
    assert "--allow-prometheus-address" in traffic.latest.message


@pytest.mark.parametrize(
    ("host", "want"),
    [
        pytest.param("127.0.0.1", "127.0.0.1 is this machine, where", id="is not told what it is itself"),
        pytest.param("prom.example", "prom.example is 127.0.0.1, this machine, where", id="is told by name"),
    ],
)
def test_an_address_that_is_refused_(host: str, want: str) -> None:
    reach = Reach((), lambda host, port: ["127.0.0.1"])
    with pytest.raises(AddressRefused, match=f"^{want} no Prometheus is asked"):
        reach.addresses(host, 9090)


async def test_whoever_runs_the_operator_may_allow_an_address_and_only_that_one() -> None:
    async with stage(allowed=("127.0.0.1/32", "fd00:ec2::/32")) as it:
        assert (await it.ask()).latest == Sample(120.5, 990.0)
        assert reason(await it.ask(url="http://127.0.0.2:9090", later=15)) == "AddressRefused"


@pytest.mark.parametrize(
    ("address", "want"),
    [
        pytest.param("10.0.0.7", False, id="a private network is where a Prometheus is"),
        pytest.param("172.20.0.10", False, id="another one"),
        pytest.param("100.64.0.1", False, id="a carrier's network"),
        pytest.param("2001:db8::1", False, id="any other"),
        pytest.param("fd12::1", False, id="a private network of IPv6"),
        pytest.param("::1", True, id="loopback"),
        pytest.param("168.63.129.16", True, id="a metadata service with a public address"),
    ],
)
def test_which_addresses_are_refused(address: str, want: bool) -> None:
    assert bool(kind_of(ip_address(address))) is want


def test_a_link_with_its_zone_is_a_link() -> None:
    with pytest.raises(AddressRefused, match="prom is fe80::1, a link-local address"):
        Reach(resolve=lambda host, port: ["fe80::1%eth0"]).addresses("prom", 80)


@pytest.mark.parametrize(
    ("url", "want"),
    [
        pytest.param("ftp://prom.example", "is neither http nor https", id="another scheme"),
        pytest.param("file:///etc/passwd", "is neither http nor https", id="a file"),
        pytest.param("gopher://prom.example/_x", "is neither http nor https", id="an old scheme"),
        pytest.param("//prom.example", "is neither http nor https", id="no scheme"),
        pytest.param("http://me:secret@prom.example", "has a login in it", id="a login"),
        pytest.param("http://prom.example@169.254.169.254/", "has a login in it", id="a host as a login"),
        pytest.param("http:///api", "names no host", id="no host"),
        pytest.param("http://prom.example/#", "has a query or a fragment", id="a fragment"),
        pytest.param("http://prom.example/?x=", "has a query or a fragment", id="a query"),
        pytest.param("http://prom.example\\.evil", "has characters that no address has", id="a backslash"),
        pytest.param("http://prom.example/ x", "has characters that no address has", id="a space"),
    ],
)
def test_what_is_no_plain_address_of_a_server_is_refused(url: str, want: str) -> None:
    with pytest.raises(AddressRefused, match=want):
        check_url(url)


class Rebinding:
    """A name that leads to a harmless address first, and to this machine ever after."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return [self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]]


OPENSSL = shutil.which("openssl")


def certified(folder: Path) -> ssl.SSLContext:
    """A server that proves to be prom.example; ``cert.pem`` is its own authority."""
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    name = ["-days", "2", "-subj", "/CN=prom", "-addext", "subjectAltName=DNS:prom.example"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([str(OPENSSL), *words, *name, *files], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificate")
async def test_tls_is_checked_against_the_name_and_not_the_address(tmp_path: Path) -> None:
    async with asked(certified(tmp_path)) as prometheus:
        port = prometheus.url.rpartition(":")[2]
        reach = Reach((ip_network(LOOPBACK),), lambda host, port: ["127.0.0.1"])
        ca = str(tmp_path / "cert.pem")

        answer = await get(reach, f"https://prom.example:{port}", ca=ca)

        assert answer.status_code == 200
        assert prometheus.hosts == [f"prom.example:{port}"]
        with pytest.raises(requests.exceptions.SSLError):
            await get(reach, f"https://other.example:{port}", ca=ca)


async def get(reach: Reach, url: str, *, ca: str = "") -> requests.Response:
    """One answer."""
    with BoundedSession(seconds=5, reach=reach) as session:
        session.verify = ca or True
        ask = partial(session.request, "GET", f"{url}/api/v1/query", params={"query": "up"})
        return await asyncio.to_thread(ask)


async def test_the_address_that_was_looked_at_is_the_one_that_is_asked() -> None:
    """The first answer of the resolver is checked and used; a second one is never asked for."""
    async with asked() as prometheus:
        port = prometheus.url.rpartition(":")[2]
        name = Rebinding("127.0.0.1", "169.254.169.254")

        answer = await get(Reach((ip_network("127.0.0.1/32"),), name), f"http://prom.example:{port}")

        assert answer.status_code == 200
        assert name.asked == 1
        assert prometheus.hosts == [f"prom.example:{port}"]


async def test_a_name_that_leads_here_for_the_next_connection_is_refused_then() -> None:
    async with asked() as prometheus:
        port = prometheus.url.rpartition(":")[2]
        name = Rebinding("127.0.0.2", "127.0.0.1")
        reach = Reach((ip_network("127.0.0.2/32"),), name)

        with pytest.raises(requests.ConnectionError):
            await get(reach, f"http://prom.example:{port}")
        with pytest.raises(AddressRefused):
            await get(reach, f"http://prom.example:{port}")
        assert prometheus.queries == []


async def test_one_refused_address_among_many_refuses_the_name() -> None:
    async with asked() as prometheus:
        port = prometheus.url.rpartition(":")[2]
        reach = Reach((ip_network("127.0.0.1/32"),), lambda host, port: ["127.0.0.1", "169.254.169.254"])

        with pytest.raises(AddressRefused, match="a metadata service"):
            await get(reach, f"http://prom.example:{port}")
        assert prometheus.queries == []


async def test_the_next_address_of_a_name_is_tried_where_the_first_does_not_answer() -> None:
    async with asked() as prometheus:
        port = prometheus.url.rpartition(":")[2]
        reach = Reach((ip_network(LOOPBACK),), lambda host, port: ["127.0.0.77", "127.0.0.1"])

        answer = await get(reach, f"http://prom.example:{port}")

        assert answer.status_code == 200


async def test_a_name_without_an_address_is_not_reached() -> None:
    def nowhere(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror("no such name")

    with pytest.raises(requests.ConnectionError):
        await get(Reach(resolve=nowhere), "http://prom.example")


async def test_a_redirect_is_not_followed_to_where_it_leads() -> None:
    async with asked() as other, stage() as it:
        it.prometheus.instead = fault(status=302, headers={"Location": f"{other.url}/api/v1/query"})

        assert reason(await it.ask()) == "Redirected"
        assert other.queries == []
