"""What is lacking, supposing that what is unknown turns out well: never unknown, and nothing that could be left out."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from libs.kernel.verdicts import Explained, Finding, Joined, Judged, Verdict, conditions, smallest, supposed
from tests.domain.kernel.test_rulesets import group, judge, leaf

SHAPES = st.recursive(
    st.none(),
    lambda inside: st.tuples(st.sampled_from(["all", "any"]), st.lists(inside, min_size=1, max_size=3)),
    max_leaves=7,
)


def built(shape: Any, numbers: Any) -> Any:
    if shape is None:
        return leaf(f"c{next(numbers)}")
    kind, parts = shape
    return group(kind, *(built(part, numbers) for part in parts))


@st.composite
def trees(draw: Any) -> Explained:
    node = built(draw(SHAPES), numbers := count())
    verdicts = {f"c{number}": draw(st.sampled_from(list(Verdict))) for number in range(next(numbers))}
    return judge(node, **{name: Finding(verdict) for name, verdict in verdicts.items()})


def changed(tree: Explained, met: set[str]) -> Verdict:
    """Give the verdict of a tree in which some conditions are met."""
    if isinstance(tree, Judged):
        return Verdict.MET if tree.id in met else tree.verdict
    parts = [changed(part, met) for part in tree.of]
    joined = all if tree.kind == "all" else any
    return Verdict.MET if joined(part is Verdict.MET for part in parts) else Verdict.UNMET


@given(trees())
def test_what_is_supposed_is_never_unknown_and_stays_met_where_it_was(tree: Explained) -> None:
    hoped = supposed(tree)
    assert all(one.verdict is not Verdict.UNKNOWN for one in conditions(hoped))
    assert hoped.verdict is not Verdict.UNKNOWN
    if tree.verdict is Verdict.MET:
        assert hoped.verdict is Verdict.MET
    if hoped.verdict is Verdict.UNMET:
        assert tree.verdict is Verdict.UNMET


@given(trees())
def test_the_smallest_change_is_enough_and_no_smaller_one_is(tree: Explained) -> None:
    hoped = supposed(tree)
    lacking = smallest(hoped)
    assert changed(hoped, {one.id for one in lacking}) is Verdict.MET
    unmet = {one.id for one in conditions(hoped) if one.verdict is Verdict.UNMET}
    for fewer in range(len(lacking)):
        assert all(changed(hoped, set(some)) is Verdict.UNMET for some in combinations(unmet, fewer))


def test_a_tree_that_is_met_lacks_nothing() -> None:
    tree = judge(group("any", leaf("a"), leaf("b")), a=Finding(Verdict.UNKNOWN), b=Finding(Verdict.UNMET))
    assert tree.verdict is Verdict.UNKNOWN
    assert smallest(supposed(tree)) == ()
    assert isinstance(tree, Joined)
    assert replace(tree, verdict=Verdict.MET).verdict is supposed(tree).verdict
