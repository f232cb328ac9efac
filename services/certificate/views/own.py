"""Certificates as the public may ask for them: one row a certificate, in a table that its own role alone reads."""

from __future__ import annotations

from datetime import date

from libs.events.envelope import Event
from libs.events.views import Row, View

TEXTS = ("code", "number", "name", "id_number", "title_name", "series", "specialty", "level", "scope", "issuer")


def _fold_certificate(row: Row, event: Event) -> Row:
    data = event.data
    match event.type:
        case "CertificateIssued":
            days = {name: date.fromisoformat(data[name]) for name in ("obtained_on", "issued_on")}
            return {**row, **{name: data[name] for name in TEXTS}, **days}
        case "CertificateRevoked":
            return {**row, "revoked_on": date.fromisoformat(data["revoked_on"]), "decision_no": data["decision_no"]}
        case _:
            return row


VERIFICATION = View(
    "verification",
    ("certificate",),
    frozenset({"certificate"}),
    {
        **dict.fromkeys(TEXTS, "text"),
        **dict.fromkeys(("obtained_on", "issued_on", "revoked_on"), "date"),
        "decision_no": "text",
    },
    _fold_certificate,
)
