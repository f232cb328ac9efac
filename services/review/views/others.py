"""What review keeps of other services' streams: rule sets, titles, bans, records, persons, applications."""

from __future__ import annotations

from datetime import date
from typing import cast

from libs.events.contracts.certificate import Basis, RelianceDecided
from libs.events.envelope import Event
from libs.events.views import Row, View


def _fold_ruleset(row: Row, event: Event) -> Row:
    match event.type:
        case "RuleSetPublished":
            return {
                **row,
                "document": event.data["document"],
                "series": event.data["series"],
                "effective_from": date.fromisoformat(event.data["effective_from"]),
            }
        case "RuleSetSuperseded":
            return {**row, "until": date.fromisoformat(event.data["until"])}
        case _:
            return row


def _fold_title(row: Row, event: Event) -> Row:
    data = event.data
    match event.type:
        case "TitleGranted" | "TitleImported":
            obtained = data["obtained_on"]
            return {
                **row,
                **{name: data[name] for name in ("person", "series", "specialty", "level", "scope")},
                "obtained_on": date.fromisoformat(obtained) if obtained else None,
                "live": True,
                "confirmed": data.get("confirmed", True),
            }
        case "ImportedTitleConfirmed":
            return {**row, "confirmed": True}
        case "RelianceListed":
            return {**row, "confirmed": False}
        case "RelianceDecided":
            return {**row, "confirmed": cast("RelianceDecided", event.payload).standing is Basis.LIVE}
        case "TitleVoided":
            return {**row, "live": False}
        case _:
            return row


def _fold_ban(row: Row, event: Event) -> Row:
    if event.type != "BanImposed":
        return row
    data = event.data
    days = {name: date.fromisoformat(data[name]) for name in ("from_day", "until")}
    return {**row, "person": data["person"], **days}


def _fold_record(row: Row, event: Event) -> Row:
    match event.type:
        case "IntegrityRecorded":
            expires = date.fromisoformat(event.data["expires_on"])
            return {**row, "subject": event.data["subject"], "expires_on": expires, "standing": True}
        case "IntegrityRecordExpired" | "IntegrityRecordWithdrawn":
            return {**row, "standing": False}
        case _:
            return row


def _fold_person(row: Row, event: Event) -> Row:
    employers: list[str] = row.get("employers") or []
    match event.type:
        case "PersonRegistered":
            return {**row, "birth_date": event.data["birth_date"], "employers": []}
        case "EmploymentStarted":
            return {**row, "employers": [*employers, event.data["employer"]]}
        case "EmploymentEnded":
            return {**row, "employers": [one for one in employers if one != event.data["employer"]]}
        case _:
            return row


_CHANGEABLE = ("employer", "specialty", "level", "route", "district")
_OF_DRAFT = (*_CHANGEABLE, "applicant", "agency", "campaign", "series", "ruleset")


def _fold_application(row: Row, event: Event) -> Row:
    data = event.data
    match event.type:
        case "DraftStarted":
            begun = {name: data[name] for name in _OF_DRAFT}
            return {**begun, "endorsements": [], "accepted": False, "paid": False, "held": False, "ended": False}
        case "DraftChanged":
            return {**row, **{name: data[name] for name in _CHANGEABLE}}
        case "ApplicationAccepted":
            return {**row, "accepted": True, "endorsements": data["endorsements"]}
        case "ApplicationPaid":
            return {**row, "paid": True}
        case "ApplicationHeld":
            return {**row, "held": True}
        case "ApplicationReleased":
            return {**row, "held": False}
        case "ApplicationEnded":
            return {**row, "ended": True}
        case _:
            return row


RULESETS = View(
    "rulesets",
    ("intake",),
    frozenset({"ruleset"}),
    {"document": "text", "series": "text", "effective_from": "date", "until": "date"},
    _fold_ruleset,
)
TITLES = View(
    "titles",
    ("certificate",),
    frozenset({"title"}),
    {
        "person": "text",
        "series": "text",
        "specialty": "text",
        "level": "text",
        "scope": "text",
        "obtained_on": "date",
        "live": "boolean",
        "confirmed": "boolean",
    },
    _fold_title,
)
BANS = View(
    "bans", ("integrity",), frozenset({"ban"}), {"person": "text", "from_day": "date", "until": "date"}, _fold_ban
)
RECORDS = View(
    "records",
    ("integrity",),
    frozenset({"record"}),
    {"subject": "text", "expires_on": "date", "standing": "boolean"},
    _fold_record,
)
PERSONS = View(
    "persons", ("intake",), frozenset({"person"}), {"birth_date": "text", "employers": "jsonb"}, _fold_person
)
APPLICATIONS = View(
    "applications",
    ("intake",),
    frozenset({"application"}),
    {
        **dict.fromkeys(_OF_DRAFT, "text"),
        "endorsements": "jsonb",
        **dict.fromkeys(("accepted", "paid", "held", "ended"), "boolean"),
    },
    _fold_application,
)
