"""Where an event's contract seals something; a text that only looks sealed, anywhere else, is anybody's text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

from libs.events.contracts import Payload, registry
from libs.events.envelope import Event
from libs.events.schemas import path_of, schema_of


def sealed_texts(event: Event) -> Iterator[tuple[str, str]]:
    """Give what stands in the sealed places of an event's data, each with its path, as the version written had them.

    A type that is unknown here has no such places.
    """
    model = registry.current.get(event.type)
    schema = _schema(model, event.schema_version) if model else None
    if schema is not None:
        yield from _texts(event.data, schema, schema.get("$defs", {}), "")


@cache
def _schema(model: type[Payload], version: int) -> dict[str, Any] | None:
    """Give the schema of one version of a payload; None where nothing is sealed."""
    if version == model.version:
        schema = schema_of(model)
    else:
        schema = json.loads(path_of(model).with_name(f"{model.__name__}.{version}.json").read_text())
    return schema if "'x-sealed'" in str(schema) else None


def _texts(value: Any, schema: dict[str, Any], shared: dict[str, Any], place: str) -> Iterator[tuple[str, str]]:
    if "$ref" in schema:
        schema = shared[schema["$ref"].rpartition("/")[2]]
    for one in schema.get("anyOf", ()):
        yield from _texts(value, one, shared, place)
    if isinstance(value, str):
        if schema.get("x-sealed"):
            yield place, value
    elif isinstance(value, list):
        for number, member in enumerate(cast("list[Any]", value)):
            yield from _texts(member, schema.get("items", {}), shared, f"{place}/{number}")
    elif isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        known = schema.get("properties", {})
        if members.keys() <= known.keys():  # of a choice between parts, the one that it is
            for name, member in members.items():
                yield from _texts(member, known[name], shared, f"{place}/{name}" if place else name)
