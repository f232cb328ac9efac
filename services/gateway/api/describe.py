"""What the queries say of themselves in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from libs.kernel.terms import Level
from libs.web.calls import PATH_ID
from libs.web.paging import LIMIT, MOST

_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 100}
_SCHEMAS: Final[Mapping[str, dict[str, Any]]] = {
    "status": {**_TEXT, "pattern": "^[a-z_]+$"},
    "level": {"type": "string", "enum": [level.value for level in Level]},
    "year": {"type": "integer", "minimum": 1900, "maximum": 2999},
    "series": _TEXT,
    "district": _TEXT,
    "name": _TEXT,
    "kind": _TEXT,
    "type": {"type": "string", "pattern": "^[A-Za-z]{1,60}$"},
}
_PROBLEM: Final = {"default": {"$ref": "#/components/responses/Problem"}}


class PageModel(BaseModel):
    """A page of a list."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    next: str | None
    """The cursor of the next page, where there is one."""
    prev: str | None
    """The cursor of the page before, where there is one."""


def _query(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": _SCHEMAS.get(name, PATH_ID)}


def _header(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": 200}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


_PAGING: Final = (
    {
        "name": "limit",
        "in": "query",
        "required": False,
        "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT},
    },
    {
        "name": "cursor",
        "in": "query",
        "required": False,
        "description": "`next` or `prev` of a page of the same list with the same filters",
        "schema": {"type": "string", "minLength": 1, "maxLength": 400, "pattern": "^[A-Za-z0-9_-]+$"},
    },
)
_FRESH: Final = (
    _header("Consistency-Token", "What a command answered; the answer contains it, or is 503"),
    _header("Prefer", "`wait=N`: how many seconds to wait for it"),
)
_ID: Final = {"name": "id", "in": "path", "required": True, "schema": PATH_ID}


def _document(parameters: Iterable[Mapping[str, Any]], roles: Iterable[str] = ()) -> dict[str, Any]:
    document: dict[str, Any] = {"parameters": list(parameters), "responses": _PROBLEM}
    who = list(roles)
    if who:
        document["x-roles"] = who
        if "public" not in who:
            document["security"] = [{"token": []}]
    return document


def listing(filters: Iterable[str], roles: Iterable[str]) -> dict[str, Any]:
    """Describe a list."""
    return _document((*(_query(name) for name in filters), *_PAGING, *_FRESH), roles)


def item(roles: Iterable[str]) -> dict[str, Any]:
    """Describe the reading of one resource."""
    document = _document((_ID, *_FRESH), roles)
    headers = {"ETag": {"schema": {"type": "string"}, "description": '`"version.hash"`; If-Match compares the version'}}
    return {**document, "responses": {**_PROBLEM, "200": {"headers": headers}}}


def feed(filters: Iterable[str], *, by_id: bool) -> dict[str, Any]:
    """Describe a feed."""
    return _document((*((_ID,) if by_id else ()), *(_query(name) for name in filters), *_PAGING, *_FRESH))
