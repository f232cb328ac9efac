"""Every operation that the OpenAPI document describes answers anything with a good answer or a listed problem."""

from __future__ import annotations

from random import Random
from typing import Any

import schemathesis
from schemathesis.openapi.checks import JsonSchemaError  # noqa: F401
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzz.people import ROLES, Callers
from tests.fuzz.problems import check_answer

api = schemathesis.pytest.from_fixture("api")
CONFORMS = [
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
RANDOM = Random(12)


@api.parametrize()
def test_any_request_gets_a_good_answer_or_a_problem_with_a_listed_code(case: Any, callers: Callers) -> None:
    _aim(case, callers)
    allowed = case.operation.definition.raw.get("x-roles") or ["city"]
    # Mostly as somebody who may, so that the request gets past the door; else as anybody, or as nobody.
    role = RANDOM.choice([*allowed, *allowed, *allowed, RANDOM.choice(ROLES), "public"])
    headers = callers.headers(role)
    answer = case.call(headers=headers)
    check_answer(answer)
    if answer.status_code < 300:
        case.validate_response(answer, checks=CONFORMS)


def _aim(case: Any, callers: Callers) -> None:
    """Let the path name something that exists, half of the time."""
    collection = case.path.split("/")[2]
    known = callers.ids.get(collection)
    if "id" in case.path_parameters and known and RANDOM.random() < 0.5:
        case.path_parameters["id"] = RANDOM.choice(known)
