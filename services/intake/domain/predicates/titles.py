"""Titles held, and the years since one of them (§4.3, §11.7, §11.11, §11.39)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from libs.kernel.periods import corresponding_day, full_years
from libs.kernel.rulesets import Leaf, Needs, RuleSet, names, whole
from libs.kernel.terms import Level
from libs.kernel.verdicts import Finding, Predicate, Verdict
from services.intake.domain.facts import Candidate, Standing, TitleHeld
from services.intake.domain.predicates.reading import LEVEL, years

WORTHLESS: Final = frozenset({Standing.REVOKED, Standing.NO_BASIS})
"""The standings of a title that counts for nothing, for good."""


def _titles(candidate: Candidate, leaf: Leaf) -> list[TitleHeld]:
    """Give the titles of the series and at least the level that a condition asks for, the earliest first.

    One that is told to come on a later day is among them.
    """
    need = Level(str(leaf.parameters["level"])).rank
    series = names(leaf.parameters["series"])
    found = (one for one in candidate.titles if one.series in series and one.level.rank >= need)
    return sorted(found, key=lambda one: one.obtained_on)


def title_held(candidate: Candidate, leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: a live title of at least `level` in one of `series`, without a district's limit (§11.11).

    An unknown title makes the verdict unknown (§11.39); a revoked one is named beside what then lacks.
    """
    known = _titles(candidate, leaf)
    held = [one for one in known if one.obtained_on <= candidate.on]
    usable = [one for one in held if not one.scope]
    facts = {
        "need": str(leaf.parameters["level"]),
        "titles": [[one.identity, one.standing.value] for one in held],
    }
    if any(one.standing is Standing.LIVE for one in usable):
        return Finding(Verdict.MET, facts)
    if any(one.standing is Standing.UNKNOWN for one in usable):
        return Finding(Verdict.UNKNOWN, facts, code="TITLE_UNCONFIRMED")
    also = {
        "PRIOR_TITLE_REVOKED": any(one.standing in WORTHLESS for one in held),
        "SCOPED_TITLE_NOT_USABLE": any(one.scope and one.standing is Standing.LIVE for one in held),
    }
    ahead = (one.obtained_on for one in known if one not in held and not one.scope and one.standing not in WORTHLESS)
    codes = tuple(code for code, holds in also.items() if holds)
    return Finding(Verdict.UNMET, facts, eligible_on=min(ahead, default=None), also=codes)


def years_since_title(candidate: Candidate, leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: `years` full years since the earliest title of the kind, by the calendar (§11.29)."""
    wanted = whole(leaf.parameters["years"])
    usable = [one for one in _titles(candidate, leaf) if not one.scope and one.standing not in WORTHLESS]
    if not usable:
        return Finding(Verdict.UNMET, {"need": wanted, "have": 0})
    held = [one for one in usable if one.obtained_on <= candidate.on] or usable
    live = [one for one in held if one.standing is Standing.LIVE]
    first = (live or held)[0]
    facts = {
        "need": wanted,
        "have": full_years(first.obtained_on, candidate.on),
        "since": first.obtained_on.isoformat(),
        "title": first.identity,
    }
    eligible_on = corresponding_day(first.obtained_on, years=wanted)
    if eligible_on > candidate.on:
        return Finding(Verdict.UNMET, facts, eligible_on=eligible_on)
    return Finding(Verdict.MET if live else Verdict.UNKNOWN, facts)


PREDICATES: Final[Mapping[str, Predicate[Candidate]]] = {
    "title_held": title_held,
    "years_since_title": years_since_title,
}
NEEDS: Final[Needs] = {
    "title_held": {"level": LEVEL, "series": names},
    "years_since_title": {"level": LEVEL, "series": names, "years": years},
}
