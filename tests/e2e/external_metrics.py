"""A real metrics API for HPAs: a small server on loopback behind an APIService, as rig.md has tried it.

A Service of type ExternalName leads the aggregator to `localhost`, so only local clusters can use it.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from clusters.authority import Authority
from clusters.cluster import Cluster, Object

GROUP = "external.metrics.k8s.io"
VERSION = "v1beta1"
METRIC = "queued"


class Metrics:
    """The one metric, `queued`, whose value a test may change."""

    def __init__(self, value: int) -> None:
        self.value = value

    def answer(self, path: str) -> Object:
        """Discovery, or the values; whoever asks for a namespace gets the same."""
        if path.partition("?")[0].endswith(f"/{METRIC}"):
            item = {"metricName": METRIC, "metricLabels": {}, "value": str(self.value)}
            at = {"timestamp": "2027-01-01T00:00:00Z"}
            return {
                "apiVersion": f"{GROUP}/{VERSION}",
                "kind": "ExternalMetricValueList",
                "items": [item | at],
            }
        return {
            "apiVersion": "v1",
            "kind": "APIResourceList",
            "groupVersion": f"{GROUP}/{VERSION}",
            "resources": [
                {"name": METRIC, "namespaced": True, "kind": "ExternalMetricValueList", "verbs": ["get"]}
            ],
        }


@contextmanager
def external_metrics(cluster: Cluster, namespace: str, folder: Path, value: int) -> Iterator[Metrics]:
    """Serves until the end of the block; the API is Available when it begins."""
    told = Metrics(value)
    authority = Authority(folder / "metrics", "metrics")
    with _serving(told, authority, f"metrics.{namespace}.svc") as port:
        bundle = authority.own.cert_data
        service = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}
        reached = {"service": {"name": "metrics", "namespace": namespace, "port": port}}
        priorities = {"groupPriorityMinimum": 100, "versionPriority": 100}
        name = f"{VERSION}.{GROUP}"
        cluster.apply(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "metrics", "namespace": namespace},
                "spec": service,
            },
            {
                "apiVersion": "apiregistration.k8s.io/v1",
                "kind": "APIService",
                "metadata": {"name": name},
                "spec": {"group": GROUP, "version": VERSION, "caBundle": bundle, **reached, **priorities},
            },
        )
        try:
            cluster.kubectl("wait", "apiservice", name, "--for=condition=Available", "--timeout=60s")
            yield told
        finally:
            cluster.kubectl("delete", "apiservice", name)


@contextmanager
def _serving(told: Metrics, authority: Authority, host: str) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(told.answer(self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    pair = authority.server(host, [f"DNS:{host}", "DNS:localhost"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.cert, pair.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
