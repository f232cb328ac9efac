"""The numbers of rules §10.1, and what must hold for any numbers."""

from __future__ import annotations

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from libs.kernel.refusals import Refused
from services.review.domain.votes import passed, quorum_met, quorum_of
from tests.domain.review.world import IN_FORCE, stated

RULES = IN_FORCE.rules
OF_2003 = stated(pass_base="size", pass_comparison="more_than").rules

TABLE = [
    (7, 5, 4, 5),
    (9, 6, 4, 6),
    (11, 8, 6, 8),
    (13, 9, 6, 9),
    (15, 10, 7, 10),
    (17, 12, 8, 12),
    (21, 14, 10, 14),
    (25, 17, 12, 17),
]


@pytest.mark.parametrize(("size", "quorum", "at_quorum", "at_full"), TABLE)
def test_quorum_and_pass_are_those_of_the_table(size: int, quorum: int, at_quorum: int, at_full: int) -> None:
    assert quorum_of(RULES, size) == quorum
    assert quorum_met(RULES, quorum, size)
    assert not quorum_met(RULES, quorum - 1, size)
    for present, least in ((quorum, at_quorum), (size, at_full)):
        assert passed(RULES, least, present, size)
        assert not passed(RULES, least - 1, present, size)


@pytest.mark.parametrize(
    ("agree", "present", "carried"),
    [(6, 9, True), (12, 18, True), (11, 17, False), (12, 17, True), (0, 1, False), (5, 9, False)],
)
def test_exactly_two_thirds_passes_and_one_below_fails(agree: int, present: int, carried: bool) -> None:
    assert passed(RULES, agree, present, present) is carried


def test_a_rule_set_of_2003_asks_for_more_than_two_thirds_of_all_members() -> None:
    assert not passed(OF_2003, 6, 6, 9)
    assert passed(OF_2003, 7, 7, 9)
    assert not passed(OF_2003, 10, 10, 15)
    assert passed(OF_2003, 11, 11, 15)


def test_a_rule_set_without_a_share_makes_the_vote_unanswerable_never_a_guess() -> None:
    rules = RULES.model_copy(update={"parameters": {}})
    with pytest.raises(Refused, match="SOURCE_MISSING"):
        passed(rules, 5, 7, 7)


@forall(st.integers(0, 10_000), st.integers(1, 10_000))
def test_pass_is_three_agree_at_least_two_present(agree: int, present: int) -> None:
    assert passed(RULES, agree, present, present) == (3 * agree >= 2 * present)


@forall(st.integers(1, 10_000))
def test_the_stated_quorum_is_the_least_number_that_is_one(size: int) -> None:
    assert quorum_met(RULES, quorum_of(RULES, size), size)
    assert not quorum_met(RULES, quorum_of(RULES, size) - 1, size)
