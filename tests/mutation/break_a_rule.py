"""Switches one safety rule off at a time in a copy of the product: a test, or the demo, must fail.

    python tests/mutation/break_a_rule.py            # all rules; the unbroken product first
    python tests/mutation/break_a_rule.py latch      # those whose name holds a word

A rule whose absence nobody notices is not needed, or nothing proves it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from breach import Breach, Demo, Edit, Tests
from rules import BREACHES, RULES

ROOT = Path(__file__).resolve().parents[2]


SIDE_BY_SIDE = 2

FAILED = 1
"""Exit status of pytest when tests failed; a collection error, which proves nothing, has another."""


PATIENCE = 300.0
"""Seconds; a rule against hanging is proved by a test that hangs without it."""

HUNG = f"did not end within {PATIENCE:g} s"


class Outcome(NamedTuple):
    """What became of one breach."""

    rule: str
    noticed: bool
    told: str


@contextmanager
def _copy(edits: Iterable[Edit]) -> Iterator[Path]:
    """A folder with a copy of the product, edited."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "operator"
        shutil.copytree(ROOT / "operator", source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        for edit in edits:
            file = source / "gala" / edit.file
            text = file.read_text()
            if text.count(edit.old) != 1:
                raise SystemExit(f"{edit.file} does not hold this text exactly once any more:\n{edit.old}")
            file.write_text(text.replace(edit.old, edit.new))
        yield source


def _judged(judge: Demo | Tests, edits: Iterable[Edit]) -> tuple[int, str]:
    """Exit status of the judge on a product with these edits, and what it said in one line."""
    with _copy(edits) as source:
        environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
            "PYTHONPATH": str(source),
        }
        if isinstance(judge, Demo):
            words = ["-m", "gala.main", "demo", "--rounds", str(judge.rounds), "--html", f"{source}/n.html"]
            done = _run(words, source.parent, environment)
            told = done.stderr.splitlines()
            return done.returncode, f"{len(told)} breaches, the first: {told[0]}" if told else ""
        words = ["-m", "pytest", "-p", "no:cacheprovider", "-n0", "-qx", "-m", "", *judge.arguments.split()]
        done = _run(words, ROOT, environment)
        told = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
        last = done.stdout.strip().splitlines()[-1:] or done.stderr.strip().splitlines()[-1:]
        return done.returncode, f"{''.join(last)}: {told[0].split(' - ')[0]}" if told else "".join(last)


def _run(words: Sequence[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, FAILED, stdout=HUNG, stderr=HUNG)


def _broken(breach: Breach) -> Outcome:
    status, told = _judged(breach.judge, breach.edits)
    noticed = status == FAILED and (isinstance(breach.judge, Tests) or bool(told))
    return Outcome(breach.rule, noticed, told)


def _unbroken(breaches: Sequence[Breach]) -> list[Outcome]:
    """The same judges on the product as it is: each must pass."""
    arguments = sorted({word for b in breaches if isinstance(b.judge, Tests) for word in _paths(b.judge)})
    judges: list[Demo | Tests] = [Tests(" ".join(arguments))] if arguments else []
    rounds = [breach.judge.rounds for breach in breaches if isinstance(breach.judge, Demo)]
    judges += [Demo(max(rounds))] if rounds else []
    found = []
    for judge in judges:
        status, told = _judged(judge, ())
        found.append(Outcome(f"every rule in force, by {type(judge).__name__.lower()}", status == 0, told))
    return found


def _paths(judge: Tests) -> list[str]:
    """The files and tests of a judge, without the expression that picks among them."""
    return judge.arguments.split(" -k ")[0].split()


def _table(outcomes: Mapping[str, Outcome]) -> Iterator[str]:
    """Rule by rule: what was switched off, and who noticed."""
    for number, rule in RULES.items():
        found = [outcomes[breach.rule] for breach in rule.breaches() if breach.rule in outcomes]
        if found or not outcomes:
            yield f"{number:2} {rule.title}"
        for one in found:
            yield f"   {'+' if one.noticed else '!'} {one.rule} -> {one.told}"


def main() -> int:
    """Breaks what was asked for; 0 if each breach was noticed and the unbroken product passes."""
    words = sys.argv[1:]
    breaches = [b for b in BREACHES if not words or any(word in b.rule for word in words)]
    failures = 0
    noticed: dict[str, Outcome] = {}
    for outcome in _unbroken(breaches):
        failures += not outcome.noticed
        print(f"{'passes' if outcome.noticed else 'FAILS':8} {outcome.rule}: {outcome.told}", flush=True)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for outcome in pool.map(_broken, breaches):
            failures += not outcome.noticed
            noticed[outcome.rule] = outcome
            print(f"{'fails' if outcome.noticed else 'SURVIVES':8} {outcome.rule}")
            print(f"         {outcome.told}", flush=True)
    for line in _table(noticed):
        print(line)
    print(f"{len(breaches)} rules broken, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
