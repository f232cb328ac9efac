"""Where and at what somebody works, and whether a ban or a data check stands in the way (附六, 说一)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from libs.kernel.periods import free_from
from libs.kernel.rulesets import Leaf, Needs, RuleSet, names
from libs.kernel.terms import Check, EmployerKind
from libs.kernel.verdicts import Finding, Predicate, Verdict
from services.intake.domain.facts import Candidate, Employment
from services.intake.domain.predicates.reading import one_of, some_of, verdict

CHECKS: Final = ("education", "insurance", "title")
"""The three data checks of 说一."""

SPEAKING_CODES: Final = {
    EmployerKind.CENTRAL: "ENTRUSTMENT_MISSING",
    EmployerKind.GOVERNMENT: "NOT_ELIGIBLE_CIVIL_SERVANT",
}
"""Employers out of scope for which the law has a reason of its own (§11.40, 七.5)."""


def present_of(candidate: Candidate) -> Employment | None:
    """Give the employment with the employer of the application that stands today, the one in its specialty if any."""
    found = (one for one in candidate.employments if one.employer == candidate.employer and one.covers(candidate.today))
    return min(found, key=lambda one: one.specialty != candidate.specialty, default=None)


def employed(candidate: Candidate, _leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: an employment with the employer named stands today (附六.1)."""
    present = present_of(candidate)
    facts = {"since": present.since.isoformat()} if present else {}
    return Finding(verdict(present is not None), facts)


def employer_in_scope(candidate: Candidate, leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: the employer's kind is one of `kinds` (附六.1, QA四)."""
    present = present_of(candidate)
    if present is None:
        return Finding(Verdict.UNKNOWN)
    kind = present.employer_kind
    met = kind.value in names(leaf.parameters["kinds"])
    return Finding(verdict(met), {"employer_kind": kind.value}, code="" if met else SPEAKING_CODES.get(kind, ""))


def unit_designated(candidate: Candidate, leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: the employer is, today, of one of the kinds that `designations` lists (八.3)."""
    present = present_of(candidate)
    need = list(names(leaf.parameters["designations"]))
    if present is None:
        return Finding(Verdict.UNKNOWN, {"need": need})
    held = sorted({one.kind for one in present.designations if one.covers(candidate.today)})
    return Finding(verdict(bool({*held} & {*need})), {"need": need, "have": held})


def in_service(candidate: Candidate, _leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: the employer has confirmed that the applicant is in service (附六.4)."""
    if candidate.in_service is None:
        return Finding(Verdict.UNKNOWN)
    return Finding(verdict(candidate.in_service), {"in_service": candidate.in_service})


def works_in_specialty(candidate: Candidate, _leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: the present work is in the specialty applied for (七.2)."""
    present = present_of(candidate)
    facts = {"specialty": candidate.specialty}
    if present is None:
        return Finding(Verdict.UNKNOWN, facts)
    return Finding(verdict(present.specialty == candidate.specialty), {**facts, "works_in": present.specialty})


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
        return Finding(verdict(answer.stands), facts)
    if answer.answer is Check.MATCH:
        return Finding(Verdict.MET, facts)
    waits = answer.answer is Check.UNAVAILABLE
    return Finding(Verdict.UNKNOWN, facts, code="UPSTREAM_UNAVAILABLE" if waits else "HUMAN_DECISION_REQUIRED")


PREDICATES: Final[Mapping[str, Predicate[Candidate]]] = {
    "employed": employed,
    "employer_in_scope": employer_in_scope,
    "unit_designated": unit_designated,
    "in_service": in_service,
    "works_in_specialty": works_in_specialty,
    "not_banned": not_banned,
    "checked": checked,
}
NEEDS: Final[Needs] = {
    "employer_in_scope": {"kinds": some_of(EmployerKind)},
    "unit_designated": {"designations": names},
    "checked": {"check": one_of(CHECKS)},
}
CHOICES: Final[Mapping[str, str]] = {"employer_in_scope": "kinds"}
