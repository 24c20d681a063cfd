"""A night as a file: what the report and its pictures can be made of again, on another day or machine."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from gala.errors import InvalidInput
from gala.planning.facts import EventKey
from gala.planning.outcome import Decision
from gala.report.nightlog import FloorLog, MoveLog, NightLog, Place, SegmentLog, Take, WorkloadLog, WriteLog
from gala.report.series import StepSeries

VERSION: Final = 1

LARGEST: Final = 64 << 20
"""Bytes of an unpacked night: a file from elsewhere may not fill the memory."""

SERIES: Final = ("intended", "spec", "ready", "warm", "offered")

_Steps = list[tuple[str, str, list[float], list[float | None]]]
"""By place: workload, cluster, seconds since the step before (the first since the epoch), values."""


_WriteRest = tuple[int, int, str, float]
_DecisionRest = tuple[str, str, int, int, str, str]


class _File(BaseModel):
    """What is written; plain values only."""

    model_config = ConfigDict(extra="ignore")

    version: int
    night: dict[str, Any]
    segments: list[dict[str, Any]]
    workloads: list[dict[str, Any]]
    floors: list[tuple[str, str, str, int, list[tuple[float, int]]]]
    writes: list[tuple[float, str, str, int, int, str, float]]
    decisions: list[tuple[float, str, str, str, str, int, int, str, str]]
    moves: list[tuple[float, str, str, str, str, int]]
    series: dict[str, _Steps]


_SCALARS: Final = (
    "event", "mode", "started_at", "ended_at", "time_zone", "clusters", "servers_added", "loans_opened",
    "loans_outstanding", "contested", "wrong_decreases", "handed_back",
)  # fmt: skip


def dump(log: NightLog) -> bytes:
    """The night as gzipped JSON; the same night always gives the same bytes."""
    document = _File(
        version=VERSION,
        night={name: getattr(log, name) for name in _SCALARS},
        segments=[_fields(SegmentLog, one) for one in log.segments],
        workloads=[_fields(WorkloadLog, one) for one in log.workloads],
        floors=[(f.segment, *f.place, f.at_ready_by, [tuple(t) for t in f.takes]) for f in log.floors],
        writes=[(w.at, *w.place, w.was, w.to, w.error, w.seconds) for w in log.writes],
        decisions=[
            (d.at, *d.event, d.cluster, d.workload, d.start, d.to, d.reason, d.rule) for d in log.decisions
        ],
        moves=[tuple(move) for move in log.moves],
        series={name: _steps(getattr(log, name)) for name in SERIES},
    )
    return gzip.compress(document.model_dump_json().encode(), mtime=0)


def load(data: bytes) -> NightLog:
    """A night that ``dump`` wrote.

    Raises:
        InvalidInput: It is none, or of a version that this one does not know.
    """
    try:
        text = unpack(data)
        document = _File.model_validate_json(text)
        if document.version > VERSION:
            raise InvalidInput("this night was recorded by a newer gala; use that one to draw it")
        return _night(document)
    except (ValidationError, zlib.error, ValueError, TypeError, KeyError) as error:
        raise InvalidInput(
            "this is no recorded night; name a file that you get with: gala report EVENT -o night > FILE"
        ) from error


def unpack(data: bytes) -> bytes:
    """Gunzips up to ``LARGEST`` bytes; more, or no gzip, is refused as ``InvalidInput`` or ``zlib.error``."""
    unpacker = zlib.decompressobj(wbits=31)
    text = unpacker.decompress(data, LARGEST)
    if unpacker.unconsumed_tail:
        raise InvalidInput(f"this night is larger than {LARGEST >> 20} MiB unpacked; it is not read")
    return text


def _night(document: _File) -> NightLog:
    values: dict[str, Any] = {name: document.night[name] for name in _SCALARS}
    values |= {name: _series(document.series[name]) for name in SERIES}
    return NightLog(
        **values | {"clusters": tuple(values["clusters"])},
        segments=tuple(TypeAdapter(SegmentLog).validate_python(one) for one in document.segments),
        workloads=tuple(TypeAdapter(WorkloadLog).validate_python(one) for one in document.workloads),
        floors=tuple(
            FloorLog(
                segment=segment,
                place=Place(workload, cluster),
                at_ready_by=replicas,
                takes=tuple(Take(*take) for take in takes),
            )
            for segment, workload, cluster, replicas, takes in document.floors
        ),
        writes=tuple(_write(*row) for row in document.writes),
        decisions=tuple(_decision(*row) for row in document.decisions),
        moves=tuple(MoveLog(*move) for move in document.moves),
    )


def _write(at: float, workload: str, cluster: str, *rest: *_WriteRest) -> WriteLog:
    return WriteLog(at, Place(workload, cluster), *rest)


def _decision(at: float, namespace: str, name: str, *rest: *_DecisionRest) -> Decision:
    return Decision(at, EventKey(namespace, name), *rest)


def _fields(kind: type[Any], value: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = TypeAdapter(kind).dump_python(value)
    return dumped


def _steps(named: Mapping[Place, StepSeries]) -> _Steps:
    found: _Steps = []
    for place, series in sorted(named.items()):
        gaps, values, before = [], [], 0.0
        for time, value in series:
            gaps.append(round(time - before, 3))
            before = round(before + gaps[-1], 3)
            values.append(value)
        found.append((*place, gaps, values))
    return found


def _series(steps: _Steps) -> dict[Place, StepSeries]:
    found: dict[Place, StepSeries] = {}
    for workload, cluster, gaps, values in steps:
        series, time = StepSeries(), 0.0
        for gap, value in zip(gaps, values, strict=True):
            time = round(time + gap, 3)
            series.append(time, value)
        found[Place(workload, cluster)] = series
    return found
