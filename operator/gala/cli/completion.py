"""``gala completion``: scripts for shells, and kubectl's own way to complete a plugin.

A shell asks the program itself what may come next (click's protocol); kubectl asks an
executable called ``kubectl_complete-gala``, in the words of cobra. No server is asked: a
key that hangs until a login comes is worse than no completion.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

PROGRAM: Final = "gala"
VARIABLE: Final = "_GALA_COMPLETE"
"""Environment variable in which a shell asks."""

SHELLS: Final = ("bash", "zsh", "fish")

_FILES: Final = ":0"
"""Cobra's directive: let the shell complete names of files."""
_WORDS: Final = ":4"
"""Cobra's directive: these words, and no files."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that completes commands and options in a shell.

    kubectl completes `kubectl gala` by itself where its own completion is set up.

    \b
      source <(gala completion bash)         in ~/.bashrc
      source <(gala completion zsh)          in ~/.zshrc, after compinit
      gala completion fish | source          in ~/.config/fish/config.fish
    """  # noqa: D301 (click wants the real \b)
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 (click knows each of SHELLS)
    click.echo(kind(context.find_root().command, {}, PROGRAM, VARIABLE).source())


def for_kubectl(command: click.Command, arguments: Sequence[str]) -> list[str]:
    """The lines that kubectl expects: words with what they mean, then a directive.

    The last of ``arguments`` is the word that is not finished; it may be empty.
    """
    *words, unfinished = arguments or ("",)
    items = ShellComplete(command, {}, PROGRAM, VARIABLE).get_completions(list(words), unfinished)
    plain = [_line(item) for item in items if item.type == "plain"]
    return [*plain, _WORDS if len(plain) == len(items) else _FILES]


def _line(item: CompletionItem[str]) -> str:
    return f"{item.value}\t{' '.join(item.help.split())}" if item.help else str(item.value)
