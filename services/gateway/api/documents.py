"""What the API is: the OpenAPI document of all services together, and pages made from it."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import httpx2
import orjson
from starlette.requests import Request
from starlette.responses import Response

from libs.web.openapi import document
from libs.web.paging import read_query
from libs.web.problems import language_of
from libs.web.server import header
from libs.web.spine import Spine
from services.gateway.api import clients
from services.gateway.api.queries import Queries
from services.gateway.openapi import Document, merge
from services.gateway.rendering import LANGUAGES, STYLE, WORDS, index_page, reference_page
from services.gateway.routing import SERVICES

FETCH_SECONDS: Final = 3.0
KEPT_SECONDS: Final = 60.0
AGAIN_SECONDS: Final = 5.0
"""How long a document with a missing part is kept."""

documents = Queries()


class Library:
    """The merged document, and what was made of it, kept for a while: making them takes tenths of a second."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._until = 0.0
        self._document: Document = {}
        self._bytes = b""
        self._pages: dict[str, bytes] = {}

    async def document(self, request: Request) -> bytes:
        """Give the document as JSON."""
        await self._refresh(request)
        return self._bytes

    async def page(self, request: Request, language: str) -> bytes:
        """Give the document as a page to read."""
        await self._refresh(request)
        if language not in self._pages:
            self._pages[language] = reference_page(self._document, language)
        return self._pages[language]

    async def _refresh(self, request: Request) -> None:
        # One request asks the services, the others wait for what it finds.
        async with self._turn:
            if time.monotonic() < self._until:
                return
            spine: Spine = request.app.state.spine
            found = await asyncio.gather(*(_fetch(spine, service) for service in SERVICES))
            others = {service: one for service, one in zip(SERVICES, found, strict=True) if one is not None}
            missing = tuple(service for service in SERVICES if service not in others)
            own = document(request.app, {**clients.commands.models}, clients.commands.answers)
            self._document = merge(own, others, missing, WORDS)
            self._bytes = orjson.dumps(self._document)
            self._pages = {}
            self._until = time.monotonic() + (AGAIN_SECONDS if missing else KEPT_SECONDS)


async def _fetch(spine: Spine, service: str) -> Document | None:
    try:
        answer = await spine.http.get(f"{spine.settings.url_of(service)}/v1/openapi.json", timeout=FETCH_SECONDS)
        found = answer.raise_for_status().json()
    except (httpx2.HTTPError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _library(request: Request) -> Library:
    state = request.app.state
    if not hasattr(state, "library"):
        state.library = Library()
    return state.library


def _one_of_ours(text: str) -> str:
    if text not in LANGUAGES:
        raise ValueError(text)
    return text


def _language(request: Request) -> str:
    given: str | None = read_query(request, {"language": _one_of_ours}).get("language")
    return given or language_of(header(request.scope, b"accept-language"))


def _html(page: bytes, language: str) -> Response:
    return Response(page, headers={"Content-Language": "en" if language == "en" else "zh-CN"}, media_type="text/html")


@documents.router.get("/v1/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """Answer with the merged document."""
    read_query(request, {})
    return Response(await _library(request).document(request), media_type="application/json")


@documents.router.get("/v1/docs", include_in_schema=False)
async def reference(request: Request) -> Response:
    """Show the API as a page to read."""
    language = _language(request)
    return _html(await _library(request).page(request, language), language)


@documents.router.get("/v1/docs.css", include_in_schema=False)
async def style(_: Request) -> Response:
    """Give the pages their looks."""
    return Response(STYLE, media_type="text/css")


@documents.router.get("/", include_in_schema=False)
async def index(request: Request) -> Response:
    """Say what this is and where to go on."""
    language = _language(request)
    return _html(index_page(language), language)
