"""What an application says on the green channel (十): the category claimed, and the city's recognition or refusal."""

from __future__ import annotations

from libs.events.contracts.base import Payload, Sealed, contract
from libs.events.contracts.intake_parts import Identity, Seen
from libs.kernel.terms import GreenCategory, Level, Route


@contract("intake", "十.1")
class GreenChannelClaimed(Payload):
    """The applicant says in which category, and with what, the green channel is claimed; a later claim replaces it."""

    category: GreenCategory
    grounds: Sealed


@contract("intake", "十.3")
class RecognitionGranted(Payload):
    """考核认定: the city recognises the applicant at the level, without a committee's vote."""

    applicant: Identity
    agency: Identity
    campaign: Identity
    series: str
    specialty: str
    level: Level
    route: Route
    employer: Identity
    ruleset: Identity
    decision_no: str
    reasons: Sealed
    endorsements: tuple[Identity, ...]
    seen: tuple[Seen, ...]
    """The rule set, and the nominations with the titles on which they rest, as they stood with the decision."""


@contract("intake", "十.3")
class RecognitionRefused(Payload):
    """The city does not recognise the applicant."""

    decision_no: str
    reasons: Sealed
