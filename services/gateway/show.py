"""From rows to what a caller sees: the members granted, sealed ones opened, names beside ids."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, cast

from libs.events.bus import etag
from libs.events.contracts.base import instant_text
from libs.events.sealing import KeyRing
from libs.kernel.identity import masked
from services.gateway.access.grants import Grant
from services.gateway.access.kinds import Kind
from services.gateway.access.viewer import Viewer

LABELS: Final[Mapping[str, tuple[str, str]]] = {
    status: (zh, en)
    for status, (zh, en) in json.loads(files("services.gateway").joinpath("labels.json").read_text("utf-8")).items()
}
"""What an application's state is called in public (§8.1), in Chinese and in English."""
ID_NUMBER: Final = "id_number"
Place = tuple[Any, Any]
"""An object and a member of it, or a list and a place in it, where something stands."""


@dataclass(slots=True)
class Shown:
    """A resource on its way out: its body, where sealed text still stands in it, which names it wants."""

    body: dict[str, Any]
    etag: str
    sealed: list[Place]
    wanted: dict[str, list[str]]
    """Member to the streams that it names."""


def shown(kind: Kind, row: Mapping[str, Any], viewer: Viewer, language: str, *, listed: bool) -> Shown:
    """Show one row as its grant allows. The row's document is used up."""
    grant = kind.grants[row["grant"]]
    doc: dict[str, Any] = row["doc"]
    members = {name: value for name, value in doc.items() if grant.members is None or name in grant.members}
    for name, left_out in grant.trims.items():
        for part in members.get(name, ()):
            for member in left_out:
                part.pop(member, None)
    if listed:
        members = {name: value for name, value in members.items() if name not in kind.heavy}
    status = row["status"] if grant.inside or row["shown"] is None else row["shown"]
    body = {
        "id": row["stream"].partition("-")[2],
        "version": row["version"],
        "status": status,
        **_label(kind, row, language),
        "created_at": instant_text(row["created_at"]),
        "updated_at": instant_text(row["updated_at"]),
        **members,
        **(grant.derive(doc, viewer) if grant.derive else {}),
    }
    sealed = list(_sealed(kind, body))
    opened = [place for place in sealed if grant.opens is None or place[1] in grant.opens]
    for holder, member in sealed:
        if grant.opens is not None and member not in grant.opens:
            del holder[member]
    places = [place for one in opened for place in _each(one)]
    return Shown(body, etag(row["version"], row["hash"]), places, _wanted(kind, grant, row))


def _label(kind: Kind, row: Mapping[str, Any], language: str) -> dict[str, str]:
    if kind.name != "application":
        return {}
    zh, en = LABELS.get(row["status"] or "", ("", ""))
    return {"label": en if language == "en" else zh}


def _sealed(kind: Kind, members: dict[str, Any]) -> Iterator[Place]:
    for place in kind.seals:
        yield from _reached(members, place)


def _reached(holder: Any, path: str) -> Iterator[Place]:
    """Follow a path through objects and lists to the members that it names; `*` is every member."""
    if isinstance(holder, list):
        for one in cast("list[Any]", holder):
            yield from _reached(one, path)
    elif isinstance(holder, dict):
        found = cast("dict[str, Any]", holder)
        head, _, tail = path.partition(".")
        for name in list(found) if head == "*" else [head]:
            if tail:
                yield from _reached(found.get(name), tail)
            elif found.get(name) is not None:
                yield found, name


def _each(place: Place) -> Iterator[Place]:
    """Give a place, or those in the list that stands there."""
    holder, member = place
    if isinstance(holder[member], list):
        yield from ((holder[member], number) for number in range(len(holder[member])))
    else:
        yield place


def _wanted(kind: Kind, grant: Grant, row: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for member, (of, column) in kind.names.items():
        if grant.members is None or member in grant.members:
            value = row[column]
            found[member] = [f"{of}-{one}" for one in (value if isinstance(value, list) else [value]) if one]
    return found


async def finish(keys: KeyRing, page: list[Shown], names: Mapping[str, str]) -> None:
    """Open what is sealed, with one request for keys, and write the names; what can never be read is None.

    Raises
    ------
    Refused
        UPSTREAM_UNAVAILABLE when the keys cannot be had now.
    """
    persons = {name for stream, name in names.items() if stream.startswith("person-")}
    sealed = {holder[member] for one in page for holder, member in one.sealed}
    opened: dict[str, str | None] = await keys.open_all(sealed | persons) if sealed or persons else {}
    for one in page:
        for holder, member in one.sealed:
            text = opened[holder[member]]
            holder[member] = hidden(text) if member == ID_NUMBER and text else text
        for member, streams in one.wanted.items():
            known = {
                stream.partition("-")[2]: opened.get(names[stream], names[stream])
                for stream in streams
                if stream in names
            }
            if member == "names":
                one.body[member] = known
            elif known:
                one.body[member] = next(iter(known.values()))


def hidden(number: str) -> str:
    """Mask an ID number; one that is too short for the usual mask shows its last two characters."""
    mask = masked(number)
    return mask if mask != number else "*" * (len(number) - 2) + number[-2:]
