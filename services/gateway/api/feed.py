"""The feed: what happened, in the order in which it became known here; polled, or waited for."""

from __future__ import annotations

import re
import time
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from libs.events.contracts.base import instant_text
from libs.kernel.terms import Role
from libs.web.paging import LIMIT, Cursor, limit, read_cursor, read_query, wait_seconds, write_cursor
from libs.web.server import header
from libs.web.spine import Spine
from services.gateway import query, reading
from services.gateway.access.kinds import KINDS, Kind
from services.gateway.access.viewer import Viewer
from services.gateway.api import describe
from services.gateway.api.models import EventPage
from services.gateway.api.queries import MOST_SECONDS, WAIT_SECONDS, Endpoint, Queries, answer, find, settled, viewer_in

BEGINNING: Final = (0, 0)
_TYPE = re.compile(r"[A-Za-z]{1,60}")
_SEES_ACTORS = frozenset({Role.CITY.value, Role.AUDITOR.value})
_PAGING: Final = {"limit": limit, "cursor": str}


def _kind(text: str) -> str:
    if text not in KINDS:
        raise ValueError(text)
    return text


def _type(text: str) -> str:
    if not _TYPE.fullmatch(text):
        raise ValueError(text)
    return text


_ALLOWED: Final = {**_PAGING, "application": query.FILTERS["application"].parse, "kind": _kind, "type": _type}


async def _everything(request: Request) -> Response:
    spine, viewer = await viewer_in(request)
    asked = read_query(request, _ALLOWED)
    await settled(request, spine)
    return await _feed(request, spine, viewer, asked)


def _of(kind: Kind) -> Endpoint:
    by = "application" if kind.name == "application" else "stream"

    async def endpoint(request: Request) -> Response:
        spine, viewer = await viewer_in(request)
        asked = read_query(request, _PAGING)
        await settled(request, spine)
        async with reading.as_viewer(spine, viewer) as reader:
            stream: str = (await find(request, reader, kind, viewer))["stream"]
        asked[by] = stream.partition("-")[2] if by == "application" else stream
        return await _feed(request, spine, viewer, asked)

    return endpoint


async def _feed(request: Request, spine: Spine, viewer: Viewer, asked: dict[str, Any]) -> Response:
    size: int = asked.pop("limit", LIMIT)
    given: str | None = asked.pop("cursor", None)
    scope = f"events {sorted(asked.items())}"
    place = read_cursor(given, scope, (int, int)).key if given is not None else BEGINNING
    token, prefer = header(request.scope, b"consistency-token"), header(request.scope, b"prefer")
    if token:
        # A token spends the wait: the row may be folded and not yet settled below the gate.
        await reading.in_feed(spine, token, wait_seconds(prefer, otherwise=WAIT_SECONDS, most=MOST_SECONDS))
    seconds = 0.0 if token else wait_seconds(prefer, otherwise=0.0, most=MOST_SECONDS)
    until = time.monotonic() + seconds
    statement = query.feed(viewer.roles, frozenset(asked))
    values = {
        **viewer.parameters(),
        **{f"by_{name}": value for name, value in asked.items()},
        "tick": place[0],
        "seq": place[1],
        "size": size,
    }
    while True:
        async with reading.as_viewer(spine, viewer) as reader:
            rows = await reader.fetch(statement, {**values, "gate": reader.gate})
        if rows or not await reading.something_new(spine, until):
            break
    if rows:
        place = (rows[-1]["tick"], rows[-1]["seq"])
    return answer(
        {
            "items": [_event(row, viewer) for row in rows],
            "next": write_cursor(Cursor(forward=True, key=place), scope),
            "prev": None,
        }
    )


def _event(row: Any, viewer: Viewer) -> dict[str, Any]:
    event = {
        "id": str(row["id"]),
        "stream": row["stream"],
        "version": row["version"],
        "type": row["type"],
        "time": instant_text(row["time"]),
        "recorded": instant_text(row["recorded"]),
        "service": row["service"],
        "role": row["role"],
        "clauses": row["clauses"].split(),
        "ruleset": row["ruleset"] or None,
        "hash": row["hash"].hex(),
        "prevhash": row["prevhash"].hex(),
    }
    return {**event, "actor": row["actor"]} if viewer.roles & _SEES_ACTORS else event


def _add(path: str, endpoint: Endpoint, tag: str, name: str, summary: str, document: dict[str, Any]) -> None:
    feed.router.add_api_route(
        path,
        endpoint,
        name=name,
        summary=summary,
        tags=[tag],
        responses={200: {"model": EventPage, "description": "Events, oldest first; `next` is always there"}},
        openapi_extra=document,
    )


feed = Queries()
_add(
    "/v1/events",
    _everything,
    "events",
    "list_events",
    "Follow what happens, as far as the caller may see it",
    describe.feed(("application", "kind", "type"), by_id=False),
)
for _one in KINDS.values():
    _add(
        f"/v1/{_one.collection}/{{id}}/events",
        _of(_one),
        _one.collection,
        f"list_events_of_{_one.name}",
        "Follow what happened to one",
        describe.feed((), by_id=True),
    )
