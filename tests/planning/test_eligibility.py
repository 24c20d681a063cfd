"""Which nodes a pod may use."""

from __future__ import annotations

import pytest

from gala.planning.eligibility import may_use
from gala.planning.templates import ANYWHERE, Keys, Spread, Taint, Template, Term, Toleration, Where, keys_of

GPU = Taint("pool", "gpu", "NoSchedule")
LABELS = {"pool": "gpu", "size": "8", "zone": "a"}


def tolerating(*tolerations: Toleration) -> Where:
    return Where(tolerations=tolerations)


@pytest.mark.parametrize(
    ("taints", "where", "want"),
    [
        pytest.param([], ANYWHERE, True, id="no taint"),
        pytest.param([GPU], ANYWHERE, False, id="a taint and no toleration"),
        pytest.param([GPU], tolerating(Toleration("pool", value="gpu")), True, id="the same value"),
        pytest.param([GPU], tolerating(Toleration("pool", value="cpu")), False, id="another value"),
        pytest.param([GPU], tolerating(Toleration("pool", "Exists")), True, id="any value"),
        pytest.param([GPU], tolerating(Toleration("zone", "Exists")), False, id="another key"),
        pytest.param([GPU], tolerating(Toleration(operator="Exists")), True, id="everything"),
        pytest.param(
            [GPU], tolerating(Toleration("pool", "Exists", effect="NoExecute")), False, id="another effect"
        ),
        pytest.param(
            [GPU], tolerating(Toleration("pool", "Exists", effect="NoSchedule")), True, id="the same effect"
        ),
        pytest.param(
            [GPU, Taint("drain", "", "NoExecute")],
            tolerating(Toleration("pool", "Exists")),
            False,
            id="one of two taints",
        ),
    ],
)
def test_taints(taints: list[Taint], where: Where, want: bool) -> None:
    assert may_use({}, taints, where) is want


@pytest.mark.parametrize(
    ("terms", "want"),
    [
        pytest.param([Term("pool", "In", ("cpu", "gpu"))], True, id="a listed value"),
        pytest.param([Term("pool", "In", ("cpu",))], False, id="a value that is not listed"),
        pytest.param([Term("host", "In", ("x",))], False, id="a label that is not there"),
        pytest.param([Term("pool", "NotIn", ("gpu",))], False, id="an excluded value"),
        pytest.param([Term("host", "NotIn", ("x",))], True, id="nothing is excluded where no label is"),
        pytest.param([Term("pool", "Exists")], True, id="a label that has to be there"),
        pytest.param([Term("host", "Exists")], False, id="and is not"),
        pytest.param([Term("host", "DoesNotExist")], True, id="a label that must not be there"),
        pytest.param([Term("pool", "DoesNotExist")], False, id="and is"),
        pytest.param([Term("size", "Gt", ("7",))], True, id="greater"),
        pytest.param([Term("size", "Gt", ("8",))], False, id="not greater"),
        pytest.param([Term("size", "Lt", ("9",))], True, id="less"),
        pytest.param([Term("size", "Lt", ("8",))], False, id="not less"),
        pytest.param([Term("zone", "Gt", ("7",))], False, id="no number is not greater"),
        pytest.param([Term("host", "Lt", ("7",))], False, id="nothing is not less"),
        pytest.param([Term("size", "Lt", ("9", "10"))], False, id="two bounds are none"),
        pytest.param([Term("pool", "Resembles", ("x",))], True, id="an operator of the future"),
        pytest.param([Term("pool", "Exists"), Term("zone", "In", ("b",))], False, id="one of two"),
    ],
)
def test_selectors(terms: list[Term], want: bool) -> None:
    assert may_use(LABELS, [], Where((tuple(terms),))) is want


def test_one_of_several_alternatives_will_do() -> None:
    where = Where(((Term("zone", "In", ("b",)),), (Term("pool", "Exists"),)))
    assert may_use(LABELS, [], where)
    assert where.labels == {"zone", "pool"}


def test_what_has_to_be_known_of_nodes_is_what_pods_ask_for() -> None:
    templates = [
        Template(),
        Template(where=Where(((Term("zone", "Exists"),),))),
        Template(extended=(("nvidia.com/gpu", 1),), spread=Spread("rack", 1)),
    ]
    known = keys_of(templates)
    assert known == Keys(frozenset({"zone", "rack"}), frozenset({"nvidia.com/gpu"}))
    assert [known.cover(keys_of(some)) for some in (templates, [], [*templates, ELSE])] == [True, True, False]


ELSE = Template(where=Where(((Term("host", "Exists"),),)))
