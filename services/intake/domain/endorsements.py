"""Which endorsements count on which route, and why the others fall out (七.1, 八.3, 十.2, §11.12, §11.13, §11.23)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from libs.kernel.refusals import Reason
from libs.kernel.rulesets import RuleSet
from libs.kernel.terms import EndorsementKind, Route
from libs.kernel.verdicts import Finding, Verdict
from services.intake.domain.facts import Endorsement, Standing


@dataclass(frozen=True, slots=True)
class Asked:
    """What a route asks of those who endorse: the clause, the code, and the rule set's number for each capacity."""

    clause: str
    code: str
    numbers: Mapping[EndorsementKind, str]


ENDORSED: Final[Mapping[Route, Asked]] = {
    Route.EXCEPTIONAL_PEERS: Asked("七.1", "RECOMMENDERS_SHORT", {EndorsementKind.EXPERT: "peers_required"}),
    Route.EXCEPTIONAL_HEAD: Asked("八.3", "RECOMMENDERS_SHORT", {EndorsementKind.HEAD: "heads_required"}),
    Route.GREEN_CHANNEL: Asked(
        "十.2",
        "NOMINATION_INCOMPLETE",
        {EndorsementKind.EXPERT: "nominators_required", EndorsementKind.INSTITUTION: "institutions_required"},
    ),
}
"""The routes on which an applicant asks others to endorse."""


@dataclass(frozen=True, slots=True)
class Count:
    """The endorsements in one capacity: how many the rule set asks for, which count, and which are open.

    An open one would count if the endorser's title, which is unknown, turned out to be live.
    """

    kind: EndorsementKind
    need: int
    valid: tuple[Endorsement, ...]
    open: tuple[Endorsement, ...]

    @property
    def verdict(self) -> Verdict:
        """Met when enough count; unknown when it hangs on titles that nobody has confirmed."""
        if len(self.valid) >= self.need:
            return Verdict.MET
        return Verdict.UNKNOWN if len(self.valid) + len(self.open) >= self.need else Verdict.UNMET


@dataclass(frozen=True, slots=True)
class Backing:
    """The endorsements of one application, judged; `fallen` says why others do not count (§11.31)."""

    asked: Asked
    counts: tuple[Count, ...]
    fallen: tuple[Reason, ...]

    @property
    def valid(self) -> tuple[Endorsement, ...]:
        """Those that count."""
        return tuple(one for count in self.counts for one in count.valid)

    @property
    def verdict(self) -> Verdict:
        """Met when enough count in each capacity."""
        verdicts = {count.verdict for count in self.counts}
        return next((one for one in (Verdict.UNMET, Verdict.UNKNOWN) if one in verdicts), Verdict.MET)

    @property
    def facts(self) -> dict[str, Any]:
        """How many are needed, count, and wait for a title to be confirmed; by capacity where there are two."""
        return {
            self._named(name, count): number
            for count in self.counts
            for name, number in (("need", count.need), ("have", len(count.valid)), ("unknown", len(count.open)))
        }

    @property
    def change(self) -> dict[str, Any]:
        """How many are missing."""
        missing = {self._named("missing", one): one.need - len(one.valid) for one in self.counts}
        return {name: number for name, number in missing.items() if number > 0}

    def _named(self, name: str, count: Count) -> str:
        return name if len(self.counts) == 1 else f"{count.kind.value}_{name}"

    def reasons(self) -> tuple[Reason, ...]:
        """Give the route's code with what made the others fall out, or nothing when enough count."""
        if self.verdict is Verdict.MET:
            return ()
        return (Reason(self.asked.code, self.asked.clause, self.facts, self.change), *self.fallen)

    def finding(self) -> Finding:
        """Say the same as a condition of an assessment."""
        also = () if self.verdict is Verdict.MET else tuple(sorted({one.code for one in self.fallen}))
        return Finding(self.verdict, self.facts, self.change, also=also)


def judge(
    route: Route, endorsements: Sequence[Endorsement], applicant: str, employer: str, rules: RuleSet
) -> Backing | None:
    """Judge the endorsements that stand now, in the order in which they were given; None on a route without.

    Parameters
    ----------
    applicant, employer
        Bare UUIDs of the applicant and of the applicant's own employer.
    """
    asked = ENDORSED.get(route)
    if asked is None:
        return None
    most = rules.integer("peers_same_employer_max") if route is Route.EXCEPTIONAL_PEERS else None
    institutions = {one.employer for one in endorsements if one.kind is EndorsementKind.INSTITUTION}
    fallen: list[Reason] = []
    counted: list[Endorsement] = []
    own: Counter[bool] = Counter()
    endorsers: dict[str, EndorsementKind] = {}
    for one in endorsements:
        why = _why_not(one, asked, applicant, employer)
        if one.endorser in endorsers:
            same = endorsers[one.endorser] is one.kind
            why.append("DUPLICATE_RECOMMENDER" if same else "DISTINCT_PERSONS_REQUIRED")
        endorsers.setdefault(one.endorser, one.kind)
        if not why and one.kind is EndorsementKind.EXPERT and one.employer and one.employer in institutions:
            why.append("NOMINATORS_SAME_UNIT")
        if most is not None and not why and one.employer == employer and own[True] >= most:
            why.append("RECOMMENDER_SAME_EMPLOYER")
        if why:
            fallen.extend(Reason(code, asked.clause, {"endorsement": one.identity}) for code in why)
            continue
        own[one.employer == employer] += 1
        counted.append(one)
    counts = tuple(_count(kind, rules.integer(name), counted) for kind, name in asked.numbers.items())
    return Backing(asked, counts, tuple(fallen))


def _count(kind: EndorsementKind, need: int, counted: Sequence[Endorsement]) -> Count:
    of_kind = tuple(one for one in counted if one.kind is kind)
    waiting = tuple(one for one in of_kind if kind is EndorsementKind.EXPERT and one.full_senior is not Standing.LIVE)
    return Count(kind, need, tuple(one for one in of_kind if one not in waiting), waiting)


def _why_not(one: Endorsement, asked: Asked, applicant: str, employer: str) -> list[str]:
    expert = one.kind is EndorsementKind.EXPERT
    checks = {
        "RECOMMENDER_CONFLICT": expert and one.endorser == applicant,
        "SELF_RECOMMENDATION": not expert and one.endorser == applicant,
        "RECOMMENDER_UNQUALIFIED": one.kind not in asked.numbers
        or one.barred
        or (expert and one.full_senior is Standing.REVOKED),
        "NOT_A_PEER": expert and not (one.same_series and one.peer_specialty),
        "NOT_UNIT_HEAD": one.kind is EndorsementKind.HEAD and one.employer != employer,
    }
    return [code for code, failing in checks.items() if failing]
