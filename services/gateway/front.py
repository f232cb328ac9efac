"""What stands before the app: browsers' origins, the token, the limits, and the way to the services."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from libs.kernel.refusals import Refused
from libs.web.auth import ANYONE, Principal
from libs.web.spine import Spine
from services.gateway.admission import Admission
from services.gateway.forward import Forwarder
from services.gateway.limits import Header, Limits
from services.gateway.routing import HERE, is_api, route
from services.gateway.version import VERSION

_EXPOSED: Final = b"ETag, Consistency-Token, Location, Retry-After, RateLimit, RateLimit-Policy, API-Version"
_METHODS: Final = b"GET, POST, PUT"
_ACCEPTED: Final = (
    b"Accept-Language, Authorization, Consistency-Token, Content-Digest, Content-Type, Correlation-Id,"
    b" Idempotency-Key, If-Match, Prefer, traceparent"
)
_PREFLIGHT_SECONDS: Final = b"600"
_API_VERSION: Final[Header] = (b"api-version", VERSION.encode())


class Front:
    """ASGI: answers preflights, checks token and limit once, forwards, and leaves the rest to the app."""

    def __init__(self, spine: Spine, app: ASGIApp) -> None:
        self._spine = spine
        self._app = app
        self._admission = Admission(spine)
        self._limits = Limits(spine.settings.quota, spine.settings.window_seconds)
        self._origins = frozenset(
            origin.strip().encode() for origin in spine.settings.origins.split(",") if origin.strip()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not is_api(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        answered: list[Header] = [_API_VERSION]
        scope["answer_headers"] = answered
        known = headers.get(b"origin") in self._origins
        if known:
            answered += [
                (b"access-control-allow-origin", headers[b"origin"]),
                (b"access-control-expose-headers", _EXPOSED),
                (b"vary", b"Origin"),
            ]
        if known and scope["method"] == "OPTIONS":
            await _preflight(send)
            return
        await self._admit(scope, headers, answered)
        found = route(scope["method"], scope["raw_path"])
        if found is HERE:
            await self._app(scope, receive, send)
            return
        scope["route"] = found
        forward: Forwarder = self._spine.adapters
        await forward(found.service, scope, receive, send)

    async def _admit(self, scope: Scope, headers: dict[bytes, bytes], answered: list[Header]) -> None:
        """Check the token, take one request out of the caller's bucket, and ask the registers for whom it is."""
        address = scope["client"][0] if scope.get("client") else ""
        try:
            principal = await self._spine.tokens.check(headers.get(b"authorization", b"").decode("latin-1"))
        except Refused:
            # A bad token is counted where it comes from, or guessing would be free.
            self._take(address, answered)
            raise
        self._take(_caller(principal, address), answered)
        await self._admission.check(principal)

    def _take(self, caller: str, answered: list[Header]) -> None:
        verdict = self._limits.take(caller)
        answered += verdict.headers
        if not verdict.allowed:
            raise Refused.one("RATE_LIMITED")


def _caller(principal: Principal, address: str) -> str:
    return address if principal is ANYONE else f"{principal.client} {principal.subject}"


async def _preflight(send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 204,
            "headers": [
                (b"access-control-allow-methods", _METHODS),
                (b"access-control-allow-headers", _ACCEPTED),
                (b"access-control-max-age", _PREFLIGHT_SECONDS),
            ],
        }
    )
    await send({"type": "http.response.body", "body": b""})
