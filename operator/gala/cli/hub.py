"""How a person, or a pod, reaches the API server that holds the GalaEvents.

Kubeconfigs that people name on the command line are their own: login commands run, as with
kubectl. Kubeconfigs from Secrets never come this way (``fleet/kubeconfig.py``).
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from kubernetes.aio import config
from kubernetes.aio.client import Configuration

from gala.cli.options import HOME
from gala.errors import CredentialsRefused, GalaError, InvalidInput, RequestFailed
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.sandbox.served_folder import MARK

log = logging.getLogger(__name__)

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes puts a pod's own token and CA."""

LOGIN_AGAIN: Final = 240.0
"""Seconds after which a kubeconfig is read again: tokens of login commands live ten minutes or more."""

INSTALL: Final = "install them with: gala crds | kubectl apply --server-side -f -"
"""What to do where a kind is missing."""

ENDED: Final = (
    "The clusters of gala demo --serve, which wrote this kubeconfig, do not answer: it has ended, or Ctrl-Z "
    "stopped it. Start it anew with: gala demo --serve; or name another kubeconfig with --kubeconfig."
)

DEFAULT_NAMESPACE: Final = "default"

_BEARER: Final = "Bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Where credentials come from; nothing is read before it is asked."""

    kubeconfig: str | None = None
    """As in ``KUBECONFIG``: one path or several, separated by colons."""
    context: str | None = None
    pod_api: str | None = None
    """``host:port`` of the API server as a pod is told it."""
    home: Path = Path(HOME)
    account: Path = ACCOUNT

    async def credentials(self) -> Credentials:
        """Of ``kubeconfig`` if given, else of the pod we are, else of the kubeconfig at home.

        Raises:
            InvalidInput: There is none, or it cannot be used; the text says what to do.
            CredentialsRefused: It asks for something that is never done.
        """
        if self.in_pod():
            return await asyncio.to_thread(self._of_pod)
        return await self._of_kubeconfig(self.kubeconfig or str(self.home))

    async def namespace(self) -> str:
        """Of the context, as kubectl takes it without ``-n``; ``default`` where it names none."""
        if self.in_pod():
            return await asyncio.to_thread(_first_line, self.account / "namespace")
        paths = self.kubeconfig or str(self.home)
        with await _usable(paths):
            contexts, current = await asyncio.to_thread(config.list_kube_config_contexts, paths)
        chosen = next((one for one in contexts if one["name"] == self.context), current)
        return str((chosen.get("context") or {}).get("namespace") or DEFAULT_NAMESPACE)

    async def served(self) -> bool:
        """Whether the kubeconfig is one that ``gala demo --serve`` wrote."""
        path = self.kubeconfig or str(self.home)
        return not self.in_pod() and await asyncio.to_thread(_begins_with, path, MARK)

    def in_pod(self) -> bool:
        """Whether the pod's own account is used."""
        return self.kubeconfig is None and self.context is None and (self.account / "token").exists()

    async def keep(self, hub: ApiServer) -> None:
        """Logs in again from time to time; a login that fails leaves what there is."""
        while not self.in_pod():
            await asyncio.sleep(LOGIN_AGAIN)
            try:
                await hub.use(await self.credentials())
            except GalaError as failed:
                log.warning("logging in again failed: %s", failed)

    def _of_pod(self) -> Credentials:
        return Credentials(
            server=f"https://{self.pod_api or 'kubernetes.default.svc:443'}",
            ca_data=(self.account / "ca.crt").read_bytes(),
            token_path=self.account / "token",
        )

    async def _of_kubeconfig(self, paths: str) -> Credentials:
        loaded = Configuration()
        with await _usable(paths):
            loader = await config.load_kube_config(  # type: ignore[no-untyped-call]
                config_file=paths,
                context=self.context,
                client_configuration=loaded,
                persist_config=False,
            )
        name = loader.current_context["name"]
        return await asyncio.to_thread(_read, loaded, name)


async def check(hub: ApiServer) -> None:
    """Raises a sentence with what to do, unless the hub answers and knows our kinds."""
    try:
        await hub.request("GET", "/apis/gala.dev/v1alpha1")
    except RequestFailed as failed:
        if failed.status == 404:
            raise InvalidInput(f"{hub.credentials.server} does not know GalaEvents; {INSTALL}") from failed
        if failed.status in (401, 403):
            raise CredentialsRefused(
                f"{hub.credentials.server} refuses these credentials ({failed.status}); log in anew, "
                "or name another context with --context."
            ) from failed
        raise


def _read(loaded: Any, context: str) -> Credentials:
    """What the loader left in a configuration, files read into memory."""
    if not loaded.verify_ssl:
        raise CredentialsRefused(
            f"The context {context} skips checking who answers (insecure-skip-tls-verify); "
            "give it certificate-authority-data."
        )
    if loaded.proxy:
        raise CredentialsRefused(
            f"The context {context} goes through a proxy; name one that does not with --context."
        )
    token = loaded.api_key.get("BearerToken")
    if token is not None and not token.startswith(_BEARER):
        raise CredentialsRefused(
            f"The context {context} logs in with a password; name one with a token or certificate with "
            "--context."
        )
    certificate, key = _content(loaded.cert_file), _content(loaded.key_file)
    if token is None and certificate is None and not loaded.host.startswith("http://"):
        raise InvalidInput(
            f"The context {context} gave neither a token nor a certificate; log in first, "
            "and see that `kubectl get galaevents` works."
        )
    return Credentials(
        server=loaded.host,
        ca_data=_content(loaded.ssl_ca_cert),
        token=token.removeprefix(_BEARER) if token else None,
        client_cert_data=certificate,
        client_key_data=key,
        tls_server_name=loaded.tls_server_name,
    )


async def _usable(paths: str) -> AbstractContextManager[None]:
    """Within it, what the loader says against a kubeconfig is InvalidInput with what to do."""
    if not await asyncio.to_thread(_any_exists, paths):
        raise InvalidInput(f"There is no kubeconfig at {paths}; name one with --kubeconfig.")
    return _refusing(paths)


_SHAPES: Final = (TypeError, KeyError, AttributeError, ValueError)
"""What the loader falls over where a file has another shape than a kubeconfig."""


@contextmanager
def _refusing(paths: str) -> Iterator[None]:
    try:
        yield
    except (config.ConfigException, yaml.YAMLError, OSError, *_SHAPES) as error:
        said = "it is no kubeconfig" if isinstance(error, _SHAPES) else str(error)
        text = " ".join(said.split()).rstrip(".")
        raise InvalidInput(
            f"The kubeconfig {paths} cannot be used: {text}; see what it has with: "
            "kubectl config get-contexts, and name another with --kubeconfig or --context."
        ) from error


def _any_exists(paths: str) -> bool:
    return any(Path(path).expanduser().exists() for path in paths.split(os.pathsep) if path)


def _begins_with(path: str, line: str) -> bool:
    try:
        with Path(path).expanduser().open(encoding="utf-8") as file:
            return file.readline() == line
    except (OSError, UnicodeDecodeError):
        return False


def _first_line(path: Path) -> str:
    try:
        return path.read_text("ascii").strip() or DEFAULT_NAMESPACE
    except OSError:
        return DEFAULT_NAMESPACE


def _content(path: str | None) -> bytes | None:
    return Path(path).read_bytes() if path else None
