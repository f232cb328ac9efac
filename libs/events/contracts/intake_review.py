"""What an application says from its acceptance on: checks, qualification, fee, review, end.

What people write about the applicant is sealed under the applicant's key.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from libs.events.contracts.base import Instant, Payload, Sealed, contract, upcaster
from libs.events.contracts.intake_parts import ConditionVerdict, Fen, Identity, Seen
from libs.kernel.terms import Check, Level, Route


@contract("intake", "说一")
class CheckResult(Payload):
    """The answer of one data check; `unavailable` is unknown."""

    check: str
    answer: Check
    source: str
    seen: tuple[Seen, ...]


@contract("intake", "说一 十四.1")
class CheckDecided(Payload):
    """A person decides what a check left open, with reasons."""

    check: str
    stands: bool
    reasons: Sealed


@contract("intake", "附六.3")
class EligibilityAssessed(Payload):
    """Every condition with its verdict under exactly one rule set."""

    ruleset: Identity
    on: date
    """The day to which years are counted (§11.28)."""
    outcome: str
    conditions: tuple[ConditionVerdict, ...]
    warnings: tuple[str, ...]
    seen: tuple[Seen, ...]


@contract("intake", "附六")
class ApplicationQualified(Payload):
    """审核 passed, by a person's decision on the assessment."""

    level: Level
    decided_by: str
    note: Sealed


@contract("intake", "附六")
class ApplicationDisqualified(Payload):
    """审核 not passed, by a person's decision on the assessment; `codes` are the conditions unmet."""

    codes: tuple[str, ...]
    decided_by: str
    note: Sealed


@contract("intake", "附十")
class FeeAssessed(Payload):
    """The fee of the level in integer fen, and until when it is to be paid."""

    applicant: Identity
    payment: Identity
    level: Level
    amount_fen: Fen
    working_days: int
    due: Instant
    calendar: str
    ruleset: Identity


@contract("intake", "附十")
class ApplicationPaid(Payload):
    """The exact price of the level was received (integer fen); the file may be scheduled for review."""

    applicant: Identity
    agency: Identity
    campaign: Identity
    series: str
    specialty: str
    level: Level
    route: Route
    employer: Identity
    ruleset: Identity
    amount_fen: Fen
    payment: Identity
    endorsements: tuple[Identity, ...]


@contract("intake", "附十")
class PaymentLapsed(Payload):
    """The fee was not paid in time; the application is given up."""

    payment: Identity


@contract("intake", "十四.3")
class ReviewScheduled(Payload):
    """The file is a candidate of a review session."""

    session: Identity
    held_at: Instant
    seen: tuple[Seen, ...]


@contract("intake", "十四.3")
class ReviewVoteOpened(Payload):
    """The ballot on this file is open; from here it cannot be withdrawn."""

    session: Identity
    seen: tuple[Seen, ...]


@contract("intake", "§14.1")
class ReviewVoteVoided(Payload):
    """The ballot counted for nothing; the file is scheduled again."""

    session: Identity
    seen: tuple[Seen, ...]


@contract("intake", "§1.20")
class ReviewPassed(Payload):
    """The committee passed the applicant."""

    session: Identity
    seen: tuple[Seen, ...]


@contract("intake", "§1.20")
class ReviewNotPassed(Payload):
    """The committee did not pass the applicant."""

    session: Identity
    seen: tuple[Seen, ...]


@contract("intake", "§11.3")
class ReviewPublished(Payload):
    """The result is on public notice until `ends_at`."""

    ends_at: Instant
    seen: tuple[Seen, ...]


@contract("intake", "§11.20")
class ReviewConfirmed(Payload):
    """The result is confirmed; the title follows."""

    seen: tuple[Seen, ...]


@contract("intake", "十六.1")
class ReviewCancelled(Payload):
    """A founded objection cancelled the result."""

    cause: str
    seen: tuple[Seen, ...]


@contract("intake", "附九")
class ApplicationCertified(Payload):
    """The title is granted: the application has reached its end."""

    title: Identity
    seen: tuple[Seen, ...]


class Fallen(StrEnum):
    """What has become of a title that counts no longer, or not for now; the gravest last."""

    UNKNOWN = "unknown"
    """It rested on a revoked title, and nobody has decided yet."""
    NO_BASIS = "no_basis"
    REVOKED = "revoked"


@contract("intake", "十七 §11.39", version=2)
class ApplicationHeld(Payload):
    """A title on which the application rested counts no longer; a person decides how it goes on.

    `case` is the one that revoked it; None while it is not revoked itself.
    """

    title: Identity
    standing: Fallen
    case: Identity | None
    seen: tuple[Seen, ...]


@upcaster("ApplicationHeld", 1)
def _revoked(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "standing": Fallen.REVOKED.value}


@contract("intake", "十七 §11.39", version=2)
class ApplicationReleased(Payload):
    """A person lets the application go on, with reasons, in spite of every title named.

    The first version named none: it let go on in spite of all that held the application.
    """

    titles: tuple[Identity, ...]
    reasons: Sealed


@upcaster("ApplicationReleased", 1)
def _all_that_held(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "titles": []}


@contract("intake", "十七.3")
class ApplicationBarred(Payload):
    """A ban on the applicant ends the application (invariant 10)."""

    ban: Identity
    until: date
    basis: str
    seen: tuple[Seen, ...]


@contract("intake")
class ApplicationEnded(Payload):
    """Appended together with every ending event, for those who only need to know that it is over."""

    applicant: Identity
    agency: Identity
    series: str
    reason: str
