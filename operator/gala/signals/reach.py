"""Where a Prometheus may be, and connections that lead nowhere else.

Its address stands in an object that somebody writes, and the operator asks from inside: so
nothing on this machine or its link may be asked, above all no metadata service of a cloud,
unless whoever runs the operator allows it. A name is resolved once for each connection, and
exactly the addresses that were looked at are connected to: a name that leads elsewhere a
moment later (DNS rebinding) wins nothing. Host header and TLS keep the name.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NameResolutionError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

_METADATA: Final = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # most clouds
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
        "168.63.129.16",  # Azure
    )
)
"""Where clouds hand out the credentials of a machine; not all of them are link-local."""

_NAT64: Final = ip_network("64:ff9b::/96")
_COMPATIBLE: Final = ip_network("::/96")
_THIS_NETWORK: Final = ip_network("0.0.0.0/8")


class AddressRefused(Exception):
    """The address is none that a Prometheus may have; the text says who may allow it.

    No OSError: urllib3 would wrap it, and lose the sentence.
    """


def system_resolve(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says; socket.gaierror where it says nothing."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(f"{host!r} is no name") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class Reach:
    """Which addresses may be asked."""

    allowed: tuple[Network, ...] = ()
    """Refused by default, and allowed by whoever runs the operator."""
    resolve: Resolve = system_resolve

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host, all of them allowed.

        Raises:
            AddressRefused: one of them is not.
            socket.gaierror: there is none.
        """
        found = self.resolve(host, port)
        for text in found:
            kind = self._refusal(text)
            if kind:
                shown = text.partition("%")[0]
                which = f"{host} is {kind}" if shown == host else f"{host} is {shown}, {kind}"
                raise AddressRefused(
                    f"{which}, where no Prometheus is asked; write another url, or have "
                    f"whoever runs the operator start it with --allow-prometheus-address {shown}"
                )
        return found

    def _refusal(self, text: str) -> str:
        address = ip_address(text.partition("%")[0])
        plain = _plain(address)
        if any(address in network or plain in network for network in self.allowed):
            return ""
        return kind_of(plain)


def kind_of(address: Address) -> str:
    """Why an address is refused by default, as a few words; ``""`` where it is not."""
    kinds = (
        (address in _METADATA, "a metadata service"),
        (address.is_loopback, "this machine"),
        (address.is_unspecified or address in _THIS_NETWORK, "no address"),
        (address.is_link_local, "a link-local address"),
        (address.is_multicast, "a multicast address"),
        (address.is_reserved, "a reserved address"),
    )
    return next((kind for found, kind in kinds if found), "")


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, IPv4Address) or address.is_loopback or address.is_unspecified:
        return address
    within = address in _NAT64 or address in _COMPATIBLE
    last = IPv4Address(int(address) & 0xFFFFFFFF) if within else None
    return address.ipv4_mapped or address.sixtofour or last or address


def check_url(url: str) -> None:
    """Refuses what is no plain address of a server.

    Raises:
        AddressRefused: another scheme, a login, a query, a fragment, or characters that no address has.
    """
    parts = urlsplit(url)
    faults = (
        (parts.scheme not in {"http", "https"}, "is neither http nor https"),
        ("@" in parts.netloc, "has a login in it"),
        (not parts.hostname, "names no host"),
        ("#" in url or "?" in url, "has a query or a fragment"),
        (any(char.isspace() or char in '\\"<>' for char in url), "has characters that no address has"),
    )
    fault = next((text for found, text in faults if found), "")
    if fault:
        raise AddressRefused(
            f"the url {fault}; the platform team has to write it as https://prometheus.example.com"
        )


class CheckedAdapter(HTTPAdapter):
    """Connects only to addresses that were looked at."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """The same pools, with connections of our own."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._reach)


def _pools(reach: Reach) -> dict[str, Any]:
    class Plain(urllib3.connection.HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, reach, super()._new_conn)

    class Secure(urllib3.connection.HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, reach, super()._new_conn)

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _connected(
    connection: urllib3.connection.HTTPConnection, reach: Reach, connect: Callable[[], socket.socket]
) -> socket.socket:
    """A socket to the first checked address that answers; the name is put back for Host and TLS."""
    name = connection.host
    try:
        addresses = reach.addresses(name, connection.port)
    except socket.gaierror as error:
        raise NameResolutionError(name, connection, error) from error
    failed: HTTPError = NameResolutionError(name, connection, socket.gaierror("it has no address"))
    try:
        for address in addresses:
            connection.host = address
            try:
                return connect()
            except HTTPError as error:
                failed = error
    finally:
        connection.host = name
    raise failed
