"""受理: the agency receives the file, asks once for every correction, accepts or does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import (
    ApplicationAccepted,
    ApplicationNotAccepted,
    ApplicationReceived,
    CorrectionRequested,
    CorrectionSubmitted,
    DeemedAbandoned,
    Item,
    Module,
)
from libs.kernel.calendars import Calendar
from libs.kernel.decisions import Context, Decision
from libs.kernel.refusals import Reason, refuse_all
from libs.kernel.terms import MaterialKind
from services.intake.domain.application.drafting import missing_materials
from services.intake.domain.application.state import (
    Handler,
    Stage,
    State,
    banned,
    by_applicant,
    by_officer,
    by_system,
    ending,
    not_held,
    promised,
    require,
    under,
)
from services.intake.domain.endorsements import Backing, judge
from services.intake.domain.facts import Ban, Endorsement, Rules


@dataclass(frozen=True, slots=True)
class Receive:
    """Take the recommended file in."""


@dataclass(frozen=True, slots=True)
class RequestCorrection:
    """Ask once for every correction; what is known to be missing is added; facts: rules, endorsements."""

    items: tuple[Item, ...]
    rules: Rules
    calendar: Calendar
    endorsements: tuple[Endorsement, ...]


@dataclass(frozen=True, slots=True)
class SubmitCorrection:
    """Send the corrected file back to the agency."""


@dataclass(frozen=True, slots=True)
class LapseCorrection:
    """The clock: the correction is overdue."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Accept the complete file; facts: rules, calendar, bans, and the endorsements that stand now."""

    rules: Rules
    calendar: Calendar
    bans: tuple[Ban, ...]
    endorsements: tuple[Endorsement, ...]


@dataclass(frozen=True, slots=True)
class NotAccept:
    """Do not accept, with reasons."""

    reasons: tuple[Item, ...]


MATERIALS: Final = tuple(MaterialKind)


def _backing(state: State, endorsements: tuple[Endorsement, ...], rules: Rules) -> Backing | None:
    """Judge the endorsements of a route that needs them."""
    return judge(state.route, endorsements, state.applicant, state.employer, rules.rules)


def _receive(state: State, _command: Receive, context: Context) -> Decision:
    require(state, "receive", Stage.RECOMMENDED)
    refuse_all(by_officer(state, context))
    return Decision((ApplicationReceived(agency=state.agency),))


def _request(state: State, command: RequestCorrection, context: Context) -> Decision:
    require(state, "request_correction", Stage.RECEIVED, Stage.CORRECTION_REQUIRED)
    found = [*by_officer(state, context), *under(state, command.rules)]
    if state.correction is not None:
        found.append(Reason("CORRECTION_ALREADY_USED", "§1.18", {"due": state.correction.due.isoformat()}))
    items = (*command.items, *_known(state, command))
    if not items:
        found.append(Reason("GROUND_REQUIRED", "§1.18", pointer="/items"))
    refuse_all(found)
    days = command.rules.rules.integer("correction_working_days")
    event = CorrectionRequested(
        items=items,
        working_days=days,
        due=command.calendar.period_end(context.now, days),
        calendar=command.calendar.version,
        ruleset=command.rules.identity,
    )
    return Decision((event,), ruleset=command.rules.identity)


def _known(state: State, command: RequestCorrection) -> Iterator[Item]:
    """Give what the system itself knows to be missing and the officer has not named (invariant 2)."""
    named = {item.module for item in command.items}
    for kind in MATERIALS:
        if kind not in state.materials and Module(kind.value) not in named:
            yield Item(module=Module(kind.value), reason=Unsealed(state.applicant, "缺少该材料"))
    backing = _backing(state, command.endorsements, command.rules)
    if backing and backing.reasons() and Module.ENDORSEMENTS not in named:
        short = f"有效推荐{len(backing.valid)}名，需要{sum(one.need for one in backing.counts)}名"
        yield Item(module=Module.ENDORSEMENTS, reason=Unsealed(state.applicant, short))


def _correct(state: State, _command: SubmitCorrection, context: Context) -> Decision:
    require(state, "submit_correction", Stage.CORRECTION_REQUIRED)
    correction = promised(state.correction)
    found = list(by_applicant(state, context.actor))
    if context.now >= correction.due:
        found.append(Reason("WINDOW_CLOSED", "§1.18", {"due": correction.due.isoformat()}))
    found.extend(missing_materials(state, *MATERIALS))
    refuse_all(found)
    return Decision((CorrectionSubmitted(modules=tuple(sorted(correction.changed))),))


def _lapse(state: State, _command: LapseCorrection, context: Context) -> Decision:
    require(state, "lapse_correction", Stage.CORRECTION_REQUIRED)
    due = promised(state.correction).due
    found = list(by_system(context))
    if context.now < due:
        facts = {"due": due.isoformat(), "now": context.now.isoformat()}
        found.append(Reason("ILLEGAL_TRANSITION", "§1.18", facts, {"from": due.isoformat()}))
    refuse_all(found)
    return ending(state, Stage.DEEMED_ABANDONED, DeemedAbandoned(due=due))


def _accept(state: State, command: Accept, context: Context) -> Decision:
    require(state, "accept", Stage.RECEIVED)
    found = [
        *by_officer(state, context),
        *not_held(state),
        *under(state, command.rules),
        *banned(command.bans, context),
        *missing_materials(state, *MATERIALS),
    ]
    backing = _backing(state, command.endorsements, command.rules)
    if backing:
        found.extend(backing.reasons())
    refuse_all(found)
    valid = backing.valid if backing else ()
    days = command.rules.rules.integer("promise_working_days")
    event = ApplicationAccepted(
        applicant=state.applicant,
        agency=state.agency,
        campaign=state.campaign,
        series=state.series,
        specialty=state.specialty,
        level=state.level,
        route=state.route,
        employer=state.employer,
        ruleset=command.rules.identity,
        endorsements=tuple(one.identity for one in valid),
        due=command.calendar.period_end(context.now, days),
        calendar=command.calendar.version,
        seen=(command.rules.seen, *(seen for one in valid for seen in one.seen)),
    )
    return Decision((event,), ruleset=command.rules.identity)


def _not_accept(state: State, command: NotAccept, context: Context) -> Decision:
    require(state, "not_accept", Stage.RECEIVED)
    found = list(by_officer(state, context))
    if not command.reasons:
        found.append(Reason("GROUND_REQUIRED", "附六", pointer="/reasons"))
    refuse_all(found)
    return ending(state, Stage.NOT_ACCEPTED, ApplicationNotAccepted(reasons=command.reasons))


HANDLERS: Final[Mapping[type, Handler]] = {
    Receive: _receive,
    RequestCorrection: _request,
    SubmitCorrection: _correct,
    LapseCorrection: _lapse,
    Accept: _accept,
    NotAccept: _not_accept,
}
