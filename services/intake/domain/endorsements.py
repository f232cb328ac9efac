"""Which endorsements by peers count, and why the others fall out (七.1, §11.12, §11.23)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from libs.kernel.refusals import Reason
from libs.kernel.rulesets import RuleSet
from libs.kernel.verdicts import Finding, Verdict
from services.intake.domain.facts import Endorsement, Standing


@dataclass(frozen=True, slots=True)
class Peers:
    """The endorsements of one application, judged.

    `valid` count; `open` would count if the endorser's title, which is unknown, turned out to be live;
    `fallen` are the reasons why others do not count, each beside RECOMMENDERS_SHORT (§11.31).
    """

    need: int
    valid: tuple[Endorsement, ...]
    open: tuple[Endorsement, ...]
    fallen: tuple[Reason, ...]

    @property
    def verdict(self) -> Verdict:
        """Met when enough count; unknown when it hangs on titles that nobody has confirmed."""
        if len(self.valid) >= self.need:
            return Verdict.MET
        return Verdict.UNKNOWN if len(self.valid) + len(self.open) >= self.need else Verdict.UNMET

    def reasons(self) -> tuple[Reason, ...]:
        """Give RECOMMENDERS_SHORT with what made the others fall out, or nothing when enough count."""
        if self.verdict is Verdict.MET:
            return ()
        facts = {"need": self.need, "have": len(self.valid), "unknown": len(self.open)}
        short = Reason("RECOMMENDERS_SHORT", "七.1", facts, {"missing": self.need - len(self.valid)})
        return (short, *self.fallen)

    def finding(self) -> Finding:
        """Say the same as a condition of an assessment."""
        return Finding(
            self.verdict,
            facts={"need": self.need, "have": len(self.valid), "unknown": len(self.open)},
            change={} if self.verdict is Verdict.MET else {"missing": self.need - len(self.valid)},
            also=() if self.verdict is Verdict.MET else tuple(sorted({one.code for one in self.fallen})),
        )


def judge(endorsements: Sequence[Endorsement], applicant: str, employer: str, rules: RuleSet) -> Peers:
    """Judge the endorsements that stand now, in the order in which they were given.

    Parameters
    ----------
    applicant, employer
        Bare UUIDs of the applicant and of the applicant's own employer.
    """
    limit = rules.integer("peers_same_employer_max")
    fallen: list[Reason] = []
    valid: list[Endorsement] = []
    waiting: list[Endorsement] = []
    own: Counter[bool] = Counter()
    endorsers: set[str] = set()
    for one in endorsements:
        why = _why_not(one, applicant)
        if one.endorser in endorsers:
            why.append("DUPLICATE_RECOMMENDER")
        endorsers.add(one.endorser)
        if not why and one.employer == employer and own[True] >= limit:
            why.append("RECOMMENDER_SAME_EMPLOYER")
        if why:
            fallen.extend(Reason(code, "七.1 §11.12", {"endorsement": one.identity}) for code in why)
            continue
        own[one.employer == employer] += 1
        (valid if one.full_senior is Standing.LIVE else waiting).append(one)
    return Peers(rules.integer("peers_required"), tuple(valid), tuple(waiting), tuple(fallen))


def _why_not(one: Endorsement, applicant: str) -> list[str]:
    checks = {
        "RECOMMENDER_CONFLICT": one.endorser == applicant,
        "RECOMMENDER_UNQUALIFIED": one.full_senior is Standing.REVOKED or one.barred,
        "NOT_A_PEER": not (one.same_series and one.peer_specialty),
    }
    return [code for code, failing in checks.items() if failing]
