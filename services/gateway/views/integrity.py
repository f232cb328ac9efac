"""Integrity cases, bans and records."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from libs.events.contracts import integrity
from libs.events.contracts.base import Payload
from libs.events.contracts.integrity import SubjectKind
from libs.events.envelope import Event
from libs.events.views import Row
from services.gateway.views.rows import OFFICE, at, change, more, said

BEIJING = ZoneInfo("Asia/Shanghai")


def case(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of a case; its subject may see it from the moment at which the facts are served."""
    match payload:
        case integrity.IntegrityCaseOpened():
            return change(row, said(payload), status="opened", **_subject(payload.subject_kind, payload.subject))
        case integrity.FactsServed():
            return change(row, {**said(payload), "served_at": at(event)}, status="served", reach=OFFICE)
        case integrity.SubjectHeard():
            return change(row, {"hearing": {**said(payload), "at": at(event)}}, status="heard")
        case integrity.IntegrityCaseDecided(founded=founded):
            decision = {**said(payload, "subject_kind", "subject"), "at": at(event)}
            return change(row, {"decision": decision}, status="founded" if founded else "unfounded")
        case integrity.TitleRevoked():
            return change(row, more(row, "revocations", said(payload, "seen")))
        case _:
            return row


def _subject(kind: str, subject: str) -> dict[str, Any]:
    if kind == SubjectKind.EMPLOYER:
        return {"employer": subject}
    if kind == SubjectKind.AGENCY:
        return {"agency": subject}
    return {"person": subject}


def ban(row: Row, payload: Payload, event: Event) -> Row:  # noqa: ARG001 - one shape for all
    """Fold one event of a ban."""
    match payload:
        case integrity.BanImposed(person=person):
            return change(row, said(payload, "seen"), status="imposed", person=person)
        case integrity.BanBegan():
            return row  # its days were told when it was imposed
        case integrity.BanEnded():
            return change(row, said(payload, "person"), status="ended")
        case _:
            return row


def record(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of a record; it is shown until the end of its last day in Beijing (§11.8)."""
    match payload:
        case integrity.IntegrityRecorded(expires_on=expires_on):
            end = datetime.combine(expires_on + timedelta(days=1), time(), BEIJING).astimezone(UTC)
            whose = _subject(payload.subject_kind, payload.subject)
            return change(row, said(payload, "seen"), status="shown", shown_until=end, **whose)
        case integrity.IntegrityRecordExpired():
            return change(row, status="expired", shown_until=event.time)
        case integrity.IntegrityRecordWithdrawn(reasons=reasons):
            doc = {"withdrawn_because": reasons}
            return change(row, doc, status="withdrawn", shown_until=event.time)
        case _:
            return row
