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
        pytest.param("a: 1:30\n", {"a": "1:30"}, id="minutes and seconds stay text, as for kubectl"),
        pytest.param("a: 1" + ":1" * 60_000, {"a": "1" + ":1" * 60_000}, id="nor is an endless one a number"),
        pytest.param("a: =\n", {"a": "="}, id="an equals sign is text"),
        pytest.param("1: a\ntrue: b\n", {"1": "a", "true": "b"}, id="keys are text"),
        pytest.param("a: !!str 5\n", {"a": "5"}, id="what is said to be text is text"),
        pytest.param("a: 0x10\nb: 010\nc: 1_000\n", {"a": 16, "b": 8, "c": 1000}, id="other ways to count"),
        pytest.param("a: 1.5\nb: [true, null]\n", {"a": 1.5, "b": [True, None]}, id="values of JSON"),
        pytest.param(
            "a: &x [1]\nb: [*x, *x]\n", {"a": [1], "b": [[1], [1]]}, id="an alias stands for its value"
        ),
    ],
)
def test_values_are_read_as_kubectl_reads_them(text: str, want: object) -> None:
    assert read_documents(text) == (want,)


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
MERGED = "k0: &k0 {a: 1}\n" + "".join(f"k{n}: &k{n} {{<<: [*k{n - 1}, *k{n - 1}]}}\n" for n in range(1, 40))
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 5_000))


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param(
            "a: 1\nb:\n  c: 1\n  c: 2\n", "line 4: 'c' stands there twice", id="a key that stands twice"
        ),
        pytest.param("1: a\n'1': b\n", "line 2: '1' stands there twice", id="one key in two spellings"),
        pytest.param("a: [1\n", "this is not YAML: line", id="a bracket that is not closed"),
        pytest.param("a:\n\tb: 1\n", "indent with spaces, not with tabs", id="a tab that indents"),
        pytest.param("a: b: c\n", "belongs in quotes", id="a colon that needs quotes"),
        pytest.param("a: \0\n", "save it as plain text", id="a byte that no text has"),
        pytest.param("- a\n", "document 1 is not an object; write apiVersion", id="a list at the top"),
        pytest.param("hello\n", "document 1 is not an object; write apiVersion", id="a text at the top"),
        pytest.param("a: 1\n---\n- a\n", "document 2 is not an object", id="a list in a later document"),
        pytest.param("{[a]: b}: c\n", "this is not YAML", id="a key that is no text"),
        pytest.param(
            "a: !!python/object:os.system {}\n", "tags .* are not read", id="a tag that builds objects"
        ),
        pytest.param("a: !!set {b}\n", "tags .* are not read", id="a tag of a set"),
        pytest.param("a: !!int x\n", "tags .* are not read", id="a tag that lies"),
        pytest.param("kind: List\nitems: 5\n", "items of document 1 is not a list", id="a List of a number"),
        pytest.param(
            "kind: List\nitems: {a: b}\n", "items of document 1 is not a list", id="a List of fields"
        ),
        pytest.param(
            "kind: List\nitems: [1]\n", "item 1 of document 1 is not an object", id="a List of numbers"
        ),
        pytest.param("a: " + "[" * 100_000, "line 1: nested more than 64 levels", id="brackets without end"),
        pytest.param("a: " + "{a: " * 100_000, "line 1: nested more than 64 levels", id="braces without end"),
        pytest.param(LAUGHS, "with its aliases this is too large", id="a billion laughs"),
        pytest.param(MERGED, "with its aliases this is too large", id="a billion merged keys"),
        pytest.param(CHAIN, "with its aliases this is too large", id="a chain of aliases"),
        pytest.param("a: &a [*a]\n", "line 1: this contains itself", id="a list that contains itself"),
        pytest.param("a: &a {b: *a}\n", "line 1: this contains itself", id="an object that contains itself"),
        pytest.param("a: *nobody\n", "this is not YAML", id="an alias of nothing"),
        pytest.param("a: " + "9" * 5_000, "no number has that many digits", id="a number without end"),
        pytest.param("# x\n" * (5 << 20), "larger than 16 MiB; write it into several", id="a text of 20 MB"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, want: str) -> None:
    with pytest.raises(InvalidInput, match=want) as refusal:
        read_documents(text)
    assert len(str(refusal.value).splitlines()) == 1
