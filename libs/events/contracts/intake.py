"""What intake publishes: persons, employers, rule sets, campaigns; applications and payments beside this."""

from __future__ import annotations

from datetime import date

from libs.events.contracts.base import Instant, Payload, Sealed, contract
from libs.events.contracts.intake_application import (
    ApplicationAccepted,
    ApplicationNotAccepted,
    ApplicationReceived,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    CorrectionRequested,
    CorrectionSubmitted,
    DeemedAbandoned,
    DraftChanged,
    DraftStarted,
    EmployerObjectionDecided,
    EmployerObjectionReceived,
    EmployerPublicityEnded,
    EmployerPublicityResumed,
    EmployerPublicityStarted,
    EmployerRecommended,
    EmployerRefused,
    EmployerReturned,
    EmployerReviewed,
    EndorsementRequested,
    IntegrityCommitmentSigned,
    MaterialAttached,
)
from libs.events.contracts.intake_parts import (
    BlobRef,
    ConditionVerdict,
    Fen,
    Identity,
    Item,
    Module,
    Seen,
    Sha256,
)
from libs.events.contracts.intake_payment import (
    BillCancelled,
    BillLapsed,
    BillOpened,
    PaymentReceived,
    PaymentReported,
    RefundDue,
)
from libs.events.contracts.intake_recognition import (
    GreenChannelClaimed,
    RecognitionGranted,
    RecognitionRefused,
)
from libs.events.contracts.intake_review import (
    ApplicationBarred,
    ApplicationCertified,
    ApplicationDisqualified,
    ApplicationEnded,
    ApplicationHeld,
    ApplicationPaid,
    ApplicationQualified,
    ApplicationReleased,
    CheckDecided,
    CheckResult,
    EligibilityAssessed,
    Fallen,
    FeeAssessed,
    PaymentLapsed,
    ReviewCancelled,
    ReviewConfirmed,
    ReviewNotPassed,
    ReviewPassed,
    ReviewPublished,
    ReviewScheduled,
    ReviewVoteOpened,
    ReviewVoteVoided,
)
from libs.kernel.terms import Degree, EmployerKind, Level, Route

__all__ = [
    "ApplicationAccepted",
    "ApplicationBarred",
    "ApplicationCertified",
    "ApplicationDisqualified",
    "ApplicationEnded",
    "ApplicationHeld",
    "ApplicationNotAccepted",
    "ApplicationPaid",
    "ApplicationQualified",
    "ApplicationReceived",
    "ApplicationReleased",
    "ApplicationSubmitted",
    "ApplicationWithdrawn",
    "BillCancelled",
    "BillLapsed",
    "BillOpened",
    "BlobRef",
    "CampaignNoticePublished",
    "CheckDecided",
    "CheckResult",
    "ConditionVerdict",
    "CorrectionRequested",
    "CorrectionSubmitted",
    "DeemedAbandoned",
    "DraftChanged",
    "DraftStarted",
    "EducationRecorded",
    "EligibilityAssessed",
    "EmployerDesignated",
    "EmployerDesignationEnded",
    "EmployerObjectionDecided",
    "EmployerObjectionReceived",
    "EmployerPublicityEnded",
    "EmployerPublicityResumed",
    "EmployerPublicityStarted",
    "EmployerRecommended",
    "EmployerRefused",
    "EmployerRegistered",
    "EmployerReturned",
    "EmployerReviewed",
    "EmploymentEnded",
    "EmploymentStarted",
    "EndorsementRequested",
    "Fallen",
    "FeeAssessed",
    "Fen",
    "GreenChannelClaimed",
    "Identity",
    "IntegrityCommitmentSigned",
    "Item",
    "MaterialAttached",
    "Module",
    "PaymentLapsed",
    "PaymentReceived",
    "PaymentReported",
    "PersonRegistered",
    "RecognitionGranted",
    "RecognitionRefused",
    "RefundDue",
    "ReviewCancelled",
    "ReviewConfirmed",
    "ReviewNotPassed",
    "ReviewPassed",
    "ReviewPublished",
    "ReviewScheduled",
    "ReviewVoteOpened",
    "ReviewVoteVoided",
    "RuleSetDrafted",
    "RuleSetPublished",
    "RuleSetSuperseded",
    "Seen",
    "Sha256",
    "SubjectErased",
]


@contract("intake", "附四")
class PersonRegistered(Payload):
    """A natural person is known to the system."""

    name: Sealed
    id_kind: str
    id_number: Sealed
    birth_date: Sealed
    phone: Sealed


@contract("intake", "附六.1")
class EmploymentStarted(Payload):
    """The person works for an employer in a specialty."""

    employer: Identity
    specialty: str
    since: date


@contract("intake", "附六.1")
class EmploymentEnded(Payload):
    """The employment is over; `until` is its last day."""

    employer: Identity
    until: date


@contract("intake", "说一")
class EducationRecorded(Payload):
    """A degree as the person states it; the check against education data follows with an application."""

    degree: Degree
    major: str
    specialty: str
    enrolled_on: date
    graduated_on: date
    full_time: bool
    certificate_no: Sealed


@contract("intake")
class SubjectErased(Payload):
    """The person's key is destroyed; every copy of the personal fields is unreadable from now on, the reason too."""

    reason: Sealed


@contract("intake", "八.1")
class EmployerRegistered(Payload):
    """An employer is known: name, unified social credit code, kind, district; `superior` may be empty."""

    name: str
    credit_code: str
    kind: EmployerKind
    district: str
    superior: str


@contract("intake", "八.3")
class EmployerDesignated(Payload):
    """The city has listed a unit among those of a kind (`sci_tech_leader`), by the document named, from a day on."""

    kind: str
    document: str
    from_day: date


@contract("intake", "八.3")
class EmployerDesignationEnded(Payload):
    """The unit is of the kind through `until`, that day included, and no longer."""

    kind: str
    until: date
    reasons: str


@contract("intake", "H")
class RuleSetDrafted(Payload):
    """A rule set is proposed, or its draft replaced; nothing is in force yet."""

    code: str
    title: str
    series: str
    levels: tuple[Level, ...]
    effective_from: date
    document: str
    document_hash: Sha256


@contract("intake", "H")
class RuleSetPublished(Payload):
    """A rule set is in force from a day on; `document` is its canonical JSON text, with its SHA-256."""

    code: str
    title: str
    series: str
    levels: tuple[Level, ...]
    effective_from: date
    document: str
    document_hash: Sha256
    drafted_by: str


@contract("intake", "H")
class RuleSetSuperseded(Payload):
    """A rule set is in force through `until`, that day included, and no longer."""

    until: date


@contract("intake", "附六.7")
class CampaignNoticePublished(Payload):
    """The agency's notice with its five parts; only then may a campaign open."""

    agency: Identity
    series: str
    specialties: tuple[str, ...]
    levels: tuple[Level, ...]
    routes: tuple[Route, ...]
    year: int
    opens_at: Instant
    closes_at: Instant
    ruleset: Identity
    conditions: str
    procedure: str
    method: str
    time_and_place: str
    materials: str
