"""What review publishes about a result's publicity: its pauses, its objections, their inquiries."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from libs.events.contracts.base import Instant, Payload, Sealed, contract
from libs.events.contracts.intake import Identity


@contract("review", "§11.36")
class ResultPublicityPaused(Payload):
    """An inquiry stops the publicity with `remaining` working days to go."""

    remaining: Annotated[int, Field(ge=1)]
    calendar: str


@contract("review", "§11.36")
class ResultPublicityResumed(Payload):
    """The publicity goes on with its remaining days, until `ends_at`."""

    ends_at: Instant
    calendar: str


@contract("review", "§11.3 §11.21")
class ResultPublicityEnded(Payload):
    """The publicity has run its days; the list comes down."""


@contract("review", "十六.1")
class ObjectionReceived(Payload):
    """Anyone objects, by real name or not; the words are sealed under the applicant's key."""

    objection: Identity
    real_name: bool
    objector: str
    """The person who objects by real name; empty for an anonymous lead."""
    words: Sealed


@contract("review", "十六.1")
class InquiryOpened(Payload):
    """An objection is being looked into."""

    objection: Identity


@contract("review", "十六.1")
class InquiryDecided(Payload):
    """A person decided an objection, with reasons sealed under the applicant's key."""

    objection: Identity
    founded: bool
    reasons: Sealed
    decided_by: str
