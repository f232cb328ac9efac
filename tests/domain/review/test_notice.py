"""The publicity of a result: its days, objections, pauses, and who may confirm (§11.3, §11.20, §11.36)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from libs.events.contracts.base import Unsealed
from libs.events.contracts.review import ResultCancelled, ResultConfirmed, ResultPublicityStarted
from libs.events.contracts.review_notice import (
    InquiryDecided,
    InquiryOpened,
    ObjectionReceived,
    ResultPublicityEnded,
    ResultPublicityPaused,
    ResultPublicityResumed,
)
from libs.kernel.calendars import BEIJING, end_of_day, published_calendar
from libs.kernel.decisions import Actor
from libs.kernel.terms import Level, Route
from services.review.domain.notice import (
    NOTICE,
    CancelResult,
    ConfirmResult,
    DecideInquiry,
    EndPublicity,
    OpenInquiry,
    ReceiveObjection,
    StartPublicity,
    notice_id,
)
from tests.domain.harness import Story, given, uid
from tests.domain.review.world import (
    AGENCY,
    APPLICANT,
    APPLICATION,
    CITY,
    COMMITTEE,
    EMPLOYER,
    IN_FORCE,
    OFFICER,
    RULES,
    seen,
    stated,
)

CALENDAR = published_calendar()
PASSED = datetime(2025, 9, 26, 2, 0, tzinfo=UTC)
START = StartPublicity(
    application=APPLICATION,
    applicant=APPLICANT,
    session=uid("session"),
    employer=EMPLOYER,
    agency=AGENCY,
    committee=COMMITTEE,
    series="engineering",
    specialty="software",
    level=Level.ASSOCIATE_SENIOR,
    route=Route.ORDINARY,
    scope="",
    ruleset=RULES,
    passed_at=PASSED,
    seen=seen("session-" + uid("session"), 30),
    rules=IN_FORCE,
    calendar=CALENDAR,
)
OBJECT = ReceiveObjection(real_name=True, words=Unsealed(APPLICANT, "成果非本人完成"))
CITIZEN = Actor("citizen", "public", person=uid("citizen"))
STRANGER = Actor("anonymous", "public")


def beijing(month: int, day: int, hour: int = 9, year: int = 2025) -> datetime:
    return datetime(year, month, day, hour, tzinfo=BEIJING).astimezone(UTC)


MONDAY = beijing(3, 3)


def started(when: datetime = MONDAY) -> Story:
    return given(NOTICE).go(START, now=when)


def objected(when: datetime = MONDAY, number: int = 1) -> tuple[Story, list[str]]:
    story = started()
    for _ in range(number):
        story.go(OBJECT, CITIZEN, when)
    return story, list(story.state.objections)


def found(objection: str, founded: bool = False) -> DecideInquiry:
    return DecideInquiry(objection, founded, Unsealed(APPLICANT, "经查……"), CALENDAR)


@pytest.mark.parametrize(
    ("published", "last"),
    [
        (date(2023, 6, 14), date(2023, 6, 21)),
        (date(2023, 9, 27), date(2023, 10, 10)),
        (date(2024, 2, 5), date(2024, 2, 18)),
        (date(2024, 9, 29), date(2024, 10, 11)),
        (date(2025, 9, 26), date(2025, 10, 10)),
        (date(2026, 9, 28), date(2026, 10, 10)),
    ],
)
def test_a_publicity_runs_five_working_days_of_beijing_to_midnight(published: date, last: date) -> None:
    at = datetime(published.year, published.month, published.day, 15, tzinfo=BEIJING).astimezone(UTC)
    story = given(NOTICE)
    (event,) = story.when(START, now=at).then(ResultPublicityStarted).events
    assert (event.ends_at, event.calendar) == (end_of_day(last), CALENDAR.version)
    story.go(START, now=at)
    (reason,) = story.when(ConfirmResult(), CITY, event.ends_at - timedelta(microseconds=1)).refused(
        "PUBLICITY_TOO_SHORT"
    )
    assert reason.change["lawful_from"] == event.ends_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    story.when(ConfirmResult(), CITY, event.ends_at).then(ResultConfirmed)


def test_the_length_is_that_of_the_rule_set() -> None:
    longer = replace(START, rules=stated(result_publicity_working_days=7))
    (event,) = given(NOTICE).when(longer, now=MONDAY).events
    assert event.ends_at == end_of_day(date(2025, 3, 12))


def test_a_year_without_a_table_is_refused_never_guessed() -> None:
    given(NOTICE).when(START, now=datetime(2099, 1, 1, tzinfo=UTC)).refused("CALENDAR_YEAR_MISSING")


def test_a_publicity_starts_once_under_the_rules_of_its_session() -> None:
    started().when(START).refused("ILLEGAL_TRANSITION")
    other = replace(IN_FORCE, identity=uid("other"))
    given(NOTICE).when(replace(START, rules=other)).refused("RULESET_NOT_IN_FORCE")
    given(NOTICE).when(ConfirmResult(), CITY).refused("ILLEGAL_TRANSITION")
    assert notice_id(START.session, APPLICATION) == notice_id(START.session, APPLICATION)


def test_a_confirmation_carries_the_day_of_passing_and_all_that_a_title_needs() -> None:
    (event,) = started().when(ConfirmResult(), CITY, beijing(3, 11)).then(ResultConfirmed).events
    assert event.passed_at == PASSED
    shared = set(ResultConfirmed.model_fields) - {"confirmed_by"}
    assert all(getattr(event, name) == getattr(START, name) for name in shared)
    assert event.confirmed_by == CITY.id


def test_the_deadline_makes_the_end_visible_and_changes_no_right() -> None:
    story = started()
    story.when(EndPublicity(), now=beijing(3, 10, 23)).refused("PUBLICITY_TOO_SHORT")
    story.when(EndPublicity(), now=beijing(3, 11, 0)).then(ResultPublicityEnded)
    story.go(EndPublicity(), now=beijing(3, 11, 0))
    story.when(EndPublicity(), now=beijing(3, 12)).refused("ILLEGAL_TRANSITION")
    story.when(ConfirmResult(), CITY, beijing(3, 12)).then(ResultConfirmed)


@pytest.mark.parametrize(
    ("actor", "codes"),
    [
        (OFFICER, ["FORBIDDEN_ACTOR", "SEPARATION_OF_DUTIES"]),
        (Actor("c", "city", unit=EMPLOYER), ["SEPARATION_OF_DUTIES"]),
        (Actor("c", "city", unit=AGENCY), ["SEPARATION_OF_DUTIES"]),
        (Actor("c", "city", unit="bureau", person=APPLICANT), ["SEPARATION_OF_DUTIES"]),
        (Actor("d", "district", unit="district bureau"), ["FORBIDDEN_ACTOR"]),
        (CITY, []),
    ],
)
def test_the_city_confirms_and_nobody_for_the_own_unit(actor: Actor, codes: list[str]) -> None:
    outcome = started().when(ConfirmResult(), actor, beijing(3, 11))
    if codes:
        outcome.refused(*codes)
    else:
        outcome.then(ResultConfirmed)


def test_anyone_objects_by_name_or_without_until_the_confirmation() -> None:
    story = started()
    (event,) = story.when(OBJECT, CITIZEN).then(ObjectionReceived).events
    assert (event.real_name, event.objector) == (True, CITIZEN.person)
    (event,) = story.when(replace(OBJECT, real_name=False), CITIZEN).events
    assert (event.real_name, event.objector) == (False, "")
    story.when(replace(OBJECT, real_name=False), STRANGER).then(ObjectionReceived)
    story.when(OBJECT, STRANGER).refused("REAL_NAME_REQUIRED")
    story.when(OBJECT, CITIZEN, beijing(3, 20)).then(ObjectionReceived)
    story.go(ConfirmResult(), CITY, beijing(3, 11))
    for who in (CITY, OFFICER, Actor("own", "applicant", person=APPLICANT)):
        story.when(OBJECT, who, beijing(3, 20)).refused("ILLEGAL_TRANSITION")


def test_a_stranger_learns_nothing_of_a_notice_that_is_shown_no_more() -> None:
    confirmed = started().go(ConfirmResult(), CITY, beijing(3, 20))
    for story in (confirmed, started().go(CancelResult("withdrawn"))):
        for who in (CITIZEN, STRANGER, replace(OFFICER, unit=uid("another agency")), Actor("e", "expert")):
            (reason,) = story.when(replace(OBJECT, real_name=False), who, beijing(3, 21)).refused("NOT_FOUND")
            assert not reason.facts
        story.when(OBJECT, STRANGER, beijing(3, 21)).refused("NOT_FOUND")


def test_no_result_is_confirmed_over_an_objection_nobody_has_decided() -> None:
    story, (objection,) = objected()
    (reason,) = story.when(ConfirmResult(), CITY, beijing(3, 11)).refused("OBJECTION_OPEN")
    assert reason.facts == {"open": [objection]}
    story.when(ConfirmResult(), CITY, beijing(3, 4)).refused("OBJECTION_OPEN", "PUBLICITY_TOO_SHORT")


@pytest.mark.parametrize(
    ("opened", "remaining"),
    [
        (beijing(3, 3, 20), 5),
        (beijing(3, 4, 9), 5),
        (beijing(3, 5, 9), 4),
        (beijing(3, 8, 9), 1),
        (beijing(3, 10, 23), 1),
    ],
)
def test_an_inquiry_stops_the_publicity_and_it_goes_on_with_its_remaining_days(
    opened: datetime, remaining: int
) -> None:
    story, (objection,) = objected()
    _, paused = (
        story.when(OpenInquiry(objection, CALENDAR), OFFICER, opened)
        .then(InquiryOpened(objection=objection), ResultPublicityPaused)
        .events
    )
    assert paused.remaining == remaining
    story.go(OpenInquiry(objection, CALENDAR), OFFICER, opened)
    story.when(EndPublicity(), now=beijing(3, 20)).refused("ILLEGAL_TRANSITION")
    story.when(ConfirmResult(), CITY, beijing(3, 20)).refused("OBJECTION_OPEN", "PUBLICITY_TOO_SHORT")
    decided = beijing(3, 17, 16)
    _, resumed = story.when(found(objection), CITY, decided).then(InquiryDecided, ResultPublicityResumed).events
    assert resumed.ends_at == CALENDAR.period_end(decided, remaining)
    story.go(found(objection), CITY, decided)
    story.when(ConfirmResult(), CITY, resumed.ends_at - timedelta(seconds=1)).refused("PUBLICITY_TOO_SHORT")
    story.when(ConfirmResult(), CITY, resumed.ends_at).then(ResultConfirmed)


def test_a_second_pause_keeps_the_days_run_since_the_first() -> None:
    story, (first, second) = objected(number=2)
    story.go(OpenInquiry(first, CALENDAR), OFFICER, beijing(3, 5))
    story.go(found(first), OFFICER, beijing(3, 5, 15))
    assert story.state.ends_at == end_of_day(date(2025, 3, 11))
    _, paused = story.when(OpenInquiry(second, CALENDAR), OFFICER, beijing(3, 7)).events
    assert paused.remaining == 3


def test_the_publicity_waits_for_the_last_of_several_inquiries() -> None:
    story, (first, second) = objected(number=2)
    story.go(OpenInquiry(first, CALENDAR), OFFICER, beijing(3, 5))
    story.when(OpenInquiry(second, CALENDAR), OFFICER, beijing(3, 6)).then(InquiryOpened)
    story.go(OpenInquiry(second, CALENDAR), OFFICER, beijing(3, 6))
    story.when(found(first), OFFICER, beijing(3, 7)).then(InquiryDecided)
    story.go(found(first), OFFICER, beijing(3, 7))
    story.when(found(second), OFFICER, beijing(3, 7)).then(InquiryDecided, ResultPublicityResumed)


def test_an_inquiry_after_the_last_day_stops_nothing_but_the_confirmation() -> None:
    story, (objection,) = objected(beijing(3, 11))
    story.when(OpenInquiry(objection, CALENDAR), OFFICER, beijing(3, 11)).then(InquiryOpened)
    story.go(OpenInquiry(objection, CALENDAR), OFFICER, beijing(3, 11))
    story.when(ConfirmResult(), CITY, beijing(3, 12)).refused("OBJECTION_OPEN")
    story.when(found(objection), CITY, beijing(3, 12)).then(InquiryDecided)
    story.go(found(objection), CITY, beijing(3, 12))
    story.when(ConfirmResult(), CITY, beijing(3, 12)).then(ResultConfirmed)


def test_a_founded_objection_cancels_the_result_for_good() -> None:
    story, (objection,) = objected()
    cancelled = ResultCancelled(application=APPLICATION, applicant=APPLICANT, cause="objection_founded")
    story.when(found(objection, founded=True), OFFICER).then(InquiryDecided, cancelled)
    story.go(found(objection, founded=True), OFFICER)
    for command in (ConfirmResult(), OBJECT, CancelResult("x"), EndPublicity(), found(objection)):
        story.when(command, CITY, beijing(3, 20)).refused("ILLEGAL_TRANSITION")


def test_an_objection_is_decided_once_by_an_official_without_a_part_in_it() -> None:
    story, (objection,) = objected()
    story.when(found(uid("unknown")), CITY).refused("NOT_FOUND")
    story.when(OpenInquiry(uid("unknown"), CALENDAR), CITY).refused("NOT_FOUND")
    story.when(found(objection), CITIZEN).refused("FORBIDDEN_ACTOR", "SEPARATION_OF_DUTIES")
    story.when(found(objection), replace(CITY, person=CITIZEN.person)).refused("SEPARATION_OF_DUTIES")
    story.when(found(objection), replace(OFFICER, unit=uid("other agency"))).refused("FORBIDDEN_ACTOR")
    story.when(found(objection), replace(CITY, unit=EMPLOYER)).refused("SEPARATION_OF_DUTIES")
    story.go(OpenInquiry(objection, CALENDAR), CITY)
    story.when(OpenInquiry(objection, CALENDAR), CITY).refused("ILLEGAL_TRANSITION")
    story.go(found(objection), CITY)
    story.when(found(objection), CITY).refused("ILLEGAL_TRANSITION")


def test_an_application_that_is_over_takes_its_result_along() -> None:
    cancelled = ResultCancelled(application=APPLICATION, applicant=APPLICANT, cause="banned")
    started().when(CancelResult("banned")).then(cancelled)
    story = started().go(ConfirmResult(), CITY, beijing(3, 11))
    story.when(CancelResult("banned")).refused("ILLEGAL_TRANSITION")
