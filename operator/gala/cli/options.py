"""Options that several commands have, so that they read the same everywhere."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
import yaml

from gala.api.scalars import parse_duration, parse_instant
from gala.settings import Settings

Command = Callable[..., Any]

HOME: Final = "~/.kube/config"
"""The kubeconfig where nobody names one."""


def instant(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    """A time with an offset, as seconds since the epoch."""
    try:
        return None if text is None else parse_instant(text)
    except ValueError as refused:
        raise click.BadParameter(str(refused)) from refused


def duration(_context: click.Context, _option: click.Parameter, text: str) -> float:
    """A duration as `90s` or `5m`, in seconds."""
    try:
        return parse_duration(text)
    except ValueError as refused:
        raise click.BadParameter(str(refused)) from refused


def kubernetes_name(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """A name that the API server can have given; anything else would be another address."""
    if text is not None and not _NAME.fullmatch(text):
        raise click.BadParameter(f"{text!r} is no name; write lower-case letters, digits, hyphens and dots.")
    return text


def kubernetes_names(
    context: click.Context, option: click.Parameter, texts: tuple[str, ...]
) -> tuple[str, ...]:
    """Names of objects; who writes ``namespace/name`` is told how to say it."""
    for text in texts:
        namespace, slash, name = text.partition("/")
        if slash and _NAME.fullmatch(namespace) and _NAME.fullmatch(name):
            raise click.BadParameter(f"{text!r} is no name; write {name} -n {namespace}.")
        kubernetes_name(context, option, text)
    return texts


_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

NAMESPACE: Final = click.option(
    "-n",
    "--namespace",
    metavar="NAME",
    callback=kubernetes_name,
    help="Namespace of the events [default: the context's, as with kubectl].",
)
KUBECONFIG: Final = click.option(
    "--kubeconfig",
    envvar="KUBECONFIG",
    metavar="PATH",
    show_envvar=True,
    help="The cluster that holds the GalaEvents.",
)


def context_names(context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Contexts to complete, from the kubeconfig on disk; none where it cannot be read."""
    paths = str(context.params.get("kubeconfig") or HOME).split(os.pathsep)
    found: list[str] = []
    for path in paths:
        try:
            document = yaml.safe_load(Path(path).expanduser().read_text(encoding="utf-8"))
            found += [str(one["name"]) for one in document["contexts"]]
        except (OSError, ValueError, yaml.YAMLError, TypeError, KeyError):
            continue
    return sorted({name for name in found if name.startswith(incomplete)})


CONTEXT: Final = click.option(
    "--context",
    metavar="NAME",
    shell_complete=context_names,
    help="Another context of the kubeconfig than its current one.",
)
FLEET_NAMESPACE: Final = click.option(
    "--fleet-namespace",
    metavar="NAME",
    default=Settings().fleet_namespace,
    callback=kubernetes_name,
    show_default=True,
    help="Where GalaClusters and the operator's ledger live.",
)


def hub_options(command: Command) -> Command:
    """How to reach the hub: ``kubeconfig``, ``context``, ``namespace`` and ``fleet_namespace``."""
    for option in (FLEET_NAMESPACE, CONTEXT, KUBECONFIG, NAMESPACE):
        command = option(command)
    return command
