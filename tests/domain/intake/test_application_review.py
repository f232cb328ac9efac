"""缴费 and what follows: payment, review, certificate, hold, ban."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from libs.events.contracts.intake import (
    ApplicationBarred,
    ApplicationCertified,
    ApplicationEnded,
    ApplicationHeld,
    ApplicationPaid,
    ApplicationReleased,
    Fallen,
    FeeAssessed,
    PaymentLapsed,
    ReviewCancelled,
    ReviewConfirmed,
    ReviewNotPassed,
    ReviewPassed,
    ReviewPublished,
    ReviewScheduled,
)
from libs.kernel.calendars import start_of_day
from libs.kernel.terms import Level
from services.intake.domain.application import APPLICATION
from services.intake.domain.application.drafting import Withdraw
from services.intake.domain.application.fees import AssessFee, LapsePayment
from services.intake.domain.application.followup import (
    EndByBan,
    Hold,
    RecordCancelled,
    RecordCertified,
    RecordConfirmed,
    RecordPublished,
    RecordResult,
    RecordScheduled,
    RecordVoteOpened,
    RecordVoteVoided,
    Release,
)
from services.intake.domain.application.qualification import Qualify
from services.intake.domain.facts import Standing
from tests.domain.harness import SYSTEM, Story, given, uid
from tests.domain.intake import stories as s

SEEN = s.seen(f"session-{uid('session')}")
SESSION = uid("session")
SCHEDULED = RecordScheduled(SESSION, datetime(2025, 5, 6, 1, tzinfo=UTC), SEEN)
TITLE_HOLD = Hold(s.ENGINEER.identity, uid("case"), s.seen(f"case-{uid('case')}"))
BAN = EndByBan(uid("ban"), date(2025, 3, 3), date(2028, 3, 2), "SERIOUS_FRAUD_NOTICE17", s.seen(f"ban-{uid('ban')}"))


def voting() -> Story:
    return s.paid().go(SCHEDULED, SYSTEM).go(RecordVoteOpened(SESSION, SEEN), SYSTEM)


@pytest.mark.parametrize(
    ("level", "price"),
    [
        (Level.TECHNICIAN, 20000),
        (Level.ASSISTANT, 20000),
        (Level.INTERMEDIATE, 50000),
        (Level.ASSOCIATE_SENIOR, 70000),
        (Level.FULL_SENIOR, 70000),
    ],
)
def test_the_fee_is_the_rule_sets_price_of_the_level_in_fen(level: Level, price: int) -> None:
    assert s.RULES.rules.integer(f"price_{level}_fen") == price


def test_the_bill_names_the_price_and_its_due_instant() -> None:
    outcome = s.qualified().when(AssessFee(s.RULES, s.CALENDAR), SYSTEM).then(FeeAssessed)
    assert outcome.events[0].amount_fen == 70000
    assert outcome.decision is not None
    assert outcome.decision.reply == {"payment": outcome.events[0].payment}


def test_only_the_exact_sum_in_time_pays_and_only_once() -> None:
    story = s.billed()
    for wrong in (69999, 70001, 0, 50000):
        story.when(s.payment(story, amount_fen=wrong), SYSTEM).refused("AMOUNT_MISMATCH")
    story.when(s.payment(story, received_at=story.state.bill.due), SYSTEM).refused("PAYMENT_LATE")
    story.when(s.payment(story), SYSTEM).then(ApplicationPaid)
    story.go(s.payment(story), SYSTEM).when(s.payment(story), SYSTEM).refused("DUPLICATE_PAYMENT")


def test_nobody_pays_before_the_qualification_check_has_passed() -> None:
    payment = s.payment(s.billed())
    for story in (s.submitted(), s.assessed(), s.qualified()):
        story.when(payment, SYSTEM).refused("PAYMENT_TOO_EARLY")


def test_an_unpaid_application_lapses_not_before_its_due_time() -> None:
    story = s.billed()
    bill = story.state.bill
    story.when(LapsePayment(bill.payment), SYSTEM, bill.due - s.HOUR).refused("ILLEGAL_TRANSITION")
    story.when(LapsePayment(bill.payment), SYSTEM, bill.due).then(PaymentLapsed, ApplicationEnded)
    s.paid().when(LapsePayment(bill.payment), SYSTEM, bill.due).refused("ILLEGAL_TRANSITION")


def test_there_is_no_review_before_payment() -> None:
    for story in (s.billed(), s.qualified()):
        story.when(SCHEDULED, SYSTEM).refused("ILLEGAL_TRANSITION")
        story.when(RecordVoteOpened(SESSION, SEEN), SYSTEM).refused("ILLEGAL_TRANSITION")


def test_reports_that_overtake_each_other_move_forward_and_never_back() -> None:
    story = s.paid()
    story.when(RecordResult(SESSION, passed=True, seen=SEEN), SYSTEM).then(ReviewPassed)
    story.go(RecordResult(SESSION, passed=True, seen=SEEN), SYSTEM)
    story.when(SCHEDULED, SYSTEM).refused("ILLEGAL_TRANSITION")
    story.when(RecordVoteOpened(SESSION, SEEN), SYSTEM).refused("ILLEGAL_TRANSITION")
    story.when(RecordConfirmed(SEEN), SYSTEM).then(ReviewConfirmed)


def test_a_void_vote_is_scheduled_again_in_another_session() -> None:
    story = voting().go(RecordVoteVoided(SESSION, SEEN), SYSTEM)
    story.when(SCHEDULED, SYSTEM).refused("ILLEGAL_TRANSITION")
    story.when(RecordScheduled(uid("next session"), SCHEDULED.held_at, SEEN), SYSTEM).then(ReviewScheduled)


def test_an_open_vote_can_no_longer_be_withdrawn() -> None:
    s.paid().go(SCHEDULED, SYSTEM).when(Withdraw(), s.APPLICANT).accepted()
    voting().when(Withdraw(), s.APPLICANT).refused("ILLEGAL_TRANSITION")


def test_a_refusal_on_the_merits_never_frees_the_place() -> None:
    outcome = voting().when(RecordResult(SESSION, passed=False, seen=SEEN), SYSTEM)
    outcome.then(ReviewNotPassed, ApplicationEnded)
    assert outcome.decision is not None
    assert outcome.decision.releases == ()


def test_the_title_ends_the_application() -> None:
    story = voting().go(RecordResult(SESSION, passed=True, seen=SEEN), SYSTEM).go(RecordConfirmed(SEEN), SYSTEM)
    story.when(RecordCertified(uid("new title"), SEEN), SYSTEM).then(ApplicationCertified, ApplicationEnded)


def test_a_published_result_that_is_cancelled_ends_the_application() -> None:
    passed = voting().go(RecordResult(SESSION, passed=True, seen=SEEN), SYSTEM)
    ends = datetime(2025, 6, 13, 1, tzinfo=UTC)
    passed.when(RecordPublished(ends, SEEN), SYSTEM).then(ReviewPublished(ends_at=ends, seen=(SEEN,)))
    published = passed.branch().go(RecordPublished(ends, SEEN), SYSTEM)
    published.when(RecordCancelled("objection_founded", SEEN), SYSTEM).then(ReviewCancelled, ApplicationEnded)
    published.when(RecordCancelled("objection_founded", SEEN), s.OFFICER).refused("FORBIDDEN_ACTOR")


def test_reports_of_other_services_come_from_no_person() -> None:
    s.paid().when(SCHEDULED, s.OFFICER).refused("FORBIDDEN_ACTOR")


def test_an_application_that_rested_on_a_revoked_title_waits_for_a_person() -> None:
    story = s.assessed()
    story.when(TITLE_HOLD, SYSTEM).then(ApplicationHeld)
    story.go(TITLE_HOLD, SYSTEM).when(Qualify(), s.OFFICER).refused("HUMAN_DECISION_REQUIRED", "ILLEGAL_TRANSITION")
    story.when(TITLE_HOLD, SYSTEM).then()
    story.when(Release(""), s.OFFICER).refused("GROUND_REQUIRED")
    story.when(Release("与本次申报无关"), s.OFFICER).then(ApplicationReleased)
    story.go(Release("与本次申报无关"), s.OFFICER).when(Qualify(), s.OFFICER).refused("ILLEGAL_TRANSITION")


def test_a_title_on_which_it_did_not_rest_holds_nothing() -> None:
    other = Hold(uid("unrelated title"), uid("case"), SEEN)
    s.assessed().when(other, SYSTEM).refused("ILLEGAL_TRANSITION")


@pytest.mark.parametrize("story", [s.draft, s.submitted, s.received, s.checked, s.billed, s.paid, voting])
def test_a_ban_ends_every_live_application_and_keeps_the_place(story: object) -> None:
    assert callable(story)
    outcome = story().when(BAN, SYSTEM).then(ApplicationBarred, ApplicationEnded)
    assert outcome.decision.releases == ()


def test_a_ban_ends_no_application_before_its_first_day() -> None:
    first = date(2025, 3, 10)
    later = replace(BAN, from_day=first)
    s.draft().when(later, SYSTEM, start_of_day(first) - timedelta(microseconds=1)).refused("ILLEGAL_TRANSITION")
    s.draft().when(later, SYSTEM, start_of_day(first)).then(ApplicationBarred, ApplicationEnded)


STRANGERS = (
    replace(s.APPLICANT, person=uid("another applicant")),
    replace(s.CLERK, unit=uid("another employer")),
    replace(s.HEAD, unit=uid("another employer")),
    replace(s.OFFICER, unit=uid("another agency")),
)
ASKED = (Withdraw(), Qualify(), Release("理由"), s.submit(), s.accept())


@pytest.mark.parametrize("story", [s.draft, s.submitted, s.received, s.checked, s.billed, s.paid, voting])
def test_a_stranger_is_answered_as_if_there_were_no_such_application(story: Callable[[], Story]) -> None:
    there, nowhere = story(), given(APPLICATION)
    for actor in STRANGERS:
        for command in ASKED:
            told = there.when(command, actor).refused("UNKNOWN_APPLICATION")
            assert told == nowhere.when(command, actor).refused("UNKNOWN_APPLICATION")


def test_nobody_but_the_applicant_knows_a_draft() -> None:
    for actor in (s.CLERK, s.HEAD, s.OFFICER):
        s.draft().when(Release("理由"), actor).refused("UNKNOWN_APPLICATION")


def test_the_titles_own_word_holds_what_rested_on_it_once_and_never_what_knew_of_it() -> None:
    voided = Hold(s.ENGINEER.identity, uid("case"), s.seen(s.ENGINEER.seen.stream, 2), fell_at=2)
    s.assessed().when(voided, SYSTEM).then(ApplicationHeld)
    s.assessed().go(TITLE_HOLD, SYSTEM).when(voided, SYSTEM).then()
    decided = s.assessed().go(TITLE_HOLD, SYSTEM).go(Release("另有依据"), s.OFFICER)
    decided.when(voided, SYSTEM).then()
    knew = replace(s.ENGINEER, standing=Standing.REVOKED, seen=voided.seen)
    s.assessed(titles=(knew,)).when(voided, SYSTEM).then()


SECOND = replace(s.ENGINEER, identity=uid("second title"), seen=s.seen(f"title-{uid('second title')}"))
SECOND_HOLD = Hold(SECOND.identity, uid("second case"), s.seen(f"case-{uid('second case')}"))


def test_one_release_settles_every_title_that_holds_and_names_them() -> None:
    story = s.assessed(titles=(s.ENGINEER, SECOND)).go(TITLE_HOLD, SYSTEM).go(SECOND_HOLD, SYSTEM)
    assert set(story.state.held) == {s.ENGINEER.identity, SECOND.identity}
    (released,) = story.when(Release("另有依据"), s.OFFICER).then(ApplicationReleased).events
    assert set(released.titles) == {s.ENGINEER.identity, SECOND.identity}
    decided = story.go(Release("另有依据"), s.OFFICER)
    assert not decided.state.held
    for hold in (TITLE_HOLD, SECOND_HOLD):
        decided.when(replace(hold, fell_at=2), SYSTEM).then()


def test_a_title_in_question_holds_and_holds_again_when_it_stands_worse_but_never_when_it_stands_better() -> None:
    questioned = Hold(s.ENGINEER.identity, None, s.seen(s.ENGINEER.seen.stream, 2), 2, Fallen.UNKNOWN)
    no_basis = Hold(s.ENGINEER.identity, None, s.seen(s.ENGINEER.seen.stream, 3), 3, Fallen.NO_BASIS)
    story = s.assessed().go(questioned, SYSTEM)
    story.when(Qualify(), s.OFFICER).refused("HUMAN_DECISION_REQUIRED", "ILLEGAL_TRANSITION")
    story.when(questioned, SYSTEM).then()
    story = story.go(Release("另有依据"), s.OFFICER)
    story.when(questioned, SYSTEM).then()
    fallen = story.go(no_basis, SYSTEM)
    fallen.when(questioned, SYSTEM).then()
    fallen.when(TITLE_HOLD, SYSTEM).then(ApplicationHeld)
    knew = replace(s.ENGINEER, standing=Standing.NO_BASIS, seen=no_basis.seen)
    s.assessed(titles=(knew,)).when(no_basis, SYSTEM).then()
