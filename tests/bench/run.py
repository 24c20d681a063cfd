"""Takes every figure of docs/benchmarks.md and prints them beside their targets; 1 where one is missed.

python tests/bench/run.py                          # all, some minutes
python tests/bench/run.py plan pass                # some of: plan, pass, writes, start, growth, simulate
python tests/bench/run.py plan --size 20 50 3      # clusters, workloads, rounds
python tests/bench/run.py --json out/bench.json
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import growth_bench
import pass_bench
import plan_bench
import simulate_bench
import start_bench
import write_bench
from measure import Report, machine
from night import Size

LIVE = Size(20, 100, 7)
"""Of whole passes in a live round: their servers would need minutes for all of the fleet's writes."""


def _plan(report: Report, size: Size) -> None:
    report.add(plan_bench.plans(size), *plan_bench.variants(size))


def _pass(report: Report, size: Size) -> None:
    report.add(*pass_bench.passes(size, live=False))
    report.add(*pass_bench.passes(LIVE)[3:])


def _writes(report: Report, _: Size) -> None:
    report.add(*write_bench.writes())


def _start(report: Report, size: Size) -> None:
    report.add(*start_bench.start_and_rest(size))


def _growth(report: Report, _: Size) -> None:
    report.curves += growth_bench.growth()


def _simulate(report: Report, size: Size) -> None:
    report.add(*simulate_bench.nights(size))


BENCHES: dict[str, Callable[[Report, Size], None]] = {
    "plan": _plan,
    "pass": _pass,
    "writes": _writes,
    "start": _start,
    "growth": _growth,
    "simulate": _simulate,
}


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description="Takes the figures of docs/benchmarks.md.")
    parser.add_argument("bench", nargs="*", metavar="BENCH", help=f"some of: {', '.join(BENCHES)}; else all")
    parser.add_argument(
        "--size",
        nargs=3,
        type=int,
        default=(70, 200, 7),
        metavar=("C", "W", "R"),
        help="clusters, workloads, rounds",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, too")
    given = parser.parse_args()
    unknown = set(given.bench) - BENCHES.keys()
    if unknown:
        parser.error(f"there is no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    logging.disable(logging.WARNING)
    print(machine())
    report = Report()
    for name in given.bench or BENCHES:
        print(f"\n== {name}", flush=True)
        BENCHES[name](report, Size(*given.size))
    print("\n" + "\n\n".join([*report.curves, report.table()]))
    if given.json is not None:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(report.document(), indent=2) + "\n")
    return 0 if all(figure.met for figure in report.figures) else 1


if __name__ == "__main__":
    sys.exit(main())
