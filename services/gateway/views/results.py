"""Endorsements, and the publicity of results with its objections."""

from __future__ import annotations

from libs.events.contracts import review, review_notice
from libs.events.contracts.base import Payload
from libs.events.envelope import Event
from libs.events.views import Row
from services.gateway.views.rows import at, change, marked, more, said


def endorsement(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of an endorsement; `person` is the applicant, `parties` the one who is asked."""
    match payload:
        case review.EndorsementInvited():
            return change(
                row,
                {**said(payload), "cause": None},
                status="invited",
                person=payload.applicant,
                employer=payload.employer,
                application=payload.application,
                series=payload.series,
                parties=[payload.endorser],
            )
        case review.EndorsementGiven():
            given = {
                "seal": payload.seal,
                "statement": payload.statement,
                "endorser_unit": payload.endorser_unit,
                "given_at": at(event),
            }
            return change(row, given, status="given")
        case review.EndorsementRefused(note=note):
            return change(row, {"note": note}, status="refused")
        case review.EndorsementWithdrawn(cause=cause):
            return change(row, {"cause": cause}, status="withdrawn")
        case _:
            return row


def notice(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of a result's publicity; it is on public show until `shown_until`, where that is set."""
    match payload:
        case review.ResultPublicityStarted():
            return change(
                row,
                {**said(payload, "seen", "calendar"), "result": "passed"},
                status="running",
                person=payload.applicant,
                employer=payload.employer,
                agency=payload.agency,
                application=payload.application,
                session=payload.session,
                series=payload.series,
                level=payload.level.value,
                shown_until=payload.ends_at,
            )
        case review_notice.ResultPublicityPaused(remaining=remaining):
            return change(row, {"remaining": remaining}, status="paused", shown_until=None)
        case review_notice.ResultPublicityResumed(ends_at=ends_at):
            doc = {**said(payload, "calendar"), "remaining": None}
            return change(row, doc, status="running", shown_until=ends_at)
        case review_notice.ResultPublicityEnded():
            return change(row, {"ended_at": at(event)}, status="ended", shown_until=None)
        case review.ResultConfirmed(confirmed_by=official):
            doc = {"confirmed_at": at(event), "confirmed_by": official}
            return change(row, doc, status="confirmed", shown_until=None)
        case review.ResultCancelled(cause=cause):
            return change(row, {"cause": cause}, status="cancelled", shown_until=None)
        case _:
            return _objections(row, payload, event)


def _objections(row: Row, payload: Payload, event: Event) -> Row:
    match payload:
        case review_notice.ObjectionReceived():
            objection = {**said(payload), "state": "received", "received_at": at(event)}
            return change(row, more(row, "objections", objection))
        case review_notice.InquiryOpened(objection=objection):
            return change(row, marked(row, "objections", "objection", objection, state="inquiry"))
        case review_notice.InquiryDecided(objection=objection):
            decided = {**said(payload, "objection", "decided_by"), "state": "decided", "decided_at": at(event)}
            return change(row, marked(row, "objections", "objection", objection, **decided))
        case _:
            return row
