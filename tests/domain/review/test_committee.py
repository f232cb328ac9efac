"""Committees: odd, large enough, for a limited time, and approved by someone else than their agency."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from libs.events.contracts.review_bodies import CommitteeApproved, CommitteeCancelled, CommitteeFiled
from libs.kernel.decisions import Actor
from libs.kernel.terms import Level
from services.review.domain.committee import COMMITTEE, ApproveCommittee, CancelCommittee, FileCommittee
from services.review.domain.facts import committee_reasons
from tests.domain.harness import given
from tests.domain.review.world import AGENCY, CITY, IN_FORCE, OFFICER, TODAY, agency, committee, stated

FILE = FileCommittee(
    name="工程技术系列高级评审委员会",
    committee_kind="specialty",
    series="engineering",
    specialty="software",
    level=Level.ASSOCIATE_SENIOR,
    size=11,
    filed_from=date(2025, 3, 3),
    filed_until=date(2028, 3, 3),
    agency=agency(),
    rules=IN_FORCE,
)


def test_an_agency_files_and_the_city_approves() -> None:
    story = given(COMMITTEE)
    (filed,) = story.when(FILE, OFFICER).then(CommitteeFiled).events
    assert (filed.size, filed.specialty, filed.agency) == (11, "software", AGENCY)
    story.go(FILE, OFFICER)
    story.when(ApproveCommittee(agency()), CITY).then(CommitteeApproved)
    story.go(ApproveCommittee(agency()), CITY)
    story.when(CancelCommittee("超出范围"), CITY).then(CommitteeCancelled(agency=AGENCY, reason="超出范围"))
    story.go(CancelCommittee("超出范围"), CITY)
    story.when(FILE, OFFICER).then(CommitteeFiled)


@pytest.mark.parametrize(
    ("kind", "size", "codes"),
    [
        ("specialty", 11, ()),
        ("specialty", 13, ()),
        ("specialty", 12, ("COMMITTEE_NOT_ODD",)),
        ("specialty", 9, ("COMMITTEE_TOO_SMALL",)),
        ("specialty", 10, ("COMMITTEE_NOT_ODD", "COMMITTEE_TOO_SMALL")),
        ("series", 25, ()),
        ("series", 24, ("COMMITTEE_NOT_ODD", "COMMITTEE_TOO_SMALL")),
        ("series", 23, ("COMMITTEE_TOO_SMALL",)),
        ("series", 26, ("COMMITTEE_NOT_ODD",)),
    ],
)
def test_a_committee_is_odd_and_as_large_as_its_kind_asks(kind: str, size: int, codes: tuple[str, ...]) -> None:
    outcome = given(COMMITTEE).when(replace(FILE, committee_kind=kind, size=size), OFFICER)
    if codes:
        outcome.refused(*codes)
    else:
        outcome.then(CommitteeFiled)


def test_a_committee_of_24_by_series_is_told_that_it_takes_25() -> None:
    reasons = (
        given(COMMITTEE)
        .when(replace(FILE, committee_kind="series", size=24), OFFICER)
        .refused("COMMITTEE_NOT_ODD", "COMMITTEE_TOO_SMALL")
    )
    assert {reason.change["size"] for reason in reasons} == {25}


def test_a_level_without_a_stated_least_size_is_refused_not_guessed() -> None:
    given(COMMITTEE).when(replace(FILE, level=Level.INTERMEDIATE), OFFICER).refused("SOURCE_MISSING")
    rules = stated(committee_min_intermediate_specialty=7)
    small = replace(FILE, level=Level.INTERMEDIATE, size=7, rules=rules)
    given(COMMITTEE).when(small, OFFICER).then(CommitteeFiled)


@pytest.mark.parametrize(
    ("first", "last", "codes"),
    [
        (date(2025, 3, 3), date(2028, 3, 3), ()),
        (date(2025, 3, 3), date(2028, 3, 4), ("FILING_EXPIRED",)),
        (date(2024, 2, 29), date(2027, 2, 28), ()),
        (date(2024, 2, 29), date(2027, 3, 1), ("FILING_EXPIRED",)),
        (date(2024, 1, 1), date(2025, 3, 3), ()),
        (date(2024, 1, 1), date(2025, 3, 2), ("FILING_EXPIRED",)),
        (date(2026, 1, 1), date(2025, 12, 31), ("DATE_INVALID",)),
    ],
)
def test_a_filing_lasts_three_years_at_most_and_is_not_over(first: date, last: date, codes: tuple[str, ...]) -> None:
    outcome = given(COMMITTEE).when(replace(FILE, filed_from=first, filed_until=last), OFFICER)
    if codes:
        outcome.refused(*codes)
    else:
        outcome.accepted()


def test_a_suspended_agency_files_nothing_and_nobody_files_for_another() -> None:
    given(COMMITTEE).when(replace(FILE, agency=agency(listed=False)), OFFICER).refused("AGENCY_NOT_LISTED")
    given(COMMITTEE).when(FILE, CITY).refused("FORBIDDEN_ACTOR")


def test_who_filed_does_not_approve() -> None:
    story = given(COMMITTEE).go(FILE, OFFICER)
    story.when(ApproveCommittee(agency()), OFFICER).refused("FORBIDDEN_ACTOR", "SEPARATION_OF_DUTIES")
    inside = Actor("both", "city", unit=AGENCY)
    story.when(ApproveCommittee(agency()), inside).refused("SEPARATION_OF_DUTIES")
    story.when(CancelCommittee("x"), OFFICER).refused("FORBIDDEN_ACTOR")


def test_a_filing_is_not_approved_once_it_is_over_nor_twice() -> None:
    story = given(COMMITTEE).go(FILE, OFFICER)
    late = datetime(2028, 3, 4, 1, 0, tzinfo=UTC)
    still = agency(listed_until=date(2029, 1, 1), filed_until=date(2029, 1, 1))
    story.when(ApproveCommittee(still), CITY, late).refused("FILING_EXPIRED")
    story.go(ApproveCommittee(agency()), CITY)
    story.when(ApproveCommittee(agency()), CITY).refused("ILLEGAL_TRANSITION")


def test_a_committee_acts_only_approved_and_within_its_days() -> None:
    assert not list(committee_reasons(committee(filed_from=TODAY, filed_until=TODAY), TODAY))
    for changes in ({"approved": False}, {"filed_until": date(2025, 3, 2)}, {"filed_from": date(2025, 3, 4)}):
        assert [one.code for one in committee_reasons(committee(**changes), TODAY)] == ["FILING_EXPIRED"]
