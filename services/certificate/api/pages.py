"""The public page behind a certificate's QR code: HTML, no script, the same answer as the API gives."""

from __future__ import annotations

import math
from urllib.parse import quote

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from libs.web.calls import Commands
from libs.web.spine import Spine
from services.certificate.domain.verification_codes import MOST_TYPED, read_code
from services.certificate.pages import START, THROTTLED, page, stylesheet
from services.certificate.verifying import Asked, client_of, verify

commands = Commands("pages")
HTML = "text/html; charset=utf-8"
HEADERS = {"Content-Language": "zh-CN", "X-Robots-Tag": "noindex"}


async def start(request: Request) -> Response:
    """Ask for a code; one that was typed leads to its own page."""
    typed = request.query_params.get("code", "").strip()[:MOST_TYPED]
    if typed:
        return RedirectResponse(f"/verify/{quote(read_code(typed) or typed, safe='')}", 303)
    spine: Spine = request.app.state.spine
    return Response(page(START, spine.clock.now()), 200, HEADERS, HTML)


async def verified(request: Request) -> Response:
    """Answer for one code, as `POST /v1/verifications` does."""
    spine: Spine = request.app.state.spine
    wait = spine.adapters.throttle.wait(client_of(request.scope, ""))
    if wait:
        headers = {**HEADERS, "Retry-After": str(math.ceil(wait))}
        return Response(page(THROTTLED, spine.clock.now()), 429, headers, HTML)
    typed = request.path_params["code"]
    answer = await verify(spine.adapters.records, spine.keys, Asked(code=typed))
    return Response(page(answer.outcome, spine.clock.now(), answer, typed), 200, HEADERS, HTML)


async def style(_: Request) -> Response:
    """Give the style sheet."""
    return Response(stylesheet(), 200, {"Cache-Control": "public, max-age=3600"}, "text/css; charset=utf-8")


for _path, _handler in (("/verify", start), ("/verify/assets/verify.css", style), ("/verify/{code}", verified)):
    commands.router.add_api_route(_path, _handler, include_in_schema=False, response_model=None)
