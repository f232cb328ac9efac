"""What certificate keeps of other services' streams: holders, applications, rule sets, bans, committees, results."""

from __future__ import annotations

from datetime import date
from typing import Any

from libs.events.contracts.base import instant_text
from libs.events.envelope import Event
from libs.events.views import Row, View


def _fold_person(row: Row, event: Event) -> Row:
    if event.type != "PersonRegistered":
        return row
    return {**row, **{name: event.data[name] for name in ("name", "id_kind", "id_number")}}


DECIDED = frozenset({"ApplicationPaid", "RecognitionGranted"})
"""With these everything is known on which an application rests: what follows is a vote, or has been recognised."""


def _fold_application(row: Row, event: Event) -> Row:
    known = row.get("titles") or {}
    cited = {one["stream"]: one["version"] for one in event.data.get("seen", ()) if one["stream"].startswith("title-")}
    # The first version read is the one relied on: a later one may only say that the title is gone.
    return {"titles": {**cited, **known}, "paid": bool(row.get("paid")) or event.type in DECIDED}


def _fold_ruleset(row: Row, event: Event) -> Row:
    return {"document": event.data["document"]} if event.type == "RuleSetPublished" else row


def _fold_ban(row: Row, event: Event) -> Row:
    if event.type != "BanImposed":
        return row
    days = {name: date.fromisoformat(event.data[name]) for name in ("from_day", "until")}
    return {"person": event.data["person"], **days}


def _fold_committee(row: Row, event: Event) -> Row:
    return {"name": event.data["name"]} if event.type == "CommitteeFiled" else row


def recognition(event: Event) -> dict[str, Any]:
    """Say what RecognitionGranted says as ResultConfirmed would: it passed on the day of the decision."""
    return {**event.data, "application": event.identity, "passed_at": instant_text(event.time)}


def _fold_result(row: Row, event: Event) -> Row:
    match event.type:
        case "ResultConfirmed":
            return {"application": event.data["application"], "confirmed": event.data}
        case "RecognitionGranted":
            return {"application": event.identity, "confirmed": recognition(event)}
        case _:
            return row


PERSONS = View(
    "persons",
    ("intake",),
    frozenset({"person"}),
    {"name": "text", "id_kind": "text", "id_number": "text"},
    _fold_person,
)
APPLICATIONS = View(
    "applications",
    ("intake",),
    frozenset({"application"}),
    {"titles": "jsonb", "paid": "boolean"},
    _fold_application,
)
RULESETS = View("rulesets", ("intake",), frozenset({"ruleset"}), {"document": "text"}, _fold_ruleset)
BANS = View(
    "bans",
    ("integrity",),
    frozenset({"ban"}),
    {"person": "text", "from_day": "date", "until": "date"},
    _fold_ban,
)
COMMITTEES = View("committees", ("review",), frozenset({"committee"}), {"name": "text"}, _fold_committee)
RESULTS = View(
    "results",
    ("review", "intake"),
    frozenset({"notice", "application"}),
    {"application": "text", "confirmed": "jsonb"},
    _fold_result,
)
