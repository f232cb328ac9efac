"""What the API is: the OpenAPI document of all services together, and pages made from it, without a script."""

from __future__ import annotations

import asyncio
import json
import re
import time
from importlib.resources import files
from typing import Any, Final

import httpx2
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from libs.web.openapi import document
from libs.web.paging import read_query
from libs.web.problems import language_of
from libs.web.server import header
from libs.web.spine import Spine
from services.gateway.api import clients
from services.gateway.api.queries import Queries
from services.gateway.openapi import Document, merge
from services.gateway.reference import groups, schemas
from services.gateway.routing import SERVICES

WORDS: Final[dict[str, Any]] = json.loads(files("services.gateway").joinpath("words.json").read_text("utf-8"))
FETCH_SECONDS: Final = 3.0
KEPT_SECONDS: Final = 60.0
AGAIN_SECONDS: Final = 5.0
"""How long a document with a missing part is kept."""
_PAGES: Final = Environment(
    loader=PackageLoader("services.gateway", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_CODE: Final = re.compile(r"`([^`]+)`")
_STYLE: Final = files("services.gateway").joinpath("pages/docs.css").read_bytes()
LANGUAGES: Final = ("zh", "en")

documents = Queries()


def _marked(text: str) -> Markup:
    """Show what stands between backticks as code; everything is escaped first."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


_PAGES.filters["marked"] = _marked


class Merged:
    """The merged document, kept for a while."""

    def __init__(self) -> None:
        self._document: Document = {}
        self._until = 0.0
        self._turn = asyncio.Lock()

    async def get(self, request: Request) -> Document:
        """Give the document; one of the services at a time is asked by one request, the others wait for it."""
        async with self._turn:
            if time.monotonic() >= self._until:
                spine: Spine = request.app.state.spine
                found = await asyncio.gather(*(_fetch(spine, service) for service in SERVICES))
                others = {service: one for service, one in zip(SERVICES, found, strict=True) if one is not None}
                missing = tuple(service for service in SERVICES if service not in others)
                own = document(request.app, {**clients.commands.models})
                self._document = merge(own, others, missing, WORDS)
                self._until = time.monotonic() + (AGAIN_SECONDS if missing else KEPT_SECONDS)
            return self._document


async def _fetch(spine: Spine, service: str) -> Document | None:
    try:
        answer = await spine.http.get(f"{spine.settings.url_of(service)}/v1/openapi.json", timeout=FETCH_SECONDS)
        found = answer.raise_for_status().json()
    except (httpx2.HTTPError, ValueError):
        return None
    return found if isinstance(found, dict) else None


async def _merged(request: Request) -> Document:
    state = request.app.state
    if not hasattr(state, "merged"):
        state.merged = Merged()
    return await state.merged.get(request)


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise ValueError(text)
    return text


def _page(name: str, request: Request, **values: Any) -> Response:
    given = read_query(request, {"language": _language}).get("language")
    language: str = given or language_of(header(request.scope, b"accept-language"))
    which = LANGUAGES.index(language)
    words = {key: pair[which] for key, pair in WORDS["text"].items()}
    html = _PAGES.get_template(name).render(
        language=language,
        other=LANGUAGES[1 - which],
        words=words,
        roles={key: pair[which] for key, pair in WORDS["roles"].items()},
        collections={key: pair[which] for key, pair in WORDS["collections"].items()},
        **values,
    )
    return Response(html, headers={"Content-Language": "en" if language == "en" else "zh-CN"}, media_type="text/html")


@documents.router.get("/v1/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """Answer with the merged document."""
    read_query(request, {})
    return JSONResponse(await _merged(request))


@documents.router.get("/v1/docs", include_in_schema=False)
async def reference(request: Request) -> Response:
    """Show the API as a page to read."""
    merged = await _merged(request)
    return _page(
        "docs.html",
        request,
        groups=groups(merged, list(WORDS["collections"])),
        schemas=schemas(merged),
        missing=merged.get("x-missing", []),
        version=merged["info"]["version"],
    )


@documents.router.get("/v1/docs.css", include_in_schema=False)
async def style(_: Request) -> Response:
    """Give the pages their looks."""
    return Response(_STYLE, media_type="text/css")


@documents.router.get("/", include_in_schema=False)
async def index(request: Request) -> Response:
    """Say what this is and where to go on."""
    return _page("index.html", request)
