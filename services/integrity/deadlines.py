"""Integrity's deadlines: the start of a later ban's first day, the end of a ban's and of a record's last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from libs.events.deadlines import Deadline, deadlines_view
from libs.events.envelope import Event
from libs.kernel.calendars import beijing_date, end_of_day, start_of_day
from services.integrity.domain.ban import BAN, BeginBan, EndBan
from services.integrity.domain.record import RECORD, ExpireRecord

BAN_BEGIN, BAN_END, RECORD_EXPIRY = "ban-begin", "ban-end", "record-expiry"


def _wanted(event: Event) -> Mapping[str, datetime | None]:
    match event.type:
        case "BanImposed":
            first = date.fromisoformat(event.data["from_day"])
            later = first > beijing_date(event.time)
            return {
                BAN_BEGIN: start_of_day(first) if later else None,
                BAN_END: end_of_day(date.fromisoformat(event.data["until"])),
            }
        case "BanBegan":
            return {BAN_BEGIN: None}
        case "BanEnded":
            return {BAN_END: None}
        case "IntegrityRecorded":
            return {RECORD_EXPIRY: end_of_day(date.fromisoformat(event.data["expires_on"]))}
        case "IntegrityRecordExpired" | "IntegrityRecordWithdrawn":
            return {RECORD_EXPIRY: None}
        case _:
            return {}


VIEW = deadlines_view("integrity", frozenset({"ban", "record"}), _wanted)
DEADLINES = (
    Deadline(BAN_BEGIN, BAN, BeginBan),
    Deadline(BAN_END, BAN, EndBan),
    Deadline(RECORD_EXPIRY, RECORD, ExpireRecord),
)
