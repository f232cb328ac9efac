"""An enquiry before applying: the routes by which somebody may apply, and what each still lacks (附六.3, §16.1).

The facts are told and not looked up, nothing is decided and nothing is stored. An answer rests on those facts and on
one rule set alone, so that the same enquiry has the same answer for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from libs.kernel.refusals import Reason
from libs.kernel.rulesets import RuleSet
from libs.kernel.terms import Level, Route
from libs.kernel.verdicts import Explained, Judged, Verdict, conditions, evaluate, reasons, smallest, supposed
from services.intake.domain.facts import Candidate
from services.intake.domain.predicates import PREDICATES

ROUTES: Final = tuple(Route)


@dataclass(frozen=True, slots=True)
class Prospect:
    """How one route stands for somebody.

    Parameters
    ----------
    tree
        Every condition, judged on what was told; what was not told is unknown, and neither refuses nor passes.
    hoped
        The same tree, supposing that everything unknown turns out well: never unknown.
    """

    route: Route
    tree: Explained
    hoped: Explained

    @property
    def outcome(self) -> Verdict:
        """Met, unmet or unknown, on what was told."""
        return self.tree.verdict

    @property
    def if_confirmed(self) -> Verdict:
        """Met or unmet, supposing that what is unknown turns out well."""
        return self.hoped.verdict

    @property
    def eligible_on(self) -> date | None:
        """The first day on which time alone makes it met, on the same supposition; None when it is, or never will."""
        return None if self.if_confirmed is Verdict.MET else self.hoped.eligible_on

    @property
    def conditions(self) -> tuple[Judged, ...]:
        """Every condition of the route, in the rule set's order."""
        return tuple(conditions(self.tree))

    @property
    def lacking(self) -> tuple[Judged, ...]:
        """The fewest conditions whose change would make it met, on the same supposition."""
        return smallest(self.hoped)

    @property
    def unknown(self) -> tuple[Judged, ...]:
        """What nobody has told or confirmed yet."""
        return tuple(one for one in self.conditions if one.verdict is Verdict.UNKNOWN)

    def reasons(self, ruleset: str) -> tuple[Reason, ...]:
        """Every reason for which it is not met, supposing that what is unknown turns out well."""
        return reasons(self.hoped, ruleset)


def enquire(candidate: Candidate, level: Level, route: Route, rules: RuleSet) -> Prospect:
    """Judge one route.

    Raises
    ------
    Refused
        ROUTE_NOT_OPEN_FOR_SERIES when the rule set has no standard for the level and route.
    """
    tree = evaluate(rules.conditions(level, route), candidate, PREDICATES, rules)
    return Prospect(route, tree, supposed(tree))


def alternatives(candidate: Candidate, level: Level, but: Route, rules: RuleSet) -> tuple[Prospect, ...]:
    """Judge the other routes that are open for the level: the nearest first, with what each still lacks."""
    found = [enquire(candidate, level, one, rules) for one in ROUTES if one is not but and rules.covers(level, one)]
    return tuple(sorted(found, key=_distance))


def _distance(one: Prospect) -> tuple[bool, date, int, int]:
    return (one.if_confirmed is not Verdict.MET, one.eligible_on or date.max, len(one.lacking), ROUTES.index(one.route))
