"""What the folds share: a row is columns by which it is found and guarded, and the document that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.events.contracts.base import Payload, instant_text
from libs.events.envelope import Event
from libs.events.views import Row

OWNER, EMPLOYER, OFFICE = 0, 1, 2
"""How far a file has come (`reach`): with its owner only, with the employer too, with agency and bureaus too."""


def change(row: Row, doc: Mapping[str, Any] | None = None, **columns: Any) -> Row:
    """Give the row with these columns set, and these members of its document set."""
    changed = {**row, **columns}
    if doc:
        changed["doc"] = {**row["doc"], **doc}
    return changed


def said(payload: Payload, *without: str) -> dict[str, Any]:
    """Give what a payload says as plain JSON values; sealed fields stay sealed."""
    return payload.model_dump(mode="json", exclude=set(without))


def more(row: Row, name: str, *items: Any) -> dict[str, Any]:
    """Give the document's list `name` with items added."""
    return {name: [*row["doc"].get(name, ()), *items]}


def within(row: Row, name: str, **members: Any) -> dict[str, Any]:
    """Give the document's object `name` with members set."""
    return {name: {**(row["doc"].get(name) or {}), **members}}


def marked(row: Row, name: str, key: str, value: str, **members: Any) -> dict[str, Any]:
    """Give the document's list `name` with members set in the items whose `key` is `value`."""
    items: list[dict[str, Any]] = row["doc"].get(name, [])
    return {name: [{**item, **members} if item.get(key) == value else item for item in items]}


def at(event: Event) -> str:
    """Write when an event happened."""
    return instant_text(event.time)
