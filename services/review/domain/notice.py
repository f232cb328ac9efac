"""公示: one passed result on show, its objections and inquiries, and its confirmation by the city (§11.3, §11.36)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, assert_never
from uuid import UUID, uuid5

from libs.events.contracts.base import Unsealed, instant_text
from libs.events.contracts.intake import Seen
from libs.events.contracts.review import ResultCancelled, ResultConfirmed, ResultPublicityStarted
from libs.events.contracts.review_notice import (
    InquiryDecided,
    InquiryOpened,
    ObjectionReceived,
    ResultPublicityEnded,
    ResultPublicityPaused,
    ResultPublicityResumed,
)
from libs.kernel.calendars import Calendar
from libs.kernel.decisions import Actor, Aggregate, Context, Decision
from libs.kernel.refusals import Reason, Refused, illegal_transition, refuse_all
from libs.kernel.terms import Level, Role, Route
from services.review.domain.facts import RulesFact, city_only, ruleset_reasons
from services.review.domain.notice_state import INITIAL, Notice, evolve


def notice_id(session: str, application: str) -> UUID:
    """Name the notice of a session's result, the same whenever its reaction runs again."""
    return uuid5(UUID(session), application)


@dataclass(frozen=True, slots=True)
class StartPublicity:
    """Show a passed result (reaction to ResultAnnounced with `passed`).

    All but the last two come from the session; `passed_at` is the time of ResultAnnounced, `seen` cites it.
    """

    application: str
    applicant: str
    session: str
    employer: str
    agency: str
    committee: str
    series: str
    specialty: str
    level: Level
    route: Route
    scope: str
    ruleset: str
    passed_at: datetime
    seen: Seen
    rules: RulesFact
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class ReceiveObjection:
    """Anyone objects. `words` are to be sealed under the applicant's key."""

    real_name: bool
    words: Unsealed


@dataclass(frozen=True, slots=True)
class OpenInquiry:
    """The agency or the city looks into an objection; the publicity stops meanwhile."""

    objection: str
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class DecideInquiry:
    """An official decides an objection, with reasons to be sealed under the applicant's key."""

    objection: str
    founded: bool
    reasons: Unsealed
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class EndPublicity:
    """The publicity's days have run (deadline at `ends_at`)."""


@dataclass(frozen=True, slots=True)
class ConfirmResult:
    """The city confirms the result."""


@dataclass(frozen=True, slots=True)
class CancelResult:
    """The application is over before its confirmation (reaction to ApplicationEnded)."""

    cause: str


Command = StartPublicity | ReceiveObjection | OpenInquiry | DecideInquiry | EndPublicity | ConfirmResult | CancelResult
LIVE: tuple[Literal["running", "paused", "ended"], ...] = ("running", "paused", "ended")


def decide(state: Notice, command: Command, context: Context) -> Decision:
    """Decide a command on a notice.

    Raises
    ------
    Refused
        `PUBLICITY_TOO_SHORT`, `OBJECTION_OPEN`, `SEPARATION_OF_DUTIES`, `FORBIDDEN_ACTOR`,
        `REAL_NAME_REQUIRED`, `NOT_FOUND` for an objection that does not exist, `RULESET_NOT_IN_FORCE`,
        `CALENDAR_YEAR_MISSING`, `ILLEGAL_TRANSITION`.
    """
    if isinstance(command, StartPublicity):
        return _start(state, command, context)
    if state.status not in LIVE:
        raise _over(state, command, context.actor)
    match command:
        case ReceiveObjection():
            return _object(command, context)
        case OpenInquiry():
            return _inquire(state, command, context)
        case DecideInquiry():
            return _decide_inquiry(state, command, context)
        case EndPublicity():
            if state.status != "running":
                raise illegal_transition(state.status, "EndPublicity", ["running"])
            refuse_all(_length_reasons(state, context))
            return Decision((ResultPublicityEnded(),))
        case ConfirmResult():
            return _confirm(state, context)
        case CancelResult(cause):
            return _cancelled(state, cause)
    assert_never(command)


def _over(state: Notice, command: Command, actor: Actor) -> Refused:
    """Say that it is over to those who may read it still; to a stranger it is as if there were none."""
    case = state.case
    own = bool(actor.person) and actor.person == case.applicant
    party = bool(actor.unit) and actor.unit in {case.agency, case.employer}
    if isinstance(command, ReceiveObjection) and not (own or party or actor.role in {Role.CITY, Role.AUDITOR}):
        return Refused.one("NOT_FOUND")
    return illegal_transition(state.status, type(command).__name__, LIVE)


def _start(state: Notice, command: StartPublicity, context: Context) -> Decision:
    if state.status != "unknown":
        raise illegal_transition(state.status, "StartPublicity", ["unknown"])
    refuse_all(ruleset_reasons(command.rules, command.ruleset))
    days = command.rules.rules.integer("result_publicity_working_days")
    started = ResultPublicityStarted(
        application=command.application,
        applicant=command.applicant,
        session=command.session,
        employer=command.employer,
        series=command.series,
        specialty=command.specialty,
        level=command.level,
        ends_at=command.calendar.period_end(context.now, days),
        calendar=command.calendar.version,
        agency=command.agency,
        committee=command.committee,
        route=command.route,
        scope=command.scope,
        ruleset=command.ruleset,
        passed_at=command.passed_at,
        seen=(command.seen, command.rules.seen),
    )
    return Decision((started,), ruleset=command.ruleset)


def _object(command: ReceiveObjection, context: Context) -> Decision:
    """Take an objection until the result is confirmed; a lead after the last day still counts (十六.1)."""
    if command.real_name and not context.actor.person:
        raise Refused.one("REAL_NAME_REQUIRED", "十六.1", change={"needed": "a verified person, or an anonymous lead"})
    objection = str(context.new_id("objection"))
    received = ObjectionReceived(
        objection=objection,
        real_name=command.real_name,
        objector=context.actor.person if command.real_name else "",
        words=command.words,
    )
    return Decision((received,), reply={"objection": objection})


def _official_reasons(state: Notice, context: Context) -> Iterator[Reason]:
    actor = context.actor
    own_agency = actor.role == Role.AGENCY_OFFICER and actor.unit == state.case.agency
    if actor.role != Role.CITY and not own_agency:
        yield Reason(
            "FORBIDDEN_ACTOR",
            "十六.1 §11.20",
            facts={"role": actor.role, "unit": actor.unit},
            change={"needed": ["city", f"agency_officer of {state.case.agency}"]},
        )
    yield from _own_case_reasons(state, context)


def _own_case_reasons(state: Notice, context: Context) -> Iterator[Reason]:
    """Nobody decides on the own file or for the own unit (§7 g)."""
    actor, case = context.actor, state.case
    own = [
        name
        for name, holds in {
            "own application": actor.person == case.applicant,
            "own objection": bool(actor.person) and actor.person in state.objectors,
            "own unit": bool(actor.unit) and actor.unit == case.employer,
        }.items()
        if holds
    ]
    if own:
        yield Reason(
            "SEPARATION_OF_DUTIES",
            "§7",
            facts={"grounds": own, "unit": actor.unit},
            change={"needed": "an official of another unit, with no part in the case"},
        )


def _known(state: Notice, objection: str) -> None:
    if objection not in state.objections:
        raise Refused.one("NOT_FOUND", "十六.1", facts={"objection": objection})


def _inquire(state: Notice, command: OpenInquiry, context: Context) -> Decision:
    _known(state, command.objection)
    if state.objections[command.objection] != "received":
        raise illegal_transition(state.objections[command.objection], "OpenInquiry", ["received"])
    refuse_all(_official_reasons(state, context))
    opened = InquiryOpened(objection=command.objection)
    if state.status != "running" or context.now >= state.ends_at:
        return Decision((opened,))
    paused = ResultPublicityPaused(
        remaining=_remaining(state, command.calendar, context.now), calendar=command.calendar.version
    )
    return Decision((opened, paused))


def _remaining(state: Notice, calendar: Calendar, now: datetime) -> int:
    """Count the working days that are still to run, today's unfinished one among them (§11.36).

    The day on which the publicity began, or went on again, is not counted (民法典 201). At least one day
    remains: the last day is a working day, and it is not over.
    """
    since = max(now - timedelta(days=1), state.since)
    return calendar.working_days_between(since, state.ends_at)


def _decide_inquiry(state: Notice, command: DecideInquiry, context: Context) -> Decision:
    _known(state, command.objection)
    if state.objections[command.objection] == "decided":
        raise illegal_transition("decided", "DecideInquiry", ["received", "inquiry"])
    refuse_all(_official_reasons(state, context))
    decided = InquiryDecided(
        objection=command.objection,
        founded=command.founded,
        reasons=command.reasons,
        decided_by=context.actor.id,
    )
    if command.founded:
        return Decision((decided, *_cancelled(state, "objection_founded").events))
    others = any(where == "inquiry" for which, where in state.objections.items() if which != command.objection)
    if state.status != "paused" or others:
        return Decision((decided,))
    resumed = ResultPublicityResumed(
        ends_at=command.calendar.period_end(context.now, state.remaining), calendar=command.calendar.version
    )
    return Decision((decided, resumed))


def _cancelled(state: Notice, cause: str) -> Decision:
    case = state.case
    return Decision((ResultCancelled(application=case.application, applicant=case.applicant, cause=cause),))


def _length_reasons(state: Notice, context: Context) -> Iterator[Reason]:
    running = state.status == "running"
    if state.status == "paused" or (running and context.now < state.ends_at):
        facts: dict[str, Any] = {"state": state.status, "now": instant_text(context.now)}
        change: dict[str, Any] = (
            {"lawful_from": instant_text(state.ends_at)} if running else {"remaining_working_days": state.remaining}
        )
        yield Reason("PUBLICITY_TOO_SHORT", "§11.3 §14.7", facts=facts, change=change)


def _confirm(state: Notice, context: Context) -> Decision:
    case = state.case
    open_ones = sorted(which for which, where in state.objections.items() if where != "decided")
    reasons = [
        *city_only(context, "§11.20"),
        *_own_case_reasons(state, context),
        *_length_reasons(state, context),
    ]
    if context.actor.unit and context.actor.unit == case.agency:
        reasons.append(
            Reason(
                "SEPARATION_OF_DUTIES",
                "§7",
                facts={"unit": context.actor.unit, "reviewed_by": case.agency},
                change={"needed": "an official of another unit"},
            )
        )
    if open_ones:
        reasons.append(
            Reason(
                "OBJECTION_OPEN",
                "§11.20 §14.7",
                facts={"open": open_ones},
                change={"needed": "a decision on each objection"},
            )
        )
    refuse_all(reasons)
    confirmed = ResultConfirmed(
        application=case.application,
        applicant=case.applicant,
        session=case.session,
        employer=case.employer,
        agency=case.agency,
        committee=case.committee,
        series=case.series,
        specialty=case.specialty,
        level=case.level,
        route=case.route,
        scope=case.scope,
        ruleset=case.ruleset,
        passed_at=case.passed_at,
        confirmed_by=context.actor.id,
    )
    return Decision((confirmed,), reply={"application": case.application}, ruleset=case.ruleset)


NOTICE = Aggregate("notice", INITIAL, decide, evolve)
