"""What follows from a decided case: it comes by itself; here by hand, where it could not, or must be undone."""

from __future__ import annotations

from libs.events.bus import Reply
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Form
from libs.web.fields import Day, Id, Text
from services.integrity import facts
from services.integrity.domain.ban import BAN, ImposeBan
from services.integrity.domain.consequences import ban_identity, record_identity
from services.integrity.domain.record import RECORD, RecordCase, WithdrawRecord

bans = Commands("bans")
records = Commands("records")
CITY = (Role.CITY,)


class Ban(Form):
    """The case, and the ban's last day to be compared with the law's; null to have it computed."""

    case: Id
    until: Day | None = None


class Record(Form):
    """The case, and the record's last day to be compared with the law's; null to have it computed."""

    case: Id
    expires_on: Day | None = None


class Grounds(Form):
    """Why."""

    reasons: Text


@bans.post("/v1/bans", Ban, CITY)
async def impose(call: Call, body: Ban) -> Reply:
    """Impose the ban that follows from a case, where that has not happened by itself (十七.3)."""
    command = ImposeBan(await facts.decided(call.spine, body.case), body.until, await facts.rules_today(call.spine))
    return await call.execute(BAN, str(ban_identity(body.case)), command)


@records.post("/v1/records", Record, CITY)
async def record(call: Call, body: Record) -> Reply:
    """Enter a founded case into the archive, where that has not happened by itself (十七.4)."""
    case = await facts.decided(call.spine, body.case)
    found = await facts.findings(call.spine, case)
    command = RecordCase(case, found, body.expires_on, await facts.rules_today(call.spine))
    return await call.execute(RECORD, str(record_identity(body.case)), command)


@records.post("/v1/records/{record}/withdrawals", Grounds, CITY, status=200)
async def withdraw(call: Call, body: Grounds) -> Reply:
    """Withdraw a record that should not stand; it is hidden at once."""
    return await call.execute(RECORD, call.id("record"), WithdrawRecord(body.reasons))
