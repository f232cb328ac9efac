"""The read models that integrity keeps for its own decisions: rule sets in force, titles and whose they are."""

from __future__ import annotations

from datetime import date

from libs.events.envelope import Event
from libs.events.views import Row, View


def _fold_ruleset(row: Row, event: Event) -> Row:
    data = event.data
    match event.type:
        case "RuleSetPublished":
            since = date.fromisoformat(data["effective_from"])
            return {**row, "series": data["series"], "effective_from": since, "document": data["document"]}
        case "RuleSetSuperseded":
            return {**row, "until": date.fromisoformat(data["until"])}
        case _:
            return row


def _fold_title(row: Row, event: Event) -> Row:
    match event.type:
        case "TitleGranted" | "TitleImported":
            return {**row, "person": event.data["person"]}
        case "TitleVoided":
            return {**row, "revoked_by": event.data["decision_no"]}
        case _:
            return row


RULESETS = View(
    "rulesets",
    ("intake",),
    frozenset({"ruleset"}),
    {"series": "text", "effective_from": "date", "until": "date", "document": "text"},
    _fold_ruleset,
)
TITLES = View("titles", ("certificate",), frozenset({"title"}), {"person": "text", "revoked_by": "text"}, _fold_title)
