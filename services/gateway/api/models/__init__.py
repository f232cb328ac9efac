"""What the queries answer, as the OpenAPI document shows it. A member that the caller may not see is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.gateway.api.models.base import Event, EventPage, Resource
from services.gateway.api.models.files import (
    Application,
    Certificate,
    Endorsement,
    Payment,
    Person,
    Title,
)
from services.gateway.api.models.offices import (
    Agency,
    Ban,
    Campaign,
    Case,
    Client,
    Committee,
    Employer,
    Expert,
    Record,
    RuleSet,
)
from services.gateway.api.models.reviews import Ballot, Notice, Session

__all__ = ["MODELS", "Event", "EventPage", "Resource"]

MODELS: Final[Mapping[str, type[Resource]]] = {
    "person": Person,
    "employer": Employer,
    "ruleset": RuleSet,
    "campaign": Campaign,
    "application": Application,
    "payment": Payment,
    "agency": Agency,
    "committee": Committee,
    "expert": Expert,
    "endorsement": Endorsement,
    "session": Session,
    "ballot": Ballot,
    "notice": Notice,
    "title": Title,
    "certificate": Certificate,
    "case": Case,
    "ban": Ban,
    "record": Record,
    "client": Client,
}
