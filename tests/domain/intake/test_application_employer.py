"""单位审核、公示、推荐."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from libs.events.contracts.intake import (
    ApplicationEnded,
    EmployerObjectionDecided,
    EmployerObjectionReceived,
    EmployerPublicityEnded,
    EmployerPublicityResumed,
    EmployerPublicityStarted,
    EmployerRecommended,
    EmployerRefused,
    EmployerReviewed,
    MaterialAttached,
)
from services.intake.domain.application.employer import (
    DecideEmployerObjection,
    EndEmployerPublicity,
    RecommendAsHead,
    RecordEmployerObjection,
    RefuseAsEmployer,
    ReviewAsEmployer,
    StartEmployerPublicity,
)
from tests.domain.harness import SYSTEM, uid
from tests.domain.intake import stories as s

RECOMMEND = RecommendAsHead("推荐", s.upload("proof"))


def test_nobody_reviews_the_own_application() -> None:
    own = replace(s.CLERK, person=s.PERSON)
    s.submitted().when(ReviewAsEmployer("属实", in_service=True), own).refused("SELF_REVIEW")


def test_only_the_applicants_employer_reviews() -> None:
    other = replace(s.CLERK, unit=uid("another employer"))
    s.submitted().when(ReviewAsEmployer("属实", in_service=True), other).refused("UNKNOWN_APPLICATION")


def test_the_employer_reviews_before_it_publicises() -> None:
    start = StartEmployerPublicity("公告栏", s.RULES, s.CALENDAR)
    s.submitted().when(start, s.CLERK).refused("ILLEGAL_TRANSITION")
    review = ReviewAsEmployer("属实", in_service=True)
    s.submitted().when(review, s.CLERK).then(EmployerReviewed)
    s.submitted().go(review, s.CLERK).when(review, s.CLERK).refused("ILLEGAL_TRANSITION")


def test_publicity_ends_at_the_end_of_the_fifth_working_day_by_a_named_calendar() -> None:
    story = s.submitted().go(ReviewAsEmployer("属实", in_service=True), s.CLERK)
    start = StartEmployerPublicity("公告栏", s.RULES, s.CALENDAR)
    at = datetime(2025, 9, 26, 3, tzinfo=UTC)
    (event,) = story.when(start, s.CLERK, at).then(EmployerPublicityStarted).events
    assert event.ends_at == datetime(2025, 10, 10, 16, tzinfo=UTC)
    assert event.calendar == s.CALENDAR.version


def test_the_head_recommends_from_the_very_instant_at_which_the_publicity_is_over() -> None:
    story = s.publicised()
    ends_at = story.state.publicity.ends_at
    story.when(RECOMMEND, s.HEAD, ends_at - timedelta(microseconds=1)).refused("PUBLICITY_TOO_SHORT")
    story.when(RECOMMEND, s.HEAD, ends_at).then(EmployerPublicityEnded, MaterialAttached, EmployerRecommended)


def test_the_clock_only_makes_the_end_visible() -> None:
    story = s.publicised()
    ends_at = story.state.publicity.ends_at
    story.when(EndEmployerPublicity(), SYSTEM, ends_at - s.HOUR).refused("PUBLICITY_TOO_SHORT")
    story.go(EndEmployerPublicity(), SYSTEM, ends_at)
    story.when(EndEmployerPublicity(), SYSTEM, ends_at).refused("ILLEGAL_TRANSITION")
    story.when(RECOMMEND, s.HEAD).then(MaterialAttached, EmployerRecommended)


def test_a_recommendation_needs_the_proof_of_publicity_and_the_head() -> None:
    story = s.publicised()
    at = story.state.publicity.ends_at
    story.when(replace(RECOMMEND, proof=None), s.HEAD, at).refused("MATERIAL_MISSING")
    story.when(RECOMMEND, s.CLERK, at).refused("FORBIDDEN_ACTOR")


def test_an_open_objection_stops_the_recommendation_and_the_publicity() -> None:
    story = s.publicised()
    at = story.state.publicity.ends_at
    story.when(RecordEmployerObjection("业绩存疑", real_name=True), s.CLERK).then(EmployerObjectionReceived)
    story.go(RecordEmployerObjection("业绩存疑", real_name=True), s.CLERK)
    story.when(RECOMMEND, s.HEAD, at).refused("OBJECTION_OPEN")


def test_an_unfounded_objection_leaves_the_remaining_working_days() -> None:
    story = s.publicised()  # Monday 2025-03-03, to end with Monday the 10th
    thursday = datetime(2025, 3, 6, 2, tzinfo=UTC)
    story.go(RecordEmployerObjection("业绩存疑", real_name=False), s.CLERK, thursday)
    (objection,) = story.state.publicity.open_objections
    monday = datetime(2025, 3, 17, 2, tzinfo=UTC)
    decide = DecideEmployerObjection(objection, founded=False, answer="不属实", calendar=s.CALENDAR)
    outcome = story.when(decide, s.CLERK, monday).then(EmployerObjectionDecided, EmployerPublicityResumed)
    assert outcome.events[1].working_days == 3  # Tuesday and Wednesday had passed
    assert outcome.events[1].ends_at == datetime(2025, 3, 20, 16, tzinfo=UTC)


def test_an_objection_at_the_end_still_leaves_a_full_working_day() -> None:
    story = s.publicised()
    story.go(RecordEmployerObjection("业绩存疑", real_name=False), s.CLERK, story.state.publicity.ends_at)
    (objection,) = story.state.publicity.open_objections
    decide = DecideEmployerObjection(objection, founded=False, answer="不属实", calendar=s.CALENDAR)
    assert story.when(decide, s.CLERK).events[1].working_days == 1


def test_a_founded_objection_ends_the_application_and_keeps_the_place() -> None:
    story = s.publicised().go(RecordEmployerObjection("抄袭", real_name=True), s.CLERK)
    (objection,) = story.state.publicity.open_objections
    decide = DecideEmployerObjection(objection, founded=True, answer="属实", calendar=s.CALENDAR)
    outcome = story.when(decide, s.CLERK).then(EmployerObjectionDecided, EmployerRefused, ApplicationEnded)
    assert outcome.decision is not None
    assert outcome.decision.releases == ()


def test_an_unknown_objection_is_not_decided() -> None:
    story = s.publicised().go(RecordEmployerObjection("抄袭", real_name=True), s.CLERK)
    decide = DecideEmployerObjection(uid("no objection"), founded=True, answer="属实", calendar=s.CALENDAR)
    story.when(decide, s.CLERK).refused("NOT_FOUND")


def test_an_employer_refuses_with_reasons_only() -> None:
    s.submitted().when(RefuseAsEmployer((" ",)), s.CLERK).refused("GROUND_REQUIRED")
    s.submitted().when(RefuseAsEmployer(("业绩不足",)), s.CLERK).then(EmployerRefused, ApplicationEnded)
