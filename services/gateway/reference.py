"""The OpenAPI document as a page shows it: collections, their operations, their schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from services.gateway.openapi import METHODS, Document

_REFERENCE: Final = "#/components/schemas/"
_HEADINGS: Final = {"get": 0, "post": 1, "put": 2, "patch": 3, "delete": 4}


@dataclass(frozen=True, slots=True)
class Kind:
    """A type in words: what it is, or what the members of a list or map are."""

    text: str
    schema: str = ""
    listed: bool = False
    mapped: bool = False
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object, or one parameter."""

    name: str
    kind: Kind
    required: bool
    note: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, ready to be shown."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    service: str
    roles: list[str]
    parameters: list[Member]
    body: Kind | None
    answers: list[tuple[str, Kind]]


@dataclass(frozen=True, slots=True)
class Group:
    """A collection and its operations."""

    name: str
    operations: list[Operation]


@dataclass(frozen=True, slots=True)
class Schema:
    """One schema: its members, or its values."""

    name: str
    note: str
    members: list[Member]
    values: list[str]


def groups(document: Document, order: list[str]) -> list[Group]:
    """Group the operations by their collection, in the order given."""
    found: dict[str, list[Operation]] = {name: [] for name in order}
    for path, operations in document["paths"].items():
        name = path.split("/")[2]
        for method in METHODS:
            if method in operations:
                found.setdefault(name, []).append(_operation(method, path, operations[method]))
    return [
        Group(name, sorted(one, key=lambda each: (each.path.count("/"), each.path, _HEADINGS[each.method.lower()])))
        for name, one in found.items()
        if one
    ]


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Operation:
    return Operation(
        anchor=f"{method}-{path.removeprefix('/v1/').replace('/', '-').replace('{', '').replace('}', '')}",
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        service=operation.get("x-service", ""),
        roles=operation.get("x-roles", []),
        parameters=[_parameter(one) for one in operation.get("parameters", ())],
        body=_content(operation.get("requestBody", {})),
        answers=list(_answers(operation.get("responses", {}))),
    )


def _parameter(one: Mapping[str, Any]) -> Member:
    required = bool(one.get("required"))
    return Member(one["name"], kind(one.get("schema", {})), required, one.get("description", ""), one["in"])


def _content(holder: Mapping[str, Any]) -> Kind | None:
    content: Mapping[str, Any] = holder.get("content", {})
    if "application/json" in content:
        return kind(content["application/json"].get("schema", {}))
    return Kind(", ".join(content)) if content else None


def _answers(responses: Mapping[str, Any]) -> Iterator[tuple[str, Kind]]:
    for status, answer in responses.items():
        if status != "default":
            yield status, _content(answer) or Kind(answer.get("description", ""))


def schemas(document: Document) -> list[Schema]:
    """List the schemas by name."""
    return [_schema(name, one) for name, one in sorted(document["components"]["schemas"].items())]


def _schema(name: str, schema: Mapping[str, Any]) -> Schema:
    required = schema.get("required", ())
    members = [
        Member(member, kind(one), member in required, one.get("description", ""))
        for member, one in schema.get("properties", {}).items()
    ]
    return Schema(name, schema.get("description", ""), members, [str(value) for value in schema.get("enum", ())])


def kind(schema: Mapping[str, Any]) -> Kind:
    """Say in words what a schema describes."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REFERENCE)
        return Kind(name, schema=name)
    options = [one for one in schema.get("anyOf", schema.get("oneOf", ())) if one.get("type") != "null"]
    if len(options) == 1:
        return replace(kind(options[0]), nullable=True)
    if options:
        return Kind(" | ".join(kind(one).text for one in options))
    if schema.get("type") == "array":
        items = schema.get("items") or next(iter(schema.get("prefixItems", ())), {})
        return replace(kind(items), listed=True)
    if isinstance(schema.get("additionalProperties"), dict):
        return replace(kind(schema["additionalProperties"]), mapped=True)
    if "enum" in schema:
        return Kind(" | ".join(str(value) for value in schema["enum"]))
    return Kind(_plain(schema))


def _plain(schema: Mapping[str, Any]) -> str:
    name = schema.get("format") or schema.get("type") or ""
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None or most is not None:
        return f"{name} {'' if least is None else least}…{'' if most is None else most}"
    return str(name)
