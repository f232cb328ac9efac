"""What review publishes: agencies, committees, experts, endorsements, sessions, ballots, public notices."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from libs.events.contracts import review_bodies, review_notice
from libs.events.contracts.base import Instant, Payload, Sealed, contract, upcaster
from libs.events.contracts.intake import Identity, Seen
from libs.events.contracts.review_session import Candidate
from libs.kernel.terms import EndorsementKind, Level, Route

__all__ = [
    "BallotClosed",
    "BallotKeyDestroyed",
    "BallotOpened",
    "EndorsementGiven",
    "EndorsementInvited",
    "EndorsementRefused",
    "EndorsementWithdrawn",
    "ResultAnnounced",
    "ResultCancelled",
    "ResultConfirmed",
    "ResultPublicityStarted",
    "SessionPlanned",
    "VoteVoided",
    "review_bodies",
    "review_notice",
]


@contract("review", "七.1")
class EndorsementInvited(Payload):
    """A person is asked to endorse an application (stream: the endorsement)."""

    application: Identity
    applicant: Identity
    endorser: Identity
    kind: EndorsementKind
    series: str
    specialty: str
    employer: Identity
    """The applicant's employer."""


@contract("review", "七.1 八.3 十.2", version=2)
class EndorsementGiven(Payload):
    """A person endorses an application by real name; `seen` cites the title relied on, as stream@version.

    The head of a unit or of an institution relies on none. The first version knew no seal.
    """

    application: Identity
    applicant: Identity
    endorser: Identity
    kind: EndorsementKind
    series: str
    specialty: str
    endorser_unit: str
    seal: str
    """The institution's electronic seal on the nomination (§11.13); empty for a person who endorses as such."""
    statement: Sealed
    seen: tuple[Seen, ...]


@upcaster("EndorsementGiven", 1)
def _without_a_seal(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "seal": ""}


@contract("review", "七.1")
class EndorsementRefused(Payload):
    """The person asked declines to endorse."""

    application: Identity
    endorser: Identity
    note: Sealed


@contract("review", "七.1")
class EndorsementWithdrawn(Payload):
    """An endorsement no longer stands: withdrawn by the endorser, or no longer valid (`cause`)."""

    application: Identity
    endorser: Identity
    cause: str


@contract("review", "十六.4")
class SessionPlanned(Payload):
    """A review session with its candidates (applications) and the committee it draws from."""

    committee: Identity
    agency: Identity
    campaign: Identity
    ruleset: Identity
    level: Level
    candidates: tuple[Identity, ...]
    held_at: Instant
    series: str
    session_kind: Literal["ordinary", "directed"]
    """定向评价 has sessions of its own (十一.4)."""
    committee_size: int
    committee_until: date
    """The last day of the committee's filing."""
    files: tuple[Candidate, ...]
    """The candidates, in the same order, with what a session must know of them."""
    seen: tuple[Seen, ...]


@contract("review", "§14.1")
class BallotOpened(Payload):
    """A ballot on one application: the public key to seal for, and who may vote."""

    session: Identity
    application: Identity
    applicant: Identity
    public_key: str
    """X25519 public key, base64url without padding."""
    voters: tuple[Identity, ...]
    committee_size: int
    present: int
    recused: tuple[Identity, ...]
    absent: tuple[Identity, ...]
    """Seated experts who were not in the room when the vote was called."""


@contract("review", "§14.1")
class BallotClosed(Payload):
    """The count; receipts sorted, so that no order of voting is kept."""

    session: Identity
    application: Identity
    agree: int
    against: int
    abstain: int
    invalid: int
    receipts: tuple[str, ...]


@contract("review", "§14.1")
class VoteVoided(Payload):
    """The ballot counts for nothing and is held again."""

    session: Identity
    application: Identity
    cause: str


@contract("review", "§1.20")
class ResultAnnounced(Payload):
    """The presiding chair announces one candidate's result, counted in integers (stream: the session)."""

    session: Identity
    application: Identity
    applicant: Identity
    passed: bool
    present: int
    agree: int
    ruleset: Identity
    seen: tuple[Seen, ...]


@contract("review", "§11.3")
class ResultPublicityStarted(Payload):
    """公示 of one passed result; it ends at `ends_at`, computed with the calendar named."""

    application: Identity
    applicant: Identity
    session: Identity
    employer: Identity
    series: str
    specialty: str
    level: Level
    ends_at: Instant
    calendar: str
    agency: Identity
    committee: Identity
    route: Route
    scope: str
    ruleset: Identity
    passed_at: Instant
    seen: tuple[Seen, ...]


@contract("review", "§11.20")
class ResultConfirmed(Payload):
    """The city confirms a result whose publicity ended with no open objection."""

    application: Identity
    applicant: Identity
    session: Identity
    employer: Identity
    agency: Identity
    committee: Identity
    series: str
    specialty: str
    level: Level
    route: Route
    scope: str
    """Empty, or the district to which a directed title is limited."""
    ruleset: Identity
    passed_at: Instant
    """The instant at which the vote passed: the date of the title, from which later years count."""
    confirmed_by: str


@contract("review", "十六.1")
class ResultCancelled(Payload):
    """A founded objection cancels the result."""

    application: Identity
    applicant: Identity
    cause: str


@contract("review", "§14.1")
class BallotKeyDestroyed(Payload):
    """The private key is gone; what was sealed stays sealed."""

    session: Identity
    application: Identity
