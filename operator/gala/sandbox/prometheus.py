"""A Prometheus that knows one metric: answers the instant queries that the operator renders.

Queries are parsed (metric, matchers, range), never compared as text; several may be joined by
``or``, each under a ``label_replace`` that tells the answers apart. One port serves every
cluster, under ``/<cluster>/api/v1/query`` or by a ``cluster`` matcher.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from aiohttp import web

from gala.errors import InvalidInput
from gala.sandbox.outages import AHEAD, LIES, Outage, answered, instead, shown
from gala.sandbox.traffic import Traffic

SCRAPE = 15.0
"""Seconds between two samples of a series."""

_RATE = re.compile(r"^sum\s*\(\s*rate\s*\((?P<selector>.*)\[(?P<range>[^\]]+)\]\s*\)\s*\)$", re.DOTALL)
_TIMESTAMP = re.compile(r"^(?:max\s*\(\s*)?timestamp\s*\((?P<selector>.*?)\)\s*\)?$", re.DOTALL)
_LABELLED = re.compile(
    r"""^label_replace\s*\((?P<inner>.*),\s*"(?P<label>\w+)"\s*,\s*"(?P<value>[^"]*)"\s*,\s*""\s*,\s*""\s*\)$""",
    re.DOTALL,
)
_SELECTOR = re.compile(r"^\s*(?P<metric>[a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(?P<matchers>.*)\})?\s*$", re.DOTALL)
_MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_RANGE = re.compile(r"(\d+)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Question(NamedTuple):
    """A parsed query: ``window`` is the range in seconds, None where the timestamp is asked for."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]
    window: float | None
    label: tuple[str, str] | None = None
    """What the answer carries, so that several can be told apart."""


class Series(NamedTuple):
    """What one workload's counter is called; ``labels`` hold everything but the cluster."""

    workload: str
    metric: str
    labels: Mapping[str, str]


def parse(query: str) -> Question:
    """``sum(rate(metric{…}[w]))`` or ``max(timestamp(metric{…}))``.

    Raises:
        InvalidInput: anything else.
    """
    text = query.strip()
    if found := _RATE.match(text):
        metric, matchers = _selector(found["selector"])
        return Question(metric, matchers, _seconds(found["range"]))
    if found := _TIMESTAMP.match(text):
        metric, matchers = _selector(found["selector"])
        return Question(metric, matchers, None)
    raise InvalidInput(f"the sandbox's Prometheus does not understand {query!r}")


def parse_all(query: str) -> list[Question]:
    """One query, or several joined by ``or``.

    Raises:
        InvalidInput: a part that is not understood.
    """
    return [_labelled(part.strip()) for part in _parts(query)]


def _parts(query: str) -> list[str]:
    """Splits at every ``or`` that stands in no brackets and no quotes."""
    parts, depth, quoted, begin, position = [], 0, False, 0, 0
    while position < len(query):
        char = query[position]
        if char == "\\" and quoted:
            position += 1
        elif char == '"':
            quoted = not quoted
        elif not quoted:
            depth += (char in "({[") - (char in ")}]")
            if depth == 0 and query.startswith(" or ", position):
                parts.append(query[begin:position])
                begin = position + 4
        position += 1
    return [*parts, query[begin:]]


def _labelled(text: str) -> Question:
    found = _LABELLED.match(text)
    if found is None:
        return parse(text)
    return parse(found["inner"])._replace(label=(found["label"], found["value"]))


def _selector(text: str) -> tuple[str, tuple[tuple[str, str, str], ...]]:
    found = _SELECTOR.match(text)
    if found is None:
        raise InvalidInput(f"no selector: {text!r}")
    matchers, position, inner = [], 0, found["matchers"] or ""
    while position < len(inner):
        matcher = _MATCHER.match(inner, position)
        if matcher is None:
            raise InvalidInput(f"no matcher: {inner[position:]!r}")
        label, sign, value = matcher.groups()
        matchers.append((label, sign, re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], value)))
        position = matcher.end()
    return found["metric"], tuple(matchers)


def _seconds(text: str) -> float:
    parts = _RANGE.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        raise InvalidInput(f"no duration: {text!r}")
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def _fits(matcher: tuple[str, str, str], labels: Mapping[str, str]) -> bool:
    label, sign, value = matcher
    have = labels.get(label, "")
    same = have == value if sign in {"=", "!="} else re.fullmatch(value, have) is not None
    return same == (sign in {"=", "=~"})


class EmbeddedPrometheus:
    """Start it, ask it over HTTP, break it with ``break_``, stop it."""

    def __init__(
        self,
        traffic: Traffic,
        series: tuple[Series, ...],
        clusters: tuple[str, ...],
        now: Callable[[], float],
    ) -> None:
        self._traffic = traffic
        self._series = series
        self._clusters = clusters
        self._now = now
        self._outages: dict[str, tuple[Outage, float]] = {}
        self._runner: web.AppRunner | None = None
        self._url = ""
        self.questions = 0

    def url(self, cluster: str) -> str:
        """The base address that answers for one cluster; for ``""`` that of a central Prometheus."""
        return f"{self._url}/{cluster}".rstrip("/")

    async def start(self) -> None:
        """Listens on a free loopback port."""
        app = web.Application()
        for path in ("/{cluster}/api/v1/query", "/api/v1/query"):
            app.router.add_route("*", path, self._serve)
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Closes the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    def break_(self, how: Outage | None, *, cluster: str = "") -> None:
        """Begins an outage in one cluster (or in all of them), or ends it with None."""
        for name in (cluster,) if cluster else self._clusters:
            self._outages.pop(name, None)
            if how is not None:
                self._outages[name] = (how, self._now())

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.questions += 1
        form = await request.post() if request.method == "POST" else {}
        query = str(form.get("query") or request.query.get("query", ""))
        cluster = request.match_info.get("cluster", "")
        outage, _ = self._outages.get(cluster, (None, 0.0))
        if (broken := await instead(request, outage)) is not None:
            return broken
        try:
            questions = parse_all(query)
        except InvalidInput as error:
            body = {"status": "error", "errorType": "bad_data", "error": str(error)}
            return web.json_response(body, status=400)
        answers = [self.answer(question, cluster) for question in questions]
        return answered([sample for answer in answers for sample in answer], outage)

    def answer(self, question: Question, cluster: str = "") -> list[dict[str, Any]]:
        """The vector of an instant query, as Prometheus writes it: values are strings."""
        found = [
            (series, name)
            for series in self._series
            if series.metric == question.metric
            for name in self._clusters
            if cluster in {"", name}
            and all(_fits(matcher, {**series.labels, "cluster": name}) for matcher in question.matchers)
        ]
        if not found:
            return []
        scrapes = [self._scrape(name) for _, name in found]
        if question.window is None:
            value = max(scrapes)
        else:
            value = sum(
                self._rate(series, name, scrape, question.window)
                for (series, name), scrape in zip(found, scrapes, strict=True)
            )
        labels = dict([question.label]) if question.label else {}
        return [{"metric": labels, "value": [self._now(), shown(value)]}]

    def _scrape(self, cluster: str) -> float:
        outage, since = self._outages.get(cluster, (None, 0.0))
        if outage is Outage.FUTURE:
            return self._now() + AHEAD
        at = since if outage is Outage.FROZEN else self._now()
        return at - at % SCRAPE

    def _rate(self, series: Series, cluster: str, scrape: float, window: float) -> float:
        outage, _ = self._outages.get(cluster, (None, 0.0))
        true = self._traffic.mean(series.workload, cluster, scrape - window, scrape)
        lie = LIES.get(outage) if outage else None
        return true if lie is None else lie(true)
