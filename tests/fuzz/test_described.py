"""Every operation that the OpenAPI document describes answers anything with a good answer or a listed problem."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.config import GenerationConfig
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from libs.web.filetypes import MATERIAL_TYPES
from tests.fuzz.people import ROLES, Callers
from tests.fuzz.problems import check_answer

CONFORMS = [content_type_conformance, response_schema_conformance, status_code_conformance]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
COVERED = 24
"""How many of the cases that cover a description's corners are sent, for each operation."""
DRAWN = 4
"""How many random ones, fitting and not fitting each."""
AIMED = 0.6
"""How often a path names something that exists."""


@schemathesis.serializer(*MATERIAL_TYPES)
def as_it_is(_context: Any, value: Any) -> Any:
    """Send a file's bytes; what is no bytes at all is sent as its text."""
    return getattr(value, "data", value) if not isinstance(value, str | int | float | list | dict) else str(value)


def test_any_request_gets_a_good_answer_or_a_problem_with_a_listed_code(
    api: Any, callers: Callers, subtests: pytest.Subtests
) -> None:
    random = Random(20)
    answered: Counter[int] = Counter()
    with requests.Session() as session:
        for found in api.get_all_operations():
            operation = found.ok()
            with subtests.test(operation.label):
                for case in [*_corners(api, operation, random), *_drawn(operation)]:
                    answered[_send(case, callers, random, session)] += 1
    assert answered.total() > 100 * DRAWN
    # Not only refusals at the door: some of it is answered, and some comes as far as the rules.
    assert {200, 400, 401, 403, 404, 409} <= answered.keys(), answered


def _corners(api: Any, operation: Any, random: Random) -> list[Any]:
    """Choose among the cases that cover every keyword of the description."""
    config = GenerationConfig()
    cases = list(api.iter_coverage_cases(operation, generation_modes=list(MODES), generation_config=config))
    return random.sample(cases, COVERED) if len(cases) > COVERED else cases


def _drawn(operation: Any) -> list[Any]:
    cases: list[Any] = []
    for mode in MODES:

        @settings(
            max_examples=DRAWN,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def draw(case: Any) -> None:
            cases.append(case)

        draw()
    return cases


def _send(case: Any, callers: Callers, random: Random, session: requests.Session) -> int:
    collection = case.path.split("/")[2]
    known = callers.ids.get(collection)
    if "id" in case.path_parameters and known and random.random() < AIMED:
        case.path_parameters["id"] = random.choice(known)
    # Mostly as somebody who may, so that the request gets past the door; else as anybody, or as nobody.
    allowed = case.operation.definition.raw.get("x-roles") or ["city"]
    role = random.choice([*allowed] * 3 + [random.choice(ROLES), "public"])
    answer = case.call(session=session, headers=callers.headers(role))
    check_answer(answer)
    if answer.status_code < 300:
        case.validate_response(answer, checks=CONFORMS)
    return answer.status_code
