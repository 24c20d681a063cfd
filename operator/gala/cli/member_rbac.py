"""``gala member-rbac``: what the operator's account may do in a member cluster, as objects to apply there."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import click
import yaml

from gala.api.rbac import MEMBER_EVERYWHERE, Scalable, binding, in_target_namespaces, role
from gala.cli.options import kubernetes_name, kubernetes_names
from gala.settings import MANAGER, Settings

_RESOURCE: Final = re.compile(
    r"([a-z0-9]+)\.([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)"
)


def scalables(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> tuple[Scalable, ...]:
    """``rollouts.argoproj.io``: the plural and the group, as kubectl writes them."""
    found = [(text, _RESOURCE.fullmatch(text)) for text in texts]
    for text, match in found:
        if match is None:
            raise click.BadParameter(
                f"{text!r} is no resource; write its plural and its group, as in rollouts.argoproj.io."
            )
    return tuple(dict.fromkeys(Scalable(match[1], match[2]) for _, match in found if match))


@click.command(name="member-rbac")
@click.option("-t", "--target-namespace", "namespaces", metavar="NAME", multiple=True,
              callback=kubernetes_names,
              help="A namespace whose targets events may grow, as in spec.admits of the GalaCluster. "
                   "May be given several times.")  # fmt: skip
@click.option("--all-namespaces", is_flag=True, help="Targets of every namespace may be grown.")
@click.option("--resource", "resources", metavar="PLURAL.GROUP", multiple=True, callback=scalables,
              help="A kind with /scale that is neither Deployment nor StatefulSet, as "
                   "rollouts.argoproj.io. May be given several times.")  # fmt: skip
@click.option("-n", "--namespace", default=Settings().fleet_namespace, show_default=True, metavar="NAME",
              callback=kubernetes_name, help="Namespace of the account, in the member cluster.")  # fmt: skip
@click.option("--name", default=MANAGER, show_default=True, callback=kubernetes_name,
              help="Of the account and of its roles.")  # fmt: skip
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True,
              help="How to print: YAML documents, or a JSON List; kubectl takes either.")  # fmt: skip
def member_rbac(
    *,
    namespaces: tuple[str, ...],
    all_namespaces: bool,
    resources: tuple[Scalable, ...],
    namespace: str,
    name: str,
    output: str,
) -> None:
    """Print the account and the roles that the operator needs in a member cluster.

    It reads nodes and pods everywhere, workloads in the namespaces of the targets, and writes
    their /scale and nothing else. The operator's own cluster has them from the Helm chart.

    \b
      gala member-rbac -t gala | kubectl --context east apply -f -
    """  # noqa: D301 (click wants the real \b)
    if bool(namespaces) == all_namespaces:
        raise click.UsageError(
            "Say where targets may be: name each of their namespaces with --target-namespace, "
            "or write --all-namespaces."
        )
    objects = account(name, namespace, targets=namespaces, resources=resources)
    if output == "json":
        click.echo(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}, indent=2))
    else:
        # Nothing in it may be one object twice: YAML would write anchors, which people cannot read.
        plain = json.loads(json.dumps(objects))
        texts = [yaml.safe_dump(each, sort_keys=False, default_flow_style=None) for each in plain]
        click.echo("---\n".join(texts), nl=False)


def account(
    name: str, namespace: str, *, targets: tuple[str, ...], resources: tuple[Scalable, ...]
) -> list[dict[str, Any]]:
    """A ServiceAccount with its roles and bindings; without ``targets`` in every namespace."""
    who = {"name": name, "namespace": namespace}
    rules = in_target_namespaces(resources)
    everywhere = MEMBER_EVERYWHERE if targets else (*MEMBER_EVERYWHERE, *rules)
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": who},
        role(name, everywhere),
        binding(name, who),
        *(role(name, rules, namespace=target) for target in dict.fromkeys(targets)),
        *(binding(name, who, namespace=target) for target in dict.fromkeys(targets)),
    ]
