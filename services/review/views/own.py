"""Review's own streams by what decisions look them up by."""

from __future__ import annotations

from libs.events.envelope import Event
from libs.events.views import Row, View


def _titles(event: Event) -> list[str]:
    return [one["stream"] for one in event.data["seen"] if one["stream"].startswith("title-")]


def _fold_expert(row: Row, event: Event) -> Row:
    match event.type:
        case "ExpertAdmitted":
            known = row.get("titles") or []
            return {**row, "committees": row.get("committees") or [], "titles": sorted({*known, *_titles(event)})}
        case "ExpertAppointed":
            return {**row, "committees": sorted({*(row.get("committees") or []), event.data["committee"]})}
        case "ExpertRemoved":
            return {**row, "committees": [], "titles": []}
        case _:
            return row


def _fold_endorsement(row: Row, event: Event) -> Row:
    data = event.data
    match event.type:
        case "EndorsementInvited":
            return {"application": data["application"], "endorser": data["endorser"], "state": "invited", "titles": []}
        case "EndorsementGiven":
            return {**row, "endorser_unit": data["endorser_unit"], "state": "given", "titles": _titles(event)}
        case "EndorsementRefused":
            return {**row, "state": "refused"}
        case "EndorsementWithdrawn":
            return {**row, "state": "withdrawn"}
        case _:
            return row


def _fold_session(row: Row, event: Event) -> Row:
    match event.type:
        case "SessionPlanned":
            return {"applications": event.data["candidates"]}
        case "SessionVoided":
            return {"applications": []}
        case _:
            return row


EXPERTS = View("experts", ("review",), frozenset({"expert"}), {"committees": "jsonb", "titles": "jsonb"}, _fold_expert)
ENDORSEMENTS = View(
    "endorsements",
    ("review",),
    frozenset({"endorsement"}),
    {"application": "text", "endorser": "text", "endorser_unit": "text", "state": "text", "titles": "jsonb"},
    _fold_endorsement,
)
CANDIDATES = View("candidates", ("review",), frozenset({"session"}), {"applications": "jsonb"}, _fold_session)
