"""Review sessions and their ballots. A ballot's row knows who has voted, and nobody knows how."""

from __future__ import annotations

from typing import Any

from libs.events.contracts import review, review_session
from libs.events.contracts.base import Payload
from libs.events.envelope import Event
from libs.events.views import Row
from services.gateway.views.rows import at, change, marked, more, said


def session(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of a session; `parties` are the persons who sit in it now, the supervisor among them."""
    match payload:
        case review.SessionPlanned(files=files):
            doc = said(payload, "seen", "files", "candidates")
            candidates = [{**one.model_dump(mode="json"), "standing": "waiting"} for one in files]
            return change(
                row,
                {**doc, "candidates": candidates},
                status="planned",
                session=event.identity,
                agency=payload.agency,
                campaign=payload.campaign,
                series=payload.series,
                level=payload.level.value,
            )
        case review_session.SessionOpened():
            return change(row, said(payload, "ruleset", "size"), status="opened")
        case review_session.PresenceChanged(expert=expert):
            others = [one for one in row["doc"].get("present", []) if one != expert]
            return change(row, {"present": [*others, expert] if payload.present else others})
        case review_session.ResultSigned(chair=chair):
            return change(row, {"signed_by": chair, "signed_at": at(event)}, status="signed")
        case review_session.MinutesArchived():
            return change(row, said(payload), status="archived")
        case review_session.SessionVoided(reason=reason):
            return change(row, {"reason": reason}, status="void")
        case _:
            return _candidates(_committee(row, payload), payload, event)


def _committee(row: Row, payload: Payload) -> Row:
    match payload:
        case review_session.ExpertDrawSeeded():
            draw = said(payload, "seen", "excluded")
            return change(row, more(row, "draws", draw))
        case review_session.ExpertDrawn(drawn=drawn):
            return _seated(change(row, _disclosed(row, payload.seed), status="drawn"), seats=list(drawn))
        case review_session.ExpertReplaced(out=out, drawn=drawn):
            seats = [drawn if one == out else one for one in row["doc"].get("seats", [])]
            present = [one for one in row["doc"].get("present", []) if one != out]
            return _seated(change(row, {**_disclosed(row, payload.seed), "present": present}), seats=seats)
        case review_session.SupervisorAssigned(supervisor=supervisor):
            same = row["doc"].get("supervisor") == supervisor
            there = same and bool(row["doc"].get("supervisor_present"))
            return _seated(row, supervisor=supervisor, supervisor_present=there)
        case review_session.SupervisorAttended(present=present):
            return change(row, {"supervisor_present": present})
        case review_session.RelationDeclared(expert=expert):
            said_now = [{"expert": expert, **one.model_dump(mode="json")} for one in payload.answers]
            return change(row, more(row, "declarations", *said_now))
        case review_session.RecusalGranted():
            return change(row, more(row, "recusals", {**said(payload), "ground": "declared"}))
        case review_session.RecusalOrdered():
            return change(row, more(row, "recusals", said(payload, "seen")))
        case review_session.IrregularityRaised():
            return change(row, more(row, "irregularities", said(payload)))
        case _:
            return row


def _disclosed(row: Row, seed: str) -> dict[str, Any]:
    draws: list[dict[str, Any]] = row["doc"].get("draws", [])
    return {"draws": [*draws[:-1], {**draws[-1], "seed": seed}]} if draws else {}


def _seated(row: Row, **members: Any) -> Row:
    doc = {**row["doc"], **members}
    sitting = [*doc.get("seats", []), *([doc["supervisor"]] if doc.get("supervisor") else [])]
    return {**row, "doc": doc, "parties": sitting}


def _candidates(row: Row, payload: Payload, event: Event) -> Row:
    match payload:
        case review_session.OpinionFiled():
            return change(row, more(row, "opinions", {**said(payload), "filed_at": at(event)}))
        case review_session.BallotCalled(application=application, ballot=ballot):
            voting = {"standing": "voting", "ballot": ballot}
            return change(row, marked(row, "candidates", "application", application, **voting))
        case review.ResultAnnounced(application=application):
            result = {"standing": "announced", "passed": payload.passed}
            return change(row, marked(row, "candidates", "application", application, **result))
        case review_session.CandidateDropped(application=application):
            return change(row, marked(row, "candidates", "application", application, standing="dropped"))
        case _:
            return row


def ballot(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of a ballot; `parties` are the voters."""
    match payload:
        case review.BallotOpened():
            return change(
                row,
                said(payload),
                status="open",
                application=payload.application,
                session=payload.session,
                parties=list(payload.voters),
            )
        case review_session.VoterMarked(voter=voter):
            return change(row, more(row, "marked", voter))
        case review.BallotClosed():
            return change(row, {**said(payload), "closed_at": at(event)}, status="closed")
        case review.VoteVoided(cause=cause):
            return change(row, {"cause": cause}, status="void")
        case review.BallotKeyDestroyed():
            return change(row, {"key_destroyed_at": at(event)})
        case _:
            return row
