"""What follows from a decided case, as a pure function: the reactions to IntegrityCaseDecided carry it out.

A founded case is recorded in the archive; one with a ban's basis bars its applicant. Both are streams of
their own with identities derived from the case, so that a reaction that runs twice finds the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from uuid import UUID, uuid5

from libs.events.contracts.intake import Seen
from libs.events.contracts.integrity import BanBasis, IntegrityCaseDecided, SubjectKind
from libs.kernel.rulesets import RuleSet

YEARS: Mapping[BanBasis, str] = MappingProxyType(
    {
        BanBasis.SERIOUS_FRAUD_NOTICE17: "ban_years",
        BanBasis.FALSE_COMMITMENT_2024: "false_commitment_ban_years",
    }
)
"""The parameter of the rule set that gives each basis its length: two laws, two numbers (§1.1)."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A decided case, on which bans and records rest; `seen` is its stream at the decision's version."""

    case: str
    subject_kind: SubjectKind
    subject: str
    founded: bool
    ban_basis: BanBasis | None
    findings: str
    """Sealed, as the decision holds them."""
    effective_on: date
    seen: Seen


@dataclass(frozen=True, slots=True)
class RulesFact:
    """The one rule set that decides (invariant 21): its identity, its document, its version as read."""

    identity: str
    rules: RuleSet
    seen: Seen


@dataclass(frozen=True, slots=True)
class Consequences:
    """The streams that a decided case brings about; None where nothing follows."""

    record: UUID | None
    ban: UUID | None


def ban_identity(case: str) -> UUID:
    """Name the ban that follows from a case."""
    return uuid5(UUID(case), "ban")


def record_identity(case: str) -> UUID:
    """Name the archive's entry that follows from a case."""
    return uuid5(UUID(case), "record")


def case_facts(decided: IntegrityCaseDecided, stream: str, version: int) -> CaseFacts:
    """Read the facts of a decided case from its event; `stream` and `version` are of the envelope."""
    return CaseFacts(
        case=stream.partition("-")[2],
        subject_kind=decided.subject_kind,
        subject=decided.subject,
        founded=decided.founded,
        ban_basis=decided.ban_basis,
        findings=decided.findings,
        effective_on=decided.effective_on,
        seen=Seen(stream=stream, version=version),
    )


def consequences(facts: CaseFacts) -> Consequences:
    """Say what follows: a record when the case is founded, and a ban when it has a basis for one."""
    return Consequences(
        record=record_identity(facts.case) if facts.founded else None,
        ban=ban_identity(facts.case) if facts.founded and facts.ban_basis else None,
    )
