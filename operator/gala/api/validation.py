"""What the API server cannot see: rules over two long lists, defaults from metadata, the names of time zones.

The operator turns a refusal into ``phase: Invalid``; ``gala plan -f`` prints it.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import ValidationError

from gala.api.cluster import GalaCluster
from gala.api.event import Demand, GalaEvent, GalaEventSpec, Mode, TargetRef
from gala.api.event_status import GalaEventStatus
from gala.api.model import Model
from gala.api.refusal import and_more, sentence
from gala.api.scalars import WIRE
from gala.errors import InvalidInput

M = TypeVar("M", bound=Model)

_LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
"""A label that people may ask for; two underscores begin what is Prometheus' own, as the metric's name."""


class Problem(NamedTuple):
    """One thing that cannot be used; ``message`` says what to write instead."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def parse_event(raw: Mapping[str, Any]) -> GalaEvent:
    """A GalaEvent that may be planned, from YAML or the API server; InvalidInput has one sentence.

    A status that cannot be read is dropped: it is ours, and no fault of the event.
    """
    event = _parse(GalaEvent, {key: value for key, value in raw.items() if key != "status"})
    problems = check_event(event)
    if problems:
        raise InvalidInput(and_more(str(problems[0]), len(problems) - 1))
    return event.model_copy(update={"status": _status(raw.get("status"))})


def parse_cluster(raw: Mapping[str, Any]) -> GalaCluster:
    """A GalaCluster from YAML or the API server; InvalidInput has one sentence."""
    return _parse(GalaCluster, raw)


def check_event(event: GalaEvent) -> tuple[Problem, ...]:
    """Everything that is wrong with an event whose fields are each well-formed, in the order of the spec."""
    spec = event.spec
    return (
        *_zone(spec),
        *_repeated("spec.workloads", "workload", (item.name for item in spec.workloads)),
        *_repeated("spec.scenes", "scene", (item.name for item in spec.scenes)),
        *_repeated("spec.rounds", "round", (item.name for item in spec.rounds)),
        *_repeated("spec.donors", "donor", (item.name for item in spec.donors)),
        *_repeated("spec.division.shares", "cluster", (item.cluster for item in spec.division.shares)),
        *_scenes(spec),
        *_demands(spec),
        *_targets(event),
        *_signals(event),
    )


def unsupported(event: GalaEvent) -> tuple[str, ...]:
    """Features that the event uses, that belong to the API and that are not built yet."""
    spec = event.spec
    used = (
        ("spec.donors", bool(spec.donors)),
        ("spec.resilience.survive", spec.resilience.survive > 0),
        ("mode: Rehearsal", spec.mode is Mode.REHEARSAL),
    )
    return tuple(name for name, is_used in used if is_used)


def _parse(model: type[M], raw: Mapping[str, Any]) -> M:
    try:
        return model.model_validate(_without_nulls(raw), by_alias=True, by_name=False, context={WIRE: True})
    except ValidationError as error:
        raise InvalidInput(sentence(error, model)) from error


def _without_nulls(value: Any) -> Any:
    """A field that is null is a field that is absent, as the API server has it."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(item) for item in value]
    return value


def _status(raw: Any) -> GalaEventStatus | None:
    if not raw:
        return None
    try:
        return GalaEventStatus.model_validate(_without_nulls(raw))
    except ValidationError:
        return None


def _zone(spec: GalaEventSpec) -> Iterator[Problem]:
    try:
        ZoneInfo(spec.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        close = difflib.get_close_matches(spec.time_zone, available_timezones(), n=1, cutoff=0.5)
        yield Problem(
            "spec.timeZone",
            f"{spec.time_zone!r} is no time zone; write a name of the IANA database, as "
            f"{close[0] if close else 'Asia/Shanghai'}",
        )


def _repeated(path: str, noun: str, names: Iterable[str]) -> Iterator[Problem]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem(path, f"{count} times a {noun} {name!r}; write each once, under a name of its own")


def _scenes(spec: GalaEventSpec) -> Iterator[Problem]:
    known = [scene.name for scene in spec.scenes]
    for index, part in enumerate(spec.rounds):
        for field, name in (("scene", part.scene), ("afterScene", part.after_scene)):
            if name is not None and name not in known:
                yield Problem(
                    f"spec.rounds[{index}].{field}",
                    f"there is no scene {name!r}; write {_one_of(known) or 'it into spec.scenes'}",
                )


def _demands(spec: GalaEventSpec) -> Iterator[Problem]:
    lists = [(f"spec.scenes[{index}].demand", scene.demand) for index, scene in enumerate(spec.scenes)]
    lists += [(f"spec.rounds[{index}].demand", part.demand) for index, part in enumerate(spec.rounds)]
    for path, demands in lists:
        yield from _repeated(path, "demand for workload", (demand.workload for demand in demands))
        for place, demand in enumerate(demands):
            yield from _demand(spec, f"{path}[{place}]", demand)


def _demand(spec: GalaEventSpec, path: str, demand: Demand) -> Iterator[Problem]:
    workload = next((known for known in spec.workloads if known.name == demand.workload), None)
    if workload is None:
        names = _one_of([known.name for known in spec.workloads])
        yield Problem(f"{path}.workload", f"there is no workload {demand.workload!r}; write {names}")
    elif demand.qps is not None and workload.capacity is None:
        yield Problem(
            f"{path}.qps",
            f"workload {demand.workload!r} does not say what a replica carries; "
            "write capacity.qpsPerReplica there, or replicas here",
        )


def _targets(event: GalaEvent) -> Iterator[Problem]:
    """Two entries for one object would fight over it, and nobody can lend to himself."""
    seen: dict[tuple[str, str, str, str], str] = {}
    for index, workload in enumerate(event.spec.workloads):
        key = _target_key(workload.target, event.metadata.namespace)
        other = seen.setdefault(key, workload.name)
        if other != workload.name:
            yield Problem(
                f"spec.workloads[{index}].target",
                f"{_target_text(key)} is the target of workload {other!r} already; write another one",
            )
    lenders: dict[tuple[str, str, str, str], str] = {}
    for index, donor in enumerate(event.spec.donors):
        if donor.target is None:
            continue
        key = _target_key(donor.target, event.metadata.namespace)
        path = f"spec.donors[{index}].target"
        if key in seen:
            yield Problem(
                path,
                f"{_target_text(key)} is the target of workload {seen[key]!r} and cannot lend; remove it",
            )
        elif lenders.setdefault(key, donor.name) != donor.name:
            yield Problem(path, f"{_target_text(key)} is donor {lenders[key]!r} already; remove one of them")


def _signals(event: GalaEvent) -> Iterator[Problem]:
    """A label that PromQL cannot name, and series of others' namespaces."""
    for index, workload in enumerate(event.spec.workloads):
        if workload.signal is None:
            continue
        path = f"spec.workloads[{index}].signal.matchLabels"
        for label, value in workload.signal.match_labels.items():
            if not _LABEL.fullmatch(label):
                yield Problem(
                    path,
                    f"{label!r} is no label of a series; write letters, digits and underscores, as app_name",
                )
            own = workload.target.namespace or event.metadata.namespace
            if label == "namespace" and value != own:
                yield Problem(
                    path,
                    f"only series of the target's own namespace {own} are measured; leave namespace out, or "
                    "have the platform team set allowCustomQueries in a GalaCluster and write query",
                )


def _target_key(target: TargetRef, namespace: str) -> tuple[str, str, str, str]:
    return (target.api_version, target.kind, target.namespace or namespace, target.name)


def _target_text(key: tuple[str, str, str, str]) -> str:
    return f"{key[1]} {key[2]}/{key[3]}"


def _one_of(names: list[str]) -> str:
    return f"one of {', '.join(names)}" if len(names) > 1 else "".join(names)
