"""An application from its acceptance to its end: checks, assessment, fee, review, title."""

from __future__ import annotations

from typing import Any

from libs.events.contracts import intake
from libs.events.contracts.base import Payload
from libs.events.envelope import Event
from libs.events.views import Row
from services.gateway.views.rows import at, change, more, said, within


def reviewed(row: Row, payload: Payload, event: Event) -> Row:
    """Fold what an application says from its acceptance on."""
    match payload:
        case intake.CheckResult(check=check):
            answered = {**said(payload, "check", "seen"), "at": at(event)}
            return change(row, within(row, "checks", **{check: answered}))
        case intake.CheckDecided(check=check):
            known = (row["doc"].get("checks") or {}).get(check, {})
            return change(row, within(row, "checks", **{check: {**known, **said(payload, "check")}}))
        case intake.EligibilityAssessed():
            return change(row, {"assessment": {**said(payload, "seen"), "at": at(event)}})
        case intake.ApplicationQualified():
            decided = {**said(payload, "level", "decided_by"), "qualified": True, "at": at(event)}
            return change(row, {"qualification": decided, "decided_by": payload.decided_by})
        case intake.ApplicationDisqualified():
            decided = {**said(payload, "decided_by"), "qualified": False, "at": at(event)}
            return change(row, {"qualification": decided, "decided_by": payload.decided_by})
        case intake.FeeAssessed():
            return change(row, {"fee": said(payload, "applicant", "level", "calendar", "ruleset")})
        case intake.ApplicationPaid():
            return change(row, within(row, "fee", paid_at=at(event)))
        case intake.ApplicationEnded(reason=reason):
            return change(row, {"ended": reason})
        case _:
            return _in_review(row, payload, event)


def _in_review(row: Row, payload: Payload, event: Event) -> Row:
    match payload:
        case intake.ReviewScheduled():
            return change(row, said(payload, "seen"), session=payload.session)
        case intake.ReviewPassed():
            return change(row, {"passed": True})
        case intake.ReviewNotPassed():
            return change(row, {"passed": False})
        case intake.ReviewPublished():
            return change(row, {"published_until": said(payload)["ends_at"]})
        case intake.ReviewConfirmed():
            return change(row, {"confirmed_at": at(event)})
        case intake.ReviewCancelled(cause=cause):
            return change(row, {"cause": cause})
        case intake.RecognitionGranted():
            return change(row, {"recognition": _recognition(payload, event, granted=True)})
        case intake.RecognitionRefused():
            return change(row, {"recognition": _recognition(payload, event, granted=False)})
        case intake.ApplicationCertified(title=title):
            return change(row, {"title": title})
        case _:
            return _stopped(row, payload, event)


def _recognition(
    payload: intake.RecognitionGranted | intake.RecognitionRefused, event: Event, *, granted: bool
) -> dict[str, Any]:
    decided = said(payload)
    return {"granted": granted, "at": at(event), **{name: decided[name] for name in ("decision_no", "reasons")}}


def _holds(row: Row, settled: set[str]) -> list[Any]:
    """Give what holds the application, but the titles that are settled."""
    return [one for one in row["doc"].get("holds", ()) if one["title"] not in settled]


def _stopped(row: Row, payload: Payload, event: Event) -> Row:
    match payload:
        case intake.ApplicationHeld(title=title):
            return change(row, {"holds": [*_holds(row, {title}), {**said(payload, "seen"), "since": at(event)}]})
        case intake.ApplicationReleased(titles=titles):
            settled = titles or tuple(one["title"] for one in row["doc"].get("holds", ()))
            released = {**said(payload), "titles": list(settled), "at": at(event)}
            return change(row, {"holds": _holds(row, set(settled)), **more(row, "releases", released)})
        case intake.ApplicationBarred():
            return change(row, {"barred": said(payload, "seen")})
        case _:
            return row
