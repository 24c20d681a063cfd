"""Bodies in protobuf, put together by hand."""

from __future__ import annotations

import pytest

from gala.sandbox.apiserver import protobuf
from gala.sandbox.apiserver.errors import ApiError


def field(number: int, content: bytes | str) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


def an_object(kind: str, *fields: bytes) -> bytes:
    named = field(1, field(1, "v1") + field(2, kind))
    return b"k8s\0" + named + field(2, b"".join(fields)) + field(3, "") + field(4, "")


def test_a_namespace_is_read_with_its_labels() -> None:
    labels = field(11, field(1, "a") + field(2, "b")) + field(11, field(1, "c") + field(2, "d"))
    body = an_object("Namespace", field(1, field(1, "stage") + field(5, "") + labels), field(2, ""))
    want = {"name": "stage", "labels": {"a": "b", "c": "d"}}
    assert protobuf.decode(body) == {"apiVersion": "v1", "kind": "Namespace", "metadata": want}


def test_a_secret_is_read_with_its_data() -> None:
    body = an_object(
        "Secret", field(1, field(1, "key")), field(2, field(1, "v") + field(2, b"\xff\0")), field(3, "T")
    )
    assert protobuf.decode(body) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "key"},
        "data": {"v": "/wA="},
        "type": "T",
    }


def test_a_deletion_is_read_with_what_it_asks_for_first() -> None:
    body = an_object("DeleteOptions", field(2, field(1, "u") + field(2, "7")), field(4, "Background"))
    want = {"uid": "u", "resourceVersion": "7"}
    assert protobuf.decode(body) == {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": want}


def test_numbers_are_passed_over_and_long_fields_are_read() -> None:
    numbers = bytes([7 << 3, 0x96, 0x01, 8 << 3 | 5, 1, 2, 3, 4, 9 << 3 | 1, 1, 2, 3, 4, 5, 6, 7, 8])
    name = b"n" * 200
    meta = numbers + bytes([1 << 3 | 2, 0xC8, 0x01]) + name
    raw = bytes([1 << 3 | 2, len(meta) & 0x7F | 0x80, len(meta) >> 7]) + meta
    whole = bytes([2 << 3 | 2, len(raw) & 0x7F | 0x80, len(raw) >> 7]) + raw
    body = b"k8s\0" + field(1, field(1, "v1") + field(2, "Namespace")) + whole
    assert protobuf.decode(body)["metadata"] == {"name": name.decode()}


@pytest.mark.parametrize(
    ("body", "want"),
    [
        pytest.param(an_object("Deployment"), 415, id="of a kind that is not read"),
        pytest.param(b"k8s\0", 415, id="of no kind"),
        pytest.param(b"{}", 400, id="that is none"),
        pytest.param(an_object("Secret", field(1, "x"))[:-8], 400, id="that is cut short"),
        pytest.param(b"k8s\0\x0a\x05ab", 400, id="that ends within a field"),
        pytest.param(b"k8s\0\x0f", 400, id="with an unknown wire type"),
        pytest.param(an_object("Namespace", field(1, field(1, b"\xff"))), 400, id="whose name is no text"),
    ],
)
def test_a_body_is_refused_(body: bytes, want: int) -> None:
    with pytest.raises(ApiError) as refused:
        protobuf.decode(body)
    assert refused.value.code == want
