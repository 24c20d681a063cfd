"""Kubeconfigs from Secrets, read by an allow-list.

A kubeconfig can run a command (``exec``), read any local file into a header
(``tokenFile``, ``certificate-authority``), or send credentials through somebody's proxy.
Flux had to learn that as CVE-2022-24817. So only what is known to be data is accepted,
and anything else is refused by name.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import yaml

from gala.errors import CredentialsRefused

_CLUSTER_FIELDS: Final = {
    "server",
    "certificate-authority-data",
    "tls-server-name",
    "disable-compression",
    "extensions",
}
_USER_FIELDS: Final = {"token", "client-certificate-data", "client-key-data", "extensions"}

_WHY: Final[Mapping[str, str]] = {
    "exec": "runs a command; put a token or a client certificate into the kubeconfig instead",
    "auth-provider": "runs a login plugin; put a token or a client certificate into the kubeconfig instead",
    "tokenFile": "reads a local file; write the token itself as token",
    "client-certificate": "reads a local file; write client-certificate-data instead",
    "client-key": "reads a local file; write client-key-data instead",
    "certificate-authority": "reads a local file; write certificate-authority-data instead",
    "proxy-url": "sends credentials through a proxy; give a server that is reached directly",
    "insecure-skip-tls-verify": "does not check who answers; give certificate-authority-data instead",
    "username": "is a password login; use a token or a client certificate",
    "password": "is a password login; use a token or a client certificate",
    "as": "impersonates somebody; give the account its own role",
    "as-uid": "impersonates somebody; give the account its own role",
    "as-groups": "impersonates somebody; give the account its own role",
    "as-user-extra": "impersonates somebody; give the account its own role",
}

_LARGEST: Final = 1 << 20
"""Bytes: a Secret cannot be larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How to reach one API server; there is no way to say that its certificate is not checked."""

    server: str
    """``https://host[:port][/path]``; plain ``http`` on loopback only."""
    ca_data: bytes | None = None
    """PEM; None trusts the system's authorities, as kubectl does."""
    token: str | None = field(default=None, repr=False)
    client_cert_data: bytes | None = field(default=None, repr=False)
    client_key_data: bytes | None = field(default=None, repr=False)
    tls_server_name: str | None = None
    """The name that the certificate is checked against, if not the server's."""
    token_path: Path | None = None
    """Only of the pod's own service account, whose token rotates; never from a kubeconfig."""


def parse_kubeconfig(text: bytes) -> Credentials:
    """What the current context of a kubeconfig says; other contexts are not looked at.

    Raises:
        CredentialsRefused: with the field and what to write instead.
    """
    if len(text) > _LARGEST:
        raise CredentialsRefused("The kubeconfig is larger than 1 MiB.")
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise CredentialsRefused("The kubeconfig is not valid YAML.") from error
    if not isinstance(document, Mapping):
        raise CredentialsRefused("The kubeconfig is not a mapping with clusters, users and contexts.")
    name = document.get("current-context")
    if not isinstance(name, str) or not name:
        raise CredentialsRefused("The kubeconfig has no current-context; set it to the context to use.")
    context = _named(document, "contexts", name, "context")
    cluster = _named(document, "clusters", context.get("cluster"), "cluster")
    user = _named(document, "users", context.get("user"), "user")
    _allow(cluster, _CLUSTER_FIELDS, "cluster")
    _allow(user, _USER_FIELDS, "user")
    return _credentials(cluster, user)


def is_loopback(host: str) -> bool:
    """Whether a host, as written, can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _credentials(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> Credentials:
    server = _server(cluster.get("server"))
    token = _text(user, "token")
    if token is not None and not (token.isascii() and token.isprintable()):
        raise CredentialsRefused("The token in the kubeconfig has characters that no token has.")
    certificate, key = _data(user, "client-certificate-data"), _data(user, "client-key-data")
    if (certificate is None) != (key is None):
        raise CredentialsRefused("Give both client-certificate-data and client-key-data, or neither.")
    if token is None and certificate is None and not is_loopback(server.hostname or ""):
        raise CredentialsRefused("The kubeconfig's user has neither a token nor a client certificate.")
    return Credentials(
        server=server.geturl().rstrip("/"),
        ca_data=_data(cluster, "certificate-authority-data"),
        token=token,
        client_cert_data=certificate,
        client_key_data=key,
        tls_server_name=_text(cluster, "tls-server-name"),
    )


def _named(document: Mapping[str, Any], listing: str, name: object, member: str) -> Mapping[str, Any]:
    entries = document.get(listing)
    found = [
        entry[member]
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, Mapping) and entry.get("name") == name and isinstance(entry.get(member), Mapping)
    ]
    if len(found) != 1:
        raise CredentialsRefused(f"The kubeconfig needs exactly one entry named {name!r} under {listing}.")
    return dict(found[0])


def _allow(entry: Mapping[str, Any], allowed: set[str], member: str) -> None:
    for key, value in entry.items():
        if key in allowed or (key == "insecure-skip-tls-verify" and value is False):
            continue
        why = _WHY.get(str(key), "is not known")
        raise CredentialsRefused(f"The field {key} of the kubeconfig's {member} is refused: it {why}.")


def _server(value: object) -> SplitResult:
    url = urlsplit(value) if isinstance(value, str) else None
    try:
        host, _ = (url.hostname, url.port) if url else (None, None)
    except ValueError as error:
        raise CredentialsRefused("The kubeconfig's server has an impossible port.") from error
    if url is None or not host or url.scheme not in {"http", "https"}:
        raise CredentialsRefused("The kubeconfig's server must be an address such as https://host:6443.")
    if url.scheme == "http" and not is_loopback(host):
        raise CredentialsRefused("The kubeconfig's server must be https; http shows the credentials.")
    if url.username or url.password or url.query or url.fragment:
        raise CredentialsRefused("The kubeconfig's server must have no login, query or fragment.")
    return url


def _text(entry: Mapping[str, Any], key: str) -> str | None:
    value = entry.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise CredentialsRefused(f"The field {key} of the kubeconfig must be text.")
    return value


def _data(entry: Mapping[str, Any], key: str) -> bytes | None:
    value = _text(entry, key)
    if value is None:
        return None
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise CredentialsRefused(f"The field {key} of the kubeconfig is not base64.") from error
