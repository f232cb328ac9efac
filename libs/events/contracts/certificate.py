"""What certificate publishes: titles, certificates, verification."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from libs.events.contracts.base import Instant, Payload, Sealed, contract, upcaster
from libs.events.contracts.intake import BlobRef, Identity, Seen
from libs.kernel.terms import Level, Role, Route


@contract("certificate", "附九 说二 十.3", version=2)
class TitleGranted(Payload):
    """A title is granted on a confirmed result, or on the city's recognition.

    The first version knew no recognition: it always named a committee.
    """

    person: Identity
    application: Identity
    series: str
    specialty: str
    level: Level
    route: Route
    scope: str
    obtained_on: date
    """The day of passing, from which later years count."""
    committee: Identity | None
    """The committee that voted; null where the city recognised without a vote."""
    employer: Identity
    ruleset: Identity
    relied_on: tuple[Seen, ...]
    """The titles on which the application rested."""


@upcaster("TitleGranted", 1)
def _by_a_committee(data: dict[str, Any]) -> dict[str, Any]:
    return data


@contract("certificate", "QA一b")
class TitleImported(Payload):
    """A title granted before or outside this system, as it is, with its provenance; never judged again.

    What the source does not state is None, or empty for a text: unknown, never invented.
    """

    person: Identity
    series: str
    specialty: str
    level: Level | None
    scope: str
    obtained_on: date | None
    issuer: str
    certificate_no: str
    provenance: str
    confirmed: bool
    """False for a title of another province that nobody has confirmed yet (§11.39)."""


@contract("certificate", "§11.39")
class ImportedTitleConfirmed(Payload):
    """An official has confirmed a title that was granted elsewhere; from here on it counts."""

    person: Identity
    reasons: Sealed


@contract("certificate", "十七.2 §11.7")
class TitleVoided(Payload):
    """The title has never counted: the city's decision in `case` revoked it from the beginning."""

    person: Identity
    case: Identity
    decision_no: str
    ground: str
    decided_at: Instant
    decided_by_role: Role
    seen: tuple[Seen, ...]
    """The case, as it stood with the decision."""


@contract("certificate", "十七.2 §11.7")
class RelianceListed(Payload):
    """A title on which this one rested was revoked; until a person decides, this one is no basis (§11.39)."""

    person: Identity
    relied_on: Identity
    seen: tuple[Seen, ...]


class Basis(StrEnum):
    """What a title is worth as a basis once every question about it is decided."""

    LIVE = "live"
    NO_BASIS = "no_basis"


@contract("certificate", "§11.7 §11.39", version=2)
class RelianceDecided(Payload):
    """A person has decided whether this title may still be a basis, although `relied_on` was revoked.

    `standing` is what came of it: a title that was found to be no basis once is none for ever.
    """

    person: Identity
    relied_on: tuple[Identity, ...]
    stands: bool
    reasons: Sealed
    standing: Basis


@upcaster("RelianceDecided", 1)
def _standing_by_itself(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "standing": (Basis.LIVE if data["stands"] else Basis.NO_BASIS).value}


@contract("certificate", "附九 十四.5")
class CertificateIssued(Payload):
    """The electronic certificate of a title; `code` is what a verifier types or scans."""

    title: Identity
    person: Identity
    number: str
    template: str
    """The version of the numbering that gave `number`."""
    code: str
    name: Sealed
    id_number: Sealed
    series: str
    specialty: str
    level: Level
    title_name: str
    scope: str
    obtained_on: date
    issued_on: date
    issuer: str
    document: BlobRef
    seen: tuple[Seen, ...]
    """The title and the rule set, as they stood when the certificate was issued."""


@contract("certificate", "十七.2")
class CertificateRevoked(Payload):
    """The certificate's answer from now on is `revoked`, never `unknown`.

    `number` is empty when the title was revoked before its certificate was issued: then none ever will be.
    """

    title: Identity
    person: Identity
    number: str
    case: Identity
    decision_no: str
    ground: str
    revoked_on: date
    decided_by_role: Role
    seen: tuple[Seen, ...]
    """The case, as it stood with the decision."""
