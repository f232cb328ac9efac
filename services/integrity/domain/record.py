"""诚信档案 entry: kept for the years that the notice gives, then hidden from every query (十七.4, §11.8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never

from libs.events.contracts.base import Unsealed
from libs.events.contracts.integrity import (
    IntegrityRecorded,
    IntegrityRecordExpired,
    IntegrityRecordWithdrawn,
)
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Aggregate, Context, Decision
from libs.kernel.periods import free_from, last_day
from libs.kernel.refusals import Reason, Refused, illegal_transition, refuse_all
from services.integrity.domain.city import only_the_city, unreasoned
from services.integrity.domain.consequences import CaseFacts, RulesFact

CLAUSE = "十七.4"
YEARS = "record_years"
"""The parameter of the rule set that says how long a record is kept."""


@dataclass(frozen=True, slots=True)
class RecordCase:
    """Enter a founded case into the archive: a reaction to IntegrityCaseDecided.

    `facts` are the decision's findings, opened. `expires_on` is the last day as the sender states it, to be
    compared with the law's; None to have it computed.
    """

    case: CaseFacts
    facts: str
    expires_on: date | None
    rules: RulesFact


@dataclass(frozen=True, slots=True)
class ExpireRecord:
    """Say that the record has expired: the deadline at the start of the first hidden day."""


@dataclass(frozen=True, slots=True)
class WithdrawRecord:
    """Withdraw a record that should not stand."""

    reasons: str


Command = RecordCase | ExpireRecord | WithdrawRecord


@dataclass(frozen=True, slots=True)
class Record:
    """An entry; `expires_on` is the last day on which it is shown."""

    subject: str
    expires_on: date
    expired: bool = False
    withdrawn: bool = False


State = Record | None

INITIAL: State = None


def visible(record: Record, on: date) -> bool:
    """Say whether a record may be shown on a day; by the date alone, with or without a recorded expiry."""
    return not record.withdrawn and on <= record.expires_on


def refuse_hidden(record: Record, on: date) -> None:
    """Refuse to show a record that has expired or was withdrawn, without telling anything of it (§11.8)."""
    if not visible(record, on):
        raise Refused.one("NOT_FOUND" if record.withdrawn else "RECORD_EXPIRED", CLAUSE)


def decide(state: State, command: Command, context: Context) -> Decision:
    """Decide on one record; raises `Refused` with every failing reason."""
    match command:
        case RecordCase():
            return _record(state, command, context)
        case ExpireRecord():
            return _expire(_standing(state, command), context)
        case WithdrawRecord():
            return _withdraw(_standing(state, command), command, context)
        case _:
            assert_never(command)


def evolve(state: State, payload: object, _event: object) -> State:
    """Fold one event of a record's stream."""
    match payload:
        case IntegrityRecorded():
            return Record(payload.subject, payload.expires_on)
        case IntegrityRecordExpired() if state:
            return replace(state, expired=True)
        case IntegrityRecordWithdrawn() if state:
            return replace(state, withdrawn=True)
        case _:
            return state


def _standing(state: State, command: Command) -> Record:
    if state is None or state.withdrawn:
        raise illegal_transition("withdrawn" if state else "none", type(command).__name__, ["recorded"])
    if state.expired:
        raise Refused.one("RECORD_EXPIRED", CLAUSE)
    return state


def _record(state: State, command: RecordCase, context: Context) -> Decision:
    if state is not None:
        raise illegal_transition("recorded", "RecordCase", ["none"])
    case = command.case
    recorded_on = beijing_date(context.now)
    years = command.rules.rules.integer(YEARS)
    expires_on = last_day(recorded_on, years=years)
    refuse_all((*_unfounded(case), *_wrong_term(command, expires_on, years)))
    recorded = IntegrityRecorded(
        case=case.case,
        subject_kind=case.subject_kind.value,
        subject=case.subject,
        facts=Unsealed(case.subject, command.facts),
        recorded_on=recorded_on,
        expires_on=expires_on,
        seen=(case.seen, command.rules.seen),
    )
    return Decision(events=(recorded,), ruleset=command.rules.identity)


def _unfounded(case: CaseFacts) -> Iterator[Reason]:
    if not case.founded:
        yield Reason("CASE_REQUIRED", CLAUSE, facts={"case": case.case, "founded": case.founded})


def _wrong_term(command: RecordCase, expires_on: date, years: int) -> Iterator[Reason]:
    if command.expires_on is not None and command.expires_on != expires_on:
        yield Reason(
            "RECORD_TERM",
            CLAUSE,
            facts={"expires_on": command.expires_on.isoformat(), "years": years},
            change={"expires_on": expires_on.isoformat()},
            pointer="/expires_on",
            ruleset=command.rules.identity,
        )


def _expire(record: Record, context: Context) -> Decision:
    if visible(record, beijing_date(context.now)):
        raise Refused.one(
            "RECORD_TERM",
            CLAUSE,
            facts={"expires_on": record.expires_on.isoformat()},
            change={"from": free_from(record.expires_on).isoformat()},
        )
    expired = IntegrityRecordExpired(subject=record.subject, expired_on=free_from(record.expires_on))
    return Decision(events=(expired,))


def _withdraw(record: Record, command: WithdrawRecord, context: Context) -> Decision:
    refuse_all((*only_the_city(context, CLAUSE, record.subject), *unreasoned(command.reasons, CLAUSE, "/reasons")))
    reasons = Unsealed(record.subject, command.reasons)
    return Decision(events=(IntegrityRecordWithdrawn(subject=record.subject, reasons=reasons),))


RECORD = Aggregate("record", INITIAL, decide, evolve)
