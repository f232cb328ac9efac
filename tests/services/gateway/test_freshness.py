"""Never stale and silent: consistency tokens, parked streams, views that are being rebuilt."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import uuid4

import orjson
import pytest

from libs.events.canonical import digest
from libs.events.envelope import Event
from libs.events.maintenance import rebuild
from libs.events.reading import serving
from libs.events.topics import topic_name
from libs.kernel.refusals import Refused
from libs.web.auth import ANYONE
from services.gateway import reading
from services.gateway.access.viewer import viewer_of
from services.gateway.views.resources import COLUMNS, RESOURCES, VIEWS
from tests.domain.gateway.story import Story
from tests.services.gateway.world import PATIENCE, World

pytestmark = pytest.mark.asyncio(loop_scope="module")


def token(event: Event, ahead: int = 0) -> dict[str, str]:
    return {"Consistency-Token": f"{event.stream}@{event.version + ahead}"}


async def test_a_query_with_a_token_waits_for_what_it_names(world):
    story = Story()
    story.begin()
    last = story["person"].last
    assert last is not None
    path = f"/v1/persons/{story.person}"
    waiting = asyncio.create_task(
        world.get(path, "applicant", person=story.person, headers={**token(last), "Prefer": "wait=20"})
    )
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await world.publish(story.told, folded=False)
    answer = await waiting
    assert (answer.status_code, answer.json()["version"]) == (200, last.version)


async def test_what_has_not_come_in_time_is_lag_and_does_not_say_how_far_the_stream_is(world):
    story = Story()
    story.begin()
    await world.tell(story)
    last = story["employer"].last
    assert last is not None
    begun = time.monotonic()
    headers = {**token(last, ahead=1), "Prefer": "wait=1"}
    answer = await world.get(f"/v1/employers/{story.id('employer')}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "PROJECTION_LAG")
    assert answer.json()["errors"][0]["facts"] == {"wanted": f"{last.stream}@{last.version + 1}"}
    assert answer.headers["retry-after"]
    assert time.monotonic() - begun > 0.9


@pytest.mark.parametrize(
    "text", ["x", "person", "person-1@", "@1", "office-1@1", "person-" + "1" * 100 + "@1", "person-1@-1"]
)
async def test_what_is_no_token_is_refused(world, text):
    answer = await world.get("/v1/campaigns", headers={"Consistency-Token": text})
    assert (answer.status_code, answer.json()["code"]) == (400, "SCHEMA_INVALID")


async def test_a_poisoned_stream_is_parked_and_the_others_go_on(world):
    story = Story()
    story.begin()
    last = story["employer"].last
    assert last is not None
    attributes = {**last.attributes, "data": {"name": 1}}
    poison = Event(orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS))
    others = [event for event in story.told if event.stream != last.stream]
    await world.publish([poison], folded=False)
    await world.publish(others)
    answer = await world.get("/v1/employers", headers={**token(last), "Prefer": "wait=20"})
    assert (answer.status_code, answer.json()["code"]) == (503, "PROJECTION_PARKED")


async def test_a_type_from_the_future_is_no_poison_and_its_chain_is_checked_all_the_same(world):
    story = Story()
    story.begin()
    await world.tell(story)
    last = story["employer"].last
    assert last is not None

    def following(prev: bytes, name: str) -> Event:
        attributes = {
            **last.attributes,
            "id": str(uuid4()),
            "type": name,
            "sequence": f"{last.version + 1:012d}",
            "prevhash": prev.hex(),
            "data": {"what": "nobody knows"},
        }
        return Event(orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS))

    await world.publish([following(digest(last.record), "EmployerPraised")])
    body = (await world.get(f"/v1/employers/{story.id('employer')}")).json()
    assert (body["version"], body["name"]) == (last.version + 1, "某设计院")
    items = (await world.get(f"/v1/employers/{story.id('employer')}/events", "auditor")).json()["items"]
    assert [one["type"] for one in items] == ["EmployerRegistered", "EmployerPraised"]
    fork = following(digest(last.record), "EmployerBlamed")
    await world.publish([fork], folded=False)
    until = time.monotonic() + PATIENCE
    while not await world.spine.pool.fetchval("select count(*) from letters where stream = $1", last.stream):
        assert time.monotonic() < until
        await asyncio.sleep(0.02)


STALE = """
insert into {table} overriding system value
select (jsonb_populate_record(t, '{{"stream": "person-stale"}}')).* from {table} t limit 1
"""
"""A row that no topic tells of: only a rebuild takes it away."""


async def rows_of(world: World) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give all rows of both tables; of the history what it says, not in which order it was written."""
    columns = ", ".join(("stream", "version", "hash", *COLUMNS))
    said = "stream, version, id, type, time, recorded, service, role, actor, clauses, ruleset, hash, prevhash"
    resources = await world.spine.pool.fetch(f"select {columns} from resources order by stream")
    history = await world.spine.pool.fetch(f"select {said} from history order by stream, version")
    return [dict(row) for row in resources], [dict(row) for row in history]


async def test_a_rebuild_equals_the_live_view_row_for_row_and_does_not_serve_meanwhile(world):
    story = Story()
    story.all()
    await world.tell(story)
    before = await rows_of(world)
    assert len(before[1]) > 60
    assert VIEWS == (RESOURCES,)
    topics = [topic_name(world.settings.topic_prefix, service) for service in RESOURCES.services]
    codes: set[str] = set()
    for table in ("resources", "history"):
        await world.spine.pool.execute(STALE.format(table=table))
    await rebuild(world.spine.pool, world.settings.kafka, RESOURCES, RESOURCES.name, topics)
    first = await world.get("/v1/campaigns")
    feed = await world.get("/v1/events", "auditor")
    codes |= {answer.json()["code"] for answer in (first, feed) if answer.status_code == 503}
    async with asyncio.timeout(PATIENCE):
        while not await serving(world.spine.pool, RESOURCES.name):
            answer = await world.get("/v1/campaigns")
            if answer.status_code != 200:
                codes.add(answer.json()["code"])
            await asyncio.sleep(0.01)
    assert codes == {"PROJECTION_LAG"}
    assert (await world.get("/v1/campaigns")).status_code == 200
    assert await rows_of(world) == before


async def test_a_view_that_began_to_be_rebuilt_is_not_read_however_late_it_is_noticed(world):
    goals = [[topic_name(world.settings.topic_prefix, "intake"), 0, 10**9]]
    mark = (
        "insert into views (view, state, goals) values ($1, 'building', $2)"
        " on conflict (view) do update set state = 'building', goals = $2"
    )
    await world.spine.pool.execute(mark, RESOURCES.name, goals)
    try:
        with pytest.raises(Refused) as refusal:
            async with reading.as_viewer(world.spine, viewer_of(ANYONE, world.spine.clock.now())):
                pytest.fail("read")
        assert refusal.value.reasons[0].code == "PROJECTION_LAG"
        await world.spine.pool.execute("update views set state = 'emptying', goals = '[]'")
        assert (await world.get("/v1/campaigns")).json()["code"] == "PROJECTION_LAG"
        await world.spine.pool.execute("update views set state = 'building' where view = $1", RESOURCES.name)
        assert (await world.get("/v1/campaigns")).status_code == 200
    finally:
        await world.spine.pool.execute("delete from views where view = $1", RESOURCES.name)


async def test_resends_in_any_order_change_nothing(world):
    story = Story()
    story.all()
    events = list(story.told)
    await world.tell(story)
    before = await rows_of(world)
    await world.publish([*reversed(events), *events], folded=False)
    marker = Story()
    marker.begin()
    await world.publish(marker.told)
    streams = {stream.name for stream in marker.streams.values()}
    resources, history = await rows_of(world)
    assert [row for row in resources if row["stream"] not in streams] == before[0]
    assert [row for row in history if row["stream"] not in streams] == before[1]


async def test_a_gap_is_held_until_the_predecessor_comes(world):
    story = Story()
    story.begin()
    story.tell("agency", *(event.payload for event in story.told if event.type == "AgencyListed"))
    first, *later = [event for event in story.told if event.stream == story["agency"].name]
    await world.publish(later, folded=False)
    await asyncio.sleep(0.3)
    assert (await world.get(f"/v1/agencies/{story.id('agency')}")).status_code == 404
    await world.publish([first], folded=False)
    await world.folded([first, *later])
    assert (await world.get(f"/v1/agencies/{story.id('agency')}")).json()["version"] == 3
