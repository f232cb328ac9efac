"""Degrees, and the years of work since one of them (§4.3, §11.29 and 30)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from libs.kernel.periods import Span, counted, full_on, years_of_work
from libs.kernel.rulesets import Leaf, Needs, RuleSet, whole
from libs.kernel.terms import Degree
from libs.kernel.verdicts import Finding, Predicate, Verdict
from services.intake.domain.facts import Candidate
from services.intake.domain.predicates.reading import DEGREE, verdict, years

_RANKS: Final = {degree: rank for rank, degree in enumerate(reversed(Degree), 1)}


def _rank(degree: Degree) -> int:
    return _RANKS[degree]


def degree_at_least(candidate: Candidate, leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: a degree of at least `degree` was obtained by the day (§11.30), or will be on a day that is told."""
    need = Degree(str(leaf.parameters["degree"]))
    held = [one.degree for one in candidate.educations if one.graduated_on <= candidate.on]
    if not candidate.educations:
        return Finding(Verdict.UNKNOWN, {"need": need.value})
    best = max(held, key=_rank, default=None)
    facts = {"need": need.value, "have": best.value if best else "none"}
    if best is not None and _rank(best) >= _rank(need):
        return Finding(Verdict.MET, facts)
    ahead = (one.graduated_on for one in candidate.educations if _rank(one.degree) >= _rank(need))
    return Finding(Verdict.UNMET, facts, eligible_on=min(ahead, default=None))


def years_since_degree(candidate: Candidate, leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: `years` full years of work in the specialty since the first degree of at least `degree`.

    Segments add up, overlaps count once, full-time study and gaps never (§11.29, §11.30).
    """
    need = Degree(str(leaf.parameters["degree"]))
    wanted = whole(leaf.parameters["years"])
    since = min((one.graduated_on for one in candidate.educations if _rank(one.degree) >= _rank(need)), default=None)
    facts = {"need": wanted, "have": 0}
    if since is None:
        return Finding(Verdict.UNMET, facts)
    work = (
        Span(one.since, one.until) if one.until else Span(one.since)
        for one in candidate.employments
        if one.specialty == candidate.specialty
    )
    study = (
        Span(one.enrolled_on, one.graduated_on - timedelta(days=1)) for one in candidate.educations if one.full_time
    )
    spans = counted(work, since, study)
    facts = {"need": wanted, "have": years_of_work(spans, candidate.on), "since": since.isoformat()}
    eligible_on = full_on(spans, wanted, candidate.on)
    met = eligible_on == candidate.on
    return Finding(verdict(met), facts, eligible_on=None if met else eligible_on)


PREDICATES: Final[Mapping[str, Predicate[Candidate]]] = {
    "degree_at_least": degree_at_least,
    "years_since_degree": years_since_degree,
}
NEEDS: Final[Needs] = {
    "degree_at_least": {"degree": DEGREE},
    "years_since_degree": {"degree": DEGREE, "years": years},
}
