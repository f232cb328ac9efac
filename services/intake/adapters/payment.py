"""The payment channel: orders, and callbacks that prove themselves by a signature."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx2
import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import TypedDict

from libs.kernel.refusals import Refused
from libs.web.fields import Instant
from libs.web.outside import Outside, UnavailableError
from libs.web.problems import form_refusal

KEYS_AGAIN_SECONDS = 10


class Order(TypedDict):
    """Where to pay, and the channel's own name for the order."""

    channel_id: str
    pay_url: str


class _Body(BaseModel):
    """What the channel sends; the amount is kept exactly as it was written."""

    model_config = ConfigDict(strict=True, extra="ignore")

    channel_id: str
    order_id: str
    paid_at: Instant


@dataclass(frozen=True, slots=True)
class Callback:
    """A report of the channel on one bill, whose signature fits."""

    channel_id: str
    amount: str
    paid_at: datetime


class PaymentChannel:
    """The channel over HTTP."""

    def __init__(self, base: str, callback_base: str, http: httpx2.AsyncClient) -> None:
        self._outside = Outside("payment", base, http)
        self._base = base
        self._callback_base = callback_base
        self._http = http
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._fetched = 0.0

    async def order(self, payment: str, amount_fen: int) -> Order:
        """Open an order; asking again gives the same one.

        Raises
        ------
        UnavailableError
            When the channel does not answer.
        """
        answer = await self._outside.post(
            "/v1/orders",
            {
                "order_id": payment,
                "amount_fen": amount_fen,
                "callback_url": f"{self._callback_base}/v1/payments/{payment}/callbacks",
            },
        )
        try:
            return Order(channel_id=answer["channel_id"], pay_url=answer["pay_url"])
        except KeyError as error:
            raise UnavailableError(self._outside.name) from error

    async def check(self, payment: str, headers: Mapping[str, str], body: bytes) -> Callback:
        """Check that the channel signed a callback, and for this bill, and read it.

        Raises
        ------
        Refused
            SIGNATURE_INVALID for what the channel did not sign for this bill; SCHEMA_INVALID for what cannot be read.
        """
        key = await self._key(headers.get("payment-key-id", ""))
        try:
            signature = base64.urlsafe_b64decode(headers.get("payment-signature", "") + "==")
            key.verify(signature, body)
        except (InvalidSignature, ValueError) as error:
            raise Refused.one("SIGNATURE_INVALID", "附十") from error
        try:
            told = _Body.model_validate_json(body)
        except ValidationError as error:
            raise form_refusal(error) from error
        if told.order_id != payment:
            # The address is not signed: only what the channel wrote says which order was paid.
            raise Refused.one("SIGNATURE_INVALID", "附十", facts={"order": "another"})
        amount = orjson.loads(body).get("amount_fen")
        written = amount if isinstance(amount, str) else orjson.dumps(amount).decode()
        return Callback(told.channel_id, written, told.paid_at)

    async def _key(self, kid: str) -> Ed25519PublicKey:
        if kid not in self._keys and time.monotonic() - self._fetched > KEYS_AGAIN_SECONDS:
            try:
                answer = (await self._http.get(f"{self._base}/v1/keys")).raise_for_status()
                self._keys |= {
                    jwk["kid"]: Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "=="))
                    for jwk in answer.json()["keys"]
                }
            except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
                raise Refused.one("UPSTREAM_UNAVAILABLE", facts={"system": "payment"}) from error
            # Only now: while the keys are out of reach, nobody is told that a signature is wrong.
            self._fetched = time.monotonic()
        if kid not in self._keys:
            raise Refused.one("SIGNATURE_INVALID", "附十")
        return self._keys[kid]
