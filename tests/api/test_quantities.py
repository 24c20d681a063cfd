from __future__ import annotations

import pytest

from gala.api.quantities import format_cpu, format_memory, parse_cpu, parse_memory

GI = 1024**3


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("8", 8000, id="cores are a thousand millicores"),
        pytest.param(8, 8000, id="a bare integer is cores as on the wire"),
        pytest.param("1500m", 1500, id="m is millicores"),
        pytest.param("0.5", 500, id="cores may be a fraction"),
        pytest.param("100u", 1, id="less than a millicore is rounded up"),
        pytest.param("1k", 1_000_000, id="k is a thousand cores"),
        pytest.param("2e1", 20_000, id="exponents are read"),
        pytest.param("0", 0, id="nothing is zero"),
    ],
)
def test_cpu_is_read_as_millicores(text: str | int, want: int) -> None:
    assert parse_cpu(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("64Gi", 64 * GI, id="Gi is binary"),
        pytest.param("512M", 512_000_000, id="M is decimal"),
        pytest.param("1.5Gi", 3 * GI // 2, id="units may be a fraction"),
        pytest.param("128974848", 128_974_848, id="no unit is bytes"),
        pytest.param("1E", 10**18, id="E is a unit and no exponent"),
        pytest.param("1e3", 1000, id="e is an exponent"),
        pytest.param("100m", 1, id="less than a byte is rounded up"),
    ],
)
def test_memory_is_read_as_bytes(text: str, want: int) -> None:
    assert parse_memory(text) == want


@pytest.mark.parametrize("text", ["", "-1", "1 Gi", "1gi", "Gi", "1e", "1Ei2", "one", "1\n"])
def test_what_is_no_quantity_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity; write it as 512Mi or 64Gi"):
        parse_memory(text)
    with pytest.raises(ValueError, match="is not a quantity; write it as 1500m or 8"):
        parse_cpu(text)


@pytest.mark.parametrize(
    ("value", "want"),
    [
        pytest.param(8000, "8", id="whole cores need no unit"),
        pytest.param(1500, "1500m", id="anything else is millicores"),
        pytest.param(0, "0", id="nothing is zero"),
    ],
)
def test_cpu_is_written_as_kubernetes_does(value: int, want: str) -> None:
    assert format_cpu(value) == want


@pytest.mark.parametrize(
    ("value", "want"),
    [
        pytest.param(64 * GI, "64Gi", id="the largest unit that divides it is used"),
        pytest.param(1536 * 1024**2, "1536Mi", id="a unit that leaves a rest is not used"),
        pytest.param(1000, "1000", id="decimal numbers are bytes"),
        pytest.param(0, "0", id="nothing is zero"),
    ],
)
def test_memory_is_written_as_kubernetes_does(value: int, want: str) -> None:
    assert format_memory(value) == want
