"""A certificate authority of a cluster's own, made with openssl."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_NEW = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_DAYS = "2"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Two PEM files."""

    cert: Path
    key: Path

    @property
    def cert_data(self) -> str:
        """The certificate as a kubeconfig holds it."""
        return b64encode(self.cert.read_bytes()).decode()

    @property
    def key_data(self) -> str:
        """The key as a kubeconfig holds it."""
        return b64encode(self.key.read_bytes()).decode()


class Authority:
    """Signs certificates of servers and of users; a user's groups are the certificate's organizations."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._made = 0
        self.own = Certificate(folder / "ca.pem", folder / "ca.key")
        _openssl(
            *(*_NEW, "-x509", "-days", _DAYS, "-subj", f"/CN={name}"),
            *("-keyout", str(self.own.key), "-out", str(self.own.cert)),
        )

    def server(self, name: str, addresses: Sequence[str]) -> Certificate:
        """For a server that is asked under these ``IP:...`` and ``DNS:...`` names."""
        return self._sign(f"/CN={name}", f"subjectAltName={','.join(addresses)}\n")

    def client(self, user: str, groups: Sequence[str] = ()) -> Certificate:
        """For a user; each call makes another one."""
        subject = "".join(f"/O={group}" for group in groups) + f"/CN={user}"
        return self._sign(subject, "extendedKeyUsage=clientAuth\n")

    def _sign(self, subject: str, extensions: str) -> Certificate:
        self._made += 1
        stem = self._folder / str(self._made)
        made = Certificate(stem.with_suffix(".pem"), stem.with_suffix(".key"))
        stem.with_suffix(".ext").write_text(extensions)
        request = str(stem.with_suffix(".csr"))
        _openssl(*_NEW, "-subj", subject, "-keyout", str(made.key), "-out", request)
        _openssl(
            *("x509", "-req", "-in", request, "-CA", str(self.own.cert), "-CAkey", str(self.own.key)),
            *("-set_serial", str(self._made), "-days", _DAYS),
            *("-extfile", str(stem.with_suffix(".ext")), "-out", str(made.cert)),
        )
        return made


def signing_key(folder: Path) -> Certificate:
    """A public and a private key, for the tokens of ServiceAccounts."""
    folder.mkdir(parents=True, exist_ok=True)
    pair = Certificate(folder / "tokens.pub", folder / "tokens.key")
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(pair.key))
    _openssl("ec", "-in", str(pair.key), "-pubout", "-out", str(pair.cert))
    return pair


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
