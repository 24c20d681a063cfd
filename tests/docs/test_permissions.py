"""The page Security lists the rights that the roles grant, all of them and no others."""

from __future__ import annotations

import pytest

from doc_pages import ROOT
from gala.api import rbac
from gala.api.rbac import Rule, Scalable
from gala.settings import Settings

TEXT = (ROOT / "docs" / "security.md").read_text().partition("## Permissions")[2]
CUSTOM = Scalable("rollouts", "argoproj.io")
IN_WORDS = {"another kind with `/scale`": "rollouts", "its `/scale`": "rollouts/scale"}


def rows(table: str) -> list[tuple[set[str], set[str]]]:
    """Objects and verbs of each row below the head of a table."""
    found = []
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and not line.startswith(("|---", "| objects")):
            objects = (
                {IN_WORDS[cells[0]]} if cells[0] in IN_WORDS else set(cells[0].replace("`", "").split(", "))
            )
            found.append((objects, set(cells[1].split(", "))))
    return found


HUB, MEMBER = (rows(table.partition("\n\n")[0]) for table in TEXT.split("| objects | verbs | where |")[1:])


@pytest.mark.parametrize(
    ("shown", "want"),
    [
        pytest.param(
            HUB,
            (
                *rbac.HUB_EVERYWHERE,
                *rbac.in_fleet_namespace(Settings().lease_name),
                *rbac.LOCAL_CLUSTER,
            ),
            id="in the operator's own cluster",
        ),
        pytest.param(
            MEMBER,
            (*rbac.MEMBER_EVERYWHERE, *rbac.in_target_namespaces((CUSTOM,))),
            id="in a member cluster",
        ),
    ],
)
def test_what_the_page_lists_is_what_is_granted(
    shown: list[tuple[set[str], set[str]]], want: tuple[Rule, ...]
) -> None:
    assert shown == [(set(rule.resources), set(rule.verbs)) for rule in want]


def test_objects_that_are_named_one_by_one_are_named_on_the_page() -> None:
    rules = (*rbac.HUB_EVERYWHERE, *rbac.in_fleet_namespace(Settings().lease_name))
    named = {name for rule in rules for name in rule.names}
    assert {name for name in named if name not in TEXT} == set()
    assert named
