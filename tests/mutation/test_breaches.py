"""Every breach can still be made: its text stands in the product exactly once."""

from __future__ import annotations

import pytest
from breach import Breach
from break_a_rule import EVERY, ROOT


@pytest.mark.parametrize("breach", [pytest.param(breach, id=breach.rule) for breach in EVERY])
def test_the_text_that_a_breach_replaces_stands_once_in_its_file(breach: Breach) -> None:
    counts = [(ROOT / "operator/gala" / edit.file).read_text().count(edit.old) for edit in breach.edits]
    assert counts == [1] * len(breach.edits)


def test_every_breach_has_a_name_of_its_own() -> None:
    assert len({breach.rule for breach in EVERY}) == len(EVERY)
