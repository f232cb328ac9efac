"""Which endorsements count on which route, and why the others fall out (七.1, 八.3, §11.12, §11.23)."""

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
    """What a route asks of those who endorse: in what capacity, the rule set's number, and the clause."""

    kind: EndorsementKind
    required: str
    clause: str


ENDORSED: Final[Mapping[Route, Asked]] = {
    Route.EXCEPTIONAL_PEERS: Asked(EndorsementKind.EXPERT, "peers_required", "七.1"),
    Route.EXCEPTIONAL_HEAD: Asked(EndorsementKind.HEAD, "heads_required", "八.3"),
}
"""The routes on which an applicant asks others to endorse."""


@dataclass(frozen=True, slots=True)
class Backing:
    """The endorsements of one application, judged.

    `valid` count; `open` would count if the endorser's title, which is unknown, turned out to be live;
    `fallen` are the reasons why others do not count, each beside RECOMMENDERS_SHORT (§11.31).
    """

    need: int
    valid: tuple[Endorsement, ...]
    open: tuple[Endorsement, ...]
    fallen: tuple[Reason, ...]
    clause: str

    @property
    def verdict(self) -> Verdict:
        """Met when enough count; unknown when it hangs on titles that nobody has confirmed."""
        if len(self.valid) >= self.need:
            return Verdict.MET
        return Verdict.UNKNOWN if len(self.valid) + len(self.open) >= self.need else Verdict.UNMET

    @property
    def facts(self) -> dict[str, Any]:
        """How many are needed, count, and wait for a title to be confirmed."""
        return {"need": self.need, "have": len(self.valid), "unknown": len(self.open)}

    @property
    def change(self) -> dict[str, Any]:
        """How many are missing."""
        return {} if self.verdict is Verdict.MET else {"missing": self.need - len(self.valid)}

    def reasons(self) -> tuple[Reason, ...]:
        """Give RECOMMENDERS_SHORT with what made the others fall out, or nothing when enough count."""
        if self.verdict is Verdict.MET:
            return ()
        return (Reason("RECOMMENDERS_SHORT", self.clause, self.facts, self.change), *self.fallen)

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
    fallen: list[Reason] = []
    valid: list[Endorsement] = []
    waiting: list[Endorsement] = []
    own: Counter[bool] = Counter()
    endorsers: set[str] = set()
    for one in endorsements:
        why = _why_not(one, asked.kind, applicant, employer)
        if one.endorser in endorsers:
            why.append("DUPLICATE_RECOMMENDER")
        endorsers.add(one.endorser)
        expert = asked.kind is EndorsementKind.EXPERT
        if expert and not why and one.employer == employer and own[True] >= rules.integer("peers_same_employer_max"):
            why.append("RECOMMENDER_SAME_EMPLOYER")
        if why:
            fallen.extend(Reason(code, f"{asked.clause} §11.12", {"endorsement": one.identity}) for code in why)
            continue
        own[one.employer == employer] += 1
        (waiting if expert and one.full_senior is not Standing.LIVE else valid).append(one)
    return Backing(rules.integer(asked.required), tuple(valid), tuple(waiting), tuple(fallen), asked.clause)


def _why_not(one: Endorsement, kind: EndorsementKind, applicant: str, employer: str) -> list[str]:
    if kind is EndorsementKind.EXPERT:
        checks = {
            "RECOMMENDER_CONFLICT": one.endorser == applicant,
            "RECOMMENDER_UNQUALIFIED": one.kind is not kind or one.full_senior is Standing.REVOKED or one.barred,
            "NOT_A_PEER": not (one.same_series and one.peer_specialty),
        }
    else:
        checks = {
            "SELF_RECOMMENDATION": one.endorser == applicant,
            "RECOMMENDER_UNQUALIFIED": one.barred,
            "NOT_UNIT_HEAD": one.kind is not kind or one.employer != employer,
        }
    return [code for code, failing in checks.items() if failing]
