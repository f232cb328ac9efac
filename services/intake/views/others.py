"""What intake keeps of other services' streams: titles, endorsements, bans, records, cases."""

from __future__ import annotations

from datetime import date
from typing import cast

from libs.events.contracts.certificate import RelianceDecided
from libs.events.envelope import Event
from libs.events.views import Row, View
from services.intake.domain.facts import Standing


def _fold_title(row: Row, event: Event) -> Row:
    data = event.data
    match event.type:
        case "TitleGranted":
            return {
                **row,
                "person": data["person"],
                "series": data["series"],
                "specialty": data["specialty"],
                "level": data["level"],
                "scope": data["scope"],
                "obtained_on": date.fromisoformat(data["obtained_on"]),
                "state": Standing.LIVE.value,
            }
        case "TitleImported":
            obtained = data["obtained_on"]
            return {
                **row,
                "person": data["person"],
                "series": data["series"],
                "specialty": data["specialty"],
                "level": data["level"],
                "scope": data["scope"],
                "obtained_on": date.fromisoformat(obtained) if obtained else None,
                "state": (Standing.LIVE if data["confirmed"] else Standing.UNKNOWN).value,
            }
        case "ImportedTitleConfirmed":
            return {**row, "state": Standing.LIVE.value}
        case "TitleVoided":
            return {**row, "state": Standing.REVOKED.value}
        case "RelianceListed" if row.get("state") == Standing.LIVE:
            return {**row, "state": Standing.UNKNOWN.value}
        case "RelianceDecided" if row.get("state") != Standing.REVOKED:
            return {**row, "state": cast("RelianceDecided", event.payload).standing.value}
        case _:
            return row


def _fold_ban(row: Row, event: Event) -> Row:
    if event.type != "BanImposed":
        return row
    return {
        **row,
        "person": event.data["person"],
        "basis": event.data["basis"],
        "from_day": date.fromisoformat(event.data["from_day"]),
        "until": date.fromisoformat(event.data["until"]),
    }


def _fold_endorsement(row: Row, event: Event) -> Row:
    match event.type:
        case "EndorsementGiven":
            data = event.data
            return {
                **row,
                "application": data["application"],
                "endorser": data["endorser"],
                "endorser_unit": data["endorser_unit"],
                "kind": data["kind"],
                "series": data["series"],
                "specialty": data["specialty"],
                "state": "given",
                "given_seen": data["seen"],
            }
        case "EndorsementWithdrawn" | "EndorsementLapsed":
            return {**row, "state": "withdrawn"}
        case _:
            return row


def _fold_record(row: Row, event: Event) -> Row:
    match event.type:
        case "IntegrityRecorded":
            return {**row, "subject": event.data["subject"], "standing": True}
        case "IntegrityRecordExpired" | "IntegrityRecordWithdrawn":
            return {**row, "standing": False}
        case _:
            return row


def _fold_case(row: Row, event: Event) -> Row:
    match event.type:
        case "IntegrityCaseOpened":
            return {**row, "subject": event.data["subject"], "open": True}
        case "IntegrityCaseDecided":
            return {**row, "open": False}
        case _:
            return row


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
        "state": "text",
    },
    _fold_title,
)
BANS = View(
    "bans",
    ("integrity",),
    frozenset({"ban"}),
    {"person": "text", "basis": "text", "from_day": "date", "until": "date"},
    _fold_ban,
)
ENDORSEMENTS = View(
    "endorsements",
    ("review",),
    frozenset({"endorsement"}),
    {
        "application": "text",
        "endorser": "text",
        "endorser_unit": "text",
        "kind": "text",
        "series": "text",
        "specialty": "text",
        "state": "text",
        "given_seen": "jsonb",
    },
    _fold_endorsement,
)
RECORDS = View(
    "records", ("integrity",), frozenset({"record"}), {"subject": "text", "standing": "boolean"}, _fold_record
)
CASES = View("cases", ("integrity",), frozenset({"case"}), {"subject": "text", "open": "boolean"}, _fold_case)
