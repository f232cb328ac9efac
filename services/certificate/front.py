"""Verification before the framework: the one question that the whole city may ask, answered in as few steps as it has.

Everything else goes on to the app. The route is described, and answered the same way, in `api/verifications.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from libs.web.calls import decode
from libs.web.server import header
from libs.web.spine import Spine
from services.certificate.api.verifications import PATH, Verification, answered


@dataclass(frozen=True, slots=True)
class Route:
    """The name of what is answered here, for the metrics."""

    path: str


ROUTE: Final = Route(PATH)


def front(spine: Spine, app: ASGIApp) -> ASGIApp:
    """Stand before the app."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        scope["route"] = ROUTE
        principal = await spine.tokens.check(header(scope, b"authorization"))
        answer = await answered(spine, scope, principal.subject, decode(Verification, await _body(receive)))
        await Response(orjson.dumps(answer), 200, media_type="application/json")(scope, receive, send)

    return asgi


async def _body(receive: Receive) -> bytes:
    read = b""
    while True:
        message = await receive()
        read += message.get("body", b"")
        if not message.get("more_body", False):
            return read
