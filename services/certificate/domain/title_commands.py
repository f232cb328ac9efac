"""What can be asked of a title, with the facts that the shell reads elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from libs.events.contracts.intake import Seen
from libs.kernel.terms import Level, Route
from services.certificate.domain.revocation import Revocation


@dataclass(frozen=True, slots=True)
class BanSeen:
    """A ban on the person, as the shell read it; both days are included."""

    from_day: date
    until: date


@dataclass(frozen=True, slots=True)
class ReliedTitle:
    """A title on which the application rested, as the shell read it when the title is to be granted.

    Since the application read it, it was `revoked`, or it is `doubted`: no basis by decision, or in question (§11.39).
    """

    seen: Seen
    revoked: bool
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class GrantTitle:
    """Grant a title: a reaction to ResultConfirmed or RecognitionGranted, whose fields these are.

    A recognition has no `committee` (十.3).

    Facts from the shell: `relied_on` from the application's `seen` and our own titles; `bans` from the view
    of BanImposed. `reliance_reasons` is given only by an official of the city who grants although a title
    relied on has been revoked since.
    """

    application: str
    person: str
    employer: str
    committee: str | None
    series: str
    specialty: str
    level: Level
    route: Route
    scope: str
    ruleset: str
    passed_at: datetime
    relied_on: tuple[ReliedTitle, ...]
    bans: tuple[BanSeen, ...]
    reliance_reasons: str = ""


@dataclass(frozen=True, slots=True)
class ImportTitle:
    """Take over a title as its source has it; what the source does not state is None or empty."""

    person: str
    series: str
    specialty: str
    level: Level | None
    scope: str
    obtained_on: date | None
    issuer: str
    certificate_no: str
    provenance: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class ConfirmTitle:
    """Confirm a title that was granted elsewhere (§11.39)."""

    reasons: str


@dataclass(frozen=True, slots=True)
class VoidTitle:
    """Give effect to the city's decision: a reaction to TitleRevoked."""

    revocation: Revocation


@dataclass(frozen=True, slots=True)
class ListReliance:
    """Put this title before a person because one that it rested on was revoked: a reaction to TitleVoided.

    `voided` is the revoked title's stream at the version of its TitleVoided.
    """

    voided: Seen


@dataclass(frozen=True, slots=True)
class DecideReliance:
    """Decide whether this title may be a basis although one that it rested on was revoked (§11.7)."""

    stands: bool
    reasons: str


Command = GrantTitle | ImportTitle | ConfirmTitle | VoidTitle | ListReliance | DecideReliance
