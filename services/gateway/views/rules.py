"""Rule sets, the campaigns held under them, and the bills they lead to."""

from __future__ import annotations

from libs.events.contracts.base import Payload
from libs.events.contracts.intake import (
    BillCancelled,
    BillLapsed,
    BillOpened,
    CampaignNoticePublished,
    PaymentReceived,
    PaymentReported,
    RefundDue,
    RuleSetDrafted,
    RuleSetPublished,
    RuleSetSuperseded,
)
from libs.events.envelope import Event
from libs.events.views import Row
from services.gateway.views.rows import at, change, more, said


def ruleset(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of a rule set."""
    match payload:
        case RuleSetDrafted():
            doc = {**said(payload), "drafted_by": event.actor_id}
            return change(row, doc, status="draft", label=payload.title, series=payload.series)
        case RuleSetPublished():
            doc = {**said(payload), "published_at": at(event)}
            return change(row, doc, status="published", label=payload.title, series=payload.series)
        case RuleSetSuperseded():
            return change(row, said(payload), status="superseded")
        case _:
            return row


def campaign(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of a campaign."""
    match payload:
        case CampaignNoticePublished():
            return change(
                row,
                said(payload),
                status="published",
                campaign=event.identity,
                agency=payload.agency,
                series=payload.series,
                year=payload.year,
            )
        case _:
            return row


def payment(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of a bill; every report of the channel is kept, one payment counts."""
    match payload:
        case BillOpened():
            return change(row, said(payload), status="open", person=payload.applicant, application=payload.application)
        case PaymentReported():
            return change(row, more(row, "reports", said(payload)))
        case PaymentReceived(channel_id=channel_id):
            return change(row, {"paid_at": at(event), "channel_id": channel_id}, status="paid")
        case RefundDue():
            return change(row, more(row, "refunds", said(payload)))
        case BillLapsed():
            return change(row, status="lapsed")
        case BillCancelled(cause=cause):
            return change(row, {"cause": cause}, status="cancelled")
        case _:
            return row
