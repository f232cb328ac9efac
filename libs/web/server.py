"""The outermost layer of every service: traces, problems, limits, headers and metrics, in one pass."""

from __future__ import annotations

import re
import time
from functools import cache
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.events.commit import STORE_AWAY, StoreUnavailableError
from libs.events.reading import NotYetError
from libs.events.tracing import new_traceparent, sampled, span
from libs.kernel.refusals import Refused
from libs.web.problems import language_of, problem

log = structlog.get_logger(__name__)

MAX_BODY = 1024 * 1024
"""The largest JSON body in bytes; materials are uploaded on routes with a limit of their own."""
MAX_UPLOAD = 20 * 1024 * 1024
UPLOADS = re.compile(r"/(materials/[a-z]+|uploads)$")

FAULTS_OF_OURS = (ValueError, FileNotFoundError, PermissionError)
"""What is an error of the store's kind by its class, but not by its cause: a value, a file."""
GONE = 499
"""What the metrics call a request whose client went away before it was answered."""
_ONCE = frozenset({b"authorization", b"consistency-token", b"content-digest", b"idempotency-key", b"if-match"})
"""Headers that count once: where there are two, two readers may each take another."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PLAIN = re.compile(r"|v1|[a-z_.-]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TRACEPARENT = re.compile(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
REQUESTS = Counter("zhicheng_http_requests", "Requests answered", ["service", "method", "route", "status"])
SECONDS = Histogram(
    "zhicheng_http_seconds",
    "Seconds to answer",
    ["service", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self';"
        b" connect-src 'self'; frame-ancestors 'none'",
    ),
    (b"x-frame-options", b"DENY"),
]


class TooLargeError(Exception):
    """The body passes the limit of its route."""


class Server:
    """ASGI: whatever happens inside, the answer is a good one or a problem with a code from the list.

    Whoever is inside may leave headers for the answer in `scope["answer_headers"]`; a problem gets them too.
    """

    def __init__(self, app: ASGIApp, service: str, trace_ratio: float) -> None:
        self._app = app
        self._service = service
        self._ratio = trace_ratio

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"traceparent", b"").decode("latin-1")
        traceparent = given if _TRACEPARENT.match(given) else new_traceparent(self._ratio)
        started = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                names = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *scope.get("answer_headers", ()),
                    *(header for header in _SECURITY if header[0] not in names),
                    (b"traceresponse", traceparent.encode()),
                ]
            await send(message)

        name = f"{scope['method']} {_kept(scope['path'])}" if sampled(traceparent) else ""
        with span(name, traceparent, service=self._service) as current:
            scope["traceparent"] = current
            try:
                _refuse_repeated(scope)
                await self._app(scope, _limited(scope, receive, headers), answer)
            except ClientDisconnect:
                status = status or GONE
            except Exception as error:  # noqa: BLE001 - this is where every error ends
                # Starlette answers an unexpected error by our handler and raises it again, for this line.
                if not status:
                    await answer_problem(scope, error)(scope, receive, answer)
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        requests, seconds = _metrics(self._service, method, route, status)
        requests.inc()
        seconds.observe(time.perf_counter() - started)


def _refuse_repeated(scope: Scope) -> None:
    seen: set[bytes] = set()
    for name, _ in scope["headers"]:
        if name in _ONCE:
            if name in seen:
                raise Refused.one("SCHEMA_INVALID", facts={"header": name.decode(), "failing": "repeated"})
            seen.add(name)


@cache
def _metrics(service: str, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(service, method, route, status), SECONDS.labels(service, route)


def _kept(path: str) -> str:
    """Give a path as a trace may keep it: whoever puts a name or an ID number into an address gets it left out."""
    return "/".join(part if _PLAIN.fullmatch(part) else "…" for part in path.split("/"))


def answer_problem(scope: Scope, error: Exception) -> Response:
    """Render whatever went wrong as a problem; what was not expected is logged and told without detail."""
    return problem(
        _refusal_of(error),
        path=scope["path"],
        language=language_of(header(scope, b"accept-language")),
        trace_id=scope["traceparent"][3:35],
    )


def _refusal_of(error: Exception) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, StoreUnavailableError):
        return Refused.one("STORE_UNAVAILABLE")
    if isinstance(error, NotYetError):
        return Refused.one("PROJECTION_LAG", facts={"waiting_for": str(error)})
    if isinstance(error, TooLargeError):
        return Refused.one("PAYLOAD_TOO_LARGE", change={"max_bytes": error.args[0]})
    # Here too, and not only around the bus: a handler reads keys and facts on its way.
    if isinstance(error, STORE_AWAY) and not isinstance(error, FAULTS_OF_OURS):
        log.warning("the store is away", exc_info=error)
        return Refused.one("STORE_UNAVAILABLE")
    log.error("unexpected error", exc_info=error)
    return Refused.one("INTERNAL")


def _limited(scope: Scope, receive: Receive, headers: dict[bytes, bytes]) -> Receive:
    limit = MAX_UPLOAD if UPLOADS.search(scope["path"]) else MAX_BODY
    declared = headers.get(b"content-length", b"0")
    received = 0

    async def limited() -> Message:
        nonlocal received
        if declared.isdigit() and int(declared) > limit:
            raise TooLargeError(limit)
        message: Message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise TooLargeError(limit)
        return message

    return limited


def header(scope: Scope, name: bytes) -> str:
    """Read one header of a request, empty where it is missing."""
    found: Any = next((value for key, value in scope["headers"] if key == name), b"")
    return found.decode("latin-1")
