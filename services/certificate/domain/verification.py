"""验证: one answer to whoever asks whether a certificate is valid (§2.3, 说三, invariant 16).

A revoked certificate is `revoked`, never unknown. What does not exist and what does not match the data that
the verifier gave get the same answer, byte for byte, so that nobody learns that a certificate exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from libs.kernel.terms import Level
from services.certificate.domain.issuer import HOTLINE


class Outcome(StrEnum):
    """What a verifier is told."""

    VALID = "valid"
    REVOKED = "revoked"
    NOT_FOUND = "not_found"


class ScopeStanding(StrEnum):
    """Whether the title has effect where the verifier asks (十一.5)."""

    WHOLE_CITY = "whole_city"
    IN_SCOPE = "in_scope"
    OUT_OF_SCOPE = "out_of_scope"
    DISTRICT_ONLY = "district_only"
    """Limited to a district, and the verifier did not say where it is to be used."""


class Comparison(StrEnum):
    """How the holder's data compare with what the verifier gave; the shell opens the seals and compares."""

    NOT_GIVEN = "not_given"
    MATCH = "match"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Found:
    """A certificate as the view has it; `holder` is the masked name, None where it can no longer be read.

    `revoked_on` and `decision_no` are None while it stands.
    """

    number: str
    holder: str | None
    title_name: str
    series: str
    specialty: str
    level: Level
    scope: str
    obtained_on: date
    issued_on: date
    issuer: str
    revoked_on: date | None = None
    decision_no: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a verifier gets: always the same members, None where there is nothing to say."""

    outcome: Outcome
    certificate: Found | None
    scope: ScopeStanding | None
    hotline: str = HOTLINE


NOT_FOUND = Answer(Outcome.NOT_FOUND, None, None)
"""The one answer for unknown, mistyped and mismatched."""


def answer(found: Found | None, comparison: Comparison, district: str = "") -> Answer:
    """Answer a verification.

    Parameters
    ----------
    found
        The certificate of the code or number, or None; for a text that is no code at all too.
    comparison
        The outcome of comparing the name or ID number that the verifier may have given.
    district
        Where the title is to be used, if the verifier said so.
    """
    if found is None or comparison is Comparison.MISMATCH:
        return NOT_FOUND
    outcome = Outcome.VALID if found.revoked_on is None else Outcome.REVOKED
    return Answer(outcome, found, _scope(found.scope, district))


def masked_name(name: str) -> str:
    """Show of a name its last character only, which a verifier who knows the holder can compare."""
    return "*" * (len(name) - 1) + name[-1] if len(name) > 1 else "*"


def _scope(scope: str, district: str) -> ScopeStanding:
    if not scope:
        return ScopeStanding.WHOLE_CITY
    if not district:
        return ScopeStanding.DISTRICT_ONLY
    return ScopeStanding.IN_SCOPE if scope == district else ScopeStanding.OUT_OF_SCOPE
