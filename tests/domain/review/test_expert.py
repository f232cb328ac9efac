"""Experts: admitted on a live title, for three terms in all, and never while banned."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from libs.events.contracts.base import Unsealed
from libs.events.contracts.review_bodies import ExpertAdmitted, ExpertAppointed, ExpertRemoved
from libs.kernel.terms import Level
from services.review.domain.expert import (
    EXPERT,
    AdmitExpert,
    AppointExpert,
    RemoveBannedExpert,
    RemoveExpert,
    RemoveUntitledExpert,
)
from tests.domain.harness import Story, given, uid
from tests.domain.review.world import CITY, IN_FORCE, OFFICER, agency, ban, committee, title

ADMIT = AdmitExpert(
    series="engineering",
    specialty="software",
    level=Level.ASSOCIATE_SENIOR,
    agency=agency(),
    titles=(title(),),
    age=52,
    bans=(),
    on_record=False,
    rules=IN_FORCE,
)
APPOINT = AppointExpert(date(2025, 1, 1), date(2027, 12, 31), agency(), committee(), (), IN_FORCE)

LEFT = Unsealed(uid("it"), "主动退出")


def admitted() -> Story:
    return given(EXPERT).go(ADMIT, OFFICER)


def test_an_admission_cites_the_title_it_rests_on_as_it_was_read() -> None:
    (event,) = given(EXPERT).when(ADMIT, OFFICER).then(ExpertAdmitted).events
    assert event.title == uid("title")
    assert event.seen[0] == title().seen


SAME = Level.ASSOCIATE_SENIOR


@pytest.mark.parametrize(
    ("held", "fits"),
    [
        (title(), True),
        (title(obtained_on=date(2025, 3, 1)), True),
        (title(level=SAME, obtained_on=date(2022, 3, 3)), True),
        (title(level=SAME, obtained_on=date(2022, 3, 4)), False),
        (title(level=Level.INTERMEDIATE), False),
        (title(live=False), False),
        (title(confirmed=False), False),
        (title(scope="110108"), False),
        (title(series="health"), False),
    ],
)
def test_an_expert_holds_the_level_for_three_years_or_a_higher_one(held: object, fits: bool) -> None:
    outcome = given(EXPERT).when(replace(ADMIT, titles=(held,)), OFFICER)
    if fits:
        outcome.then(ExpertAdmitted)
    else:
        outcome.refused("EXPERT_CONDITIONS_UNMET")


def test_a_title_held_too_short_says_when_it_will_do() -> None:
    young = title(level=SAME, obtained_on=date(2022, 3, 4))
    (reason,) = given(EXPERT).when(replace(ADMIT, titles=(young,)), OFFICER).refused("EXPERT_CONDITIONS_UNMET")
    assert reason.change == {"eligible_on": "2025-03-04"}


@pytest.mark.parametrize(("age", "codes"), [(69, ()), (70, ("EXPERT_CONDITIONS_UNMET",))])
def test_an_expert_is_under_seventy(age: int, codes: tuple[str, ...]) -> None:
    outcome = given(EXPERT).when(replace(ADMIT, age=age), OFFICER)
    if codes:
        outcome.refused(*codes)
    else:
        outcome.accepted()


def test_all_failing_conditions_are_named_at_once() -> None:
    wrong = replace(ADMIT, titles=(), age=75, bans=(ban(),), on_record=True, agency=agency(listed=False))
    given(EXPERT).when(wrong, OFFICER).refused(
        "AGENCY_NOT_LISTED",
        "BANNED",
        "EXPERT_CONDITIONS_UNMET",
        "EXPERT_CONDITIONS_UNMET",
        "EXPERT_CONDITIONS_UNMET",
    )


def test_only_the_agency_admits_and_no_admission_is_given_twice() -> None:
    given(EXPERT).when(ADMIT, CITY).refused("FORBIDDEN_ACTOR")
    admitted().when(ADMIT, OFFICER).refused("ILLEGAL_TRANSITION")
    higher = replace(ADMIT, level=Level.FULL_SENIOR)
    admitted().when(higher, OFFICER).then(ExpertAdmitted)


def test_a_fourth_term_is_refused_whatever_committee_it_is_for() -> None:
    story = admitted()
    for number in range(3):
        where = committee(identity=uid(f"committee {number}"))
        (event,) = story.when(replace(APPOINT, committee=where), OFFICER).then(ExpertAppointed).events
        assert event.term == number + 1
        story.fold(event)
    fourth = replace(APPOINT, committee=committee(identity=uid("committee 3")))
    (reason,) = story.when(fourth, OFFICER).refused("TERM_LIMIT")
    assert reason.facts == {"terms": 3, "most": 3}


def test_terms_are_counted_in_all_also_over_a_removal() -> None:
    story = admitted()
    for number in range(3):
        story.go(replace(APPOINT, committee=committee(identity=uid(f"committee {number}"))), OFFICER)
    story.go(RemoveExpert(LEFT), OFFICER).go(ADMIT, OFFICER)
    story.when(replace(APPOINT, committee=committee(identity=uid("new"))), OFFICER).refused("TERM_LIMIT")


@pytest.mark.parametrize(("until", "fits"), [(date(2028, 1, 1), True), (date(2028, 1, 2), False)])
def test_a_term_lasts_three_years_at_most(until: date, fits: bool) -> None:
    outcome = admitted().when(replace(APPOINT, until=until), OFFICER)
    if fits:
        outcome.accepted()
    else:
        outcome.refused("TERM_LIMIT")


def test_two_terms_on_one_committee_do_not_overlap() -> None:
    story = admitted().go(APPOINT, OFFICER)
    story.when(APPOINT, OFFICER).refused("ILLEGAL_TRANSITION")
    after = replace(APPOINT, from_day=date(2028, 1, 1), until=date(2030, 12, 31))
    story.when(after, OFFICER).then(ExpertAppointed)


def test_a_removal_ends_the_terms_so_that_a_new_one_may_begin() -> None:
    story = admitted().go(APPOINT, OFFICER).go(RemoveExpert(LEFT), OFFICER).go(ADMIT, OFFICER)
    story.when(APPOINT, OFFICER).then(ExpertAppointed)


def test_nobody_is_appointed_who_was_not_admitted_or_not_for_that_level_or_is_banned() -> None:
    given(EXPERT).when(APPOINT, OFFICER).refused("UNKNOWN_EXPERT")
    above = replace(APPOINT, committee=committee(level=Level.FULL_SENIOR), bans=(ban(),))
    admitted().when(above, OFFICER).refused("BANNED", "EXPERT_CONDITIONS_UNMET")
    admitted().when(replace(APPOINT, committee=committee(approved=False)), OFFICER).refused("FILING_EXPIRED")


def test_a_ban_in_force_removes_an_expert_and_one_to_come_or_over_does_not() -> None:
    story = admitted()
    story.when(RemoveBannedExpert(ban())).then(ExpertRemoved(cause="banned", reason=None, seen=(ban().seen,)))
    story.when(RemoveBannedExpert(ban(date(2025, 3, 4)))).refused("ILLEGAL_TRANSITION")
    story.when(RemoveBannedExpert(ban(last=date(2025, 3, 2)))).refused("ILLEGAL_TRANSITION")
    story.go(RemoveBannedExpert(ban(last=date(2025, 3, 3))))
    story.when(RemoveBannedExpert(ban())).refused("ILLEGAL_TRANSITION")


def test_an_expert_whose_title_is_revoked_is_out_and_another_title_does_not_matter() -> None:
    story = admitted()
    story.when(RemoveUntitledExpert(title(live=False))).then(ExpertRemoved)
    story.when(RemoveUntitledExpert(title("another", live=False))).refused("ILLEGAL_TRANSITION")
    story.when(RemoveUntitledExpert(title())).refused("ILLEGAL_TRANSITION")


def test_only_an_agency_that_admitted_removes() -> None:
    admitted().when(RemoveExpert(LEFT), CITY).refused("FORBIDDEN_ACTOR")
    admitted().when(RemoveExpert(LEFT), OFFICER).then(ExpertRemoved)
