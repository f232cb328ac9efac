"""The OpenAPI 3.1 document of a service: FastAPI's, with the models that the raw-body routes name."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

_REF = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code", "trace_id", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "trace_id": {"type": "string"},
        "hotline": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "detail"],
                "properties": {
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "pointer": {"type": "string"},
                    "clause": {"type": "string"},
                    "ruleset": {"type": "string"},
                    "facts": {"type": "object"},
                    "change": {"type": "object"},
                },
            },
        },
    },
}
_REPLY = {
    "type": "object",
    "required": ["id", "version"],
    "properties": {"id": {"type": "string"}, "version": {"type": "integer"}, "etag": {"type": "string"}},
}


def document(app: FastAPI, models: dict[str, type[BaseModel]], answers: dict[str, type]) -> dict[str, Any]:
    """Build the document, with the models that bodies are read with and the types that answers are made of."""
    built = get_openapi(title=app.title, version=app.version, openapi_version="3.1.0", routes=app.routes)
    _, definitions = models_json_schema([(model, "validation") for model in models.values()], ref_template=_REF)
    named, parts = TypeAdapter.json_schemas(
        [(name, "serialization", TypeAdapter(answer)) for name, answer in answers.items()], ref_template=_REF
    )
    components = built.setdefault("components", {})
    components["schemas"] = {
        **components.get("schemas", {}),
        **definitions.get("$defs", {}),
        **parts.get("$defs", {}),
        **{name: schema for (name, _), schema in named.items() if "$ref" not in schema},
        "Problem": _PROBLEM,
        "CommandReply": _REPLY,
    }
    components["responses"] = {
        "Problem": {
            "description": "A problem (RFC 9457) with a code from the list",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    }
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "at+jwt"}}
    for methods in built["paths"].values():
        for operation in methods.values():
            # The default answer of a framework that validates; ours is a problem.
            operation.get("responses", {}).pop("422", None)
            if "201" in operation.get("responses", {}):
                operation["responses"].pop("200", None)
    return built
