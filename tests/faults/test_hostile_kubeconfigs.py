"""Kubeconfigs that want more than to be read: nothing is run, read or asked, it is told, the others go on."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fleet_builders import SECRETS, enrol, member
from fleet_server import FleetServer, serving
from fleet_stage import Stage, stage
from gala.report.cluster_status import ClusterView, cluster_status
from measures import Measure

pytestmark = pytest.mark.faults

PEM = base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()
SECRET = "gala-system/south-kubeconfig"
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
RUN = "touch RAN"
"""As far as any text of a kubeconfig would ever be run."""


def config(server: str, cluster: dict[str, Any], user: dict[str, Any], **top: Any) -> str:
    """A kubeconfig; RAN and SECRET in it stand for paths of the test."""
    document = {
        "current-context": "main",
        "contexts": [{"name": "main", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": user}],
        **top,
    }
    return json.dumps(document)


def command(text: str) -> dict[str, Any]:
    return {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", text]}


TOKEN = {"token": "t0k3n"}

USERS = [
    pytest.param({"exec": command(RUN)}, "exec", id="a command as login"),
    pytest.param({**TOKEN, "exec": command(RUN)}, "exec", id="a command beside a token"),
    pytest.param(
        {"auth-provider": {"name": "gcp", "config": {"cmd-path": "sh", "cmd-args": f"-c '{RUN}'"}}},
        "auth-provider",
        id="a login plugin with a command",
    ),
    pytest.param({"tokenFile": "FILE"}, "tokenFile", id="a token from a file"),
    pytest.param({**TOKEN, "tokenFile": "FILE"}, "tokenFile", id="a file beside a token"),
    pytest.param({**TOKEN, "client-certificate": "FILE"}, "client-certificate", id="a certificate's file"),
    pytest.param({**TOKEN, "client-key": "FILE"}, "client-key", id="a key's file"),
    pytest.param({"username": "admin", "password": "admin"}, "username", id="a password"),
    pytest.param({**TOKEN, "as": "system:admin"}, "impersonates", id="another user's name"),
    pytest.param({**TOKEN, "as-groups": ["system:masters"]}, "impersonates", id="another user's groups"),
    pytest.param({**TOKEN, "as-uid": "0"}, "impersonates", id="another user's id"),
    pytest.param({**TOKEN, "as-user-extra": {"a": ["b"]}}, "impersonates", id="another user's extra"),
    pytest.param({**TOKEN, "$patch": "x"}, "is not known", id="a field that nobody knows"),
    pytest.param({"token": "a\r\nHost: evil"}, "characters that no token has", id="a token of two lines"),
    pytest.param({"token": {"a": "b"}}, "must be text", id="a token that is an object"),
    pytest.param({"client-certificate-data": PEM}, "Give both", id="a certificate without its key"),
    pytest.param(
        {"client-certificate-data": "%%%", "client-key-data": "%%%"},
        "not base64",
        id="no base64",
    ),
]

CLUSTERS = [
    pytest.param({"proxy-url": "PROXY"}, "through a proxy", id="a proxy"),
    pytest.param({"insecure-skip-tls-verify": True}, "does not check who answers", id="unchecked servers"),
    pytest.param({"certificate-authority": "FILE"}, "reads a local file", id="an authority's file"),
    pytest.param({"server": "http://192.0.2.7:8080"}, "must be https", id="plain http"),
    pytest.param({"server": "https://169.254.169.254"}, "link-local", id="a metadata service"),
    pytest.param({"server": "https://a:b@192.0.2.7"}, "no login", id="a login in the address"),
    pytest.param({"server": "file:///etc/passwd"}, "must be an address", id="a file as server"),
    pytest.param({"server": "unix:///run/x.sock"}, "must be an address", id="a socket as server"),
    pytest.param({"server": "https://a\r\nb"}, "characters that no address has", id="two lines"),
    pytest.param({"tls-server-name": "*"}, "must be a host name", id="a name for any server"),
    pytest.param({"certificate-authority-data": "eA=="}, "not PEM", id="an authority that is no PEM"),
]

TEXTS = [
    pytest.param("", "not a mapping", id="an empty file"),
    pytest.param("- a", "not a mapping", id="a list"),
    pytest.param("a: [", "not valid YAML", id="half a file"),
    pytest.param("\xff", "UTF-8", id="bytes that are no text"),
    pytest.param("a: 1", "no current-context", id="no current context"),
    pytest.param(" " * (300 << 10) + "a: 1", "larger than 256 KiB", id="a huge file"),
    pytest.param("# x\n" * (1 << 20), "larger than 256 KiB", id="a file of 4 MB"),
    pytest.param(LAUGHS, "aliases", id="a billion laughs"),
    pytest.param("&a [*a]", "aliases", id="a file that contains itself"),
    pytest.param("[" * 100_000, "levels deep", id="brackets without end"),
    pytest.param("!!python/object/apply:os.system ['touch RAN']", "tags", id="a tag that runs a command"),
    pytest.param("a: 1\n---\nb: 2", "several YAML documents", id="two documents"),
]


class Trap:
    """A cluster called south whose Secret is hostile, and what would show that it was obeyed."""

    def __init__(self, it: Stage, south: FleetServer, folder: Path) -> None:
        self.it, self.south = it, south
        self.ran, self.file = folder / "ran", folder / "secret"
        self.file.write_text("the token of somebody else")
        it.clusters.append(member("south"))

    def put(self, text: str) -> None:
        text = text.replace("RAN", str(self.ran)).replace("FILE", str(self.file))
        text = text.replace("PROXY", self.south.url)
        self.put_raw(base64.b64encode(text.encode("latin-1")).decode())

    def put_raw(self, value: str) -> None:
        secret = {"metadata": {"name": "south-kubeconfig"}, "data": {"value": value}}
        self.it.hub.put(SECRETS, secret)

    async def sprung(self) -> str:
        """What is told; that nothing was run, read or asked, and that north goes on, is seen to here."""
        facts = await self.it.look_at_all()
        assert facts["north"].reachable
        assert facts["south"].unreachable_reason == "CredentialsRefused"
        view = ClusterView(
            generation=1, now=1_000.0, facts=facts["south"], health=self.it.fleet.health()["south"]
        )
        conditions = {one.type: one for one in cluster_status(view).conditions}
        for kind in ("Ready", "Reachable"):
            assert (conditions[kind].status, conditions[kind].reason) == ("False", "CredentialsRefused")
        assert not self.ran.exists()
        assert self.south.requests == []
        said = conditions["Reachable"].message
        assert said.endswith(f"Mend Secret {SECRET}; it is read again within seconds.")
        assert "somebody else" not in said
        return said


@pytest.mark.parametrize(("user", "want"), USERS)
async def test_a_user_that_is_more_than_data_is_refused(
    user: dict[str, Any], want: str, tmp_path: Path, measured: Measure
) -> None:
    async with stage() as it, serving() as south:
        trap = Trap(it, south, tmp_path)
        trap.put(config(south.url, {}, user))
        assert want in await trap.sprung()
    measured("T24", "kubeconfigs refused", 1)


@pytest.mark.parametrize(("cluster", "want"), CLUSTERS)
async def test_a_server_that_is_more_than_data_is_refused(
    cluster: dict[str, Any], want: str, tmp_path: Path, measured: Measure
) -> None:
    async with stage() as it, serving() as south:
        trap = Trap(it, south, tmp_path)
        trap.put(config(south.url, cluster, TOKEN))
        assert want in await trap.sprung()
    measured("T24", "kubeconfigs refused", 1)


@pytest.mark.parametrize(("text", "want"), TEXTS)
async def test_a_file_that_is_no_kubeconfig_is_refused(
    text: str, want: str, tmp_path: Path, measured: Measure
) -> None:
    async with stage() as it, serving() as south:
        trap = Trap(it, south, tmp_path)
        trap.put(text)
        assert want in await trap.sprung()
    measured("T24", "kubeconfigs refused", 1)


async def test_a_secret_that_is_no_base64_is_refused(tmp_path: Path, measured: Measure) -> None:
    async with stage() as it, serving() as south:
        trap = Trap(it, south, tmp_path)
        trap.put_raw("%%% no base64")
        assert "Key value of Secret south-kubeconfig is not base64; the platform team" in await trap.sprung()
    measured("T24", "kubeconfigs refused", 1)


async def test_a_secret_that_is_not_there_is_told_with_what_to_create(tmp_path: Path) -> None:
    async with stage() as it, serving() as south:
        said = await Trap(it, south, tmp_path).sprung()
    assert said.startswith(
        "There is no Secret south-kubeconfig with a key value in namespace gala-system; the platform team"
    )


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_credentials_do_not_follow_a_redirect(code: int, measured: Measure) -> None:
    async with stage() as it, serving() as south, serving() as elsewhere:

        async def redirect(request: web.Request) -> web.StreamResponse:
            return web.Response(status=code, headers={"Location": f"{elsewhere.url}{request.path}"})

        enrol(it.hub, south, "south", token="t0k3n")
        south.faults["GET", "version"] = redirect
        it.clusters.append(member("south"))
        facts = await it.look_at_all()
        health = it.fleet.health()["south"]

    assert facts["north"].reachable
    assert facts["south"].unreachable_reason == "Redirected"
    assert health.message.endswith(f"Write the API server's own address as server into Secret {SECRET}.")
    assert elsewhere.requests == []
    measured("T24", "redirects refused", 1)
