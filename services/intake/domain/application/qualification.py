"""审核: data checks, a person's decision where they leave something open, the assessment, and the outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import (
    ApplicationDisqualified,
    ApplicationQualified,
    CheckDecided,
    CheckResult,
    EligibilityAssessed,
    Fallen,
    Seen,
)
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Context, Decision
from libs.kernel.refusals import Reason, refuse_all
from libs.kernel.terms import Check, Role, Route
from libs.kernel.verdicts import Verdict
from services.intake.domain.application.state import (
    Handler,
    Stage,
    State,
    by_officer,
    by_system,
    ending,
    not_held,
    promised,
    require,
    under,
)
from services.intake.domain.eligibility import assess, reasons_recorded, years_count_to
from services.intake.domain.facts import (
    Ban,
    Candidate,
    Education,
    Employment,
    Endorsement,
    Rules,
    Standing,
    TitleHeld,
    TitleNow,
)
from services.intake.domain.predicates import CHECKS

EXCEPTIONAL: Final = "exceptional_conditions"
"""What only a person can find: that the specialty's exceptional conditions are met (七.1)."""
REVIEWING: Final = (Stage.ACCEPTED, Stage.QUALIFICATION_REVIEW)


@dataclass(frozen=True, slots=True)
class RecordCheck:
    """What an outside source, or our own projection of titles, answered."""

    check: str
    answer: Check
    source: str
    seen: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class DecideCheck:
    """Decide by hand what a check left open, or on the exceptional conditions; with reasons."""

    check: str
    stands: bool
    reasons: str


@dataclass(frozen=True, slots=True)
class Assess:
    """Compare the application with the rule set; facts: everything that is compared."""

    rules: Rules
    educations: tuple[Education, ...]
    employments: tuple[Employment, ...]
    titles: tuple[TitleHeld, ...]
    bans: tuple[Ban, ...]
    endorsements: tuple[Endorsement, ...]
    person_seen: Seen


@dataclass(frozen=True, slots=True)
class Qualify:
    """Pass the qualification check; facts: the titles on which the application rests, as they stand now."""

    note: str = ""
    titles: tuple[TitleNow, ...] = ()


@dataclass(frozen=True, slots=True)
class Disqualify:
    """Do not pass the qualification check."""

    note: str


def _record(state: State, command: RecordCheck, context: Context) -> Decision:
    require(state, "record_check", *REVIEWING)
    found = list(by_system(context))
    known = state.checks.get(command.check)
    if command.check not in CHECKS:
        found.append(Reason("SCHEMA_INVALID", "说一", {"check": command.check}, {"checks": list(CHECKS)}, "/check"))
    if known and (known.stands is not None or known.answer in (command.answer, Check.MATCH)):
        found.append(Reason("ILLEGAL_TRANSITION", "说一", {"check": command.check, "answer": known.answer.value}))
    refuse_all(found)
    event = CheckResult(check=command.check, answer=command.answer, source=command.source, seen=command.seen)
    return Decision((event,))


def _decide(state: State, command: DecideCheck, context: Context) -> Decision:
    require(state, "decide_check", *REVIEWING)
    found = list(by_officer(state, context))
    if not command.reasons.strip():
        found.append(Reason("GROUND_REQUIRED", "说一", pointer="/reasons"))
    if not _open(state, command.check):
        facts = {"check": command.check}
        open_checks = [name for name in (*CHECKS, EXCEPTIONAL) if _open(state, name)]
        found.append(Reason("ILLEGAL_TRANSITION", "说一", facts, {"open": open_checks}, "/check"))
    refuse_all(found)
    reasons = Unsealed(state.applicant, command.reasons)
    return Decision((CheckDecided(check=command.check, stands=command.stands, reasons=reasons),))


def _open(state: State, check: str) -> bool:
    """Whether a check waits for a person: it has an answer that is no match."""
    if check == EXCEPTIONAL:
        return state.route is Route.EXCEPTIONAL_PEERS
    known = state.checks.get(check)
    return known is not None and known.answer is not Check.MATCH


def candidate(state: State, command: Assess, context: Context) -> Candidate:
    """Put together what is compared: the application's own state and the facts read for it."""
    today = beijing_date(context.now)
    submitted_on = beijing_date(state.submitted_at) if state.submitted_at else today
    return Candidate(
        on=years_count_to(command.rules.rules, submitted_on, state.year),
        today=today,
        applicant=state.applicant,
        specialty=state.specialty,
        employer=state.employer,
        educations=command.educations,
        employments=command.employments,
        titles=command.titles,
        bans=command.bans,
        endorsements=command.endorsements,
        in_service=state.in_service,
        exceptional=state.exceptional,
        category=state.category,
        checks=state.checks,
    )


def _assess(state: State, command: Assess, context: Context) -> Decision:
    require(state, "assess", *REVIEWING)
    found = [] if context.actor.role == Role.SYSTEM else list(by_officer(state, context))
    refuse_all([*found, *under(state, command.rules)])
    compared = candidate(state, command, context)
    assessment = assess(compared, state.level, state.route, command.rules.rules)
    cited = [
        command.person_seen,
        *(title.seen for title in command.titles),
        *(ban.seen for ban in command.bans),
    ]
    cited.extend(seen for one in command.endorsements for seen in one.seen)
    event = EligibilityAssessed(
        ruleset=state.ruleset,
        on=compared.on,
        outcome=assessment.outcome.value,
        conditions=assessment.recorded(),
        warnings=assessment.warnings,
        seen=(command.rules.seen, *dict.fromkeys(cited)),
    )
    return Decision((event,), reply={"outcome": event.outcome}, ruleset=state.ruleset)


def _qualify(state: State, command: Qualify, context: Context) -> Decision:
    require(state, "qualify", *REVIEWING)
    found = [*by_officer(state, context), *not_held(state), *_fallen(state, command.titles)]
    if state.assessed is None:
        found.append(Reason("ILLEGAL_TRANSITION", "附六.3", {"assessed": False}, {"command": "assess"}))
    elif state.assessed.outcome != Verdict.MET:
        found.extend(reasons_recorded(state.assessed.conditions, state.ruleset))
    refuse_all(found)
    note = Unsealed(state.applicant, command.note)
    event = ApplicationQualified(level=state.level, decided_by=context.actor.id, note=note)
    return Decision((event,), ruleset=state.ruleset)


def _fallen(state: State, titles: tuple[TitleNow, ...]) -> Iterator[Reason]:
    """Refuse while a title fell after it was last cited: the assessment did not know it (§11.39)."""
    for one in titles:
        cited = state.relied_on.get(one.seen.stream)
        if one.standing is Standing.LIVE or state.answered(one.identity, Fallen(one.standing.value)):
            continue
        if cited is not None and cited < one.seen.version:
            facts = {"title": one.identity, "standing": one.standing.value}
            facts |= {"cited_at": cited, "fell_at": one.seen.version}
            yield Reason("PRIOR_TITLE_REVOKED", "十七 §11.39", facts, {"command": "assess"})


def _disqualify(state: State, command: Disqualify, context: Context) -> Decision:
    require(state, "disqualify", *REVIEWING)
    found = list(by_officer(state, context))
    outcome = state.assessed.outcome if state.assessed else "none"
    if outcome != Verdict.UNMET:
        # What is unknown is no reason to refuse a person: it waits for a source or for a decision by hand.
        found.append(Reason("GROUND_REQUIRED", "附六.3", {"outcome": outcome}, {"outcome": Verdict.UNMET.value}))
    refuse_all(found)
    codes = dict.fromkeys(
        code for one in promised(state.assessed).conditions if one.verdict == Verdict.UNMET for code in one.code.split()
    )
    note = Unsealed(state.applicant, command.note)
    event = ApplicationDisqualified(codes=tuple(codes), decided_by=context.actor.id, note=note)
    return ending(state, Stage.DISQUALIFIED, event)


HANDLERS: Final[Mapping[type, Handler]] = {
    RecordCheck: _record,
    DecideCheck: _decide,
    Assess: _assess,
    Qualify: _qualify,
    Disqualify: _disqualify,
}
