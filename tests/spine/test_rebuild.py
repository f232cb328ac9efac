"""A view can be built anew, and topics can be lost: the same rows come out, whatever was going on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from libs.events import maintenance
from libs.events.consumer import TopicConsumer
from libs.events.maintenance import rebuild, republish
from libs.events.reading import Folded, NotYetError, serving
from libs.events.relay import Relay
from libs.events.topics import delete_topics, ensure_topics, partition_of
from libs.events.views import View, ViewSink
from tests.spine.test_relay import write
from tests.spine.test_view_chain import folded
from tests.spine.toys import COUNTERS, NOTES, Add, Note, fold_counter
from tests.spine.world import Shop, chained, counted, eventually, publish, running, stream_id

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    import asyncpg

    from deploy.local.info import StackInfo
    from libs.events.envelope import Event


def following(
    shop: Shop, stack: StackInfo, topic: str, *views: View, relay: bool = True
) -> AbstractAsyncContextManager[Any]:
    """Run the relay and a consumer for each view."""
    works = [
        TopicConsumer(shop.view_pool, stack.kafka_bootstrap, f"{topic}.{view.name}", [topic], ViewSink(view)).run()
        for view in views
    ]
    return running(*works, *([Relay(shop.database, stack.kafka_bootstrap, topic).run()] if relay else []))


async def table(pool: asyncpg.Pool, view: View) -> list[dict[str, Any]]:
    return [dict(row) for row in await pool.fetch(f'select * from "{view.name}" order by stream')]


BEHIND = 'select count(*) from streams s left join "{}" v using (stream) where s.hash is distinct from v.hash'


async def caught_up(shop: Shop, *views: View) -> bool:
    """Whether the views have folded all that the store holds."""
    return not any([await shop.pool.fetchval(BEHIND.format(view.name)) for view in views])


async def test_a_rebuild_equals_the_live_view_row_for_row(stack: StackInfo, shop: Shop, topic: str) -> None:
    async with following(shop, stack, topic, COUNTERS):
        for _ in range(4):
            await write(shop, 30, 5)
        await eventually(lambda: caught_up(shop, COUNTERS))
        live = await table(shop.pool, COUNTERS)
        await rebuild(shop.pool, stack.kafka_bootstrap, COUNTERS, "counters", [topic])
        await eventually(lambda: serving(shop.pool, "counters"))
        assert await table(shop.pool, COUNTERS) == live
    assert len(live) == 120


async def test_a_rebuild_after_an_erasure_equals_the_live_view_since_folds_never_decrypt(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    persons, stream = [str(uuid4()) for _ in range(3)], stream_id()
    async with following(shop, stack, topic, NOTES):
        for person in persons:
            await shop.person_keys.make(person)
            await shop.do(stream, Note(person, f"of {person}"))
        await eventually(lambda: caught_up(shop, NOTES))
        live = await table(shop.pool, NOTES)
        await shop.person_keys.destroy(persons[1])
        shop.keys.forget(persons[1])
        await rebuild(shop.pool, stack.kafka_bootstrap, NOTES, "notes", [topic])
        await eventually(lambda: serving(shop.pool, "notes"))
        assert await table(shop.pool, NOTES) == live
    (row,) = live
    opened = await shop.keys.open_all(row["texts"])
    assert [opened[text] for text in row["texts"]] == [f"of {persons[0]}", None, f"of {persons[2]}"]


async def test_a_rebuild_while_events_flow_loses_nothing_and_repeats_nothing(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    async def flow() -> None:
        while True:
            await write(shop, 10, 2)

    async with following(shop, stack, topic, COUNTERS, NOTES):
        async with running(flow()):
            for _ in range(4):
                await asyncio.sleep(0.3)
                await rebuild(shop.pool, stack.kafka_bootstrap, COUNTERS, "counters", [topic])
        await eventually(lambda: caught_up(shop, COUNTERS, NOTES))
        await eventually(lambda: serving(shop.pool, "counters"))
    totals = "select count(*) from counters c join streams s using (stream) where c.total <> s.version"
    assert await shop.pool.fetchval(totals) == 0
    assert await shop.pool.fetchval("select count(*) from letters") == 0


async def test_a_view_under_rebuild_does_not_serve_until_it_has_caught_up(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    async with following(shop, stack, topic, COUNTERS):
        await write(shop, 20, 3)
        await eventually(lambda: caught_up(shop, COUNTERS))
    assert await serving(shop.pool, "counters")
    await rebuild(shop.pool, stack.kafka_bootstrap, COUNTERS, "counters", [topic])
    assert await table(shop.pool, COUNTERS) == []
    assert not await serving(shop.pool, "counters")
    async with following(shop, stack, topic, COUNTERS):
        await eventually(lambda: serving(shop.pool, "counters"))
        assert len(await table(shop.pool, COUNTERS)) == 20


async def test_a_rebuild_brings_a_changed_fold_to_every_row_and_frees_what_was_parked(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    streams = [stream_id() for _ in range(5)]
    async with following(shop, stack, topic, COUNTERS):
        for stream in streams:
            await shop.do(stream, Add(label="poison" if stream == streams[0] else "sound", times=2))
        await eventually(lambda: caught_up_but(shop, 1))
    # What no longer fails is another fold: the same view, deployed anew.
    changed = replace(COUNTERS, fold=lambda row, event: {**row, "total": event.version * 10, "label": "", "labels": []})
    await rebuild(shop.pool, stack.kafka_bootstrap, changed, "counters", [topic])
    async with following(shop, stack, topic, changed):
        await eventually(lambda: caught_up(shop, changed))
    assert [row["total"] for row in await table(shop.pool, changed)] == [20] * 5
    assert await shop.pool.fetchval("select count(*) from letters") == 0


async def caught_up_but(shop: Shop, parked: int) -> bool:
    stopped = "select count(distinct stream) from letters where kind = 'parked'"
    behind = await shop.pool.fetchval(BEHIND.format("counters"))
    return behind == parked == await shop.pool.fetchval(stopped)


async def test_a_rebuild_empties_page_by_page_also_what_stands_beside_and_stalls_no_gate(
    stack: StackInfo, shop: Shop, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "BLOCKS", 1)
    await shop.pool.execute(
        "insert into counters select 'counter-' || i, 1, 'x', 1, 'x', '[]' from generate_series(1, 3000) as i"
    )
    await shop.pool.execute("insert into tallies select 1, i, 1 from generate_series(1, 3000) as i")
    view = replace(COUNTERS, beside=("tallies",))
    before = await shop.pool.fetchval("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    await rebuild(shop.pool, stack.kafka_bootstrap, view, "counters", [topic])
    used = await shop.pool.fetchval("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint") - before
    assert await table(shop.pool, COUNTERS) == []
    assert await shop.pool.fetchval("select count(*) from tallies") == 0
    assert used > 20


async def test_a_rebuild_killed_while_it_empties_leaves_a_view_that_does_not_serve_until_it_is_run_again(
    stack: StackInfo, shop: Shop, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: Any) -> None:
        raise ZeroDivisionError

    async with following(shop, stack, topic, COUNTERS):
        await write(shop, 10, 2)
        await eventually(lambda: caught_up(shop, COUNTERS))
        live = await table(shop.pool, COUNTERS)
        with monkeypatch.context() as patched:
            patched.setattr(maintenance, "_empty", die)
            with pytest.raises(ZeroDivisionError):
                await rebuild(shop.pool, stack.kafka_bootstrap, COUNTERS, "counters", [topic])
        assert not await serving(shop.pool, "counters")
        await write(shop, 10, 2)
        await rebuild(shop.pool, stack.kafka_bootstrap, COUNTERS, "counters", [topic])
        await eventually(lambda: caught_up(shop, COUNTERS))
        await eventually(lambda: serving(shop.pool, "counters"))
        assert [row for row in await table(shop.pool, COUNTERS) if row in live] == live


@pytest.mark.parametrize("running_meanwhile", [True, False])
async def test_a_topic_that_was_lost_and_republished_is_read_from_the_beginning_without_effect_twice(
    stack: StackInfo, shop: Shop, topic: str, running_meanwhile: bool
) -> None:
    kafka = stack.kafka_bootstrap
    async with following(shop, stack, topic, COUNTERS):
        await write(shop, 30, 3)
        await eventually(lambda: caught_up(shop, COUNTERS))
    consumers = [COUNTERS] if running_meanwhile else []
    async with following(shop, stack, topic, *consumers, relay=False):
        assert await republish(shop.pool, kafka, topic) == 90
    async with following(shop, stack, topic, COUNTERS):
        await write(shop, 30, 3)
        await eventually(lambda: caught_up(shop, COUNTERS))
    totals = "select count(*) from counters c join streams s using (stream) where c.total = s.version"
    assert await shop.pool.fetchval(totals) == 60
    assert await shop.pool.fetchval("select count(*) from letters") == 0


@pytest.mark.parametrize("shape", ["shorter", "as long", "longer"])
async def test_a_topic_with_other_records_under_our_offsets_is_noticed_by_the_record_read_back(
    stack: StackInfo, shop: Shop, topic: str, shape: str
) -> None:
    kafka = stack.kafka_bootstrap
    old = [counted(stream_id(), 3) for _ in range(20)]
    await publish(kafka, topic, (event for events in old for event in events))
    async with following(shop, stack, topic, COUNTERS, relay=False):
        await eventually(lambda: _rows(shop, old))
    await delete_topics(kafka, [topic])
    await _recreate(kafka, topic)
    # Never seen, in the same partitions and so under the same offsets.
    fresh = [_beside(events[0], {"shorter": 2, "as long": 3, "longer": 5}[shape]) for events in old]
    await publish(kafka, topic, (event for events in fresh for event in events))
    async with following(shop, stack, topic, COUNTERS, relay=False):
        await eventually(lambda: _rows(shop, fresh))
    assert await _rows(shop, old + fresh)


def _beside(event: Event, number: int) -> list[Event]:
    stream = next(name for _ in range(1000) if partition_of(name := stream_id()) == partition_of(event.stream))
    return counted(stream, number)


@pytest.mark.parametrize("state", ["emptying", "building"])
async def test_a_decision_reads_no_view_that_is_being_built_anew(shop: Shop, state: str) -> None:
    views = Folded(shop.pool)
    count = 'select count(*) from "counters"'
    assert await views.fetchval("counters", count) == 0
    await shop.pool.execute(
        "insert into views (view, state, goals) values ('counters', $1, $2)", state, [["a topic", 0, 1]]
    )
    with pytest.raises(NotYetError):
        await views.fetchval("counters", count)
    assert await views.fetch(("notes",), count)
    await shop.pool.execute("update views set state = 'serving' where view = 'counters'")
    assert await views.fetchval("counters", count) == 0


async def _rows(shop: Shop, streams: list[list[Event]]) -> bool:
    rows = {row.pop("stream"): row for row in await table(shop.pool, COUNTERS)}
    return all(rows.get(events[0].stream) == folded(events) for events in streams)


async def _recreate(kafka: str, topic: str) -> None:
    async def created() -> bool:
        await ensure_topics(kafka, [topic])
        try:
            await publish(kafka, topic, chained(stream_id("other"), []))
        except Exception:  # noqa: BLE001 - the broker still deletes the old one
            return False
        return True

    await eventually(created)


async def test_a_view_folds_the_same_whether_events_come_one_by_one_or_all_at_once(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    streams = [stream_id() for _ in range(5)]
    async with following(shop, stack, topic, COUNTERS):
        for number in range(6):
            for stream in streams:
                await shop.do(stream, Add(amount=number, label=str(number)))
        await eventually(lambda: caught_up(shop, COUNTERS))
        live = await table(shop.pool, COUNTERS)
        await rebuild(shop.pool, stack.kafka_bootstrap, COUNTERS, "counters", [topic])
        await eventually(lambda: caught_up(shop, COUNTERS))
        assert await table(shop.pool, COUNTERS) == live
    assert {row["total"] for row in live} == {15}
    assert fold_counter({}, counted(streams[0])[0])["total"] == 1
