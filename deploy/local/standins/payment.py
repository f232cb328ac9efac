"""The stand-in for the payment channel.

A callback is the POST of `{channel_id, order_id, amount_fen, paid_at}` with two headers: `Payment-Signature`, the
base64url of an Ed25519 signature over the body's bytes, and `Payment-Key-Id`, the `kid` of the key at `/v1/keys`.
It is repeated until it gets a 2xx.
"""

import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from deploy.local.standins.callbacks import Deliveries, Signer
from deploy.local.standins.control import Body, Records, Standin

_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
_STYLE = "default-src 'none'; style-src 'nonce-{}'; frame-ancestors 'none'"

OrderId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]


class OrderRequest(Body):
    """What to ask the payer for, and whom to tell."""

    order_id: OrderId
    amount_fen: Annotated[int, Field(gt=0, strict=True)]
    callback_url: Annotated[str, StringConstraints(pattern=r"^https?://")]


class Order(OrderRequest):
    """An order on record; `payments` counts the times it was paid."""

    channel_id: str
    payments: int = 0


class Payment(Body):
    """How the payer pays.

    Parameters
    ----------
    amount_fen
        Instead of the order's amount.
    copies
        How often the channel sends the same callback.
    paid_at
        Instead of now.
    """

    amount_fen: Annotated[int, Field(ge=0, strict=True)] | None = None
    copies: Annotated[int, Field(ge=0, le=10, strict=True)] = 1
    paid_at: datetime | None = None


def build(state: Path, base: str) -> FastAPI:
    """Build the service with its orders under `state`, reachable at `base`."""
    standin = Standin("payment", state)
    orders = Records(standin.folder / "orders.json", TypeAdapter(list[Order]), lambda one: one.order_id)
    standin.add_records(orders)
    signer = Signer(standin.folder / "signing-key.json")
    deliveries = Deliveries(standin.folder, signer)
    standin.app.router.lifespan_context = _lifespan(deliveries)
    _add_orders(standin, orders, deliveries, base)

    @standin.app.get("/v1/keys")
    async def keys() -> dict[str, object]:
        return signer.jwks()

    return standin.app


def _lifespan(deliveries: Deliveries) -> Any:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        deliveries.resume()
        yield
        await deliveries.stop()

    return lifespan


def _add_orders(standin: Standin, orders: Records[Order], deliveries: Deliveries, base: str) -> None:
    app = standin.app

    def known(order_id: str) -> Order:
        order = orders.get(order_id)
        if order is None:
            raise HTTPException(404)
        return order

    @app.post("/v1/orders", status_code=201)
    async def create(asked: OrderRequest) -> dict[str, str]:
        order = orders.get(asked.order_id)
        if order is None:
            order = Order(**asked.model_dump(), channel_id=f"CH{secrets.token_hex(8)}")
            orders.put(order)
        elif (order.amount_fen, order.callback_url) != (asked.amount_fen, asked.callback_url):
            raise HTTPException(409)
        return {"channel_id": order.channel_id, "pay_url": f"{base}/v1/orders/{order.order_id}/pay"}

    @app.get("/v1/orders/{order_id}")
    async def show(order_id: str) -> dict[str, Any]:
        order = known(order_id)
        return {**order.model_dump(), "pending_callbacks": deliveries.pending(order_id)}

    @app.get("/v1/orders/{order_id}/pay")
    async def page(order_id: str) -> HTMLResponse:
        order = known(order_id)
        nonce = secrets.token_urlsafe(16)
        yuan = f"{order.amount_fen // 100}.{order.amount_fen % 100:02d}"
        html = _PAGES.get_template("pay.html").render(nonce=nonce, yuan=yuan, order=order)
        return HTMLResponse(html, headers={"Content-Security-Policy": _STYLE.format(nonce)})

    @app.post("/v1/orders/{order_id}/pay", status_code=202)
    async def pay(order_id: str, request: Request) -> dict[str, Any]:
        order = known(order_id)
        payment = await _read_payment(request)
        amount = order.amount_fen if payment.amount_fen is None else payment.amount_fen
        # A payer who pays again has paid twice, which is another payment to the channel and not a repeated callback.
        channel_id = order.channel_id if order.payments == 0 else f"{order.channel_id}-{order.payments + 1}"
        told = {
            "channel_id": channel_id,
            "order_id": order_id,
            "amount_fen": amount + 1 if standin.wrong else amount,
            "paid_at": (payment.paid_at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="microseconds"),
        }
        orders.put(order.model_copy(update={"payments": order.payments + 1}))
        for _ in range(payment.copies):
            deliveries.send(order_id, order.callback_url, json.dumps(told))
        return told


async def _read_payment(request: Request) -> Payment:
    # The page's form sends no JSON: the payer just pays.
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        return Payment()
    try:
        return Payment.model_validate_json(await request.body())
    except ValidationError:
        raise HTTPException(400) from None
