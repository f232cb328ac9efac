"""The payment stand-in's callbacks: signed, and repeated until they are taken."""

import asyncio
import json
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey
from pydantic import TypeAdapter

from deploy.local.info import write_private
from deploy.local.standins.control import Body, Records

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_TIMEOUT_S = 10.0


class Callback(Body):
    """A callback that has not been taken yet; `body` is signed as it is, byte for byte."""

    id: str
    order_id: str
    url: str
    body: str
    done: bool = False


class Signer:
    """The channel's signing key, made at the first start."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            made = OKPKey.generate_key("Ed25519", {"use": "sig", "alg": "Ed25519"}, auto_kid=True)
            write_private(file, json.dumps(made.as_dict(private=True)))
        self._key = OKPKey.import_key(json.loads(file.read_text(encoding="utf-8")))

    def jwks(self) -> dict[str, object]:
        """Return the public key as a JWK set."""
        return {"keys": [self._key.as_dict(private=False)]}

    def headers(self, body: bytes) -> dict[str, str]:
        """Return the headers that carry the signature over the body."""
        private = self._key.private_key
        assert isinstance(private, Ed25519PrivateKey)
        signature = urlsafe_b64encode(private.sign(body)).decode().rstrip("=")
        return {"Payment-Key-Id": self._key.kid or "", "Payment-Signature": signature}


class Deliveries:
    """Callbacks on their way; what is not taken when the service stops is tried again when it starts."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        self._records = Records(folder / "callbacks.json", TypeAdapter(list[Callback]), lambda one: one.id)
        self._signer = signer
        self._tasks: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Take up what was left."""
        for callback in self._records.all():
            if not callback.done:
                self._go(callback)

    def send(self, order_id: str, url: str, body: str) -> None:
        """Send a callback until the receiver takes it."""
        callback = Callback(id=str(uuid.uuid4()), order_id=order_id, url=url, body=body)
        self._records.put(callback)
        self._go(callback)

    def pending(self, order_id: str) -> int:
        """Return how many callbacks of an order nobody has taken yet."""
        return sum(1 for one in self._records.all() if one.order_id == order_id and not one.done)

    async def stop(self) -> None:
        """Stop trying."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _go(self, callback: Callback) -> None:
        # Referenced here: the loop alone would let the garbage collector have a task that waits.
        task = asyncio.create_task(self._deliver(callback))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, callback: Callback) -> None:
        body = callback.body.encode()
        headers = {"Content-Type": "application/json", **self._signer.headers(body)}
        pause = _FIRST_PAUSE_S
        async with httpx2.AsyncClient(timeout=_TIMEOUT_S) as client:
            while not await _taken(client, callback.url, body, headers):
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
        self._records.put(callback.model_copy(update={"done": True}))


async def _taken(client: httpx2.AsyncClient, url: str, body: bytes, headers: dict[str, str]) -> bool:
    try:
        answer = await client.post(url, content=body, headers=headers)
    except httpx2.HTTPError:
        return False
    return answer.is_success
