"""A bill: every report of the payment channel is recorded; exactly one exact, timely payment counts.

A wrong, late or second payment is never refused to the channel: it is recorded, and owed back (附十).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from libs.events.contracts.intake import (
    BillCancelled,
    BillLapsed,
    BillOpened,
    PaymentReceived,
    PaymentReported,
    RefundDue,
)
from libs.kernel.decisions import Aggregate, Claim, Context, Decision
from libs.kernel.money import fen
from libs.kernel.refusals import Refused, illegal_transition
from libs.kernel.terms import Role

CLAIM_CODES: Final = {"channel-payment": "DUPLICATE_PAYMENT"}
"""The refusal that a taken claim means: the channel reported this payment on another bill."""


class Status(StrEnum):
    """Where a bill is."""

    NONE = "NONE"
    OPEN = "OPEN"
    PAID = "PAID"
    LAPSED = "LAPSED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class OpenBill:
    """FeeAssessed on an application."""

    application: str
    applicant: str
    amount_fen: int
    due: datetime


@dataclass(frozen=True, slots=True)
class ReportPayment:
    """A callback of the channel: its own id of the payment, and the amount in fen exactly as it wrote it."""

    channel_id: str
    amount: str
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class LapseBill:
    """The clock: the bill is overdue."""


@dataclass(frozen=True, slots=True)
class CancelBill:
    """ApplicationEnded on an application that was not accepted as paid before; `cause` is its reason."""

    cause: str


@dataclass(frozen=True, slots=True)
class State:
    """One bill."""

    status: Status = Status.NONE
    application: str = ""
    applicant: str = ""
    amount_fen: int = 0
    due: datetime | None = None
    reported: frozenset[str] = frozenset()
    paid_by: str = ""
    """The channel's id of the one payment that counted."""


def _open(state: State, command: OpenBill) -> Decision:
    if state.status is not Status.NONE:
        raise illegal_transition(state.status.value, "open_bill", [Status.NONE.value])
    event = BillOpened(
        application=command.application,
        applicant=command.applicant,
        amount_fen=command.amount_fen,
        due=command.due,
    )
    return Decision((event,))


def _report(state: State, command: ReportPayment, context: Context) -> Decision:
    """Record a callback; one that was recorded before has no further effect."""
    if command.channel_id in state.reported:
        return Decision(reply={"outcome": "recorded"})
    claims = (Claim("channel-payment", command.channel_id),)
    reported = PaymentReported(channel_id=command.channel_id, amount=command.amount, paid_at=command.paid_at)
    reason = _owed_back(state, command, context)
    if reason:
        refund = RefundDue(channel_id=command.channel_id, amount=command.amount, reason=reason)
        return Decision((reported, refund), claims, reply={"outcome": "refund_due", "reason": reason})
    received = PaymentReceived(
        application=state.application,
        applicant=state.applicant,
        amount_fen=state.amount_fen,
        channel_id=command.channel_id,
    )
    return Decision((reported, received), claims, reply={"outcome": "received"})


def _owed_back(state: State, command: ReportPayment, context: Context) -> str:
    """Name why a payment does not pay the bill; empty when it does."""
    if state.due is None:
        return "PAYMENT_TOO_EARLY"
    if state.status is Status.PAID:
        return "DUPLICATE_PAYMENT"
    if fen(command.amount) != state.amount_fen:
        return "AMOUNT_MISMATCH"
    return "PAYMENT_LATE" if state.status is not Status.OPEN or context.now >= state.due else ""


def _lapse(state: State, context: Context) -> Decision:
    if state.status is not Status.OPEN or state.due is None:
        raise illegal_transition(state.status.value, "lapse_bill", [Status.OPEN.value])
    if context.now < state.due:
        raise Refused.one("ILLEGAL_TRANSITION", "附十", facts={"due": state.due.isoformat()})
    return Decision((BillLapsed(application=state.application),))


def _cancel(state: State, command: CancelBill) -> Decision:
    """Close the bill; money that it received too late for the application is owed back."""
    if state.status is Status.LAPSED:
        return Decision()
    if state.status not in (Status.OPEN, Status.PAID):
        allowed = [Status.OPEN.value, Status.PAID.value, Status.LAPSED.value]
        raise illegal_transition(state.status.value, "cancel_bill", allowed)
    cancelled = BillCancelled(application=state.application, cause=command.cause)
    if state.status is Status.OPEN:
        return Decision((cancelled,))
    refund = RefundDue(channel_id=state.paid_by, amount=str(state.amount_fen), reason="PAYMENT_LATE")
    return Decision((cancelled, refund))


def decide(state: State, command: Any, context: Context) -> Decision:
    """Decide one command about a bill; all of them come from reactions, clocks and the channel."""
    if context.actor.role != Role.SYSTEM:
        raise Refused.one("FORBIDDEN_ACTOR", "§7", facts={"role": context.actor.role})
    match command:
        case OpenBill():
            return _open(state, command)
        case ReportPayment():
            return _report(state, command, context)
        case LapseBill():
            return _lapse(state, context)
        case CancelBill():
            return _cancel(state, command)
        case _:
            raise TypeError(command)


def evolve(state: State, payload: Any, _event: Any) -> State:
    """Fold one payload."""
    match payload:
        case BillOpened():
            return replace(
                state,
                status=Status.OPEN,
                application=payload.application,
                applicant=payload.applicant,
                amount_fen=payload.amount_fen,
                due=payload.due,
            )
        case PaymentReported():
            return replace(state, reported=state.reported | {payload.channel_id})
        case PaymentReceived():
            return replace(state, status=Status.PAID, paid_by=payload.channel_id)
        case BillLapsed():
            return replace(state, status=Status.LAPSED)
        case BillCancelled():
            return replace(state, status=Status.CANCELLED)
        case _:
            return state


PAYMENT: Final = Aggregate("payment", State(), decide, evolve)
