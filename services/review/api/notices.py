"""Notices (公示): objections, inquiries, confirmation."""

from __future__ import annotations

from libs.events.bus import Reply
from libs.events.contracts.base import Unsealed
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Form, Nothing
from libs.web.fields import Id, Text
from services.review.api.offices import CITY, OFFICER
from services.review.api.relations import present
from services.review.domain.notice import (
    NOTICE,
    ConfirmResult,
    DecideInquiry,
    OpenInquiry,
    ReceiveObjection,
)

commands = Commands("notices")
PATH = "/v1/notices/{notice}"
ANYONE = frozenset(Role) - {Role.SYSTEM}


class Objection(Form):
    """What is objected; by real name when the caller's identity may be kept with it."""

    real_name: bool
    words: Text


class Inquiry(Form):
    """The objection that is looked into."""

    objection: Id


class Decision(Form):
    """What the inquiry found."""

    objection: Id
    founded: bool
    reasons: Text


async def _applicant(call: Call) -> str:
    return (await present(call, NOTICE, "notice")).state.case.applicant


@commands.post(f"{PATH}/objections", Objection, ANYONE)
async def receive(call: Call, body: Objection) -> Reply:
    """Object to a result while it is published; anyone may (十六.1)."""
    command = ReceiveObjection(body.real_name, Unsealed(await _applicant(call), body.words))
    return await call.execute(NOTICE, call.id("notice"), command)


@commands.post(f"{PATH}/inquiries", Inquiry, (*OFFICER, *CITY), status=200)
async def inquire(call: Call, body: Inquiry) -> Reply:
    """Look into an objection; the publicity stands still meanwhile (§11.36)."""
    await present(call, NOTICE, "notice")
    command = OpenInquiry(body.objection, call.spine.adapters.calendar)
    return await call.execute(NOTICE, call.id("notice"), command)


@commands.post(f"{PATH}/decisions", Decision, (*OFFICER, *CITY), status=200)
async def decide(call: Call, body: Decision) -> Reply:
    """Decide an objection; a founded one cancels the result."""
    reasons = Unsealed(await _applicant(call), body.reasons)
    command = DecideInquiry(body.objection, body.founded, reasons, call.spine.adapters.calendar)
    return await call.execute(NOTICE, call.id("notice"), command)


@commands.post(f"{PATH}/confirmations", Nothing, CITY, status=200)
async def confirm(call: Call, _: Nothing) -> Reply:
    """Confirm a result whose publicity has ended with no open objection (§11.20)."""
    await present(call, NOTICE, "notice")
    return await call.execute(NOTICE, call.id("notice"), ConfirmResult())
