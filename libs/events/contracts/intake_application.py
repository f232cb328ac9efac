"""What an application says up to its acceptance: draft, submission, employer, receipt, correction.

What people write about the applicant is sealed under the applicant's key.
"""

from __future__ import annotations

from libs.events.contracts.base import Instant, Payload, Sealed, contract
from libs.events.contracts.intake_parts import BlobRef, Identity, Item, Module, Seen, Sha256
from libs.kernel.terms import EndorsementKind, Level, MaterialKind, Route


@contract("intake", "附六 附六.7")
class DraftStarted(Payload):
    """A person begins an application in a campaign."""

    applicant: Identity
    employer: Identity
    campaign: Identity
    agency: Identity
    series: str
    specialty: str
    level: Level
    route: Route
    year: int
    ruleset: Identity
    district: str
    freeing: tuple[str, ...]
    """The endings after which the person may apply again this year, as the rule set says (§11.18)."""
    seen: tuple[Seen, ...]


@contract("intake", "附六")
class DraftChanged(Payload):
    """The applicant changes what the application is for; the fields replace the former ones."""

    employer: Identity
    specialty: str
    level: Level
    route: Route
    district: str
    seen: tuple[Seen, ...]


@contract("intake", "§1.15 十六.2")
class IntegrityCommitmentSigned(Payload):
    """The applicant answers for the truth of the file; `text_hash` names the commitment's wording."""

    text_hash: Sha256


@contract("intake", "附七")
class MaterialAttached(Payload):
    """A material is in the file, in place of an earlier one of its kind if there was one."""

    kind: MaterialKind
    blob: BlobRef
    plain_hash: Sha256
    """SHA-256 of the content as it was uploaded, by which its owner can recognise it."""
    replaces: Sha256 | None
    """The stored hash of the material that it replaces."""


@contract("intake", "七.1")
class EndorsementRequested(Payload):
    """An applicant asks a person to endorse the application (stream: the application)."""

    applicant: Identity
    endorser: Identity
    kind: EndorsementKind
    series: str
    specialty: str
    employer: Identity


@contract("intake", "附七 附六.7")
class ApplicationSubmitted(Payload):
    """The applicant has submitted; from here the employer has it."""

    applicant: Identity
    employer: Identity
    campaign: Identity
    agency: Identity
    series: str
    specialty: str
    level: Level
    route: Route
    year: int
    ruleset: Identity
    district: str
    materials: tuple[MaterialKind, ...]
    endorsements: tuple[Identity, ...]
    warnings: tuple[str, ...]
    """Refusal codes of what is not refused yet: endorsements that are still short (§11.27)."""
    seen: tuple[Seen, ...]


@contract("intake", "八.1")
class EmployerReviewed(Payload):
    """The employer answers for the file's truth and says whether the applicant is in service (附六.4)."""

    opinion: Sealed
    in_service: bool


@contract("intake", "八.1")
class EmployerReturned(Payload):
    """The employer returns the file for changes; only the modules named are open to the applicant."""

    items: tuple[Item, ...]


@contract("intake", "八.1")
class EmployerRefused(Payload):
    """The employer does not recommend the applicant."""

    reasons: tuple[Sealed, ...]


@contract("intake", "附七 §1.16")
class EmployerPublicityStarted(Payload):
    """公示 inside the unit, until `ends_at`: 24:00 of the last working day by the calendar named."""

    working_days: int
    ends_at: Instant
    calendar: str
    ruleset: Identity
    place: str


@contract("intake", "十六.1")
class EmployerObjectionReceived(Payload):
    """Somebody objects; the publicity stands still until the employer has answered."""

    objection: Identity
    summary: Sealed
    real_name: bool


@contract("intake", "十六.1")
class EmployerObjectionDecided(Payload):
    """The employer's inquiry into one objection."""

    objection: Identity
    founded: bool
    answer: Sealed


@contract("intake", "§11.36")
class EmployerPublicityResumed(Payload):
    """No objection is open any more; the publicity goes on with its remaining working days."""

    working_days: int
    ends_at: Instant
    calendar: str


@contract("intake", "附七 §1.16")
class EmployerPublicityEnded(Payload):
    """The publicity has run its working days with no objection open."""

    ended_at: Instant


@contract("intake", "八.1 附七")
class EmployerRecommended(Payload):
    """The unit's head recommends the applicant; the proof of publicity completes the three materials."""

    statement: Sealed
    publicity_ended_at: Instant


@contract("intake", "附六.7")
class ApplicationReceived(Payload):
    """The agency has the file; the time of receipt is when it entered the system (电子签名法 11)."""

    agency: Identity


@contract("intake", "§1.18")
class CorrectionRequested(Payload):
    """补正: told once, with everything that has to be corrected, and until when."""

    items: tuple[Item, ...]
    working_days: int
    due: Instant
    calendar: str
    ruleset: Identity


@contract("intake", "§1.18")
class CorrectionSubmitted(Payload):
    """The applicant has corrected the file; it is with the agency again."""

    modules: tuple[Module, ...]
    """The modules that were changed."""


@contract("intake", "§1.18")
class DeemedAbandoned(Payload):
    """The correction's due time has passed without a correction."""

    due: Instant


@contract("intake", "附六 附七")
class ApplicationAccepted(Payload):
    """受理: the file is complete; the promised 20 working days start (附五, §11.1)."""

    applicant: Identity
    agency: Identity
    campaign: Identity
    series: str
    specialty: str
    level: Level
    route: Route
    employer: Identity
    ruleset: Identity
    endorsements: tuple[Identity, ...]
    due: Instant
    calendar: str
    seen: tuple[Seen, ...]


@contract("intake", "附六")
class ApplicationNotAccepted(Payload):
    """The agency does not accept the file, by a person's decision."""

    reasons: tuple[Item, ...]


@contract("intake", "附六")
class ApplicationWithdrawn(Payload):
    """The applicant takes the application back, before the vote opens."""

    note: Sealed
