"""What an application says from its acceptance on: checks, qualification, fee, review, end.

What people write about the applicant is sealed under the applicant's key.
"""

from __future__ import annotations

from datetime import date

from libs.events.contracts.base import Instant, Payload, Sealed, contract
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


@contract("intake", "十七 §11.39")
class ApplicationHeld(Payload):
    """A title on which the application rested was revoked; a person decides how it goes on."""

    title: Identity
    case: Identity
    seen: tuple[Seen, ...]


@contract("intake", "十七 §11.39")
class ApplicationReleased(Payload):
    """A person lets the application go on, with reasons."""

    reasons: Sealed


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
