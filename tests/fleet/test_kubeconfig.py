"""Hostile and honest kubeconfigs."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from gala.errors import CredentialsRefused
from gala.fleet.kubeconfig import parse_kubeconfig

PEM = base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()
KEY = base64.b64encode(b"-----BEGIN PRIVATE KEY-----").decode()
LOCKED = base64.b64encode(b"-----BEGIN ENCRYPTED PRIVATE KEY-----").decode()


BOMB = b"k0: &k0 {a: 1}\n" + b"".join(
    b"k%d: &k%d {<<: [*k%d, *k%d]}\n" % (i, i, i - 1, i - 1) for i in range(1, 40)
)
TWICE = [{"name": "c", "cluster": {"server": server}} for server in ("https://north", "https://evil")]


def config(*, cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None, **top: Any) -> bytes:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "main",
        "contexts": [
            {"name": "main", "context": {"cluster": "c", "user": "u", "namespace": "x"}},
            {"name": "other", "context": {"cluster": "c", "user": "evil"}},
        ],
        "clusters": [
            {"name": "c", "cluster": {"server": "https://north.example:6443/k8s/", **(cluster or {})}}
        ],
        "users": [
            {"name": "u", "user": {"token": "t0k3n"} if user is None else user},
            {"name": "evil", "user": {"exec": {"command": "sh"}}},
        ],
        **top,
    }
    return json.dumps(document).encode()


def test_a_token_and_an_authority_are_taken_from_the_current_context_only() -> None:
    found = parse_kubeconfig(config(cluster={"certificate-authority-data": PEM, "tls-server-name": "api"}))

    assert (found.server, found.token) == ("https://north.example:6443/k8s", "t0k3n")
    assert found.ca_data == b"-----BEGIN CERTIFICATE-----"
    assert found.tls_server_name == "api"


def test_a_client_certificate_is_taken_with_its_key() -> None:
    found = parse_kubeconfig(config(user={"client-certificate-data": PEM, "client-key-data": KEY}))

    assert found.token is None
    assert found.client_cert_data == b"-----BEGIN CERTIFICATE-----"
    assert found.client_key_data == b"-----BEGIN PRIVATE KEY-----"


def test_credentials_do_not_show_in_their_own_text() -> None:
    assert "t0k3n" not in repr(parse_kubeconfig(config()))


@pytest.mark.parametrize(
    ("user", "want"),
    [
        pytest.param({"exec": {"command": "sh"}}, "exec", id="a command is refused"),
        pytest.param({"auth-provider": {"name": "gcp"}}, "auth-provider", id="a login plugin is refused"),
        pytest.param({"token": "t", "tokenFile": "/etc/passwd"}, "tokenFile", id="a token file is refused"),
        pytest.param({"client-certificate": "/x"}, "client-certificate", id="a certificate file is refused"),
        pytest.param({"token": "t", "client-key": "/x"}, "client-key", id="a key file is refused"),
        pytest.param({"username": "a", "password": "b"}, "username", id="a password is refused"),
        pytest.param({"token": "t", "as": "admin"}, "impersonates", id="impersonation is refused"),
        pytest.param({"token": "t", "as-groups": ["x"]}, "as-groups", id="impersonated groups are refused"),
        pytest.param({"token": "t", "brand-new": 1}, "brand-new", id="an unknown field is refused by name"),
        pytest.param({"token": "a\r\nX: y"}, "characters", id="a token that ends its header is refused"),
        pytest.param({"token": True}, "must be text", id="a token that is no text is refused"),
        pytest.param({"token": ["t"]}, "must be text", id="a list of tokens is refused"),
        pytest.param({"client-key-data": KEY}, "both", id="a key without its certificate is refused"),
        pytest.param(
            {"client-certificate-data": PEM, "client-key-data": LOCKED},
            "encrypted",
            id="a key that asks for a password is refused",
        ),
        pytest.param(
            {"client-certificate-data": KEY, "client-key-data": KEY},
            "client-certificate-data of the kubeconfig is not PEM",
            id="a certificate that is none is refused",
        ),
        pytest.param({"token": "t", "as-uid": "0"}, "as-uid", id="an impersonated uid is refused"),
        pytest.param(
            {"token": "t", "as-user-extra": {"a": ["b"]}},
            "as-user-extra",
            id="extra fields of impersonation are refused",
        ),
        pytest.param(
            {"client-certificate-data": "%%", "client-key-data": PEM},
            "base64",
            id="what is not base64 is refused",
        ),
        pytest.param({}, "neither", id="a user without any credentials is refused"),
    ],
)
def test_a_user_that_is_more_than_data_is_refused(user: dict[str, Any], want: str) -> None:
    with pytest.raises(CredentialsRefused, match=want):
        parse_kubeconfig(config(user=user))


@pytest.mark.parametrize(
    ("cluster", "want"),
    [
        pytest.param({"certificate-authority": "/x"}, "local file", id="an authority's file is refused"),
        pytest.param({"proxy-url": "http://p"}, "proxy", id="a proxy is refused"),
        pytest.param(
            {"insecure-skip-tls-verify": True}, "does not check", id="an unchecked server is refused"
        ),
        pytest.param(
            {"server": "http://north.example"}, "https", id="plain http to another machine is refused"
        ),
        pytest.param({"server": "file:///etc/passwd"}, "address", id="an address that is a file is refused"),
        pytest.param({"server": "https://a:b@north"}, "login", id="a login in the address is refused"),
        pytest.param({"server": "https://north:99999"}, "port", id="an impossible port is refused"),
        pytest.param({"server": None}, "address", id="a missing address is refused"),
        pytest.param({"server": "https://"}, "address", id="an address without a host is refused"),
        pytest.param({"server": "unix:///run/x"}, "address", id="a socket is refused"),
        pytest.param({"server": "https://a\\@b"}, "characters", id="a backslash in the address is refused"),
        pytest.param({"server": "https://a\r\nX: y"}, "characters", id="an address of two lines is refused"),
        pytest.param({"server": "https://gаla"}, "characters", id="letters that only look Latin are refused"),
        pytest.param({"server": "https://no;rth"}, "host name", id="a host that is no name is refused"),
        pytest.param({"server": "https://[::1"}, "impossible", id="half an address is refused"),
        pytest.param({"server": "https://north/?a=b"}, "query", id="a query in the address is refused"),
        pytest.param({"server": "https://north/#a"}, "fragment", id="a fragment in the address is refused"),
        pytest.param(
            {"server": "https://169.254.169.254"}, "link-local", id="an address of cloud metadata is refused"
        ),
        pytest.param({"server": "https://[fe80::1]"}, "link-local", id="a link-local address is refused"),
        pytest.param(
            {"server": "http://127.0.0.1.example"},
            "https",
            id="a name that only begins as loopback is refused",
        ),
        pytest.param({"server": "http://0x7f.1"}, "https", id="loopback in another spelling is refused"),
        pytest.param({"tls-server-name": "a\r\nb"}, "host name", id="a server name of two lines is refused"),
        pytest.param({"tls-server-name": "*"}, "host name", id="a server name for any server is refused"),
        pytest.param(
            {"certificate-authority-data": "eA=="}, "not PEM", id="an authority that is no PEM is refused"
        ),
    ],
)
def test_a_cluster_that_is_more_than_data_is_refused(cluster: dict[str, Any], want: str) -> None:
    with pytest.raises(CredentialsRefused, match=want):
        parse_kubeconfig(config(cluster=cluster))


def test_saying_that_certificates_are_checked_is_no_offence() -> None:
    assert parse_kubeconfig(config(cluster={"insecure-skip-tls-verify": False})).token == "t0k3n"


@pytest.mark.parametrize(
    "cluster",
    [
        pytest.param({"server": "https://[2001:db8::1]:6443"}, id="an address of version six is honest"),
        pytest.param({"server": "https://10.0.0.1"}, id="an address without a port is honest"),
        pytest.param({"server": "https://north.example/k8s/clusters/c-1"}, id="a path is honest"),
        pytest.param({"tls-server-name": "kubernetes.default.svc"}, id="another server name is honest"),
        pytest.param({"extensions": [{"name": "x", "extension": {"a": "b"}}]}, id="extensions are honest"),
    ],
)
def test_an_honest_cluster_is_taken(cluster: dict[str, Any]) -> None:
    assert parse_kubeconfig(config(cluster=cluster)).token == "t0k3n"


def test_a_token_of_digits_is_text_without_quotes() -> None:
    text = config(user={"token": "12345"}).replace(b'"12345"', b"12345")
    assert parse_kubeconfig(text).token == "12345"


def test_plain_http_on_loopback_needs_no_credentials() -> None:
    found = parse_kubeconfig(config(cluster={"server": "http://127.0.0.1:8001"}, user={}))

    assert found.server == "http://127.0.0.1:8001"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param(b"a: [", "YAML", id="what is no YAML is refused"),
        pytest.param(b"\xff\xfe\x00", "UTF-8", id="what is no text is refused"),
        pytest.param(config().decode().encode("utf-16"), "UTF-8", id="another encoding is refused"),
        pytest.param(
            b"!!python/object/apply:os.system [id]", "tags", id="a YAML tag that runs code is refused"
        ),
        pytest.param(b"a: !!int 1" + b":1" * 100, "tags", id="a YAML tag of a number is refused"),
        pytest.param(BOMB, "aliases", id="aliases that merge for ever are refused"),
        pytest.param(b"a: &a 1\nb: *a", "aliases", id="a single alias is refused"),
        pytest.param(b"[" * 200_000, "levels", id="brackets without end are refused"),
        pytest.param(config() + b"\n---\n" + config(), "several", id="two documents are refused"),
        pytest.param(b"", "mapping", id="an empty document is refused"),
        pytest.param(b"- 1", "mapping", id="a list is refused"),
        pytest.param(b"a: 1", "current-context", id="no current context is refused"),
        pytest.param(
            config(**{"current-context": ["main"]}), "current-context", id="two contexts are refused"
        ),
        pytest.param(config(**{"current-context": "x"}), "exactly one", id="an unknown context is refused"),
        pytest.param(config(contexts=[]), "exactly one", id="a missing context is refused"),
        pytest.param(config(users=None), "exactly one", id="a missing user is refused"),
        pytest.param(config(clusters=TWICE), "exactly one", id="two clusters of one name are refused"),
        pytest.param(b" " * (256 << 10) + b"a", "256 KiB", id="a huge file is refused"),
    ],
)
def test_a_document_that_is_no_kubeconfig_is_refused(text: bytes, want: str) -> None:
    with pytest.raises(CredentialsRefused, match=want):
        parse_kubeconfig(text)
