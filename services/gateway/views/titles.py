"""Titles and their certificates."""

from __future__ import annotations

from libs.events.contracts import certificate as said_by
from libs.events.contracts.base import Payload
from libs.events.envelope import Event
from libs.events.views import Row
from services.gateway.views.rows import change, more, said


def title(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of a title; the status is what it is worth as a basis (§11.7, §11.39)."""
    match payload:
        case said_by.TitleGranted():
            begun = change(
                row, said(payload), status="live", employer=payload.employer, application=payload.application
            )
            return _begun(begun, payload, event)
        case said_by.TitleImported(confirmed=confirmed):
            begun = change(row, said(payload), status="live" if confirmed else "unconfirmed")
            return _begun(begun, payload, event)
        case said_by.ImportedTitleConfirmed(reasons=reasons):
            doc = {"confirmed": True, "confirmed_because": reasons}
            return change(row, doc, status="live") if row.get("status") == "unconfirmed" else change(row, doc)
        case said_by.RelianceListed(relied_on=relied_on):
            doc = more(row, "questions", relied_on)
            return change(row, doc, status="in_question") if row.get("status") == "live" else change(row, doc)
        case said_by.RelianceDecided(standing=standing):
            doc = {**more(row, "reliances", said(payload, "person")), "questions": []}
            return change(row, doc, status=standing.value) if row.get("status") == "in_question" else change(row, doc)
        case said_by.TitleVoided():
            return change(row, {"revocation": said(payload, "person", "seen")}, status="revoked")
        case _:
            return row


def _begun(row: Row, payload: said_by.TitleGranted | said_by.TitleImported, event: Event) -> Row:
    level = payload.level.value if payload.level else None
    return change(row, title=event.identity, person=payload.person, series=payload.series, level=level)


def certificate(row: Row, payload: Payload, event: Event) -> Row:  # noqa: ARG001 - one shape for all
    """Fold one event of a certificate; one revoked before its issue has no number."""
    match payload:
        case said_by.CertificateIssued():
            document = {"size": payload.document.size, "media_type": payload.document.media_type}
            return change(
                row,
                {**said(payload, "seen", "template"), "document": document},
                status="issued",
                person=payload.person,
                title=payload.title,
                series=payload.series,
                level=payload.level.value,
            )
        case said_by.CertificateRevoked(title=title, person=person):
            doc = {"title": title, "person": person, "number": payload.number}
            revocation = said(payload, "title", "person", "number", "seen")
            return change(row, {**doc, "revocation": revocation}, status="revoked", person=person, title=title)
        case _:
            return row
