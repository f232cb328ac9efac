"""Who reviews: agencies, their committees, their experts."""

from __future__ import annotations

from libs.events.contracts import review_bodies as bodies
from libs.events.contracts.base import Payload
from libs.events.envelope import Event
from libs.events.views import Row
from services.gateway.views.rows import change, more, said


def agency(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of an agency."""
    match payload:
        case bodies.AgencyFiled():
            again = row.get("status") not in {None, "delisted"}
            return change(
                row,
                said(payload),
                status=row["status"] if again else "filed",
                agency=event.identity,
                district=payload.district,
                label=payload.name,
            )
        case bodies.AgencyListed():
            return change(row, said(payload), status="listed", year=payload.year)
        case bodies.AgencySuspended(reason=reason):
            return change(row, {"reason": reason}, status="suspended")
        case bodies.AgencyReinstated(reason=reason):
            return change(row, {"reason": reason}, status="listed")
        case bodies.AgencyDelisted(reason=reason):
            return change(row, {"reason": reason, "listed_until": None}, status="delisted")
        case _:
            return row


def committee(row: Row, payload: Payload, event: Event) -> Row:  # noqa: ARG001 - one shape for all
    """Fold one event of a committee."""
    match payload:
        case bodies.CommitteeFiled():
            return change(
                row,
                said(payload, "seen"),
                status="filed",
                agency=payload.agency,
                series=payload.series,
                level=payload.level.value,
                label=payload.name,
            )
        case bodies.CommitteeApproved():
            return change(row, status="approved")
        case bodies.CommitteeCancelled(reason=reason):
            return change(row, {"reason": reason}, status="cancelled")
        case _:
            return row


def expert(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of an expert; `parties` are the agencies that admitted or appointed the person."""
    match payload:
        case bodies.ExpertAdmitted():
            return change(
                row,
                more(row, "admissions", said(payload, "ruleset", "seen")),
                status="admitted",
                person=event.identity,
                series=payload.series,
                level=payload.level.value,
                parties=_with(row["parties"], payload.agency),
            )
        case bodies.ExpertAppointed():
            term = said(payload, "ruleset", "seen")
            return change(row, more(row, "terms", term), parties=_with(row["parties"], payload.agency))
        case bodies.ExpertRemoved():
            return change(row, {"removed": said(payload, "seen"), "admissions": []}, status="removed")
        case _:
            return row


def _with(parties: list[str], one: str) -> list[str]:
    return parties if one in parties else [*parties, one]
