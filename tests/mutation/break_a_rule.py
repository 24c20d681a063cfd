"""Breaks one rule at a time in a copy of the product and plays the demo: each must make it fail.

    python tests/mutation/break_a_rule.py            # all rules
    python tests/mutation/break_a_rule.py latch      # one of them

A rule whose absence nobody notices is not needed, or the demo proves nothing about it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Edit(NamedTuple):
    """One replacement in a source file; the old text must be there exactly once."""

    file: str
    old: str
    new: str


class Breach(NamedTuple):
    """A rule, and how it is broken."""

    rule: str
    edits: tuple[Edit, ...]
    rounds: int = 1


BREACHES = (
    Breach(
        "lead: preparation begins when everything should be there",
        (
            Edit(
                "planning/lead.py",
                "    return float(math.ceil(terms + max(settings.margin_min, "
                "terms * settings.margin_percent / 100)))\n",
                "    return 0.0 * terms\n",
            ),
        ),
    ),
    Breach(
        "latch: the begin is estimated anew each time, from what runs now",
        (
            Edit(
                "planning/timeline.py",
                "        prepare_at = latch.stored.prepare_at\n",
                "        prepare_at = estimate\n",
            ),
            Edit(
                "planning/projection.py",
                "        found[workload] = Target(site.original, ",
                "        found[workload] = Target(max(site.original, getattr(site.facts, 'replicas', 0)), ",
            ),
        ),
    ),
    Breach(
        "ratchet: a floor is what was divided last",
        (
            Edit(
                "planning/ratchet.py",
                "        if cluster not in outdated:\n"
                "            found[cluster] = _raised(stored, division)\n",
                "        if cluster not in outdated:\n            found[cluster] = Floor(segment=segment, "
                "replicas=division, required=required, division=division, basis=basis)\n",
            ),
        ),
        rounds=4,
    ),
    Breach(
        "ledger: nothing is stored before the first write",
        (
            Edit(
                "engine/passes.py",
                "        unstored, problems = await self._store_all(made)\n",
                "        unstored: set[object] = set()\n        problems: list[str] = []\n",
            ),
        ),
    ),
    Breach(
        "make before break: a move takes before it has added",
        (
            Edit(
                "planning/rebalance.py",
                "    if move.phase is Phase.ADDING and to.replicas >= move.to_floor:\n"
                "        return replace(move, phase=Phase.WARMING, at=now)\n",
                "    if move.phase is Phase.ADDING:\n"
                "        return replace(move, phase=Phase.TAKING, at=now)\n",
            ),
        ),
        rounds=4,
    ),
)


def play(breach: Breach | None) -> tuple[int, str]:
    """The demo's exit status with a rule broken, and what it had to say."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "operator"
        shutil.copytree(ROOT / "operator", source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        for edit in breach.edits if breach else ():
            file = source / "gala" / edit.file
            text = file.read_text()
            if text.count(edit.old) != 1:
                raise SystemExit(f"{edit.file} does not hold this text once any more:\n{edit.old}")
            file.write_text(text.replace(edit.old, edit.new))
        rounds = breach.rounds if breach else 4
        command = [
            sys.executable,
            "-m",
            "gala.main",
            "demo",
            "--rounds",
            str(rounds),
            "--html",
            f"{folder}/n.html",
        ]
        environment = {"PATH": os.defpath, "PYTHONPATH": str(source)}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr


def main() -> int:
    """Plays the unbroken demo, then each breach; 0 if only the unbroken one passes."""
    wanted = sys.argv[1:]
    survivors = 0
    if not wanted:
        status, said = play(None)
        survivors += status != 0
        print(f"{'passes' if status == 0 else 'FAILS':8} with every rule in force {said[:200]}", flush=True)
    for breach in BREACHES:
        if wanted and not any(breach.rule.startswith(word) for word in wanted):
            continue
        status, said = play(breach)
        survivors += status == 0
        told = said.splitlines()
        first = told[0] if told else "nothing was said"
        print(f"{'SURVIVES' if status == 0 else 'fails':8} {breach.rule}")
        print(f"         {len(told)} breaches, the first: {first}", flush=True)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
