from __future__ import annotations

import pytest
import yaml

from gala.api.documents import read_documents
from gala.errors import InvalidInput


def test_a_time_without_quotes_stays_the_text_that_was_written() -> None:
    (document,) = read_documents("start: 2027-02-05T20:00:00+08:00\nday: 2027-02-05\n")

    assert document == {"start": "2027-02-05T20:00:00+08:00", "day": "2027-02-05"}


def test_reading_leaves_times_of_other_yaml_readers_alone() -> None:
    assert not isinstance(yaml.safe_load("2027-02-05"), str)


def test_documents_come_in_order_and_empty_ones_are_skipped() -> None:
    documents = read_documents("kind: A\n---\n---\nkind: B\n")

    assert [document["kind"] for document in documents] == ["A", "B"]


def test_the_items_of_a_list_come_one_by_one() -> None:
    documents = read_documents('{"kind": "List", "items": [{"kind": "A"}, {"kind": "B"}]}')

    assert [document["kind"] for document in documents] == ["A", "B"]


def test_anchors_and_merged_keys_are_read() -> None:
    (document,) = read_documents("base: &b {a: 1}\nmore:\n  <<: *b\n  c: 2\n")

    assert document["more"] == {"a": 1, "c": 2}


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param(
            "a: 1\nb:\n  c: 1\n  c: 2\n", "line 4: 'c' stands there twice", id="a key that stands twice"
        ),
        pytest.param("a: [1\n", "this is not YAML", id="a bracket that is not closed"),
        pytest.param("- a\n", "document 1 is not an object", id="a list at the top"),
        pytest.param("{[a]: b}: c\n", "this is not YAML", id="a key that is no text"),
        pytest.param("a: !!python/object:os.system {}\n", "this is not YAML", id="a tag that builds objects"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, want: str) -> None:
    with pytest.raises(InvalidInput, match=want):
        read_documents(text)
