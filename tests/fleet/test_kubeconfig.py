"""Hostile and honest kubeconfigs."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from gala.errors import CredentialsRefused
from gala.fleet.kubeconfig import parse_kubeconfig

PEM = base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()


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
    found = parse_kubeconfig(config(user={"client-certificate-data": PEM, "client-key-data": PEM}))

    assert found.token is None
    assert found.client_cert_data == found.client_key_data == b"-----BEGIN CERTIFICATE-----"


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
        pytest.param({"token": 5}, "must be text", id="a token that is no text is refused"),
        pytest.param({"client-key-data": PEM}, "both", id="a key without its certificate is refused"),
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
    ],
)
def test_a_cluster_that_is_more_than_data_is_refused(cluster: dict[str, Any], want: str) -> None:
    with pytest.raises(CredentialsRefused, match=want):
        parse_kubeconfig(config(cluster=cluster))


def test_saying_that_certificates_are_checked_is_no_offence() -> None:
    assert parse_kubeconfig(config(cluster={"insecure-skip-tls-verify": False})).token == "t0k3n"


def test_plain_http_on_loopback_needs_no_credentials() -> None:
    found = parse_kubeconfig(config(cluster={"server": "http://127.0.0.1:8001"}, user={}))

    assert found.server == "http://127.0.0.1:8001"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param(b"a: [", "YAML", id="what is no YAML is refused"),
        pytest.param(b"\xff\xfe\x00", "YAML", id="what is no text is refused"),
        pytest.param(
            b"!!python/object/apply:os.system [id]", "YAML", id="a YAML tag that runs code is refused"
        ),
        pytest.param(b"- 1", "mapping", id="a list is refused"),
        pytest.param(b"a: 1", "current-context", id="no current context is refused"),
        pytest.param(config(contexts=[]), "exactly one", id="a missing context is refused"),
        pytest.param(config(users=None), "exactly one", id="a missing user is refused"),
        pytest.param(b" " * (1 << 20) + b"a", "1 MiB", id="more than a Secret can hold is refused"),
    ],
)
def test_a_document_that_is_no_kubeconfig_is_refused(text: bytes, want: str) -> None:
    with pytest.raises(CredentialsRefused, match=want):
        parse_kubeconfig(text)
