"""What integrity publishes: cases, revocations, bans, integrity records.

What people write in a case is sealed under its subject's key: a person's own, or the one that intake keeps for
the unit (ADR 0005).
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from libs.events.contracts.base import Instant, Part, Payload, Sealed, contract
from libs.events.contracts.intake import BlobRef, Identity, Seen


class SubjectKind(StrEnum):
    """The four subjects of integrity management (十六.2)."""

    APPLICANT = "applicant"
    EMPLOYER = "employer"
    AGENCY = "agency"
    EXPERT = "expert"


class Ground(StrEnum):
    """Why a title is revoked: four grounds of 十七.2, and a supervisory organ's advice (政务处分法 25)."""

    FALSE_MATERIAL = "false_material"
    PLAGIARISM = "plagiarism"
    IMPROPER_AUTHORSHIP = "improper_authorship"
    OTHER_IMPROPER_MEANS = "other_improper_means"
    SUPERVISORY_ADVICE = "supervisory_advice"


class Severity(StrEnum):
    """情节: a reasoned human finding, since the notice says nothing about when a case is grave (§11.4)."""

    ORDINARY = "ordinary"
    GRAVE = "grave"


class BanBasis(StrEnum):
    """What a ban rests on; each basis has its own law and its own length in the rule set (§1.1, §11.5)."""

    SERIOUS_FRAUD_NOTICE17 = "SERIOUS_FRAUD_NOTICE17"
    FALSE_COMMITMENT_2024 = "FALSE_COMMITMENT_2024"


class BanKind(StrEnum):
    """What a ban bars: applying for a title (职称), promotion to a post (岗位晋升)."""

    TITLE = "TITLE"
    POST = "POST"


class Evidence(Part):
    """One piece of evidence: what it is, and the stored document itself."""

    title: Sealed
    document: BlobRef


@contract("integrity", "十六.2")
class IntegrityCaseOpened(Payload):
    """The city looks into what one subject is said to have done (stream: the case)."""

    subject_kind: SubjectKind
    subject: Identity
    allegation: Sealed
    lead: Sealed
    """Where the matter comes from: a report, an inspection, a finding of the review."""


@contract("integrity", "十七.2")
class FactsServed(Payload):
    """The facts and their evidence were put to the subject, who may now answer."""

    facts: Sealed
    evidence: tuple[Evidence, ...]


@contract("integrity", "十七.2")
class SubjectHeard(Payload):
    """The subject was heard, or declined to be heard; `minutes` is what was said, or None after declining."""

    declined: bool
    note: Sealed
    minutes: BlobRef | None


@contract("integrity", "十六.2 §11.4")
class IntegrityCaseDecided(Payload):
    """The city's decision on the case; from `effective_on` on it has effect (§11.5).

    `severity` is None when the case is unfounded. `severity_reasons` says why the case is grave, where it is.
    """

    subject_kind: SubjectKind
    subject: Identity
    founded: bool
    severity: Severity | None
    severity_reasons: Sealed
    findings: Sealed
    evidence: tuple[Evidence, ...]
    ban_basis: BanBasis | None
    """Why a ban follows; None when none does."""
    decision_no: str
    effective_on: date


@contract("integrity", "十七.2")
class TitleRevoked(Payload):
    """The city revokes a title (stream: the case); it works from the beginning (§11.7)."""

    title: Identity
    person: Identity
    ground: str
    decision_no: str
    decided_at: Instant
    reasons: Sealed
    evidence: tuple[Evidence, ...]
    seen: tuple[Seen, ...]


@contract("integrity", "十七.3")
class BanImposed(Payload):
    """No title and no post promotion from `from_day` to `until`, both included (stream: the ban)."""

    case: Identity
    person: Identity
    kinds: tuple[str, ...]
    basis: str
    from_day: date
    until: date
    seen: tuple[Seen, ...]


@contract("integrity", "十七.3 §11.5")
class BanBegan(Payload):
    """The first day of a ban that was imposed for a later day has come (stream: the ban)."""

    person: Identity
    basis: str
    from_day: date
    until: date


@contract("integrity", "十七.3")
class BanEnded(Payload):
    """The ban's last day is over; from `free_from` on, that day included, the person may apply again."""

    person: Identity
    free_from: date


@contract("integrity", "十七.4")
class IntegrityRecorded(Payload):
    """An entry in the archive, visible until `expires_on`, that day included (stream: the record)."""

    case: Identity
    subject_kind: str
    subject: Identity
    facts: Sealed
    recorded_on: date
    expires_on: date
    seen: tuple[Seen, ...]


@contract("integrity", "十七.4 §11.8")
class IntegrityRecordExpired(Payload):
    """The record's last day is over: hidden from every query, kept for the audit only."""

    subject: Identity
    expired_on: date
    """The first day on which the record is hidden."""


@contract("integrity", "十七.4")
class IntegrityRecordWithdrawn(Payload):
    """The entry should not stand, for the reasons given; hidden from every query at once."""

    subject: Identity
    reasons: Sealed


@contract("integrity", "§7")
class OfficialsNamed(Payload):
    """A fresh system names its first officials, once (stream: the office); from here on people appoint people."""

    officials: tuple[str, ...]
    """Each the pseudonymous subject that the identity provider gives the person."""


@contract("integrity", "§7")
class OfficialAppointed(Payload):
    """An official of the city appoints another one."""

    official: str


@contract("integrity", "§7")
class OfficialDismissed(Payload):
    """An official of the city dismisses another one, for reasons sealed under the office's key."""

    official: str
    reasons: Sealed
