"""Writes the report of each event into a directory once everything is handed back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gala.engine.passes import Done
from gala.planning.facts import EventKey
from gala.report import event_report, html
from gala.report.nightlog import NightLog

log = logging.getLogger(__name__)

OVER: Final = "HandedBack"


class NightReports:
    """An observer of passes: for an event that is over ``<namespace>.<event>.json`` and ``.html``."""

    def __init__(self, directory: Path, night: Callable[[EventKey], NightLog | None]) -> None:
        """``night`` is what was recorded of an event."""
        self._directory = directory
        self._night = night
        self._written: set[EventKey] = set()

    def __call__(self, done: Done) -> None:
        """Looks at one pass; a disk that is full, or a fault of our own, is logged and stops nothing."""
        for key, plan in done.plan.events.items():
            if plan.phase != OVER:
                self._written.discard(key)
            elif plan.ever_opened and key not in self._written:
                self._written.add(key)
                try:
                    self._write(key)
                except OSError as failed:
                    log.warning("the report of event %s was not written: %s", key, failed)
                except Exception:
                    log.exception("the report of event %s was not written", key)

    def _write(self, key: EventKey) -> None:
        seen = self._night(key)
        if seen is None:
            return
        report = event_report.build(seen)
        self._directory.mkdir(parents=True, exist_ok=True)
        base = self._directory / f"{key.namespace}.{key.name}"
        for suffix, text in ((".json", report.to_json()), (".html", html.render(report, seen))):
            path = base.with_name(base.name + suffix)
            path.write_text(text, encoding="utf-8")
            log.info("the report of event %s is in %s", key, path)
