"""One document out of many: nothing lost, nothing twice, no two names for one path."""

from __future__ import annotations

from typing import Any

from services.gateway.openapi import merge
from services.gateway.reference import groups, kind, schemas
from services.gateway.rendering import WORDS
from services.gateway.routing import OWNERS


def document(paths: dict[str, Any], components: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {}, "paths": paths, "components": {"schemas": components or {}}}


def operation(name: str, *parameters: str, schema: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {
        "summary": name,
        "parameters": [
            {"name": one, "in": "path", "required": True, "schema": {"type": "string"}} for one in parameters
        ],
        "responses": {"200": {"description": "ok"}},
    }
    if schema:
        reference = {"$ref": f"#/components/schemas/{schema}"}
        found["requestBody"] = {"content": {"application/json": {"schema": reference}}}
    return found


OWN = document({"/v1/persons/{id}": {"get": operation("read", "id")}}, {"Person": {"type": "object"}})


def test_commands_of_the_services_stand_beside_the_queries_under_one_path():
    theirs = document({"/v1/persons/{person}": {"put": operation("change", "person")}})
    merged = merge(OWN, {"intake": theirs}, (), WORDS)
    assert set(merged["paths"]) == {"/v1/persons/{id}"}
    assert set(merged["paths"]["/v1/persons/{id}"]) == {"get", "put"}
    assert merged["paths"]["/v1/persons/{id}"]["put"]["parameters"][0]["name"] == "id"
    assert merged["paths"]["/v1/persons/{id}"]["put"]["x-service"] == "intake"


def test_a_second_parameter_keeps_its_name():
    path = "/v1/applications/{application}/objections/{objection}/decisions"
    theirs = document({path: {"post": operation("decide", "application", "objection")}})
    merged = merge(OWN, {"intake": theirs}, (), WORDS)
    found = merged["paths"]["/v1/applications/{id}/objections/{objection}/decisions"]["post"]
    assert [one["name"] for one in found["parameters"]] == ["id", "objection"]


def test_the_gateway_counts_where_both_answer():
    merged = merge(OWN, {"intake": document({"/v1/persons/{person}": {"get": operation("theirs")}})}, (), WORDS)
    assert merged["paths"]["/v1/persons/{id}"]["get"]["summary"] == "read"


def test_what_is_internal_stays_out():
    theirs = document({"/internal/keys": {"post": operation("keys")}, "/livez": {"get": operation("alive")}})
    assert set(merge(OWN, {"intake": theirs}, (), WORDS)["paths"]) == {"/v1/persons/{id}"}


def test_two_schemas_of_one_name_are_kept_apart():
    theirs = document({"/v1/persons": {"post": operation("make", schema="Person")}}, {"Person": {"type": "string"}})
    merged = merge(OWN, {"intake": theirs}, (), WORDS)
    assert merged["components"]["schemas"]["Person"] == {"type": "object"}
    assert merged["components"]["schemas"]["IntakePerson"] == {"type": "string"}
    body = merged["paths"]["/v1/persons"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/IntakePerson"}


def test_a_service_that_is_down_is_named():
    assert merge(OWN, {}, ("review", "intake"), WORDS)["x-missing"] == ["intake", "review"]
    assert "x-missing" not in merge(OWN, {}, (), WORDS)


def test_merging_leaves_the_parts_as_they_were():
    theirs = document({"/v1/persons/{person}": {"put": operation("change", "person")}})
    merge(OWN, {"intake": theirs}, (), WORDS)
    assert theirs["paths"]["/v1/persons/{person}"]["put"]["parameters"][0]["name"] == "person"
    assert set(OWN["paths"]["/v1/persons/{id}"]) == {"get"}


def test_the_page_groups_by_collection_in_the_order_of_a_case():
    theirs = document(
        {"/v1/applications": {"post": operation("begin")}, "/v1/persons": {"post": operation("register")}}
    )
    merged = merge(OWN, {"intake": theirs}, (), WORDS)
    found = groups(merged, list(WORDS["collections"]))
    assert [group.name for group in found] == ["persons", "applications"]
    assert [(one.method, one.path) for one in found[0].operations] == [
        ("POST", "/v1/persons"),
        ("GET", "/v1/persons/{id}"),
    ]
    assert [schema.name for schema in schemas(merged)] == ["Person"]


def test_every_collection_has_its_name_in_both_languages():
    assert set(WORDS["collections"]) == set(OWNERS) | {"clients", "events"}


def test_types_are_said_in_words():
    assert kind({"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}]}).nullable
    assert kind({"type": "array", "items": {"$ref": "#/components/schemas/A"}}).listed
    assert kind({"enum": ["a", "b"]}).text == "a | b"
    assert kind({"type": "integer", "minimum": 1, "maximum": 100}).text == "integer 1…100"
    assert kind({"type": "object", "additionalProperties": {"type": "string"}}).mapped
