"""An application from its draft to its acceptance, and the states it enters (rules §8.1)."""

from __future__ import annotations

from typing import Final

from libs.events.contracts import intake
from libs.events.contracts.base import Payload
from libs.events.envelope import Event
from libs.events.views import Row
from services.gateway.views.reviewed import reviewed
from services.gateway.views.rows import EMPLOYER, OFFICE, at, change, marked, more, said, within

ENTERS: Final[dict[type[Payload], str]] = {
    intake.DraftStarted: "draft",
    intake.ApplicationSubmitted: "employer_review",
    intake.EmployerReturned: "draft",
    intake.EmployerRefused: "employer_refused",
    intake.EmployerPublicityStarted: "employer_publicity",
    intake.EmployerObjectionReceived: "employer_inquiry",
    intake.EmployerPublicityResumed: "employer_publicity",
    intake.EmployerRecommended: "recommended",
    intake.ApplicationReceived: "received",
    intake.CorrectionRequested: "correction_required",
    intake.CorrectionSubmitted: "received",
    intake.DeemedAbandoned: "deemed_abandoned",
    intake.ApplicationAccepted: "accepted",
    intake.ApplicationNotAccepted: "not_accepted",
    intake.CheckResult: "qualification_review",
    intake.CheckDecided: "qualification_review",
    intake.EligibilityAssessed: "qualification_review",
    intake.ApplicationQualified: "qualified",
    intake.ApplicationDisqualified: "disqualified",
    intake.FeeAssessed: "payment_pending",
    intake.ApplicationPaid: "paid",
    intake.PaymentLapsed: "payment_lapsed",
    intake.ReviewScheduled: "scheduled",
    intake.ReviewVoteOpened: "vote_open",
    intake.ReviewVoteVoided: "scheduled",
    intake.ReviewPassed: "passed",
    intake.ReviewNotPassed: "not_passed",
    intake.ReviewPublished: "result_publicity",
    intake.ReviewConfirmed: "confirmed",
    intake.RecognitionGranted: "recognised",
    intake.RecognitionRefused: "not_recognised",
    intake.ReviewCancelled: "result_cancelled",
    intake.ApplicationCertified: "certified",
    intake.ApplicationBarred: "barred",
    intake.ApplicationWithdrawn: "withdrawn",
}
IN_REVIEW: Final = frozenset({"scheduled", "vote_open", "passed"})
"""From the schedule until the result is published, only the offices see more than `in_review` (§8.1)."""


def application(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of an application."""
    changed = reviewed(_filed(row, payload, event), payload, event)
    status = ENTERS.get(type(payload))
    if status is None:
        return changed
    return change(changed, status=status, shown="in_review" if status in IN_REVIEW else status)


def _filed(row: Row, payload: Payload, event: Event) -> Row:
    match payload:
        case intake.DraftStarted():
            return change(
                row,
                said(payload, "freeing", "seen"),
                application=event.identity,
                person=payload.applicant,
                employer=payload.employer,
                campaign=payload.campaign,
                agency=payload.agency,
                series=payload.series,
                level=payload.level.value,
                year=payload.year,
                district=payload.district,
            )
        case intake.DraftChanged():
            return change(
                row,
                said(payload, "seen"),
                employer=payload.employer,
                level=payload.level.value,
                district=payload.district,
            )
        case intake.IntegrityCommitmentSigned():
            return change(row, {"committed_at": at(event)})
        case intake.GreenChannelClaimed():
            return change(row, {"claim": said(payload)})
        case intake.MaterialAttached(kind=kind, blob=blob, plain_hash=plain_hash):
            file = {"sha256": plain_hash, "size": blob.size, "media_type": blob.media_type, "attached_at": at(event)}
            return change(row, within(row, "materials", **{kind.value: file}))
        case intake.EndorsementRequested(endorser=endorser):
            return change(row, more(row, "asked", endorser))
        case intake.ApplicationSubmitted():
            doc = {
                "submitted_at": row["doc"].get("submitted_at", at(event)),
                "endorsements": list(payload.endorsements),
                "warnings": list(payload.warnings),
            }
            return change(row, doc, reach=max(row["reach"], EMPLOYER))
        case intake.CorrectionSubmitted(modules=modules):
            return change(row, within(row, "correction", submitted_at=at(event), modules=list(modules)))
        case intake.ApplicationWithdrawn(note=note):
            return change(row, {"note": note})
        case _:
            return _taken(_by_employer(row, payload, event), payload, event)


def _by_employer(row: Row, payload: Payload, event: Event) -> Row:
    match payload:
        case intake.EmployerReviewed():
            return change(row, {"review": said(payload)})
        case intake.EmployerReturned():
            return change(row, {"returned": said(payload)["items"]})
        case intake.EmployerRefused(reasons=reasons):
            return change(row, {"refused": list(reasons)})
        case intake.EmployerPublicityStarted():
            return change(row, {"publicity": said(payload, "calendar", "ruleset")})
        case intake.EmployerPublicityResumed():
            return change(row, within(row, "publicity", **said(payload, "calendar")))
        case intake.EmployerPublicityEnded():
            return change(row, within(row, "publicity", **said(payload)))
        case intake.EmployerObjectionReceived():
            return change(row, more(row, "objections", {**said(payload), "received_at": at(event)}))
        case intake.EmployerObjectionDecided(objection=objection):
            decided = said(payload, "objection")
            return change(row, marked(row, "objections", "objection", objection, **decided))
        case intake.EmployerRecommended(statement=statement):
            return change(row, {"recommendation": {"statement": statement, "recommended_at": at(event)}})
        case _:
            return row


def _taken(row: Row, payload: Payload, event: Event) -> Row:
    match payload:
        case intake.ApplicationReceived():
            return change(row, {"received_at": at(event)}, reach=OFFICE)
        case intake.CorrectionRequested():
            asked = {**said(payload, "calendar", "ruleset"), "requested_at": at(event)}
            return change(row, {"correction": asked})
        case intake.ApplicationAccepted(endorsements=endorsements):
            doc = {"accepted_at": at(event), "due": said(payload)["due"], "endorsements": list(endorsements)}
            return change(row, doc)
        case intake.ApplicationNotAccepted():
            return change(row, {"not_accepted": said(payload)["reasons"]})
        case _:
            return row
