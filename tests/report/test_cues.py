"""Nobody who gives a cue is left without an answer."""

from __future__ import annotations

from typing import Any

from gala.errors import Rejected
from gala.report.cues import CueAnswers


class Hub:
    """Remembers what was asked of it."""

    def __init__(self, cues: list[dict[str, Any]], *, broken: bool = False) -> None:
        self.cues = cues
        self.broken = broken
        self.asked: list[tuple[str, str]] = []
        self.patches: list[Any] = []

    async def request(
        self, method: str, path: str, *, body: object = None, content_type: str = "application/json"
    ) -> dict[str, Any]:
        self.asked.append((method, path))
        if self.broken:
            raise Rejected("galacues is forbidden", status=403)
        if method == "PATCH":
            self.patches.append(body)
        return {"items": self.cues}


def cue(name: str, status: dict[str, Any] | None = None) -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": name, "generation": 1}
    return {"metadata": metadata, "status": status} if status else {"metadata": metadata}


async def test_a_new_cue_is_rejected_with_what_to_do_instead() -> None:
    hub = Hub([cue("late")])

    await CueAnswers(hub).answer(1000.0)

    assert hub.asked[1] == ("PATCH", "/apis/gala.dev/v1alpha1/namespaces/shop/galacues/late/status")
    status = hub.patches[0]["status"]
    assert status["phase"] == "Rejected"
    assert status["message"].startswith("NotYetSupported: cues are not carried out yet. Edit the GalaEvent")
    assert status["observedGeneration"] == 1


async def test_a_cue_that_has_its_answer_is_left_alone() -> None:
    hub = Hub([cue("late", {"phase": "Applied"})])

    await CueAnswers(hub).answer(1000.0)

    assert hub.patches == []


async def test_cues_are_looked_at_once_a_minute() -> None:
    hub = Hub([])
    answers = CueAnswers(hub)

    for now in (1000.0, 1002.0, 1059.0, 1060.0):
        await answers.answer(now)

    assert len(hub.asked) == 2


async def test_a_hub_that_refuses_stops_nothing() -> None:
    hub = Hub([cue("late")], broken=True)

    await CueAnswers(hub).answer(1000.0)

    assert len(hub.asked) == 1
