"""Browsers and busy clients: origins, exposed headers, limits, also on problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.services.gateway.world import World, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deploy.local.info import StackInfo
    from deploy.local.outside_process import OutsideInfo

pytestmark = pytest.mark.asyncio(loop_scope="module")
ORIGIN = "https://front.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(
    stack: StackInfo, outside: OutsideInfo, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """A gateway with one origin and a small quota."""
    folder = tmp_path_factory.mktemp("strict")
    async with running(
        stack, outside, folder, origins=f"{ORIGIN}, https://b.example", quota=20, window_seconds=600
    ) as world:
        yield world


async def test_a_listed_origin_may_read_what_it_needs_also_from_a_problem(strict):
    for path in ("/v1/campaigns", "/v1/campaigns?foo=1", "/v1/unknown", "/v1/ballots"):
        answer = await strict.get(path, "applicant", person="x", headers={"Origin": ORIGIN})
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert answer.headers["vary"] == "Origin"
        exposed = {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}
        assert {"ETag", "Consistency-Token", "Location", "Retry-After", "RateLimit"} <= exposed
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ORIGIN + ".evil.example", ORIGIN.upper()])
async def test_another_origin_may_read_nothing(strict, origin):
    answer = await strict.get("/v1/campaigns", "applicant", person=origin, headers={"Origin": origin})
    assert "access-control-allow-origin" not in answer.headers


async def test_a_preflight_is_answered_without_a_token_and_costs_nothing(strict):
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "idempotency-key,if-match",
    }
    for _ in range(40):
        answer = await strict.send("OPTIONS", "/v1/applications/1", headers=headers)
        assert answer.status_code == 204
    assert "PUT" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert all(
        name in allowed for name in ("idempotency-key", "if-match", "authorization", "consistency-token", "prefer")
    )


async def test_no_origin_may_read_anything_unless_it_is_listed(world):
    answer = await world.get("/v1/campaigns", headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in answer.headers


async def test_a_caller_is_told_its_limit_and_stopped_at_it_and_others_are_not(strict):
    headers = {"Origin": ORIGIN, "Accept-Language": "en"}
    for _ in range(20):
        answer = await strict.get("/v1/campaigns", "auditor", headers=headers)
        assert answer.status_code == 200
    assert answer.headers["ratelimit-policy"] == '"default";q=20;w=600'
    assert answer.headers["ratelimit"].startswith('"default";r=0;t=')
    answer = await strict.get("/v1/campaigns", "auditor", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert (await strict.get("/v1/campaigns", "city")).status_code == 200


async def test_guessing_at_tokens_is_limited_by_where_it_comes_from(strict):
    statuses = [
        (await strict.get("/v1/campaigns", headers={"Authorization": f"Bearer {number}"})).status_code
        for number in range(25)
    ]
    assert statuses[0] == 401
    assert statuses[-1] == 429


async def test_health_is_not_limited(strict):
    assert {(await strict.get("/livez")).status_code for _ in range(40)} == {200}


async def test_every_answer_says_its_version_and_forbids_what_it_need_not_do(world):
    for path in ("/v1/campaigns", "/v1/unknown", "/v1/docs"):
        answer = await world.get(path)
        assert answer.headers["api-version"] == "1.0.0"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["traceresponse"].startswith("00-")
