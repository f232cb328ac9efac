"""Payments: an order at the payment channel, and the channel's callbacks, which are always acknowledged."""

from __future__ import annotations

import structlog
from typing_extensions import TypedDict

from libs.events.bus import Meta
from libs.events.ids import derived_command_id, fingerprint
from libs.events.reactions import service_actor
from libs.kernel.refusals import Refused
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Nothing
from libs.web.outside import UnavailableError
from services.intake.adapters.payment import Callback, Order
from services.intake.domain.payment import PAYMENT, ReportPayment, Status

log = structlog.get_logger(__name__)
commands = Commands("payments")


class Acknowledged(TypedDict):
    """The callback was heard; `recorded` is false where a person has to look at it."""

    acknowledged: bool
    recorded: bool


@commands.ask("/v1/payments/{payment}/orders", Nothing, (Role.APPLICANT,), Order)
async def order(call: Call, _: Nothing) -> Order:
    """Open an order at the payment channel for an open bill; the answer says where to pay."""
    payment = call.id("payment")
    bill = (await call.load(PAYMENT, payment)).state
    # Another's bill is not there either.
    if bill.status is Status.NONE or bill.applicant != call.actor.person:
        raise Refused.one("NOT_FOUND")
    if bill.status is not Status.OPEN:
        raise Refused.one("ILLEGAL_TRANSITION", "附十", facts={"state": bill.status.value})
    try:
        return await call.spine.adapters.payment.order(payment, bill.amount_fen)
    except UnavailableError as error:
        raise Refused.one("UPSTREAM_UNAVAILABLE", facts={"system": "payment"}) from error


@commands.ask("/v1/payments/{payment}/callbacks", None, (Role.PUBLIC,), Acknowledged, media_types=("application/json",))
async def callback(call: Call, body: bytes) -> Acknowledged:
    """Take note of what the payment channel reports: signed by the channel, acknowledged, recorded once.

    A wrong, late or second payment is recorded and owed back. Only what the channel did not sign
    for this bill is refused.
    """
    payment = call.id("payment")
    report: Callback = await call.spine.adapters.payment.check(payment, call.request.headers, body)
    meta = Meta(
        command_id=derived_command_id(report.channel_id, "payment", payment),
        fingerprint=fingerprint(report.channel_id.encode(), report.amount.encode()),
        actor=service_actor("intake"),
        traceparent=call.request.scope["traceparent"],
    )
    command = ReportPayment(report.channel_id, report.amount, report.paid_at)
    try:
        await call.spine.bus.execute(PAYMENT, PAYMENT.stream(payment), command, meta)
    except Refused as refusal:
        # The channel id was reported with another amount, or on another bill: the first stands, and this is for a
        # person to look at.
        log.error("payment callback not recorded", payment=payment, codes=str(refusal))  # noqa: TRY400 - no bug
        return {"acknowledged": True, "recorded": False}
    return {"acknowledged": True, "recorded": True}
