"""What review publishes about who reviews: agencies, committees, experts."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from libs.events.contracts.base import Payload, Sealed, contract
from libs.events.contracts.intake import Identity, Seen
from libs.kernel.terms import Level


@contract("review", "十二.2")
class AgencyFiled(Payload):
    """The city files an agency for series, from a day until a day, both included (stream: the agency)."""

    name: str
    credit_code: str
    district: str
    series: tuple[str, ...]
    filed_from: date
    filed_until: date


@contract("review", "十二.1 §2.5")
class AgencyListed(Payload):
    """The agency is on the year's list (名录); only then may it run reviews."""

    year: int
    listed_until: date


@contract("review", "十二.1")
class AgencySuspended(Payload):
    """The agency may not act until it is reinstated."""

    reason: str


@contract("review", "十二.1")
class AgencyReinstated(Payload):
    """The agency has put right what it was suspended for, and is on its list again."""

    reason: str


@contract("review", "十二.1")
class AgencyDelisted(Payload):
    """The agency is off the list; only a new filing leads back."""

    reason: str


@contract("review", "§1.7 §1.8 §1.9")
class CommitteeFiled(Payload):
    """An agency files a committee for approval; `size` is the odd number of its members."""

    agency: Identity
    name: str
    committee_kind: Literal["series", "specialty"]
    series: str
    specialty: str
    """Empty for a committee by series."""
    level: Level
    """The highest level that it reviews."""
    size: int
    filed_from: date
    filed_until: date
    ruleset: Identity
    seen: tuple[Seen, ...]


@contract("review", "§1.8")
class CommitteeApproved(Payload):
    """The city approves the filing; the committee may draw and vote within its period."""

    agency: Identity
    seen: tuple[Seen, ...]


@contract("review", "§1.8")
class CommitteeCancelled(Payload):
    """The city ends a filing before its time; later results are not recognised."""

    agency: Identity
    reason: str


@contract("review", "十三.1 §2.6")
class ExpertAdmitted(Payload):
    """A person is in the pool of experts for a series, to review up to `level` (stream: the person)."""

    agency: Identity
    series: str
    specialty: str
    level: Level
    title: Identity
    """The live title that the admission rests on."""
    ruleset: Identity
    seen: tuple[Seen, ...]


@contract("review", "十三.4 §11.10")
class ExpertAppointed(Payload):
    """A term on a committee, both days included; `term` counts all terms of the person."""

    committee: Identity
    agency: Identity
    term: Annotated[int, Field(ge=1)]
    from_day: date
    until: date
    ruleset: Identity
    seen: tuple[Seen, ...]


@contract("review", "十七.4 §11.23")
class ExpertRemoved(Payload):
    """The person is out of the pool and off every committee; only a new admission leads back."""

    cause: Literal["banned", "title_revoked", "agency"]
    reason: Sealed | None
    """The agency's words, sealed under the expert's key; None where a ban or a revocation is the reason."""
    seen: tuple[Seen, ...]
