"""One OpenAPI document out of the gateway's and the services'."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any, Final

from services.gateway.version import VERSION

Document = dict[str, Any]

_FIRST_PARAMETER: Final = re.compile(r"^(/v1/[^/{}]+/)\{([^{}]+)\}")
_REFERENCE: Final = "#/components/schemas/"
METHODS: Final = ("get", "post", "put", "patch", "delete")


def merge(
    own: Document, others: Mapping[str, Document], missing: tuple[str, ...], words: Mapping[str, Any]
) -> Document:
    """Merge the services' documents into the gateway's.

    Parameters
    ----------
    own
        The gateway's document; where a service answers the same operation, the gateway's counts.
    others
        The services' documents by name.
    missing
        The services that did not answer; they are named in `x-missing`.
    words
        The API's title and description, and what its collections are called.
    """
    merged = copy.deepcopy(own)
    merged["info"] = {**words["info"], "version": VERSION}
    merged["servers"] = [{"url": "/"}]
    merged["paths"] = {}
    schemas: Document = merged["components"]["schemas"]
    for service, document in {"gateway": own, **others}.items():
        renamed = _clashing(schemas, document, service)
        for path, operations in document.get("paths", {}).items():
            if path.startswith("/v1/"):
                _add_path(merged["paths"], path, _referring(operations, renamed), service)
        for name, schema in _schemas(document).items():
            schemas[renamed.get(name, name)] = _referring(schema, renamed)
    merged["tags"] = [{"name": name, "description": f"{zh} · {en}"} for name, (zh, en) in words["collections"].items()]
    if missing:
        merged["x-missing"] = sorted(missing)
    return merged


def _clashing(schemas: Mapping[str, Any], document: Document, service: str) -> dict[str, str]:
    """Name anew the schemas that are called like another one and are not the same."""
    return {
        name: f"{service.capitalize()}{name}"
        for name, schema in _schemas(document).items()
        if name in schemas and schemas[name] != schema
    }


def _schemas(document: Document) -> Document:
    return document.get("components", {}).get("schemas", {})


def _referring(value: Any, renamed: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _target(name, member, renamed) for name, member in value.items()}
    if isinstance(value, list):
        return [_referring(member, renamed) for member in value]
    return value


def _target(name: str, member: Any, renamed: Mapping[str, str]) -> Any:
    if name == "$ref" and isinstance(member, str) and member.startswith(_REFERENCE):
        schema = member.removeprefix(_REFERENCE)
        return _REFERENCE + renamed.get(schema, schema)
    return _referring(member, renamed)


def _add_path(paths: dict[str, Any], path: str, operations: Document, service: str) -> None:
    # A resource's own id has one name, or two templates would stand for the same path.
    match = _FIRST_PARAMETER.match(path)
    called = match[2] if match else "id"
    path = _FIRST_PARAMETER.sub(r"\1{id}", path)
    for method, operation in operations.items():
        if method not in METHODS:
            continue
        parameters = [
            {**one, "name": "id"} if one.get("in") == "path" and one.get("name") == called else one
            for one in operation.get("parameters", ())
        ]
        paths.setdefault(path, {}).setdefault(method, {**operation, "parameters": parameters, "x-service": service})
