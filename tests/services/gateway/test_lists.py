"""Lists: strict keys, cursors that stay right, no 500 whatever is asked."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from libs.events.contracts import intake
from libs.kernel.terms import EmployerKind
from libs.web.paging import Cursor, write_cursor
from services.gateway.access.kinds import KINDS
from tests.domain.gateway.story import NOON, Story, Stream
from tests.services.gateway.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def register(world: World, district: str, count: int, name: str = "单位", minute: int = 0) -> list[str]:
    """Register employers in a district; give their ids, the latest first."""
    streams = [Stream(f"employer-{uuid4()}") for _ in range(count)]
    for number, stream in enumerate(streams):
        registered = intake.EmployerRegistered(
            name=f"{name}{number}",
            credit_code="91110000MA0000000X",
            kind=EmployerKind.NON_PUBLIC,
            district=district,
            superior="",
        )
        # Several at the same instant: the order must not rest on time alone.
        await world.publish(
            stream.say(registered, at=NOON.replace(minute=minute + number // 3)), folded=number == count - 1
        )
    events = [stream.last for stream in streams if stream.last]
    await world.folded(events)
    ordered = sorted(events, key=lambda event: (event.time, event.stream), reverse=True)
    return [event.identity for event in ordered]


async def walk(world: World, path: str, first: dict[str, Any], which: str) -> list[dict[str, Any]]:
    pages = [first]
    while pages[-1][which]:
        pages.append((await world.get(f"{path}&cursor={pages[-1][which]}")).json())
    return pages


async def test_pages_forward_and_back_show_each_item_once_newest_first(world):
    district = str(uuid4())
    ids = await register(world, district, 8)
    path = f"/v1/employers?district={district}&limit=3"
    there = await walk(world, path, (await world.get(path)).json(), "next")
    assert [[one["id"] for one in page["items"]] for page in there] == [ids[:3], ids[3:6], ids[6:]]
    back = await walk(world, path, there[-1], "prev")
    assert [[one["id"] for one in page["items"]] for page in back] == [ids[6:], ids[3:6], ids[:3]]
    assert (there[0]["prev"], there[-1]["next"], back[-1]["prev"]) == (None, None, None)


async def test_a_cursor_stays_right_while_new_items_come_in(world):
    district = str(uuid4())
    ids = await register(world, district, 4)
    path = f"/v1/employers?district={district}&limit=2"
    first = (await world.get(path)).json()
    await register(world, district, 1, name="后来", minute=30)
    second = (await world.get(f"{path}&cursor={first['next']}")).json()
    assert [one["id"] for one in second["items"]] == ids[2:]


async def test_an_empty_list_has_no_cursors(world):
    assert (await world.get(f"/v1/employers?district={uuid4()}")).json() == {"items": [], "next": None, "prev": None}


async def test_a_part_of_a_name_finds_it_and_wildcards_mean_themselves(world):
    district = str(uuid4())
    await register(world, district, 2, name="百分%之_百")
    assert len(await world.items(f"/v1/employers?district={district}&name=%25之_")) == 2
    assert await world.items(f"/v1/employers?district={district}&name=%25%25") == []


async def test_every_key_that_is_wrong_is_a_400_with_a_pointer_to_each(world):
    answer = await world.get("/v1/campaigns?yeer=2025&year=x&limit=0&series=a&series=b&agency=1")
    assert (answer.status_code, answer.json()["code"]) == (400, "SCHEMA_INVALID")
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/yeer", "/year", "/limit", "/series", "/agency"}


BAD = (
    "x",
    "",
    "AAAA",
    "%00",
    write_cursor(Cursor(forward=True, key=("2025-03-03T04:00:00.000000Z", "employer-1")), "other"),
)


@pytest.mark.parametrize("cursor", BAD)
async def test_a_bad_cursor_is_refused_at_the_cursor(world, cursor):
    answer = await world.get(f"/v1/employers?cursor={cursor}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/cursor")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z", "2025-03-03", "x"])
async def test_a_cursor_that_was_made_up_finds_nothing_or_is_refused(world, at):
    cursor = write_cursor(Cursor(forward=True, key=(at, "employer-1")), "employers []")
    assert (await world.get(f"/v1/employers?cursor={cursor}")).status_code in {200, 400}


ODD = ("", "%00", "%F0%9F", "𠅤", "a" * 500, "'--", "0", "-1", "9" * 30, "%0a", "null", "[]", "2025-01-01")


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_whatever_a_key_says_there_is_an_answer(world, kind):
    for name in KINDS[kind].filters:
        for value in ODD:
            answer = await world.get(f"/v1/{KINDS[kind].collection}?{name}={value}", "auditor")
            assert answer.status_code in {200, 400}, (name, value, answer.text)


NOTHING = "6b15ffa1-4458-49ba-a002-dcfadc4cbcc6"


@pytest.mark.parametrize("identity", ["x", "%00", "1" * 300, NOTHING, NOTHING.upper(), "𠅤"])
async def test_an_id_that_names_nothing_is_not_found(world, identity):
    answer = await world.get(f"/v1/applications/{identity}", "auditor")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_a_method_that_a_resource_does_not_know_is_a_problem(world):
    answer = await world.send("DELETE", f"/v1/clients/{uuid4()}", "city")
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")


async def test_a_list_leaves_out_what_is_heavy(world):
    story = Story()
    story.begin()
    await world.tell(story)
    (listed,) = [one for one in await world.items("/v1/rulesets?limit=100") if one["id"] == story.id("ruleset")]
    assert "document" not in listed
    assert (await world.get(f"/v1/rulesets/{story.id('ruleset')}")).json()["document"] == "{}"


async def test_a_draft_of_a_ruleset_is_not_published_by_a_list(world):
    story = Story()
    story.begin()
    draft = Stream(f"ruleset-{uuid4()}")
    drafted = next(event.payload for event in story.told if event.type == "RuleSetDrafted")
    await world.publish(draft.say(drafted))
    assert draft.id not in {one["id"] for one in await world.items("/v1/rulesets?status=draft")}
    assert draft.id in {one["id"] for one in await world.items("/v1/rulesets?status=draft", "city")}


async def test_the_city_registers_a_client_and_reads_it_back(world):
    body = {"client_id": f"bureau-{uuid4().hex[:8]}", "roles": ["district"], "district": "海淀区"}
    made = await world.send("POST", "/v1/clients", "city", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/v1/clients/{made.json()['id']}"
    headers = {"Consistency-Token": made.headers["consistency-token"], "Prefer": "wait=20"}
    found = await world.get(f"/v1/clients/{made.json()['id']}", "auditor", headers=headers)
    assert (found.status_code, found.json()["client_id"]) == (200, body["client_id"])
    assert found.headers["etag"] == made.headers["etag"]
    again = await world.send("POST", "/v1/clients", "city", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert again.json()["code"] == "ILLEGAL_TRANSITION"
    refused = await world.send("POST", "/v1/clients", "auditor", json=body, headers={"Idempotency-Key": "k"})
    assert refused.json()["code"] == "FORBIDDEN_ACTOR"
