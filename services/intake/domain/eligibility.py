"""Eligibility explained condition by condition, under exactly one rule set (附六.3, §16.1)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from libs.events.contracts.intake import ConditionVerdict
from libs.kernel.refusals import Reason, Refused
from libs.kernel.rulesets import RuleSet
from libs.kernel.terms import Level, Route
from libs.kernel.verdicts import Explained, Judged, Verdict, canonical, conditions, evaluate, reasons
from services.intake.domain.facts import Candidate
from services.intake.domain.predicates import PREDICATES

LAST_MONTH: Final = 12
LAST_DAY: Final = 31


@dataclass(frozen=True, slots=True)
class Assessment:
    """What came out, with the whole tree; `warnings` are codes that refuse nothing (§11.32)."""

    tree: Explained
    reasons: tuple[Reason, ...]
    warnings: tuple[str, ...]

    @property
    def outcome(self) -> Verdict:
        """Met, unmet or unknown."""
        return self.tree.verdict

    def recorded(self) -> tuple[ConditionVerdict, ...]:
        """Give every condition as the event records it."""
        decisive: dict[str, list[str]] = {}
        for reason in self.reasons:
            decisive.setdefault(str(reason.facts["condition"]), []).append(reason.code)
        return tuple(_recorded(one, decisive.get(one.id, [])) for one in conditions(self.tree))


def _recorded(one: Judged, codes: Iterable[str]) -> ConditionVerdict:
    return ConditionVerdict(
        id=one.id,
        clause=one.leaf.clause,
        verdict=one.verdict.value,
        source=one.leaf.source,
        tag=one.leaf.tag,
        facts=canonical(one.finding.facts),
        change=canonical(one.change),
        code=" ".join(codes),
    )


def assess(candidate: Candidate, level: Level, route: Route, rules: RuleSet) -> Assessment:
    """Compare a candidate with the conditions of a level and route; nothing is recorded here.

    `ROUTE_NOT_NEEDED` warns when an exceptional route is asked for and all ordinary conditions are met.
    """
    tree = evaluate(rules.conditions(level, route), candidate, PREDICATES, rules)
    warnings: tuple[str, ...] = ()
    if route is Route.EXCEPTIONAL_PEERS and rules.covers(level, Route.ORDINARY):
        ordinary = evaluate(rules.conditions(level, Route.ORDINARY), candidate, PREDICATES, rules)
        warnings = ("ROUTE_NOT_NEEDED",) if ordinary.verdict is Verdict.MET else ()
    return Assessment(tree, reasons(tree, rules.code), warnings)


def years_count_to(rules: RuleSet, submitted_on: date, year: int) -> date:
    """Give the day to which years are counted (§11.28): the submission's, or the review year's last."""
    match rules.text("years_cutoff"):
        case "submission_day":
            return submitted_on
        case "review_year_end":
            return date(year, LAST_MONTH, LAST_DAY)
        case other:
            raise Refused.one("SCHEMA_INVALID", "§11.28", facts={"years_cutoff": other}, ruleset=rules.code)


def reasons_recorded(recorded: Iterable[ConditionVerdict], ruleset: str) -> tuple[Reason, ...]:
    """Give the reasons for which a recorded assessment was not met, as they were given then."""
    return tuple(
        Reason(
            code,
            one.clause,
            {"condition": one.id, "verdict": one.verdict, **json.loads(one.facts)},
            json.loads(one.change),
            ruleset=ruleset,
        )
        for one in recorded
        for code in one.code.split()
    )
