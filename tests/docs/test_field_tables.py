"""The tables of fields are those of the models, and no model is forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from field_tables import DOCS, filled, models_in
from gala.api.allocation import GalaAllocation
from gala.api.cluster import GalaCluster
from gala.api.cue import GalaCue
from gala.api.event import GalaEvent
from gala.api.facts_file import GalaFacts
from gala.report.event_report import EventReport

AGAIN = "tests/support/field_tables.py writes the tables anew"


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in sorted(DOCS.glob("*.md"))])
def test_the_tables_of_a_page_are_those_of_the_models(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == filled(text), AGAIN


@pytest.mark.parametrize(
    ("page", "model"),
    [
        pytest.param("galaevent.md", GalaEvent, id="GalaEvent"),
        pytest.param("galacluster.md", GalaCluster, id="GalaCluster"),
        pytest.param("galacluster.md", GalaFacts, id="GalaFacts"),
        pytest.param("galacue.md", GalaCue, id="GalaCue"),
        pytest.param("galaallocation.md", GalaAllocation, id="GalaAllocation"),
    ],
)
def test_every_part_of_a_kind_has_its_table(page: str, model: Any) -> None:
    parts = model.model_json_schema()["$defs"]
    want = {name for name, part in parts.items() if "properties" in part and name != "ObjectMeta"}
    assert want - models_in((DOCS / page).read_text(encoding="utf-8")) == set()


def test_every_field_of_the_event_report_is_explained() -> None:
    text = (DOCS / "event-report.md").read_text(encoding="utf-8")
    schema = EventReport.model_json_schema(by_alias=True)
    fields = {name for part in [schema, *schema["$defs"].values()] for name in part.get("properties", {})}
    assert {name for name in fields if f"`{name}" not in text} == set()


def test_every_key_of_the_plan_as_json_is_explained() -> None:
    import plan_files as build  # noqa: PLC0415
    from gala.cli.plan_document import document  # noqa: PLC0415

    later = build.round_(afterScene="calm")
    event = build.event(
        scenes=[{"name": "calm", "demand": [{"workload": "web", "qps": "30k"}]}], rounds=[later]
    )
    files = build.read([event], build.fleet(east=100, north=100))
    text = (DOCS / "command-line.md").read_text(encoding="utf-8")
    keys = _keys(document(build.outlook(files), files.events))
    assert {key for key in keys if f"`{key}" not in text} <= {"apiVersion", "kind"}


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for item in value.values() for key in _keys(item)}
    if isinstance(value, list):
        return {key for item in value for key in _keys(item)}
    return set()
