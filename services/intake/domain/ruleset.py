"""A rule set: drafted by one official of the city, published by another, never edited after that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from libs.events.contracts.intake import RuleSetDrafted, RuleSetPublished, RuleSetSuperseded
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Aggregate, Claim, Context, Decision
from libs.kernel.refusals import Reason, Refused, illegal_transition, refuse_all
from libs.kernel.rules_lint import examine, lint
from libs.kernel.rulesets import RuleSet, parse
from libs.kernel.terms import Level, Role
from services.intake.domain.predicates import CHOICES, NEEDS

CLAIM_CODES: Final = {"ruleset": "RULESET_OVERLAP"}
"""The refusal that a taken claim means: another rule set for the scope has no end yet."""


@dataclass(frozen=True, slots=True)
class InForce:
    """Another published rule set and its period; `until` None means: no end yet."""

    identity: str
    series: str
    levels: tuple[Level, ...]
    effective_from: date
    until: date | None


@dataclass(frozen=True, slots=True)
class DraftRuleSet:
    """Propose a rule set, or replace its draft; `document` is JSON text."""

    document: str


@dataclass(frozen=True, slots=True)
class PublishRuleSet:
    """Put the draft in force from its day; facts: the published rule sets of the same series."""

    others: tuple[InForce, ...]


@dataclass(frozen=True, slots=True)
class SupersedeRuleSet:
    """Let a rule set end; `until` is its last day."""

    until: date


@dataclass(frozen=True, slots=True)
class State:
    """A rule set: the draft's text and its drafter, and since when and until when it is in force."""

    document: str = ""
    drafted_by: str = ""
    published: bool = False
    until: date | None = None


def _city(context: Context) -> Iterator[Reason]:
    if context.actor.role != Role.CITY:
        yield Reason("FORBIDDEN_ACTOR", "§7", {"role": context.actor.role}, {"roles": [Role.CITY.value]})


def _draft(state: State, command: DraftRuleSet, context: Context) -> Decision:
    if state.published:
        raise Refused.one("IMMUTABLE_HISTORY", "H", change={"publish": "a new rule set"})
    refuse_all([*_city(context), *examine(command.document, NEEDS, CHOICES)])
    rules = parse(command.document)
    event = RuleSetDrafted(
        code=rules.code,
        title=rules.title,
        series=rules.series,
        levels=rules.levels,
        effective_from=rules.effective_from,
        document=rules.canonical,
        document_hash=rules.hash,
    )
    return Decision((event,))


def _publish(state: State, command: PublishRuleSet, context: Context) -> Decision:
    if state.published:
        raise Refused.one("IMMUTABLE_HISTORY", "H", change={"publish": "a new rule set"})
    if not state.document:
        raise illegal_transition("NONE", "publish_ruleset", ["DRAFT"])
    rules = parse(state.document)
    found = [*_city(context), *lint(rules, NEEDS, CHOICES), *_overlaps(rules, command.others)]
    if context.actor.id == state.drafted_by:
        found.append(Reason("SEPARATION_OF_DUTIES", "§7", change={"by": "another official of the city"}))
    refuse_all(found)
    event = RuleSetPublished(
        code=rules.code,
        title=rules.title,
        series=rules.series,
        levels=rules.levels,
        effective_from=rules.effective_from,
        document=state.document,
        document_hash=rules.hash,
        drafted_by=state.drafted_by,
    )
    return Decision((event,), claims=_scope(rules))


def _overlaps(rules: RuleSet, others: tuple[InForce, ...]) -> Iterator[Reason]:
    """Refuse two rule sets for one scope on one day (invariant 21); both periods include their last day."""
    for other in others:
        levels = [level.value for level in rules.levels if level in other.levels]
        if other.series == rules.series and levels and (other.until is None or other.until >= rules.effective_from):
            facts = {"ruleset": other.identity, "series": other.series, "levels": levels}
            until = other.until.isoformat() if other.until else None
            yield Reason("RULESET_OVERLAP", "H", {**facts, "until": until}, {"supersede": other.identity})


def _scope(rules: RuleSet) -> tuple[Claim, ...]:
    """Claim the open end of each level's period: two concurrent publications cannot both have it."""
    return tuple(Claim("ruleset", f"{rules.series}/{level.value}") for level in rules.levels)


def _supersede(state: State, command: SupersedeRuleSet, context: Context) -> Decision:
    if not state.published or state.until is not None:
        now = "SUPERSEDED" if state.published else "NONE"
        raise illegal_transition(now, "supersede_ruleset", ["PUBLISHED"])
    rules = parse(state.document)
    found = list(_city(context))
    earliest = max(rules.effective_from, beijing_date(context.now))
    if command.until < earliest:
        # What was decided under it stays decided: a rule set does not end in the past.
        facts = {"until": command.until.isoformat(), "earliest": earliest.isoformat()}
        found.append(Reason("DATE_INVALID", "H", facts, pointer="/until"))
    refuse_all(found)
    return Decision((RuleSetSuperseded(until=command.until),), releases=_scope(rules))


def decide(state: State, command: Any, context: Context) -> Decision:
    """Decide one command about a rule set."""
    match command:
        case DraftRuleSet():
            return _draft(state, command, context)
        case PublishRuleSet():
            return _publish(state, command, context)
        case SupersedeRuleSet():
            return _supersede(state, command, context)
        case _:
            raise TypeError(command)


def evolve(state: State, payload: Any, event: Any) -> State:
    """Fold one payload."""
    match payload:
        case RuleSetDrafted():
            return replace(state, document=payload.document, drafted_by=event.actor_id)
        case RuleSetPublished():
            return replace(state, published=True)
        case RuleSetSuperseded():
            return replace(state, until=payload.until)
        case _:
            return state


RULESET: Final = Aggregate("ruleset", State(), decide, evolve)
