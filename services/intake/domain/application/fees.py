"""缴费: the fee of the level by the rule set, the one exact payment, or its lapse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from libs.events.contracts.intake import ApplicationPaid, FeeAssessed, PaymentLapsed
from libs.kernel.calendars import Calendar
from libs.kernel.decisions import Context, Decision
from libs.kernel.money import price_parameter
from libs.kernel.refusals import Reason, Refused, refuse_all
from libs.kernel.terms import Role, Route
from services.intake.domain.application.recognition import NONE, fee_of
from services.intake.domain.application.state import (
    BEFORE_ACCEPTANCE,
    Bill,
    Handler,
    Stage,
    State,
    by_system,
    ending,
    promised,
    require,
    under,
)
from services.intake.domain.facts import Rules

BILLERS: Final = (Role.SYSTEM, Role.FINANCE)
UNBILLED: Final = BEFORE_ACCEPTANCE | {Stage.ACCEPTED, Stage.QUALIFICATION_REVIEW, Stage.QUALIFIED}


@dataclass(frozen=True, slots=True)
class AssessFee:
    """Bill the fee of the level; facts: rule set and calendar."""

    rules: Rules
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class RecordPayment:
    """The bill's stream says that it is paid."""

    payment: str
    amount_fen: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class LapsePayment:
    """The bill's stream says that it has lapsed."""

    payment: str


def _assess(state: State, command: AssessFee, context: Context) -> Decision:
    require(state, "assess_fee", Stage.QUALIFIED)
    found = list(under(state, command.rules))
    if context.actor.role not in BILLERS:
        found.append(Reason("FORBIDDEN_ACTOR", "§7", {"role": context.actor.role}))
    refuse_all(found)
    rules = command.rules.rules
    if state.route is Route.GREEN_CHANNEL and fee_of(rules) == NONE:
        return Decision()
    days = rules.integer("payment_working_days")
    payment = str(context.new_id("payment"))
    event = FeeAssessed(
        applicant=state.applicant,
        payment=payment,
        level=state.level,
        amount_fen=rules.integer(price_parameter(state.level)),
        working_days=days,
        due=command.calendar.period_end(context.now, days),
        calendar=command.calendar.version,
        ruleset=command.rules.identity,
    )
    return Decision((event,), reply={"payment": payment}, ruleset=command.rules.identity)


def _mismatch(bill: Bill, command: RecordPayment) -> Iterator[Reason]:
    if command.payment != bill.payment:
        yield Reason("NOT_FOUND", "附十", {"payment": command.payment})
    if command.amount_fen != bill.amount_fen:
        facts = {"price_fen": bill.amount_fen, "paid_fen": command.amount_fen}
        yield Reason("AMOUNT_MISMATCH", "附十", facts)
    if command.received_at >= bill.due:
        yield Reason("PAYMENT_LATE", "附十", {"due": bill.due.isoformat()})


def _paid(state: State, command: RecordPayment, context: Context) -> Decision:
    if state.stage in (Stage.PAID, Stage.SCHEDULED):
        raise Refused.one("DUPLICATE_PAYMENT", "附十", facts={"payment": command.payment})
    if state.stage in UNBILLED:
        raise Refused.one("PAYMENT_TOO_EARLY", "附十 §11.16", facts={"state": state.stage.value})
    require(state, "record_payment", Stage.PAYMENT_PENDING)
    bill = promised(state.bill)
    refuse_all([*by_system(context), *_mismatch(bill, command)])
    event = ApplicationPaid(
        applicant=state.applicant,
        agency=state.agency,
        campaign=state.campaign,
        series=state.series,
        specialty=state.specialty,
        level=state.level,
        route=state.route,
        employer=state.employer,
        ruleset=state.ruleset,
        amount_fen=command.amount_fen,
        payment=bill.payment,
        endorsements=state.endorsements,
    )
    return Decision((event,), ruleset=state.ruleset)


def _lapsed(state: State, command: LapsePayment, context: Context) -> Decision:
    require(state, "lapse_payment", Stage.PAYMENT_PENDING)
    bill = promised(state.bill)
    found = list(by_system(context))
    if command.payment != bill.payment:
        found.append(Reason("NOT_FOUND", "附十", {"payment": command.payment}))
    if context.now < bill.due:
        found.append(Reason("ILLEGAL_TRANSITION", "附十", {"due": bill.due.isoformat()}))
    refuse_all(found)
    return ending(state, Stage.PAYMENT_LAPSED, PaymentLapsed(payment=bill.payment))


HANDLERS: Final[Mapping[type, Handler]] = {
    AssessFee: _assess,
    RecordPayment: _paid,
    LapsePayment: _lapsed,
}
