"""Queries: the list, the item and the history of every kind of resource."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, create_model
from starlette.requests import Request
from starlette.responses import Response

from libs.events.contracts.base import instant_text
from libs.kernel.refusals import Refused
from libs.web.calls import path_id
from libs.web.paging import LIMIT, limit, page, read_cursor, read_query, wait_seconds
from libs.web.problems import language_of
from libs.web.server import header
from libs.web.spine import Spine
from services.gateway import query, reading
from services.gateway.access.kinds import KINDS, Kind
from services.gateway.access.viewer import Viewer, viewer_of
from services.gateway.api import describe
from services.gateway.api.models import MODELS
from services.gateway.show import finish, shown

WAIT_SECONDS: Final = 2.0
MOST_SECONDS: Final = 30.0
Endpoint = Callable[[Request], Awaitable[Response]]


class Queries:
    """The routes of this module, as the wiring takes them."""

    def __init__(self) -> None:
        self.router = APIRouter()
        self.models: dict[str, type[BaseModel]] = {}
        self.answers: dict[str, type] = {}


async def viewer_in(request: Request) -> tuple[Spine, Viewer]:
    """Check the token and see the caller as a viewer."""
    spine: Spine = request.app.state.spine
    principal = await spine.tokens.check(header(request.scope, b"authorization"))
    return spine, viewer_of(principal, spine.clock.now())


async def settled(request: Request, spine: Spine) -> None:
    """Wait for what the request's consistency token names, as long as it prefers; without one, not at all."""
    token = header(request.scope, b"consistency-token")
    if token:
        prefer = header(request.scope, b"prefer")
        await reading.caught_up(spine, token, wait_seconds(prefer, otherwise=WAIT_SECONDS, most=MOST_SECONDS))


def answer(body: dict[str, Any], **headers: str) -> Response:
    """Answer with JSON."""
    return Response(orjson.dumps(body), 200, headers, "application/json")


async def find(request: Request, reader: reading.Reader, kind: Kind, viewer: Viewer) -> Any:
    """Find the one row that the path names.

    Raises
    ------
    Refused
        NOT_FOUND for what does not exist and for what the caller may not see, alike.
    """
    values = {**viewer.parameters(), "stream": f"{kind.name}-{path_id(request, 'id')}"}
    rows = await reader.fetch(query.item(kind, query.grants_of(kind, viewer)), values)
    if not rows:
        raise Refused.one("NOT_FOUND")
    return rows[0]


def _item(kind: Kind) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        spine, viewer = await viewer_in(request)
        read_query(request, {})
        await settled(request, spine)
        async with reading.as_viewer(spine, viewer) as reader:
            row = await find(request, reader, kind, viewer)
            one = shown(kind, row, viewer, _language(request), listed=False)
            names = await reader.names(stream for found in one.wanted.values() for stream in found)
        await finish(spine.keys, [one], names)
        return answer(one.body, ETag=one.etag)

    return endpoint


def _listing(kind: Kind) -> Endpoint:
    parsers = {name: query.FILTERS[name].parse for name in kind.filters}
    allowed = {**parsers, "limit": limit, "cursor": str}

    async def endpoint(request: Request) -> Response:
        spine, viewer = await viewer_in(request)
        grants = query.grants_of(kind, viewer)
        asked = read_query(request, allowed)
        size: int = asked.pop("limit", LIMIT)
        given: str | None = asked.pop("cursor", None)
        scope = f"{kind.collection} {sorted(asked.items())}"
        cursor = read_cursor(given, scope, (str, str)) if given is not None else None
        values: dict[str, Any] = {
            **viewer.parameters(),
            **{f"by_{name}": value for name, value in asked.items()},
            "size": size + 1,
        }
        if cursor is not None:
            values |= {"at": _instant(cursor.key[0]), "after": cursor.key[1]}
        await settled(request, spine)
        statement = query.listing(kind, grants, frozenset(asked), cursor.forward if cursor else None)
        async with reading.as_viewer(spine, viewer) as reader:
            rows = await reader.fetch(statement, values)
            found = page(rows, cursor, size, scope, lambda row: (instant_text(row["created_at"]), row["stream"]))
            items = [shown(kind, row, viewer, _language(request), listed=True) for row in found.items]
            wanted = (stream for one in items for streams in one.wanted.values() for stream in streams)
            names = await reader.names(wanted)
        await finish(spine.keys, items, names)
        return answer({"items": [one.body for one in items], "next": found.next, "prev": found.prev})

    return endpoint


def _language(request: Request) -> str:
    return language_of(header(request.scope, b"accept-language"))


def _instant(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError as error:
        facts = {"in": "query", "failing": "invalid"}
        raise Refused.one("SCHEMA_INVALID", facts=facts, pointer="/cursor") from error


def add(router: APIRouter, kind: Kind) -> None:
    """Add the list and the item of one kind."""
    model = MODELS[kind.name]
    items: Any = (list.__class_getitem__(model), ...)
    listed = create_model(f"{model.__name__}Page", __base__=describe.PageModel, items=items)
    roles = sorted({role.value for grant in kind.grants for role in grant.roles})
    collection = f"/v1/{kind.collection}"
    router.add_api_route(
        collection,
        _listing(kind),
        name=f"list_{kind.collection}",
        summary=f"List {kind.collection}",
        tags=[kind.collection],
        responses={200: {"model": listed, "description": "A page, newest first"}},
        openapi_extra=describe.listing(kind.filters, roles),
    )
    router.add_api_route(
        f"{collection}/{{id}}",
        _item(kind),
        name=f"read_{kind.name}",
        summary="Read one",
        tags=[kind.collection],
        responses={200: {"model": model, "description": "The resource, as far as the caller may see it"}},
        openapi_extra=describe.item(roles),
    )


queries = Queries()
for _kind in KINDS.values():
    add(queries.router, _kind)
