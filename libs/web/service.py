"""Builds the ASGI app of any service from its parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from libs.events.points import arm
from libs.events.tracing import start_tracing
from libs.kernel.refusals import Refused
from libs.web.health import health_router
from libs.web.openapi import document
from libs.web.server import Server
from libs.web.settings import Settings
from libs.web.spine import Parts, Spine

_BY_STATUS = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 406: "NOT_ACCEPTABLE", 415: "UNSUPPORTED_MEDIA_TYPE"}


def build(parts: Parts, settings: Settings) -> Server:
    """Wire a service: its HTTP side and, through the lifespan, its workers."""
    start_logging()
    arm(settings.profile)
    start_tracing(parts.name, settings.traces)
    spine = Spine(parts, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await spine.start()
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
    )
    app.state.spine = spine
    app.add_exception_handler(HTTPException, _as_refusal)
    app.include_router(health_router(spine))
    models: dict[str, Any] = {}
    for router in parts.routers:
        app.include_router(router.router)
        models |= router.models

    @app.get("/v1/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return JSONResponse(document(app, models))

    return Server(app, parts.name, settings.trace_ratio)


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


async def _as_refusal(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    raise Refused.one(_BY_STATUS.get(status, "SCHEMA_INVALID")) from error
