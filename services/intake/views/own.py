"""Intake's own streams by what decisions look them up by: applications by person, rule sets by series."""

from __future__ import annotations

from datetime import date

from libs.events.envelope import Event
from libs.events.views import Row, View


def _fold_application(row: Row, event: Event) -> Row:
    match event.type:
        case "DraftStarted":
            return {**row, "person": event.data["applicant"], "live": True, "titles": []}
        case "ApplicationEnded":
            return {**row, "live": False}
        case _:
            cited = {one["stream"] for one in event.data.get("seen", ()) if one["stream"].startswith("title-")}
            known = row.get("titles") or []
            return row if cited <= set(known) else {**row, "titles": sorted({*known, *cited})}


APPLICATIONS = View(
    "applications",
    ("intake",),
    frozenset({"application"}),
    {"person": "text", "live": "boolean", "titles": "jsonb"},
    _fold_application,
)


def _fold_ruleset(row: Row, event: Event) -> Row:
    match event.type:
        case "RuleSetPublished":
            data = event.data
            return {
                **row,
                "series": data["series"],
                "levels": data["levels"],
                "effective_from": date.fromisoformat(data["effective_from"]),
                "published": True,
            }
        case "RuleSetSuperseded":
            return {**row, "until": date.fromisoformat(event.data["until"])}
        case _:
            return row


RULESETS = View(
    "rulesets",
    ("intake",),
    frozenset({"ruleset"}),
    {"series": "text", "levels": "jsonb", "effective_from": "date", "until": "date", "published": "boolean"},
    _fold_ruleset,
)
