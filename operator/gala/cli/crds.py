"""``gala crds``: the definitions of the four kinds, as this very version understands them."""

from __future__ import annotations

import json
from pathlib import Path

import click

from gala.api import crd


@click.command()
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True,
              help="How to print: YAML documents, or a JSON List; kubectl takes either.")  # fmt: skip
@click.option("--directory", type=click.Path(file_okay=False, path_type=Path),
              help="Write one YAML file per kind into this directory instead of printing.")  # fmt: skip
def crds(output: str, directory: Path | None) -> None:
    """Print the CustomResourceDefinitions.

    They belong to the version that prints them: upgrade them with the operator.

    \b
      gala crds | kubectl apply --server-side -f -
    """  # noqa: D301 (click wants the real \b)
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in crd.render_files().items():
            (directory / name).write_text(text, encoding="utf-8")
            click.echo(directory / name)
    elif output == "json":
        definitions = [crd.render(kind) for kind in crd.KINDS]
        click.echo(json.dumps({"apiVersion": "v1", "kind": "List", "items": definitions}, indent=2))
    else:
        click.echo(crd.render_all(), nl=False)
