"""The parts of which intake's payloads, and those of the services that read them, are made."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from libs.events.contracts.base import Part, Sealed

Identity = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Fen = Annotated[int, Field(ge=0)]


class Seen(Part):
    """Another stream's state that a decision relied on, as it was read."""

    stream: str
    version: int


class BlobRef(Part):
    """A stored blob: SHA-256 of the stored (encrypted) bytes, size of the plain content, media type."""

    hash: Sha256
    size: int
    media_type: str


class ConditionVerdict(Part):
    """One condition of an assessment: what was asked, what was compared, what came out."""

    id: str
    clause: str
    verdict: str
    source: str
    tag: str
    facts: str
    """The facts compared, as canonical JSON text."""
    change: str
    """What would change the verdict, as canonical JSON text."""
    code: str
    """The refusal codes, separated by spaces, if the outcome hangs on this condition; empty otherwise."""


class Module(StrEnum):
    """The parts of a file that can be returned or corrected, each by itself."""

    PROFILE = "profile"
    FORM = "form"
    WORKS = "works"
    PUBLICITY = "publicity"
    COMMITMENT = "commitment"
    ENDORSEMENTS = "endorsements"


class Item(Part):
    """One thing to be changed, and why, in words sealed under the applicant's key."""

    module: Module
    reason: Sealed
