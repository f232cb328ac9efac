"""What all answers have, and the parts they share."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Part(BaseModel):
    """The base of every answer and its parts."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Resource(Part):
    """What every resource says of itself."""

    id: Id
    version: int
    status: str
    created_at: AwareDatetime
    updated_at: AwareDatetime


class Seen(Part):
    """Another stream's state that a decision relied on."""

    stream: str
    version: int


class File(Part):
    """A stored file."""

    size: int
    media_type: str
    sha256: Digest | None = None
    attached_at: AwareDatetime | None = None
    hash: Digest | None = None


class Evidence(Part):
    """One piece of evidence."""

    title: str | None
    document: File


class Event(Part):
    """One event: what happened, never what was said. `actor` is shown to the city and the auditor."""

    id: Id
    stream: str
    version: int
    type: str
    time: AwareDatetime
    recorded: AwareDatetime
    service: str
    role: str
    actor: str | None = None
    clauses: list[str]
    ruleset: str | None
    hash: Digest
    prevhash: Digest


class EventPage(Part):
    """A page of a feed, oldest first."""

    items: list[Event]
    next: str
    prev: None
