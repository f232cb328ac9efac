"""The fold of an application: one payload at a time, in the order of its stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from libs.events.contracts.intake import (
    ApplicationAccepted,
    ApplicationBarred,
    ApplicationCertified,
    ApplicationDisqualified,
    ApplicationHeld,
    ApplicationNotAccepted,
    ApplicationPaid,
    ApplicationQualified,
    ApplicationReceived,
    ApplicationReleased,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    CheckDecided,
    CheckResult,
    CorrectionRequested,
    CorrectionSubmitted,
    DeemedAbandoned,
    DraftChanged,
    DraftStarted,
    EligibilityAssessed,
    EmployerObjectionDecided,
    EmployerObjectionReceived,
    EmployerPublicityEnded,
    EmployerPublicityResumed,
    EmployerPublicityStarted,
    EmployerRecommended,
    EmployerRefused,
    EmployerReturned,
    EmployerReviewed,
    EndorsementRequested,
    FeeAssessed,
    GreenChannelClaimed,
    IntegrityCommitmentSigned,
    MaterialAttached,
    Module,
    PaymentLapsed,
    RecognitionGranted,
    RecognitionRefused,
    ReviewCancelled,
    ReviewConfirmed,
    ReviewNotPassed,
    ReviewPassed,
    ReviewPublished,
    ReviewScheduled,
    ReviewVoteOpened,
    ReviewVoteVoided,
    Seen,
)
from libs.kernel.terms import Check
from services.intake.domain.application.qualification import EXCEPTIONAL
from services.intake.domain.application.state import (
    Assessed,
    Bill,
    Correction,
    Publicity,
    Stage,
    State,
    promised,
)
from services.intake.domain.facts import CheckAnswer

Step = Callable[[State, Any, Any], State]

STAGES: Final[Mapping[type, Stage]] = {
    EmployerRecommended: Stage.RECOMMENDED,
    EmployerRefused: Stage.EMPLOYER_REFUSED,
    ApplicationReceived: Stage.RECEIVED,
    CorrectionSubmitted: Stage.RECEIVED,
    DeemedAbandoned: Stage.DEEMED_ABANDONED,
    ApplicationNotAccepted: Stage.NOT_ACCEPTED,
    ApplicationQualified: Stage.QUALIFIED,
    ApplicationDisqualified: Stage.DISQUALIFIED,
    PaymentLapsed: Stage.PAYMENT_LAPSED,
    ReviewVoteOpened: Stage.VOTE_OPEN,
    ReviewVoteVoided: Stage.SCHEDULED,
    ReviewPassed: Stage.PASSED,
    ReviewNotPassed: Stage.NOT_PASSED,
    ReviewPublished: Stage.RESULT_PUBLICITY,
    ReviewConfirmed: Stage.CONFIRMED,
    ReviewCancelled: Stage.RESULT_CANCELLED,
    RecognitionGranted: Stage.RECOGNISED,
    RecognitionRefused: Stage.NOT_RECOGNISED,
    ApplicationCertified: Stage.CERTIFIED,
    ApplicationWithdrawn: Stage.WITHDRAWN,
    ApplicationBarred: Stage.BARRED,
}
"""Events that do no more than move the application on."""


def _started(_state: State, payload: DraftStarted, event: Any) -> State:
    return State(
        stage=Stage.DRAFT,
        identity=str(event.stream).removeprefix("application-"),
        applicant=payload.applicant,
        employer=payload.employer,
        campaign=payload.campaign,
        agency=payload.agency,
        series=payload.series,
        specialty=payload.specialty,
        level=payload.level,
        route=payload.route,
        year=payload.year,
        ruleset=payload.ruleset,
        district=payload.district,
        freeing=payload.freeing,
    )


def _changed(state: State, payload: DraftChanged, _event: Any) -> State:
    return replace(
        state,
        employer=payload.employer,
        specialty=payload.specialty,
        level=payload.level,
        route=payload.route,
        district=payload.district,
    )


def _claimed(state: State, payload: GreenChannelClaimed, _event: Any) -> State:
    return replace(state, category=payload.category)


def _committed(state: State, _payload: IntegrityCommitmentSigned, _event: Any) -> State:
    return replace(_touched(state, Module.COMMITMENT), committed=True)


def _attached(state: State, payload: MaterialAttached, _event: Any) -> State:
    touched = _touched(state, Module(payload.kind.value))
    return replace(touched, materials={**state.materials, payload.kind: payload.blob})


def _touched(state: State, module: Module) -> State:
    """Remember, during a correction, which modules were changed."""
    if state.correction is None or state.stage is not Stage.CORRECTION_REQUIRED:
        return state
    return replace(state, correction=replace(state.correction, changed=state.correction.changed | {module}))


def _asked(state: State, payload: EndorsementRequested, _event: Any) -> State:
    return replace(_touched(state, Module.ENDORSEMENTS), asked=state.asked | {payload.endorser})


def _submitted(state: State, payload: ApplicationSubmitted, event: Any) -> State:
    return replace(
        state,
        stage=Stage.EMPLOYER_REVIEW,
        submitted_at=state.submitted_at or event.time,
        relied_on=_relied(state, payload.seen),
        reviewed=False,
        in_service=None,
        unlocked=frozenset(),
    )


def _relied(state: State, seen: tuple[Seen, ...]) -> Mapping[str, int]:
    return {**state.relied_on, **{one.stream: one.version for one in seen if one.stream.startswith("title-")}}


def _reviewed(state: State, payload: EmployerReviewed, _event: Any) -> State:
    return replace(state, reviewed=True, in_service=payload.in_service)


def _returned(state: State, payload: EmployerReturned, _event: Any) -> State:
    return replace(state, stage=Stage.DRAFT, unlocked=frozenset(item.module for item in payload.items))


def _publicised(state: State, payload: EmployerPublicityStarted, event: Any) -> State:
    publicity = Publicity(event.time, payload.working_days, payload.ends_at)
    return replace(state, stage=Stage.EMPLOYER_PUBLICITY, publicity=publicity)


def _objected(state: State, payload: EmployerObjectionReceived, event: Any) -> State:
    running = promised(state.publicity)
    publicity = replace(
        running,
        open_objections=running.open_objections | {payload.objection},
        stopped_at=running.stopped_at or event.time,
        ended=False,
    )
    return replace(state, stage=Stage.EMPLOYER_INQUIRY, publicity=publicity)


def _objection_decided(state: State, payload: EmployerObjectionDecided, _event: Any) -> State:
    publicity = promised(state.publicity)
    open_objections = publicity.open_objections - {payload.objection}
    return replace(state, publicity=replace(publicity, open_objections=open_objections))


def _resumed(state: State, payload: EmployerPublicityResumed, event: Any) -> State:
    publicity = Publicity(event.time, payload.working_days, payload.ends_at)
    return replace(state, stage=Stage.EMPLOYER_PUBLICITY, publicity=publicity)


def _publicity_ended(state: State, _payload: EmployerPublicityEnded, _event: Any) -> State:
    return replace(state, publicity=replace(promised(state.publicity), ended=True))


def _correction(state: State, payload: CorrectionRequested, _event: Any) -> State:
    modules = frozenset(item.module for item in payload.items)
    correction = Correction(modules, frozenset(), payload.due)
    return replace(state, stage=Stage.CORRECTION_REQUIRED, correction=correction, unlocked=modules)


def _accepted(state: State, payload: ApplicationAccepted, _event: Any) -> State:
    return replace(
        state,
        stage=Stage.ACCEPTED,
        endorsements=payload.endorsements,
        relied_on=_relied(state, payload.seen),
    )


def _checked(state: State, payload: CheckResult, _event: Any) -> State:
    checks = {**state.checks, payload.check: CheckAnswer(payload.answer)}
    return replace(state, stage=Stage.QUALIFICATION_REVIEW, checks=checks, assessed=None)


def _check_decided(state: State, payload: CheckDecided, _event: Any) -> State:
    state = replace(state, stage=Stage.QUALIFICATION_REVIEW, assessed=None)
    if payload.check == EXCEPTIONAL:
        return replace(state, exceptional=payload.stands)
    known = state.checks.get(payload.check, CheckAnswer(Check.UNAVAILABLE))
    return replace(state, checks={**state.checks, payload.check: CheckAnswer(known.answer, payload.stands)})


def _assessed(state: State, payload: EligibilityAssessed, _event: Any) -> State:
    return replace(
        state,
        stage=Stage.QUALIFICATION_REVIEW,
        assessed=Assessed(payload.outcome, payload.conditions),
        relied_on=_relied(state, payload.seen),
    )


def _billed(state: State, payload: FeeAssessed, _event: Any) -> State:
    bill = Bill(payload.payment, payload.amount_fen, payload.due)
    return replace(state, stage=Stage.PAYMENT_PENDING, bill=bill)


def _paid(state: State, _payload: ApplicationPaid, _event: Any) -> State:
    return replace(state, stage=Stage.PAID, bill=replace(state.bill, paid=True) if state.bill else None)


def _scheduled(state: State, payload: ReviewScheduled, _event: Any) -> State:
    return replace(state, stage=Stage.SCHEDULED, session=payload.session)


def _held(state: State, payload: ApplicationHeld, _event: Any) -> State:
    return replace(state, held={**state.held, payload.title: payload.standing}, assessed=None)


def _released(state: State, payload: ApplicationReleased, _event: Any) -> State:
    named = payload.titles or tuple(state.held)
    settled = {title: standing for title, standing in state.held.items() if title in named}
    held = {title: standing for title, standing in state.held.items() if title not in named}
    return replace(state, held=held, settled={**state.settled, **settled})


STEPS: Final[Mapping[type, Step]] = {
    DraftStarted: _started,
    DraftChanged: _changed,
    GreenChannelClaimed: _claimed,
    IntegrityCommitmentSigned: _committed,
    MaterialAttached: _attached,
    EndorsementRequested: _asked,
    ApplicationSubmitted: _submitted,
    EmployerReviewed: _reviewed,
    EmployerReturned: _returned,
    EmployerPublicityStarted: _publicised,
    EmployerObjectionReceived: _objected,
    EmployerObjectionDecided: _objection_decided,
    EmployerPublicityResumed: _resumed,
    EmployerPublicityEnded: _publicity_ended,
    CorrectionRequested: _correction,
    ApplicationAccepted: _accepted,
    CheckResult: _checked,
    CheckDecided: _check_decided,
    EligibilityAssessed: _assessed,
    FeeAssessed: _billed,
    ApplicationPaid: _paid,
    ReviewScheduled: _scheduled,
    ApplicationHeld: _held,
    ApplicationReleased: _released,
}


def evolve(state: State, payload: Any, event: Any) -> State:
    """Fold one payload; what says nothing about the state (ApplicationEnded) leaves it as it is."""
    stage = STAGES.get(payload.__class__)
    if stage is not None:
        return replace(state, stage=stage)
    step = STEPS.get(payload.__class__)
    return step(state, payload, event) if step else state
