"""Builds the ASGI app of any service from its parts."""

from __future__ import annotations

import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from libs.events.commit import StoreUnavailableError
from libs.events.points import arm
from libs.events.reading import NotYetError
from libs.events.tracing import start_tracing
from libs.kernel.refusals import Refused
from libs.web.direct import Straight
from libs.web.health import health_router
from libs.web.openapi import document
from libs.web.server import Server, TooLargeError, answer_problem
from libs.web.settings import Settings
from libs.web.spine import Parts, Spine

_BY_STATUS = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 406: "NOT_ACCEPTABLE", 415: "UNSUPPORTED_MEDIA_TYPE"}


def build(parts: Parts, settings: Settings) -> Server:
    """Wire a service: its HTTP side and, through the lifespan, its workers."""
    start_logging()
    arm(settings.profile)
    start_tracing(parts.name, settings.traces, settings.otlp)
    spine = Spine(parts, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await spine.start()
        calm_garbage()
        try:
            yield
        finally:
            await spine.stop()

    app = FastAPI(
        title=f"Zhicheng {parts.name}",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        # Its own spans and logs would be made for every request, and hold paths, queries and refused values.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.spine = spine
    for kind in (HTTPException, Refused, StoreUnavailableError, NotYetError, TooLargeError, Exception):
        app.add_exception_handler(kind, _answer)
    app.include_router(health_router(spine))
    models: dict[str, Any] = {}
    answers: dict[str, type] = {}
    for router in parts.routers:
        # The routes themselves: an included router is searched twice for each request.
        app.router.routes.extend(router.router.routes)
        models |= router.models
        answers |= router.answers

    @app.get("/v1/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return JSONResponse(document(app, models, answers))

    inner = Straight(app)
    return Server(parts.front(spine, inner) if parts.front else inner, parts.name, settings.trace_ratio)


def calm_garbage() -> None:
    """Look for cycles rarely, and not among what was there at the start.

    Records and rows come by the ten thousand and hold no cycles: looking through them takes a quarter of a
    projection's time at Python's own thresholds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def start_logging() -> None:
    """Log JSON lines; never a body, a header or a personal value."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )


async def _answer(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        error = Refused.one(_BY_STATUS.get(error.status_code, "SCHEMA_INVALID"))
    return answer_problem(request.scope, error)
