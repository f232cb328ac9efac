"""Review's own streams by what they are looked up by: experts, endorsements, ballots that have ended."""

from __future__ import annotations

from libs.events.envelope import Event
from libs.events.views import Row, View


def _fold_expert(row: Row, event: Event) -> Row:
    committees: list[str] = row.get("committees") or []
    match event.type:
        case "ExpertAdmitted":
            return {"committees": committees, "admitted": True}
        case "ExpertAppointed":
            return {**row, "committees": sorted({*committees, event.data["committee"]})}
        case "ExpertRemoved":
            return {"committees": [], "admitted": False}
        case _:
            return row


def _fold_endorsement(row: Row, event: Event) -> Row:
    match event.type:
        case "EndorsementInvited":
            return {"endorser": event.data["endorser"], "title": None}
        case "EndorsementGiven":
            # A head's endorsement rests on no title: empty, where null means that it does not stand.
            seen = event.data["seen"]
            return {**row, "title": seen[0]["stream"] if seen else ""}
        case "EndorsementWithdrawn":
            return {**row, "title": None}
        case _:
            return row


def _fold_ballot(row: Row, event: Event) -> Row:
    match event.type:
        case "BallotClosed" | "VoteVoided":
            return {"unfinished": True}
        case "BallotKeyDestroyed":
            return {"unfinished": False}
        case _:
            return row


EXPERTS = View(
    "experts", ("review",), frozenset({"expert"}), {"committees": "jsonb", "admitted": "boolean"}, _fold_expert
)
ENDORSEMENTS = View(
    "endorsements", ("review",), frozenset({"endorsement"}), {"endorser": "text", "title": "text"}, _fold_endorsement
)
BALLOTS = View("ballots", ("review",), frozenset({"ballot"}), {"unfinished": "boolean"}, _fold_ballot)
