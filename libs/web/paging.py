"""Strict query keys, and pages by cursors that stay right while new items come in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import Request

from libs.kernel.refusals import Reason, Refused, refuse_all

LIMIT: Final = 20
MOST: Final = 100
LONGEST: Final = 400
"""The most characters that a query value may have."""
_WAIT = re.compile(r"(?:^|[,;\s])wait=([0-9]{1,4})(?:$|[,;\s])")
_NUMBER = re.compile(r"[0-9]{1,4}")
_TOO_LARGE: Final = 2**62

Parse = Callable[[str], Any]


def read_query(request: Request, allowed: Mapping[str, Parse]) -> dict[str, Any]:
    """Read a request's query, each key with its parser; a parser raises ValueError for what cannot be.

    Raises
    ------
    Refused
        SCHEMA_INVALID with every unknown key, repeated key and impossible value, at `/key`.
    """
    found: dict[str, Any] = {}
    reasons: list[Reason] = []
    for key, text in request.query_params.multi_items():
        if key not in allowed:
            reasons.append(_reason(key, "unknown", sorted(allowed)))
        elif key in found:
            reasons.append(_reason(key, "repeated"))
        else:
            try:
                found[key] = allowed[key](text[: LONGEST + 1])
            except ValueError:
                reasons.append(_reason(key, "invalid"))
                found[key] = None
    refuse_all(reasons)
    return found


def _reason(key: str, failing: str, allowed: Sequence[str] = ()) -> Reason:
    pointer = "/" + key[:LONGEST].replace("~", "~0").replace("/", "~1")
    change = {"allowed": list(allowed)} if allowed else {}
    return Reason("SCHEMA_INVALID", facts={"in": "query", "failing": failing}, change=change, pointer=pointer)


def limit(text: str) -> int:
    """Read how many items a page has at most: 1 to 100."""
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MOST:
        raise ValueError(text)
    return int(text)


def wait_seconds(prefer: str, *, otherwise: float, most: float) -> float:
    """Read how long the client would wait from its `Prefer` header (RFC 7240), in seconds."""
    match = _WAIT.search(prefer)
    return min(float(match[1]), most) if match else otherwise


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two items: after `key` going forward, before it going back."""

    forward: bool
    key: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One page, in the list's order, with the cursors beside it."""

    items: list[Any]
    next: str | None
    prev: str | None


def write_cursor(cursor: Cursor, scope: str) -> str:
    """Write a cursor for the list that `scope` names; in another list it is none."""
    text = orjson.dumps([_scope(scope), int(cursor.forward), *cursor.key])
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def read_cursor(text: str, scope: str, kinds: tuple[type, ...]) -> Cursor:
    """Read a cursor whose key has members of these types.

    Raises
    ------
    Refused
        SCHEMA_INVALID at `/cursor` for anything else, a cursor of another list among it.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        members = orjson.loads(raw)
    except (binascii.Error, orjson.JSONDecodeError, ValueError):
        members = None
    if (
        not isinstance(members, list)
        or len(members) != len(kinds) + 2
        or members[0] != _scope(scope)
        or type(members[1]) is not int
        or not all(_fits(member, kind) for member, kind in zip(members[2:], kinds, strict=True))
    ):
        raise Refused([_reason("cursor", "invalid")])
    return Cursor(bool(members[1]), tuple(members[2:]))


def _fits(member: Any, kind: type) -> bool:
    """Tell whether a key's member is one that a database would take."""
    if type(member) is not kind:
        return False
    if kind is int:
        return 0 <= member < _TOO_LARGE
    return kind is not str or (len(member) <= LONGEST and member.isprintable())


def _scope(scope: str) -> str:
    return hashlib.sha256(scope.encode()).hexdigest()[:12]


def page(
    rows: Sequence[Any], cursor: Cursor | None, size: int, scope: str, key: Callable[[Any], tuple[Any, ...]]
) -> Page:
    """Make a page of rows read from a cursor on, one more than fit if there are more.

    Rows that were read going back come in reverse.
    """
    forward = cursor is None or cursor.forward
    fitting = list(rows[:size])
    more = len(rows) > size
    if not forward:
        fitting.reverse()
    if not fitting:
        return Page([], None, None)
    after = write_cursor(Cursor(forward=True, key=key(fitting[-1])), scope)
    before = write_cursor(Cursor(forward=False, key=key(fitting[0])), scope)
    return Page(
        fitting, after if more or not forward else None, before if (more and not forward) or _came(cursor) else None
    )


def _came(cursor: Cursor | None) -> bool:
    return cursor is not None and cursor.forward
