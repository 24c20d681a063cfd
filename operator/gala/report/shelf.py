"""Where nights are kept: one ConfigMap per event in the fleet namespace, for ``gala report``.

It holds the report as it was computed and the night itself, both packed. A show leaves
about 300 kB; of one too large for an object the pictures lose detail, never the figures.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import logging
import zlib
from dataclasses import replace
from typing import Any, Final, NamedTuple

from gala.api.event_status import RoundPhase
from gala.api.meta import API_VERSION, EVENTS
from gala.errors import GalaError, InvalidInput, Rejected
from gala.fleet.paths import collection, single
from gala.planning.facts import EventKey
from gala.planning.outcome import Plan
from gala.report import archive, event_report
from gala.report.event_report import EventReport
from gala.report.nightlog import NightLog
from gala.report.recorder import Recorder
from gala.report.series import StepSeries
from gala.report.writer import MERGE_PATCH, Requester
from gala.settings import Settings

log = logging.getLogger(__name__)

REPORT: Final = "report.json.gz"
NIGHT: Final = "night.json.gz"

LARGEST: Final = 700_000
"""Bytes of a packed night: base64 adds a third, and an object may not pass 1 MiB."""

GRAINS: Final = (5.0, 15.0, 60.0, 300.0)
"""Seconds between two steps to which a night that is too large is thinned, one after another."""

LONGEST_NAME: Final = 253
"""Characters of an object's name."""

AGAIN: Final = 60.0
"""Seconds after which a night that was not taken is offered again."""


class Kept(NamedTuple):
    """What is on the shelf of one event."""

    report: EventReport
    night: NightLog


class NightShelf:
    """Puts a night away whenever a round is over and when everything is handed back."""

    def __init__(self, hub: Requester, settings: Settings, recorder: Recorder) -> None:
        self._hub = hub
        self._recorder = recorder
        self._path = collection("v1", "configmaps", settings.fleet_namespace)
        self._kept: dict[EventKey, tuple[int, bool]] = {}
        """How many rounds were over, and whether nothing was held any more."""
        self._refused: dict[EventKey, float] = {}

    async def keep(self, plan: Plan, now: float) -> None:
        """Puts away what this pass finished; a refusal is logged and tried again, never raised."""
        for key, event in plan.events.items():
            over = self._recorder.rounds_over(key, now)
            done = (over, over > 0 and event.open_entries == 0)
            if done == self._kept.setdefault(key, (0, False)) or now - self._refused.get(key, -AGAIN) < AGAIN:
                continue
            night = self._recorder.log(key)
            if night is None:
                continue
            try:
                await self._put(key, night)
            except GalaError as error:
                self._refused[key] = now
                log.warning("the night of %s was not put away: %s", key, error)
            else:
                self._kept[key] = done

    async def _put(self, key: EventKey, night: NightLog) -> None:
        body = render(key, night)
        try:
            await self._hub.request(
                "PATCH", single(self._path, name_of(key)), body=body, content_type=MERGE_PATCH
            )
        except Rejected as error:
            if error.status != 404:
                raise
            await self._hub.request("POST", self._path, body=body)


def name_of(key: EventKey) -> str:
    """Of the ConfigMap."""
    name = f"gala-night.{key.namespace}.{key.name}"
    if len(name) <= LONGEST_NAME:
        return name
    tail = hashlib.sha256(name.encode()).hexdigest()[:10]
    return f"{name[: LONGEST_NAME - 11].rstrip('.-')}-{tail}"


def render(key: EventKey, night: NightLog, *, largest: int = LARGEST) -> dict[str, object]:
    """The ConfigMap of a night."""
    report = gzip.compress(event_report.build(night).to_json().encode(), mtime=0)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name_of(key),
            "labels": {"app.kubernetes.io/managed-by": "gala-operator"},
            "annotations": {"gala.dev/event": str(key)},
        },
        "binaryData": {REPORT: _text(report), NIGHT: _text(_packed(night, largest))},
    }


def _packed(night: NightLog, largest: int) -> bytes:
    packed = archive.dump(night)
    for grain in GRAINS:
        if len(packed) <= largest:
            break
        packed = archive.dump(thinned(night, grain))
    return packed


def thinned(night: NightLog, grain: float) -> NightLog:
    """The same night for pictures: at most one step in ``grain`` seconds, and no trail."""
    values: dict[str, Any] = {
        name: {place: _thin(series, grain) for place, series in getattr(night, name).items()}
        for name in archive.SERIES
    }
    return replace(night, **values | {"writes": (), "decisions": ()})


def _thin(series: StepSeries, grain: float) -> StepSeries:
    found = StepSeries()
    for time, value in series:
        found.append(max(time - time % grain, found.last_time), value)
    return found


async def fetch(hub: Requester, settings: Settings, key: EventKey) -> Kept:
    """What is on the shelf of an event.

    Raises:
        InvalidInput: There is nothing yet, or nothing that this version can read.
        RequestFailed: As every request.
    """
    path = single(collection("v1", "configmaps", settings.fleet_namespace), name_of(key))
    try:
        found = await hub.request("GET", path)
    except Rejected as error:
        if error.status != 404:
            raise
        status = f"gala status {key.name} -n {key.namespace}"
        if await _has_finished(hub, key):
            raise InvalidInput(
                f"there is no report of the event {key} although a round is over: the operator was started "
                "anew before it had put it away, or may not write ConfigMaps, as its log says; see what is "
                f"known of each round with: {status}"
            ) from error
        raise InvalidInput(
            f"there is no report of the event {key} yet, the first is made when its first round is over; see "
            f"how it stands with: {status}"
        ) from error
    data = found.get("binaryData") or {}
    try:
        report = archive.unpack(base64.b64decode(data[REPORT], validate=True))
        night = base64.b64decode(data[NIGHT], validate=True)
        return Kept(EventReport.model_validate_json(report), archive.load(night))
    except (KeyError, ValueError, zlib.error, binascii.Error) as error:
        raise InvalidInput(
            f"ConfigMap {name_of(key)} holds no report that this gala can read; use the gala that wrote it, "
            f"or look at it with: kubectl get configmap {name_of(key)} -n {settings.fleet_namespace} -o yaml"
        ) from error


async def _has_finished(hub: Requester, key: EventKey) -> bool:
    """Whether the status of an event says of a round that it is over; False where it cannot be read."""
    try:
        found = await hub.request("GET", single(collection(API_VERSION, EVENTS, key.namespace), key.name))
    except Rejected:
        return False
    rounds = (found.get("status") or {}).get("rounds") or ()
    return any(one.get("phase") == RoundPhase.DONE for one in rounds)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
