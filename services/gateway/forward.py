"""Forwards what a service answers, over connections that are kept. The gateway keeps no state of its own for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import aiohttp
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send
from yarl import URL

from libs.kernel.refusals import Refused

PASSED_ON: Final = {
    name.lower().encode(): name
    for name in (
        "Accept",
        "Accept-Language",
        "Authorization",
        "Consistency-Token",
        "Content-Digest",
        "Content-Length",
        "Content-Type",
        "Correlation-Id",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "Payment-Key-Id",
        "Payment-Signature",
        "Prefer",
    )
}
"""The request headers that are for the service; all others end here."""
PASSED_BACK: Final = frozenset(
    name.lower().encode()
    for name in (
        "Allow",
        "Cache-Control",
        "Consistency-Token",
        "Content-Disposition",
        "Content-Language",
        "Content-Length",
        "Content-Security-Policy",
        "Content-Type",
        "ETag",
        "Location",
        "Retry-After",
        "WWW-Authenticate",
        "X-Robots-Tag",
    )
)
KEPT_SECONDS: Final = 4.0
"""Shorter than a service keeps an idle connection (uvicorn: 5 s), so that none is used that is being closed."""
CONNECT_SECONDS: Final = 2.0
AT_ONCE: Final = 64 * 1024
"""Bodies up to this many bytes go in one piece; larger ones are streamed."""
_BROKEN: Final = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


class GoneError(ClientDisconnect):
    """The client went away before its request was complete."""


def open_session(silent_seconds: float) -> aiohttp.ClientSession:
    """Open the pool of connections to the services."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_SECONDS),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=silent_seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )


class Body:
    """A request's body: in one piece where it is small, else passed on as it comes."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.start = b""
        self.whole = False
        self.fault: Exception | None = None

    async def begin(self) -> None:
        """Read the body, or its beginning where it is large."""
        while not self.whole and len(self.start) <= AT_ONCE:
            self.start += await self._next()

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise GoneError
        self.whole = not message.get("more_body", False)
        return message.get("body", b"")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body piece by piece; what goes wrong on this side is kept as `fault`."""
        yield self.start
        while not self.whole:
            try:
                chunk = await self._next()
            except Exception as error:
                self.fault = error
                raise
            yield chunk


class Forwarder:
    """Sends requests on to the services at `bases`."""

    def __init__(self, session: aiohttp.ClientSession, bases: Mapping[str, str]) -> None:
        self._session = session
        self._bases = {service: base.rstrip("/") for service, base in bases.items()}

    async def __call__(self, service: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Send one request on and its answer back.

        Raises
        ------
        Refused
            UPSTREAM_UNAVAILABLE when the service does not answer.
        """
        body = Body(receive)
        await body.begin()
        headers = {PASSED_ON[name]: value.decode("latin-1") for name, value in scope["headers"] if name in PASSED_ON}
        headers["traceparent"] = scope["traceparent"]
        if scope.get("client"):
            # What the client wrote there ends here: the address that the gateway saw is the one that counts.
            headers["X-Forwarded-For"] = scope["client"][0]
        # A command with its key, sent twice, is done once: so a connection that broke is no reason to give up.
        again = body.whole and (scope["method"] == "GET" or "Idempotency-Key" in headers)
        asked = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        url = URL(self._bases[service] + asked.decode("latin-1"), encoded=True)
        try:
            try:
                await self._send(url, scope["method"], headers, body, send)
            except _BROKEN as error:
                if not again or isinstance(error, aiohttp.ClientConnectorError):
                    raise
                await self._send(url, scope["method"], headers, body, send)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if body.fault is not None:
                raise body.fault from error
            raise Refused.one("UPSTREAM_UNAVAILABLE", facts={"service": service}) from error

    async def _send(self, url: URL, method: str, headers: dict[str, str], body: Body, send: Send) -> None:
        data: Any = (body.start or None) if body.whole else body.chunks()
        async with self._session.request(method, url, headers=headers, data=data, allow_redirects=False) as answer:
            start = {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [(name.lower(), value) for name, value in answer.raw_headers if name.lower() in PASSED_BACK],
            }
            length = answer.content_length
            if length is not None and length <= AT_ONCE:
                whole = await answer.read()
                await send(start)
                await send({"type": "http.response.body", "body": whole})
                return
            await send(start)
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
