"""What an enquiry is answered: every route with what it lacks, every condition with its clause and its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from typing_extensions import TypedDict

from libs.kernel.refusals import Reason
from libs.kernel.rulesets import Tag
from libs.kernel.terms import Level, Route
from libs.kernel.verdicts import Judged, Verdict
from services.intake.domain.eligibility import years_count_to
from services.intake.domain.enquiry import Prospect, alternatives, enquire
from services.intake.domain.facts import Candidate, Rules


class ReasonSaid(TypedDict):
    """One reason for which a route is not open, with what would change it."""

    code: str
    clause: str
    facts: Mapping[str, Any]
    change: Mapping[str, Any]
    zh: str
    en: str


class LackSaid(TypedDict):
    """One of the fewest conditions that would have to change."""

    condition: str
    clause: str
    change: Mapping[str, Any]
    zh: str
    en: str


class ConditionSaid(TypedDict):
    """One condition: its verdict, the facts compared, where it stands in the law and how sure the source is."""

    id: str
    verdict: Verdict
    clause: str
    source: str
    tag: Tag
    facts: Mapping[str, Any]
    change: Mapping[str, Any]
    zh: str
    en: str


class RouteAssessed(TypedDict):
    """How one route stands; `unknown` names the conditions that nobody has told or confirmed yet."""

    route: Route
    outcome: Verdict
    if_confirmed: Verdict
    eligible_on: date | None
    reasons: list[ReasonSaid]
    smallest_change: list[LackSaid]
    unknown: list[str]


class RuleSetCited(TypedDict):
    """The one rule set on which the answer rests."""

    id: str
    code: str
    title: str
    hash: str
    version: int
    effective_from: date
    until: date | None


class Assessed(RouteAssessed):
    """The answer to an enquiry; `facts_are` says whether the facts were told by the caller or stand on record."""

    as_of: date
    years_count_to: date
    series: str
    level: Level
    facts_are: Literal["told", "recorded"]
    conditions: list[ConditionSaid]
    alternatives: list[RouteAssessed]
    ruleset: RuleSetCited


class AssessedOnRecord(Assessed):
    """The same on what is recorded, with the streams that were read, each at its version."""

    seen: list[str]


def answer(
    series: str,
    level: Level,
    route: Route,
    candidate: Candidate,
    rules: Rules,
    facts_are: Literal["told", "recorded"],
) -> Assessed:
    """Answer as of the candidate's day under one rule set: the same for the same facts.

    Raises
    ------
    Refused
        ROUTE_NOT_OPEN_FOR_SERIES when the rule set has no standard for the level and route.
    """
    today = candidate.today
    candidate = replace(candidate, on=years_count_to(rules.rules, today, today.year))
    asked = enquire(candidate, level, route, rules.rules)
    others = alternatives(candidate, level, route, rules.rules)
    return Assessed(
        as_of=today,
        years_count_to=candidate.on,
        series=series,
        level=level,
        facts_are=facts_are,
        **_route(asked, rules),
        conditions=[_condition(one) for one in asked.conditions],
        alternatives=[_route(one, rules) for one in others],
        ruleset=RuleSetCited(
            id=rules.identity,
            code=rules.rules.code,
            title=rules.rules.title,
            hash=rules.rules.hash,
            version=rules.seen.version,
            effective_from=rules.rules.effective_from,
            until=rules.until,
        ),
    )


def _route(one: Prospect, rules: Rules) -> RouteAssessed:
    return RouteAssessed(
        route=one.route,
        outcome=one.outcome,
        if_confirmed=one.if_confirmed,
        eligible_on=one.eligible_on,
        reasons=[_reason(reason) for reason in one.reasons(rules.rules.code)],
        smallest_change=[_lack(lack) for lack in one.lacking],
        unknown=[lack.id for lack in one.unknown],
    )


def _condition(one: Judged) -> ConditionSaid:
    return ConditionSaid(
        id=one.id,
        verdict=one.verdict,
        clause=one.leaf.clause,
        source=one.leaf.source,
        tag=one.leaf.tag,
        facts=one.finding.facts,
        change=one.change,
        zh=one.text("zh"),
        en=one.text("en"),
    )


def _lack(one: Judged) -> LackSaid:
    return LackSaid(condition=one.id, clause=one.leaf.clause, change=one.change, zh=one.text("zh"), en=one.text("en"))


def _reason(one: Reason) -> ReasonSaid:
    return ReasonSaid(
        code=one.code, clause=one.clause, facts=one.facts, change=one.change, zh=one.title("zh"), en=one.title("en")
    )
