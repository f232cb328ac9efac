"""A bill: one exact, timely payment counts; whatever else comes is recorded and owed back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from libs.events.contracts.intake import (
    BillCancelled,
    BillLapsed,
    BillOpened,
    PaymentReceived,
    PaymentReported,
    RefundDue,
)
from libs.kernel.decisions import Claim
from libs.kernel.terms import Role
from services.intake.domain.payment import CLAIM_CODES, PAYMENT, CancelBill, LapseBill, OpenBill, ReportPayment
from tests.domain.harness import NOW, Story, given, uid
from tests.domain.intake.stories import APPLICANT

DUE = NOW + timedelta(days=14)
OPEN = OpenBill(uid("application"), uid("person"), 70000, DUE)


def bill() -> Story:
    return given(PAYMENT).go(OPEN)


def report(amount: str = "70000", channel_id: str = "wx-1") -> ReportPayment:
    return ReportPayment(channel_id, amount, NOW)


def test_the_exact_amount_in_time_is_received() -> None:
    bill().when(report()).then(PaymentReported, PaymentReceived)
    given(PAYMENT).when(OPEN).then(BillOpened)


@pytest.mark.parametrize(
    "amount", ["69999", "70001", "700元", "-70000", "7e4", "700.00", "50000", "", "７００００", "0", " 70000"]
)
def test_a_wrong_amount_is_recorded_and_owed_back(amount: str) -> None:
    events = bill().when(report(amount)).then(PaymentReported, RefundDue).events
    assert events[1].reason == "AMOUNT_MISMATCH"


def test_a_second_payment_is_recorded_and_owed_back() -> None:
    story = bill().go(report())
    assert (
        story.when(report(channel_id="wx-2")).then(PaymentReported, RefundDue).events[1].reason == "DUPLICATE_PAYMENT"
    )


def test_the_same_payment_reported_twice_has_no_further_effect() -> None:
    bill().go(report()).when(report()).then()


@pytest.mark.parametrize("after", [LapseBill(), CancelBill("withdrawn")])
def test_what_comes_after_the_end_of_a_bill_is_owed_back(after: object) -> None:
    story = bill()
    story.go(after, now=DUE)
    assert story.when(report()).then(PaymentReported, RefundDue).events[1].reason == "PAYMENT_LATE"


def test_a_late_payment_is_late_also_before_the_clock_has_said_so() -> None:
    assert bill().when(report(), now=DUE).events[1].reason == "PAYMENT_LATE"
    bill().when(report(), now=DUE - timedelta(microseconds=1)).then(PaymentReported, PaymentReceived)


def test_money_for_a_bill_that_does_not_exist_is_recorded_too() -> None:
    assert given(PAYMENT).when(report()).then(PaymentReported, RefundDue).events[1].reason == "PAYMENT_TOO_EARLY"


def test_what_was_paid_for_an_application_that_had_ended_is_owed_back_once() -> None:
    story = bill().go(report()).go(report(channel_id="wx-2"))
    _, refund = story.when(CancelBill("withdrawn")).then(BillCancelled, RefundDue).events
    assert (refund.channel_id, refund.amount, refund.reason) == ("wx-1", "70000", "PAYMENT_LATE")
    story.go(CancelBill("withdrawn")).when(CancelBill("withdrawn")).refused("ILLEGAL_TRANSITION")
    story.when(report()).then()


def test_a_lapsed_bill_has_nothing_left_to_cancel() -> None:
    bill().go(LapseBill(), now=DUE).when(CancelBill("withdrawn")).then()
    given(PAYMENT).when(CancelBill("withdrawn")).refused("ILLEGAL_TRANSITION")


def test_a_paid_bill_does_not_lapse() -> None:
    bill().go(report()).when(LapseBill(), now=DUE).refused("ILLEGAL_TRANSITION")
    bill().when(LapseBill(), now=DUE).then(BillLapsed)
    bill().when(LapseBill(), now=DUE - timedelta(seconds=1)).refused("ILLEGAL_TRANSITION")
    bill().when(CancelBill("withdrawn")).then(BillCancelled)


def test_no_person_reports_a_payment() -> None:
    assert APPLICANT.role == Role.APPLICANT
    bill().when(report(), APPLICANT).refused("FORBIDDEN_ACTOR")


REPORTS = st.builds(report, st.sampled_from(["70000", "69999", "x"]), st.sampled_from(["a", "b", "c"]))


@forall(st.lists(st.one_of(REPORTS, st.sampled_from([LapseBill(), CancelBill("x")])), max_size=8))
def test_every_report_is_recorded_once_and_at_most_one_counts(commands: list[object]) -> None:
    story = bill()
    for command in commands:
        outcome = story.when(command, now=DUE if isinstance(command, LapseBill) else NOW)
        if outcome.refusal is None:
            story.fold(*outcome.events)
    reported = [event.channel_id for event in story.events if isinstance(event, PaymentReported)]
    answered = [event.channel_id for event in story.events if isinstance(event, PaymentReceived | RefundDue)]
    assert reported == list(dict.fromkeys(answered))
    assert len(set(reported)) == len(reported)
    assert {c.channel_id for c in commands if isinstance(c, ReportPayment)} == set(reported)
    assert sum(isinstance(event, PaymentReceived) for event in story.events) <= 1


def test_a_payment_of_the_channel_is_held_by_one_bill_for_ever() -> None:
    for reported in (report(), report("1")):
        decision = bill().when(reported).decision
        assert decision is not None
        assert decision.claims == (Claim("channel-payment", "wx-1"),)
        assert decision.releases == ()
    assert CLAIM_CODES == {"channel-payment": "DUPLICATE_PAYMENT"}
