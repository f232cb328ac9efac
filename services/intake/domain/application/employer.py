"""单位审核、公示、推荐: the employer reviews, publicises for the rule set's working days, and recommends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import (
    EmployerObjectionDecided,
    EmployerObjectionReceived,
    EmployerPublicityEnded,
    EmployerPublicityResumed,
    EmployerPublicityStarted,
    EmployerRecommended,
    EmployerRefused,
    EmployerReturned,
    EmployerReviewed,
    Item,
)
from libs.kernel.calendars import Calendar
from libs.kernel.decisions import Context, Decision
from libs.kernel.refusals import Reason, refuse_all
from libs.kernel.terms import MaterialKind, Role
from services.intake.domain.application.drafting import attached, classified_reasons, upload_reasons
from services.intake.domain.application.state import (
    Handler,
    Publicity,
    Stage,
    State,
    by_employer,
    by_system,
    ending,
    not_held,
    promised,
    require,
    under,
)
from services.intake.domain.facts import Rules, Upload

EMPLOYER: Final = (Role.EMPLOYER_CLERK, Role.EMPLOYER_HEAD)


@dataclass(frozen=True, slots=True)
class ReviewAsEmployer:
    """Answer for the truth of the file, and say whether the applicant is in service (附六.4)."""

    opinion: str
    in_service: bool


@dataclass(frozen=True, slots=True)
class ReturnToApplicant:
    """Send the file back for changes in the modules named."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class RefuseAsEmployer:
    """Do not recommend."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartEmployerPublicity:
    """Publicise inside the unit; facts: rule set and calendar."""

    place: str
    rules: Rules
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class RecordEmployerObjection:
    """Record an objection; the publicity stands still until it is decided."""

    summary: str
    real_name: bool


@dataclass(frozen=True, slots=True)
class DecideEmployerObjection:
    """Decide one objection; a founded one ends the application, the last unfounded one lets it go on."""

    objection: str
    founded: bool
    answer: str
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class EndEmployerPublicity:
    """The clock: the publicity has run its days."""


@dataclass(frozen=True, slots=True)
class RecommendAsHead:
    """Recommend, with the proof of publicity as the third material; facts: the stored file."""

    statement: str
    proof: Upload | None
    declared_hash: str = ""
    classified: bool = False


def _review(state: State, command: ReviewAsEmployer, context: Context) -> Decision:
    require(state, "employer_review", Stage.EMPLOYER_REVIEW)
    found = list(by_employer(state, context.actor, *EMPLOYER))
    if state.reviewed:
        found.append(Reason("ILLEGAL_TRANSITION", "八.1", {"reviewed": True}, {"command": "employer_publicity"}))
    refuse_all([*found, *_said(command.opinion, "/opinion")])
    opinion = Unsealed(state.applicant, command.opinion)
    return Decision((EmployerReviewed(opinion=opinion, in_service=command.in_service),))


def _said(text: str, pointer: str) -> Iterator[Reason]:
    if not text.strip():
        yield Reason("GROUND_REQUIRED", "八.1", pointer=pointer)


def _return(state: State, command: ReturnToApplicant, context: Context) -> Decision:
    require(state, "employer_return", Stage.EMPLOYER_REVIEW)
    found = list(by_employer(state, context.actor, *EMPLOYER))
    if not command.items:
        found.append(Reason("GROUND_REQUIRED", "八.1", pointer="/items"))
    refuse_all(found)
    return Decision((EmployerReturned(items=command.items),))


def _refuse(state: State, command: RefuseAsEmployer, context: Context) -> Decision:
    require(state, "employer_refuse", Stage.EMPLOYER_REVIEW, Stage.EMPLOYER_PUBLICITY, Stage.EMPLOYER_INQUIRY)
    found = list(by_employer(state, context.actor, *EMPLOYER))
    if not any(reason.strip() for reason in command.reasons):
        found.append(Reason("GROUND_REQUIRED", "八.1", pointer="/reasons"))
    refuse_all(found)
    return ending(state, Stage.EMPLOYER_REFUSED, _refused(state, *command.reasons))


def _refused(state: State, *reasons: str) -> EmployerRefused:
    return EmployerRefused(reasons=tuple(Unsealed(state.applicant, reason) for reason in reasons))


def _start(state: State, command: StartEmployerPublicity, context: Context) -> Decision:
    require(state, "employer_publicity", Stage.EMPLOYER_REVIEW)
    found = list(by_employer(state, context.actor, *EMPLOYER))
    if not state.reviewed:
        found.append(Reason("ILLEGAL_TRANSITION", "八.1", {"reviewed": False}, {"command": "employer_review"}))
    refuse_all([*found, *under(state, command.rules)])
    days = command.rules.rules.integer("employer_publicity_working_days")
    event = EmployerPublicityStarted(
        working_days=days,
        ends_at=command.calendar.period_end(context.now, days),
        calendar=command.calendar.version,
        ruleset=command.rules.identity,
        place=command.place,
    )
    return Decision((event,), ruleset=command.rules.identity)


def _object(state: State, command: RecordEmployerObjection, context: Context) -> Decision:
    require(state, "employer_objection", Stage.EMPLOYER_PUBLICITY, Stage.EMPLOYER_INQUIRY)
    refuse_all(by_employer(state, context.actor, *EMPLOYER))
    objection = str(context.new_id("objection"))
    summary = Unsealed(state.applicant, command.summary)
    event = EmployerObjectionReceived(objection=objection, summary=summary, real_name=command.real_name)
    return Decision((event,), reply={"objection": objection})


def _decide(state: State, command: DecideEmployerObjection, context: Context) -> Decision:
    require(state, "employer_objection_decision", Stage.EMPLOYER_INQUIRY)
    publicity = promised(state.publicity)
    found = [*by_employer(state, context.actor, *EMPLOYER), *_said(command.answer, "/answer")]
    if command.objection not in publicity.open_objections:
        found.append(Reason("NOT_FOUND", "十六.1", {"objection": command.objection}))
    refuse_all(found)
    answer = Unsealed(state.applicant, command.answer)
    decided = EmployerObjectionDecided(objection=command.objection, founded=command.founded, answer=answer)
    if command.founded:
        return ending(state, Stage.EMPLOYER_REFUSED, decided, _refused(state, command.answer))
    if publicity.open_objections - {command.objection}:
        return Decision((decided,))
    days = _remaining(publicity, command.calendar)
    resumed = EmployerPublicityResumed(
        working_days=days,
        ends_at=command.calendar.period_end(context.now, days),
        calendar=command.calendar.version,
    )
    return Decision((decided, resumed), ruleset=state.ruleset)


def _remaining(publicity: Publicity, calendar: Calendar) -> int:
    """Count the working days that an inquiry left, at least one full day (§11.36)."""
    assert publicity.stopped_at is not None, "an inquiry has stopped it"
    return max(publicity.working_days - calendar.working_days_between(publicity.begins, publicity.stopped_at), 1)


def _unfinished(publicity: Publicity, context: Context) -> Iterator[Reason]:
    if publicity.open_objections:
        yield Reason("OBJECTION_OPEN", "十六.1", {"open": len(publicity.open_objections)})
    if context.now < publicity.ends_at:
        facts = {"ends_at": publicity.ends_at.isoformat(), "working_days": publicity.working_days}
        yield Reason("PUBLICITY_TOO_SHORT", "附七 §11.2", facts, {"from": publicity.ends_at.isoformat()})


def _end(state: State, _command: EndEmployerPublicity, context: Context) -> Decision:
    require(state, "end_employer_publicity", Stage.EMPLOYER_PUBLICITY)
    publicity = promised(state.publicity)
    found = [*by_system(context), *_unfinished(publicity, context)]
    if publicity.ended:
        found.append(Reason("ILLEGAL_TRANSITION", "十四.3", {"ended": True}))
    refuse_all(found)
    return Decision((EmployerPublicityEnded(ended_at=publicity.ends_at),))


def _recommend(state: State, command: RecommendAsHead, context: Context) -> Decision:
    require(state, "employer_recommend", Stage.EMPLOYER_PUBLICITY, Stage.EMPLOYER_INQUIRY)
    publicity = promised(state.publicity)
    found = [
        *by_employer(state, context.actor, Role.EMPLOYER_HEAD),
        *not_held(state),
        *_unfinished(publicity, context),
    ]
    proof = command.proof
    if proof is None:
        missing = [MaterialKind.PUBLICITY.value]
        found.append(Reason("MATERIAL_MISSING", "附七 §11.2", {"missing": missing}, {"attach": missing}))
    else:
        found.extend(upload_reasons(proof, command.declared_hash))
    found.extend(classified_reasons(classified=command.classified))
    refuse_all(found)
    ended = () if publicity.ended else (EmployerPublicityEnded(ended_at=publicity.ends_at),)
    statement = Unsealed(state.applicant, command.statement)
    recommended = EmployerRecommended(statement=statement, publicity_ended_at=publicity.ends_at)
    return Decision((*ended, attached(MaterialKind.PUBLICITY, promised(proof), state), recommended))


HANDLERS: Final[Mapping[type, Handler]] = {
    ReviewAsEmployer: _review,
    ReturnToApplicant: _return,
    RefuseAsEmployer: _refuse,
    StartEmployerPublicity: _start,
    RecordEmployerObjection: _object,
    DecideEmployerObjection: _decide,
    EndEmployerPublicity: _end,
    RecommendAsHead: _recommend,
}
