"""The payment channel's callbacks: each counts for the bill that the channel signed, and for no other."""

from __future__ import annotations

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx2

from libs.events.contracts.intake import (
    ApplicationBarred,
    ApplicationEnded,
    BillOpened,
    DraftStarted,
    FeeAssessed,
    PaymentReceived,
)
from libs.kernel.terms import Level, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deploy.local.outside_process import OutsideInfo
    from tests.services.bureau import Bureau

import pytest

PRICE = 70_000
Signed = tuple[bytes, dict[str, str]]


@pytest.fixture(scope="module")
def pay(outside: OutsideInfo) -> Iterator[Callable[[str], Signed]]:
    """Pay an order at the channel and catch what it signs, before anybody else hears of it."""
    caught: SimpleQueue[Signed] = SimpleQueue()

    class Payee(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept = {name: self.headers[name] for name in ("Payment-Key-Id", "Payment-Signature", "Content-Type")}
            caught.put((body, kept))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    payee = ThreadingHTTPServer(("127.0.0.1", 0), Payee)
    threading.Thread(target=payee.serve_forever, daemon=True).start()

    def paid(order: str) -> Signed:
        url = f"http://127.0.0.1:{payee.server_address[1]}/"
        asked = {"order_id": order, "amount_fen": PRICE, "callback_url": url}
        httpx2.post(f"{outside.payment}/v1/orders", json=asked).raise_for_status()
        httpx2.post(f"{outside.payment}/v1/orders/{order}/pay", json={}).raise_for_status()
        return caught.get(timeout=15)

    yield paid
    payee.shutdown()
    payee.server_close()


async def bill(bureau: Bureau) -> str:
    payment = str(uuid4())
    due = bureau.clock.now() + timedelta(days=14)
    opened = BillOpened(application=str(uuid4()), applicant=str(uuid4()), amount_fen=PRICE, due=due)
    await bureau.tell("intake", f"payment-{payment}", opened)
    return payment


async def report(bureau: Bureau, payment: str, signed: Signed) -> httpx2.Response:
    body, headers = signed
    return await bureau.stranger().post("intake", f"/v1/payments/{payment}/callbacks", body, **headers)


async def test_a_callback_signed_for_one_bill_pays_no_other(bureau: Bureau, pay: Callable[[str], Signed]) -> None:
    first, second = await bill(bureau), await bill(bureau)
    signed = pay(first)
    replayed = await report(bureau, second, signed)
    assert (replayed.status_code, replayed.json()["code"]) == (403, "SIGNATURE_INVALID")
    assert [event.type for event in await bureau.events("intake", f"payment-{second}")] == ["BillOpened"]
    answer = await report(bureau, first, signed)
    assert answer.json() == {"acknowledged": True, "recorded": True}
    await bureau.until("intake", f"payment-{first}", "PaymentReceived")


async def test_an_application_that_ended_before_it_was_paid_keeps_no_money(bureau: Bureau) -> None:
    due = bureau.clock.now() + timedelta(days=14)
    for ends_first in (False, True):
        payment, application, one = str(uuid4()), f"application-{uuid4()}", str(uuid4())
        draft = DraftStarted(
            **dict.fromkeys(("applicant", "employer", "campaign", "agency", "ruleset"), one),
            series="engineering",
            specialty="software",
            district="海淀区",
            year=bureau.today().year,
            level=Level.ASSOCIATE_SENIOR,
            route=Route.ORDINARY,
            freeing=(),
            seen=(),
        )
        fee = FeeAssessed(
            applicant=one,
            payment=payment,
            level=Level.ASSOCIATE_SENIOR,
            amount_fen=PRICE,
            working_days=10,
            due=due,
            calendar="2026",
            ruleset=one,
        )
        await bureau.tell("intake", application, draft, fee)
        (opened,) = await bureau.until("intake", f"payment-{payment}", "BillOpened")
        received = PaymentReceived(
            application=opened.data["application"], applicant=one, amount_fen=PRICE, channel_id=payment
        )
        barred = ApplicationBarred(ban=one, until=bureau.today(), basis="SERIOUS_FRAUD_NOTICE17", seen=())
        ended = ApplicationEnded(applicant=one, agency=one, series="engineering", reason="barred")
        if ends_first:
            await bureau.tell("intake", application, barred)
            await bureau.tell("intake", f"payment-{payment}", received)
            await bureau.tell("intake", application, ended)
            events = await bureau.until("intake", f"payment-{payment}", "RefundDue")
            assert [event.type for event in events[2:]] == ["BillCancelled", "RefundDue"]
        else:
            await bureau.tell("intake", f"payment-{payment}", received)
            await bureau.until("intake", application, "ApplicationPaid")
            await bureau.tell("intake", application, barred, ended)
            await bureau.seen_in("intake", "reaction_streams", application, 5)
            asked = "select 1 from reactions where reaction = 'cancel-bill' and target = $1"
            assert await bureau.fetch("intake", asked, f"payment-{payment}") == []
