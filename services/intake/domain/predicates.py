"""The predicates that condition trees name: code compares, the rule set has the numbers.

A predicate says unknown where it does not know; nothing is read as met or unmet by default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Final

from libs.kernel.periods import (
    Span,
    corresponding_day,
    counted,
    free_from,
    full_on,
    full_years,
    years_of_work,
)
from libs.kernel.rulesets import Leaf, Needs, RuleSet, names, whole
from libs.kernel.terms import Check, Degree, EmployerKind, Level
from libs.kernel.verdicts import Finding, Predicate, Verdict
from services.intake.domain.endorsements import judge
from services.intake.domain.facts import Candidate, Employment, Standing, TitleHeld

SPEAKING_CODES: Final = {
    EmployerKind.CENTRAL: "ENTRUSTMENT_MISSING",
    EmployerKind.GOVERNMENT: "NOT_ELIGIBLE_CIVIL_SERVANT",
}
"""Employers out of scope for which the law has a reason of its own (§11.40, 七.5)."""


def _is(met: bool) -> Verdict:  # noqa: FBT001 - the verdict of a comparison
    return Verdict.MET if met else Verdict.UNMET


def _present(candidate: Candidate) -> Employment | None:
    """Give the employment with the employer of the application that stands today, the one in its specialty if any."""
    found = (one for one in candidate.employments if one.employer == candidate.employer and one.covers(candidate.today))
    return min(found, key=lambda one: one.specialty != candidate.specialty, default=None)


def employed(candidate: Candidate, _leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: an employment with the employer named stands today (附六.1)."""
    present = _present(candidate)
    facts = {"since": present.since.isoformat()} if present else {}
    return Finding(_is(present is not None), facts)


def employer_in_scope(candidate: Candidate, leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: the employer's kind is one of `kinds` (附六.1, QA四)."""
    present = _present(candidate)
    if present is None:
        return Finding(Verdict.UNKNOWN)
    kind = present.employer_kind
    met = kind.value in names(leaf.parameters["kinds"])
    return Finding(_is(met), {"employer_kind": kind.value}, code="" if met else SPEAKING_CODES.get(kind, ""))


def in_service(candidate: Candidate, _leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: the employer has confirmed that the applicant is in service (附六.4)."""
    if candidate.in_service is None:
        return Finding(Verdict.UNKNOWN)
    return Finding(_is(candidate.in_service), {"in_service": candidate.in_service})


def works_in_specialty(candidate: Candidate, _leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: the present work is in the specialty applied for (七.2)."""
    present = _present(candidate)
    facts = {"specialty": candidate.specialty}
    if present is None:
        return Finding(Verdict.UNKNOWN, facts)
    return Finding(_is(present.specialty == candidate.specialty), {**facts, "works_in": present.specialty})


def not_banned(candidate: Candidate, _leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: no ban is in force today; its last day counts in (十七.3, 民法典 1259)."""
    until = max((ban.until for ban in candidate.bans if ban.covers(candidate.today)), default=None)
    if until is None:
        return Finding(Verdict.MET)
    return Finding(Verdict.UNMET, {"banned_until": until.isoformat()}, eligible_on=free_from(until))


def checked(candidate: Candidate, leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: the data check `check` matches, or a person has decided that it stands (说一).

    A mismatch waits for a person, who alone decides (十四.1); what is unavailable or not yet asked is
    unknown.
    """
    name = str(leaf.parameters["check"])
    answer = candidate.checks.get(name)
    if answer is None:
        return Finding(Verdict.UNKNOWN, {"check": name, "answer": "pending"}, code="UPSTREAM_UNAVAILABLE")
    facts = {"check": name, "answer": answer.answer.value, "by_hand": answer.stands is not None}
    if answer.stands is not None:
        return Finding(_is(answer.stands), facts)
    if answer.answer is Check.MATCH:
        return Finding(Verdict.MET, facts)
    waits = answer.answer is Check.UNAVAILABLE
    return Finding(Verdict.UNKNOWN, facts, code="UPSTREAM_UNAVAILABLE" if waits else "HUMAN_DECISION_REQUIRED")


_RANKS: Final = {degree: rank for rank, degree in enumerate(reversed(Degree), 1)}


def _rank(degree: Degree) -> int:
    return _RANKS[degree]


def degree_at_least(candidate: Candidate, leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: a degree of at least `degree` was obtained by the day (§11.30)."""
    need = Degree(str(leaf.parameters["degree"]))
    held = [one.degree for one in candidate.educations if one.graduated_on <= candidate.on]
    if not candidate.educations:
        return Finding(Verdict.UNKNOWN, {"need": need.value})
    best = max(held, key=_rank, default=None)
    facts = {"need": need.value, "have": best.value if best else "none"}
    return Finding(_is(best is not None and _rank(best) >= _rank(need)), facts)


def years_since_degree(candidate: Candidate, leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: `years` full years of work in the specialty since the first degree of at least `degree`.

    Segments add up, overlaps count once, full-time study and gaps never (§11.29, §11.30).
    """
    need = Degree(str(leaf.parameters["degree"]))
    years = whole(leaf.parameters["years"])
    since = min((one.graduated_on for one in candidate.educations if _rank(one.degree) >= _rank(need)), default=None)
    facts = {"need": years, "have": 0}
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
    facts = {"need": years, "have": years_of_work(spans, candidate.on), "since": since.isoformat()}
    eligible_on = full_on(spans, years, candidate.on)
    met = eligible_on == candidate.on
    return Finding(_is(met), facts, eligible_on=None if met else eligible_on)


WORTHLESS: Final = frozenset({Standing.REVOKED, Standing.NO_BASIS})
"""The standings of a title that counts for nothing, for good."""


def _titles(candidate: Candidate, leaf: Leaf) -> list[TitleHeld]:
    """Give the titles of the series and at least the level that a condition asks for, the earliest first."""
    need = Level(str(leaf.parameters["level"])).rank
    series = names(leaf.parameters["series"])
    found = (one for one in candidate.titles if one.series in series and one.level.rank >= need)
    return sorted((one for one in found if one.obtained_on <= candidate.on), key=lambda one: one.obtained_on)


def title_held(candidate: Candidate, leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: a live title of at least `level` in one of `series`, without a district's limit (§11.11).

    An unknown title makes the verdict unknown (§11.39); a revoked one is named beside what then lacks.
    """
    held = _titles(candidate, leaf)
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
    return Finding(Verdict.UNMET, facts, also=tuple(code for code, holds in also.items() if holds))


def years_since_title(candidate: Candidate, leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: `years` full years since the earliest title of the kind, by the calendar (§11.29)."""
    years = whole(leaf.parameters["years"])
    usable = [one for one in _titles(candidate, leaf) if not one.scope and one.standing not in WORTHLESS]
    if not usable:
        return Finding(Verdict.UNMET, {"need": years, "have": 0})
    live = [one for one in usable if one.standing is Standing.LIVE]
    first = (live or usable)[0]
    facts = {
        "need": years,
        "have": full_years(first.obtained_on, candidate.on),
        "since": first.obtained_on.isoformat(),
        "title": first.identity,
    }
    eligible_on = corresponding_day(first.obtained_on, years=years)
    if eligible_on > candidate.on:
        return Finding(Verdict.UNMET, facts, eligible_on=eligible_on)
    return Finding(Verdict.MET if live else Verdict.UNKNOWN, facts)


def exceptional_conditions(candidate: Candidate, _leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: an officer has found that the specialty's exceptional conditions are met (七.1)."""
    if candidate.exceptional is None:
        return Finding(Verdict.UNKNOWN, {"finding": "pending"}, code="HUMAN_DECISION_REQUIRED")
    return Finding(_is(candidate.exceptional), {"finding": candidate.exceptional})


def peers_endorse(candidate: Candidate, _leaf: Leaf, rules: RuleSet) -> Finding:
    """Compare: enough peers with a live full senior title endorse the application (七.1, §11.12)."""
    return judge(candidate.endorsements, candidate.applicant, candidate.employer, rules).finding()


PREDICATES: Final[Mapping[str, Predicate[Candidate]]] = {
    "employed": employed,
    "employer_in_scope": employer_in_scope,
    "in_service": in_service,
    "works_in_specialty": works_in_specialty,
    "not_banned": not_banned,
    "checked": checked,
    "degree_at_least": degree_at_least,
    "years_since_degree": years_since_degree,
    "title_held": title_held,
    "years_since_title": years_since_title,
    "exceptional_conditions": exceptional_conditions,
    "peers_endorse": peers_endorse,
}
"""Every predicate that a rule set of intake may name."""

CHECKS: Final = ("education", "insurance", "title")
"""The three data checks of 说一."""


def _one_of(words: Iterable[str]) -> Callable[[object], str]:
    """Make the reader of a word that is one of some."""
    known = tuple(words)

    def read(value: object) -> str:
        if value not in known:
            msg = f"{', '.join(known)} 之一|one of {', '.join(known)}"
            raise ValueError(msg)
        return str(value)

    return read


def _some_of(words: Iterable[str]) -> Callable[[object], tuple[str, ...]]:
    """Make the reader of a list of words, each one of some."""
    known = tuple(words)

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, tuple) or not set(names(value)) <= set(known):
            msg = f"{', '.join(known)} 之中的若干项|a list of some of {', '.join(known)}"
            raise ValueError(msg)
        return names(value)

    return read


def _years(value: object) -> int:
    """Read a number of years."""
    if not isinstance(value, int) or value < 0:
        msg = "零或正整数|zero or a positive whole number"
        raise ValueError(msg)
    return value


_DEGREE: Final = _one_of(Degree)
_LEVEL: Final = _one_of(Level)

NEEDS: Final[Needs] = {name: {} for name in PREDICATES} | {
    "employer_in_scope": {"kinds": _some_of(EmployerKind)},
    "checked": {"check": _one_of(CHECKS)},
    "degree_at_least": {"degree": _DEGREE},
    "years_since_degree": {"degree": _DEGREE, "years": _years},
    "title_held": {"level": _LEVEL, "series": names},
    "years_since_title": {"level": _LEVEL, "series": names, "years": _years},
}
"""The numbers and words that each predicate needs from its condition, and how each is read."""

CHOICES: Final[Mapping[str, str]] = {"employer_in_scope": "kinds"}
"""The predicates that ask what one fact of a person is, with the parameter that lists what it may be."""
