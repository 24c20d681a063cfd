"""Kubeconfigs from Secrets, read by an allow-list.

A kubeconfig can run a command (``exec``), read any local file into a header
(``tokenFile``, ``certificate-authority``), or send credentials through somebody's proxy.
Flux had to learn that as CVE-2022-24817. So only what is known to be data is accepted,
and anything else is refused by name.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar, Final
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

_LARGEST: Final = 256 << 10
"""Bytes: a kubeconfig with two certificates has about 6 KB, and reading YAML takes 4 s per MB."""

_DEEPEST: Final = 20
"""Levels of nesting; a kubeconfig has five, the rest is for ``extensions``."""

_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.:-]*[A-Za-z0-9_.])?")
"""A host: a DNS name, or an address of either version."""

_TYPES: Final = frozenset({"tag:yaml.org,2002:bool", "tag:yaml.org,2002:null"})
"""All that is not text in a kubeconfig; ``1:1:1…`` read as a number takes time that grows with its square."""

_Parser: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""In C where that is there, which is ten times as fast."""


class _Loader(_Parser):  # type: ignore[misc]  # chosen at run time
    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in known if tag in _TYPES]
        for first, known in _Parser.yaml_implicit_resolvers.items()
    }


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
    document = _document(text)
    name = document.get("current-context")
    if not isinstance(name, str) or not name:
        raise CredentialsRefused("The kubeconfig has no current-context; set it to the context to use.")
    context = _named(document, "contexts", name, "context")
    cluster = _named(document, "clusters", context.get("cluster"), "cluster")
    user = _named(document, "users", context.get("user"), "user")
    _allow(cluster, _CLUSTER_FIELDS, "cluster")
    _allow(user, _USER_FIELDS, "user")
    return _credentials(cluster, user)


def _document(text: bytes) -> Mapping[str, Any]:
    """The one document in it; its shape is looked at before anything is made of it.

    An alias may stand for a tree of any size, and merging aliases takes exponential time.
    """
    if len(text) > _LARGEST:
        raise CredentialsRefused("The kubeconfig is larger than 256 KiB; keep the one context that is used.")
    try:
        plain = text.decode("utf-8")
        _look_at(yaml.parse(plain, Loader=_Loader))
        document = yaml.load(plain, Loader=_Loader)  # noqa: S506 (a safe loader)
    except UnicodeDecodeError as error:
        raise CredentialsRefused("The kubeconfig is not valid UTF-8 text.") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise CredentialsRefused("The kubeconfig is not valid YAML.") from error
    if not isinstance(document, Mapping):
        raise CredentialsRefused("The kubeconfig is not a mapping with clusters, users and contexts.")
    return document


def _look_at(events: Iterable[yaml.Event]) -> None:
    depth = documents = 0
    for event in events:
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise CredentialsRefused("The kubeconfig has YAML aliases (*name); write each value out.")
        if getattr(event, "tag", None) is not None:
            raise CredentialsRefused("The kubeconfig has YAML tags (!name); write plain values.")
        if documents > 1:
            raise CredentialsRefused("The kubeconfig has several YAML documents; keep one.")
        if depth > _DEEPEST:
            raise CredentialsRefused(f"The kubeconfig is nested more than {_DEEPEST} levels deep.")


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
    name = _text(cluster, "tls-server-name")
    if name is not None and not _NAME.fullmatch(name):
        raise CredentialsRefused("The field tls-server-name of the kubeconfig must be a host name.")
    if token is not None and not (token.isascii() and token.isprintable()):
        raise CredentialsRefused("The token in the kubeconfig has characters that no token has.")
    certificate = _pem(user, "client-certificate-data", b"CERTIFICATE-----")
    key = _pem(user, "client-key-data", b"PRIVATE KEY-----")
    if key is not None and b"ENCRYPTED" in key:
        raise CredentialsRefused(
            "The kubeconfig's client-key-data is encrypted; give a key without a password."
        )
    if (certificate is None) != (key is None):
        raise CredentialsRefused("Give both client-certificate-data and client-key-data, or neither.")
    if token is None and certificate is None and not is_loopback(server.hostname or ""):
        raise CredentialsRefused("The kubeconfig's user has neither a token nor a client certificate.")
    return Credentials(
        server=server.geturl().rstrip("/"),
        ca_data=_pem(cluster, "certificate-authority-data", b"CERTIFICATE-----"),
        token=token,
        client_cert_data=certificate,
        client_key_data=key,
        tls_server_name=name,
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
    url, host = _split(value) if isinstance(value, str) else (None, "")
    if url is None or not host or url.scheme not in {"http", "https"}:
        raise CredentialsRefused("The kubeconfig's server must be an address such as https://host:6443.")
    if url.username or url.password or url.query or url.fragment:
        raise CredentialsRefused("The kubeconfig's server must have no login, query or fragment.")
    if not _NAME.fullmatch(host) and ":" not in host:
        raise CredentialsRefused("The kubeconfig's server has characters that no host name has.")
    if url.scheme == "http" and not is_loopback(host):
        raise CredentialsRefused("The kubeconfig's server must be https; http shows the credentials.")
    if _is_link_local(host):
        raise CredentialsRefused(f"The kubeconfig's server {host} is link-local, as clouds' metadata is.")
    return url


def _split(text: str) -> tuple[SplitResult, str]:
    """The parts of an address and its host; a parser that skips characters must not hide what is there."""
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise CredentialsRefused("The kubeconfig's server has characters that no address has.")
    try:
        url = urlsplit(text)
        host, _ = url.hostname or "", url.port
    except ValueError as error:
        raise CredentialsRefused("The kubeconfig's server has an impossible port or address.") from error
    return url, host


def _is_link_local(host: str) -> bool:
    try:
        return ip_address(host).is_link_local
    except ValueError:
        return False


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


def _pem(entry: Mapping[str, Any], key: str, mark: bytes) -> bytes | None:
    value = _data(entry, key)
    if value is not None and (b"-----BEGIN " not in value or mark not in value or not value.isascii()):
        raise CredentialsRefused(f"The field {key} of the kubeconfig is not PEM.")
    return value
