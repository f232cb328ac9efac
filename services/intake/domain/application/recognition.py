"""绿色通道: the category claimed, and the city's recognition in place of a committee's vote (十, §11.26)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import GreenChannelClaimed, Module, RecognitionGranted, RecognitionRefused
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Context, Decision
from libs.kernel.identity import name_reasons
from libs.kernel.refusals import Reason, Refused, own_matter, refuse_all
from libs.kernel.rulesets import RuleSet
from libs.kernel.terms import GreenCategory, Role, Route
from services.intake.domain.application.state import (
    Handler,
    Stage,
    State,
    banned,
    by_applicant,
    ending,
    locked,
    not_held,
    require,
    under,
)
from services.intake.domain.endorsements import judge
from services.intake.domain.facts import Ban, Endorsement, Rules, Standing, TitleNow

NONE: Final = "none"
FEES: Final = (NONE, "of_the_level")
"""Whether a recognition costs a fee: the notice does not say, the rule set must (§11.26)."""


@dataclass(frozen=True, slots=True)
class ClaimGreenChannel:
    """Claim one of the six categories, with what speaks for it."""

    category: GreenCategory
    grounds: str


@dataclass(frozen=True, slots=True)
class Recognise:
    """Recognise the applicant; facts: rule set, bans, and nominations and titles relied on as they stand now."""

    decision_no: str
    reasons: str
    rules: Rules
    bans: tuple[Ban, ...]
    endorsements: tuple[Endorsement, ...]
    titles: tuple[TitleNow, ...]


@dataclass(frozen=True, slots=True)
class RefuseRecognition:
    """Do not recognise the applicant, with reasons."""

    decision_no: str
    reasons: str
    rules: Rules


def fee_of(rules: RuleSet) -> str:
    """Say whether a recognition costs the fee of its level, or none.

    Raises
    ------
    Refused
        SOURCE_MISSING when the rule set does not say, SCHEMA_INVALID when it says something else.
    """
    return _worded(rules, "recognition_fee", FEES)


def _worded(rules: RuleSet, name: str, known: tuple[str, ...]) -> str:
    word = rules.text(name)
    if word not in known:
        raise Refused.one("SCHEMA_INVALID", "§11.26", facts={name: word}, change={"one_of": list(known)})
    return word


def _claim(state: State, command: ClaimGreenChannel, context: Context) -> Decision:
    require(state, "claim_green_channel", Stage.DRAFT)
    found = [*by_applicant(state, context.actor), *locked(state, Module.PROFILE)]
    if state.route is not Route.GREEN_CHANNEL:
        change = {"routes": [Route.GREEN_CHANNEL.value]}
        found.append(Reason("ILLEGAL_TRANSITION", "十.1", {"route": state.route.value}, change))
    if not command.grounds.strip():
        found.append(Reason("EVIDENCE_REQUIRED", "十.1", pointer="/grounds"))
    refuse_all(found)
    return Decision(
        (GreenChannelClaimed(category=command.category, grounds=Unsealed(state.applicant, command.grounds)),)
    )


def category_missing(state: State) -> Iterator[Reason]:
    """Refuse an application on the green channel that names none of the categories."""
    if state.route is Route.GREEN_CHANNEL and not state.category:
        change = {"categories": [one.value for one in GreenCategory]}
        yield Reason("CATEGORY_REQUIRED", "十.1", {"route": state.route.value}, change)


def _decided(state: State, command: Recognise | RefuseRecognition, context: Context) -> Iterator[Reason]:
    if context.actor.role == Role.SYSTEM:
        yield Reason("HUMAN_DECISION_REQUIRED", "十四.1", {"role": context.actor.role})
    elif context.actor.role != Role.CITY:
        yield Reason("FORBIDDEN_ACTOR", "十.3", {"role": context.actor.role}, {"roles": [Role.CITY.value]})
    yield from own_matter(context.actor, state.applicant)
    if not command.reasons.strip():
        yield Reason("GROUND_REQUIRED", "十.3", pointer="/reasons")
    yield from name_reasons(command.decision_no, "/decision_no")
    yield from under(state, command.rules)


def _ready(state: State, command: Recognise | RefuseRecognition, name: str) -> None:
    """Refuse unless everything before the decision is done: the qualification check, and the fee where there is one."""
    require(state, name, Stage.QUALIFIED if fee_of(command.rules.rules) == NONE else Stage.PAID)
    if state.route is not Route.GREEN_CHANNEL:
        change = {"routes": [Route.GREEN_CHANNEL.value]}
        raise Refused.one("ILLEGAL_TRANSITION", "十.3", facts={"route": state.route.value}, change=change)


def _recognise(state: State, command: Recognise, context: Context) -> Decision:
    _ready(state, command, "recognise")
    rules = command.rules.rules
    _worded(rules, "recognition_publicity", (NONE,))
    backing = judge(state.route, command.endorsements, state.applicant, state.employer, rules)
    found = [*_decided(state, command, context), *not_held(state), *banned(command.bans, context)]
    found.extend(backing.reasons() if backing else ())
    for one in command.titles:
        if one.standing is not Standing.LIVE:
            facts = {"title": one.identity, "standing": one.standing.value}
            found.append(Reason("PRIOR_TITLE_REVOKED", "十七 §11.39", facts))
    refuse_all(found)
    valid = backing.valid if backing else ()
    event = RecognitionGranted(
        applicant=state.applicant,
        agency=state.agency,
        campaign=state.campaign,
        series=state.series,
        specialty=state.specialty,
        level=state.level,
        route=state.route,
        employer=state.employer,
        ruleset=state.ruleset,
        decision_no=command.decision_no.strip(),
        reasons=Unsealed(state.applicant, command.reasons),
        endorsements=tuple(one.identity for one in valid),
        seen=(command.rules.seen, *(seen for one in valid for seen in one.seen)),
    )
    return Decision((event,), reply={"obtained_on": beijing_date(context.now).isoformat()}, ruleset=state.ruleset)


def _refuse(state: State, command: RefuseRecognition, context: Context) -> Decision:
    _ready(state, command, "refuse_recognition")
    refuse_all(_decided(state, command, context))
    event = RecognitionRefused(
        decision_no=command.decision_no.strip(), reasons=Unsealed(state.applicant, command.reasons)
    )
    return ending(state, Stage.NOT_RECOGNISED, event)


HANDLERS: Final[Mapping[type, Handler]] = {
    ClaimGreenChannel: _claim,
    Recognise: _recognise,
    RefuseRecognition: _refuse,
}
