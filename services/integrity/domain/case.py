"""诚信案件: opened, facts served, subject heard, decided; a founded one may revoke titles (十六.2, 十七)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol, assert_never

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import BlobRef
from libs.events.contracts.integrity import (
    BanBasis,
    Evidence,
    FactsServed,
    Ground,
    IntegrityCaseDecided,
    IntegrityCaseOpened,
    Severity,
    SubjectHeard,
    SubjectKind,
    TitleRevoked,
)
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Aggregate, Claim, Context, Decision
from libs.kernel.refusals import Reason, Refused, illegal_transition, refuse_all
from libs.kernel.rulesets import EVERY_SERIES
from services.integrity.domain.case_commands import (
    Command,
    DecideCase,
    HearSubject,
    OpenCase,
    RevokeTitle,
    ServeFacts,
    TitleFacts,
)
from services.integrity.domain.city import only_the_city, unreasoned
from services.integrity.domain.consequences import YEARS, CaseFacts, case_facts

DECISION_NUMBER: Final = "decision_number"
"""The claim by which two cases never share a decision's number."""

REVOKED_TITLE: Final = "revoked-title"
"""The claim by which two cases never revoke the same title: what was read of it may be old."""

CLAIM_CODES: Final = {DECISION_NUMBER: "SCHEMA_INVALID", REVOKED_TITLE: "ALREADY_REVOKED"}
"""For the command bus: the refusal code by the claim's name."""


class Stage(StrEnum):
    """Where a case stands (rules §8.4)."""

    OPENED = "opened"
    SERVED = "served"
    HEARD = "heard"
    FOUNDED = "founded"
    UNFOUNDED = "unfounded"


@dataclass(frozen=True, slots=True)
class Case:
    """A case; `revoked` maps each title it revoked to the decision's number."""

    stage: Stage
    subject_kind: SubjectKind
    subject: str
    heard_on: date | None = None
    decided: CaseFacts | None = None
    """The decision, for what follows from it."""
    documents: tuple[BlobRef, ...] = ()
    """Every stored document that the case names: evidence, and the minutes of the hearing."""
    decision_numbers: frozenset[str] = frozenset()
    revoked: tuple[tuple[str, str], ...] = ()


State = Case | None


class Happened(Protocol):
    """What the fold reads of an event's envelope."""

    @property
    def stream(self) -> str:
        """The case's stream."""
        ...

    @property
    def version(self) -> int:
        """The event's place in it."""
        ...

    @property
    def time(self) -> datetime:
        """When it happened, in domain time."""
        ...


INITIAL: State = None


def decide(state: State, command: Command, context: Context) -> Decision:
    """Decide on one case; raises `Refused` with every failing reason."""
    match command:
        case OpenCase():
            return _open(state, command, context)
        case ServeFacts():
            return _serve(_at(state, command, Stage.OPENED), command, context)
        case HearSubject():
            return _hear(_at(state, command, Stage.SERVED), command, context)
        case DecideCase():
            return _decide(_at(state, command, Stage.HEARD), command, context)
        case RevokeTitle():
            return _revoke(state, command, context)
        case _:
            assert_never(command)


def evolve(state: State, payload: object, event: Happened) -> State:
    """Fold one event of a case's stream."""
    match payload:
        case IntegrityCaseOpened():
            return Case(Stage.OPENED, payload.subject_kind, payload.subject)
        case FactsServed() if state:
            return replace(state, stage=Stage.SERVED, documents=_with(state, payload.evidence))
        case SubjectHeard() if state:
            minutes = (payload.minutes,) if payload.minutes else ()
            heard_on = beijing_date(event.time)
            return replace(state, stage=Stage.HEARD, heard_on=heard_on, documents=(*state.documents, *minutes))
        case IntegrityCaseDecided() if state:
            return replace(
                state,
                decided=case_facts(payload, event.stream, event.version),
                documents=_with(state, payload.evidence),
                stage=Stage.FOUNDED if payload.founded else Stage.UNFOUNDED,
                decision_numbers=state.decision_numbers | {payload.decision_no},
            )
        case TitleRevoked() if state:
            return replace(
                state,
                documents=_with(state, payload.evidence),
                revoked=(*state.revoked, (payload.title, payload.decision_no)),
                decision_numbers=state.decision_numbers | {payload.decision_no},
            )
        case _:
            return state


def _with(state: Case, evidence: tuple[Evidence, ...]) -> tuple[BlobRef, ...]:
    return tuple(dict.fromkeys((*state.documents, *(one.document for one in evidence))))


def _at(state: State, command: Command, stage: Stage) -> Case:
    if state is None or state.stage is not stage:
        now = state.stage.value if state else "none"
        raise illegal_transition(now, type(command).__name__, [stage.value])
    return state


def _open(state: State, command: OpenCase, context: Context) -> Decision:
    if state is not None:
        raise illegal_transition(state.stage.value, "OpenCase", ["none"])
    refuse_all(
        (
            *only_the_city(context, "十六.2", command.subject),
            *unreasoned(command.allegation, "十六.2", "/allegation"),
            *unreasoned(command.lead, "十六.2", "/lead"),
        )
    )
    opened = IntegrityCaseOpened(
        subject_kind=command.subject_kind,
        subject=command.subject,
        allegation=Unsealed(command.subject, command.allegation),
        lead=Unsealed(command.subject, command.lead),
    )
    return Decision(events=(opened,))


def _serve(case: Case, command: ServeFacts, context: Context) -> Decision:
    refuse_all(
        (
            *only_the_city(context, "十七.2", case.subject),
            *unreasoned(command.facts, "十七.2", "/facts"),
            *_unproved(command.evidence),
        )
    )
    served = FactsServed(facts=Unsealed(case.subject, command.facts), evidence=command.evidence)
    return Decision(events=(served,))


def _hear(case: Case, command: HearSubject, context: Context) -> Decision:
    reasons = list(only_the_city(context, "十七.2", case.subject))
    if command.declined:
        reasons += unreasoned(command.note, "十七.2", "/note")
    elif command.minutes is None:
        reasons.append(Reason("EVIDENCE_REQUIRED", "十七.2", change={"needs": "minutes"}, pointer="/minutes"))
    refuse_all(reasons)
    note = Unsealed(case.subject, command.note)
    heard = SubjectHeard(declined=command.declined, note=note, minutes=command.minutes)
    return Decision(events=(heard,))


def _decide(case: Case, command: DecideCase, context: Context) -> Decision:
    refuse_all(
        (
            *only_the_city(context, "十六.2", case.subject),
            *unreasoned(command.findings, "十六.2", "/findings"),
            *_unnumbered(command.decision_no),
            *(_unproved(command.evidence) if command.founded else ()),
            *_severity(command),
            *_too_early(case, command),
            *_committed(command, context),
        )
    )
    basis = _ban_basis(case, command)
    decided = IntegrityCaseDecided(
        subject_kind=case.subject_kind,
        subject=case.subject,
        founded=command.founded,
        severity=command.severity,
        severity_reasons=Unsealed(case.subject, command.severity_reasons),
        findings=Unsealed(case.subject, command.findings),
        evidence=command.evidence,
        ban_basis=basis,
        decision_no=command.decision_no,
        effective_on=command.effective_on,
    )
    ruleset = command.rules.identity if command.rules else ""
    return Decision(events=(decided,), claims=_number(case, command.decision_no), ruleset=ruleset)


def _committed(command: DecideCase, context: Context) -> Iterator[Reason]:
    on = command.false_commitment_on
    if on is None:
        return
    if on > beijing_date(context.now):
        facts = {"false_commitment_on": on.isoformat()}
        yield Reason("DATE_INVALID", "§1.1", facts, pointer="/false_commitment_on")
    if command.rules is None:
        yield Reason("RULESET_NOT_IN_FORCE", "§1.1", {"series": EVERY_SERIES}, {"publish": "a rule set for it"})


def _ban_basis(case: Case, command: DecideCase) -> BanBasis | None:
    """Say why a ban follows: for a grave case (十七.3), or for a false commitment under the measures of 2024.

    The measures are younger than the notice: what was committed to before them bars nobody by itself.
    """
    if not command.founded or case.subject_kind is not SubjectKind.APPLICANT:
        return None
    if command.severity is Severity.GRAVE:
        return BanBasis.SERIOUS_FRAUD_NOTICE17
    on, basis = command.false_commitment_on, BanBasis.FALSE_COMMITMENT_2024
    if on is None or command.rules is None:
        return None
    return basis if command.rules.rules.reaches(YEARS[basis], on) else None


def _severity(command: DecideCase) -> Iterator[Reason]:
    if command.founded is (command.severity is None):
        yield Reason(
            "SCHEMA_INVALID",
            "§11.4",
            facts={"founded": command.founded, "severity": command.severity},
            change={"severity": [severity.value for severity in Severity] if command.founded else None},
            pointer="/severity",
        )
    if command.severity is Severity.GRAVE:
        yield from unreasoned(command.severity_reasons, "§11.4", "/severity_reasons")


def _too_early(case: Case, command: DecideCase) -> Iterator[Reason]:
    if case.heard_on is not None and command.effective_on < case.heard_on:
        yield Reason(
            "DATE_INVALID",
            "十七.2",
            facts={"effective_on": command.effective_on.isoformat()},
            change={"not_before": case.heard_on.isoformat()},
            pointer="/effective_on",
        )


def _revoke(state: State, command: RevokeTitle, context: Context) -> Decision:
    reasons = [
        *only_the_city(context, "十七.2", state.subject if state else ""),
        *_unproved(command.evidence),
        *_unnumbered(command.decision_no),
    ]
    reasons += unreasoned(command.reasons, "十七.2", "/reasons")
    grounds = [ground.value for ground in Ground]
    if command.ground not in grounds:
        reasons.append(
            Reason(
                "GROUND_REQUIRED",
                "十七.2",
                facts={"ground": command.ground},
                change={"one_of": grounds},
                pointer="/ground",
            )
        )
    title = command.title
    if not _covers(state, title):
        reasons.append(_no_case(state))
    if title is None:
        raise Refused((Reason("UNKNOWN_CERTIFICATE", "十七.2", pointer="/title"), *reasons))
    by = title.revoked_by or dict(state.revoked if state else ()).get(title.title)
    if by is not None:
        reasons.append(
            Reason(
                "ALREADY_REVOKED",
                "十七.2",
                facts={"decision_no": by, "same_decision": by == command.decision_no},
            )
        )
    refuse_all(reasons)
    revoked = TitleRevoked(
        title=title.title,
        person=title.person,
        ground=command.ground,
        decision_no=command.decision_no,
        decided_at=context.now,
        reasons=Unsealed(title.person, command.reasons),
        evidence=command.evidence,
        seen=(title.seen,),
    )
    once = Claim(REVOKED_TITLE, title.title)
    return Decision(events=(revoked,), claims=(once, *_number(state, command.decision_no)))


def _covers(state: State, title: TitleFacts | None) -> bool:
    """Say whether the case is founded and about the person, as applicant, whose title it is."""
    return (
        state is not None
        and state.stage is Stage.FOUNDED
        and state.subject_kind is SubjectKind.APPLICANT
        and (title is None or state.subject == title.person)
    )


def _no_case(state: State) -> Reason:
    return Reason(
        "CASE_REQUIRED",
        "十七.2",
        facts={"stage": state.stage.value, "subject_kind": state.subject_kind.value} if state else {},
        change={"needs": "a founded case on the title's holder as applicant"},
    )


def _number(state: State, decision_no: str) -> tuple[Claim, ...]:
    # One decision may revoke several titles of one case; its number is claimed with the first.
    held = state is not None and decision_no in state.decision_numbers
    return () if held else (Claim(DECISION_NUMBER, decision_no),)


def _unproved(evidence: tuple[Evidence, ...]) -> Iterator[Reason]:
    if not evidence:
        yield Reason("EVIDENCE_REQUIRED", "十七.2", pointer="/evidence")


def _unnumbered(decision_no: str) -> Iterator[Reason]:
    if not decision_no.strip():
        yield Reason("SCHEMA_INVALID", "十七.2", change={"needs": "the decision's number"}, pointer="/decision_no")


CASE = Aggregate("case", INITIAL, decide, evolve)
