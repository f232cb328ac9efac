"""From topics into our database, each record once: offset and effect in one transaction, whoever holds a partition."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from libs.events import consumer as consumer_module
from libs.events.consumer import TopicConsumer
from libs.events.topics import PARTITIONS, partition_of, partitions_of, started
from libs.events.views import ViewSink
from tests.spine.processes import process
from tests.spine.test_view_chain import folded, labelled, rows_of
from tests.spine.toys import COUNTERS
from tests.spine.world import Shop, Tally, counted, eventually, opened, publish, running, stream_id, tallied

if TYPE_CHECKING:
    from deploy.local.info import StackInfo
    from libs.events.consumer import Sink
    from libs.events.envelope import Event


def member(shop: Shop, stack: StackInfo, topic: str, sink: Sink | None = None, group: str = "tally") -> TopicConsumer:
    """One member of a group."""
    return TopicConsumer(shop.view_pool, stack.kafka_bootstrap, f"{topic}.{group}", [topic], sink or Tally())


def some(number: int) -> list[Event]:
    """Events of as many streams: over all partitions."""
    return [counted(stream_id())[0] for _ in range(number)]


async def test_every_record_takes_effect_once_from_the_beginning_on(stack: StackInfo, shop: Shop, topic: str) -> None:
    await publish(stack.kafka_bootstrap, topic, some(300))
    consumer = member(shop, stack, topic)
    async with running(consumer.run()):
        await eventually(lambda: tallied(shop.pool, 300))
        await publish(stack.kafka_bootstrap, topic, some(300))
        await eventually(lambda: tallied(shop.pool, 600))
    # Partitions without an offset, and seeking them, are no failures.
    assert consumer.state.restarts == 0


async def test_a_consumer_that_starts_again_goes_on_from_its_own_offsets(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    for round_ in range(1, 4):
        await publish(stack.kafka_bootstrap, topic, some(100))
        async with running(member(shop, stack, topic).run()):
            await eventually(lambda round_=round_: tallied(shop.pool, 100 * round_))


@pytest.mark.parametrize("told", [0, 10_000])
async def test_nothing_reads_back_the_offsets_that_were_told_to_the_group(
    stack: StackInfo, shop: Shop, topic: str, told: int
) -> None:
    await publish(stack.kafka_bootstrap, topic, some(200))
    async with running(member(shop, stack, topic).run()):
        await eventually(lambda: tallied(shop.pool, 200))
    await _tell_group(stack, topic, told)
    await publish(stack.kafka_bootstrap, topic, some(200))
    async with running(member(shop, stack, topic).run()):
        await eventually(lambda: tallied(shop.pool, 400))


async def _tell_group(stack: StackInfo, topic: str, offset: int) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.kafka_bootstrap, group_id=f"{topic}.tally", enable_auto_commit=False
    )
    async with started(consumer):
        partitions = partitions_of([topic])
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.commit({partition: min(offset, ends[partition]) for partition in partitions})


async def test_the_group_is_told_how_far_we_are_for_the_tools_that_watch_lag(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    await publish(stack.kafka_bootstrap, topic, some(200))
    watcher = AIOKafkaConsumer(bootstrap_servers=stack.kafka_bootstrap, group_id=f"{topic}.tally")
    partitions = partitions_of([topic])
    async with running(member(shop, stack, topic).run()), started(watcher):
        ends = await watcher.end_offsets(partitions)

        async def told() -> bool:
            return {one: await watcher.committed(one) or 0 for one in partitions} == ends

        await eventually(told, "the group knows the offsets")


async def test_a_member_that_joins_in_the_middle_of_a_batch_makes_nothing_happen_twice(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    await publish(stack.kafka_bootstrap, topic, some(400))
    in_the_middle, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        in_the_middle.set()
        await go_on.wait()

    first, second = member(shop, stack, topic, Tally(before=hold)), member(shop, stack, topic)
    async with running(first.run()):
        await in_the_middle.wait()
        async with running(second.run()):
            # The second has been given partitions whose batch the first still has open, and waits for its offsets.
            await eventually(lambda: _blocked(shop.pool), "the second member waits for the first")
            go_on.set()
            await eventually(lambda: second.state.fenced, "the second member is fenced")
            await publish(stack.kafka_bootstrap, topic, some(400))
            await eventually(lambda: tallied(shop.pool, 800))
    assert second.state.records > 0


async def _blocked(pool: asyncpg.Pool) -> bool:
    query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    return await pool.fetchval(query) > 0


async def test_members_that_come_and_go_while_records_flow_lose_nothing_and_repeat_nothing(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    async def dawdle() -> None:
        await asyncio.sleep(random.uniform(0, 0.1))

    async def come_and_go(one: Shop) -> None:
        while True:
            async with running(member(one, stack, topic, Tally(before=dawdle)).run()):
                await asyncio.sleep(random.uniform(0.3, 1.2))

    async with opened(shop.database) as other, running(*(come_and_go(one) for one in (shop, other))):
        for _ in range(20):
            await publish(stack.kafka_bootstrap, topic, some(100))
            await asyncio.sleep(0.2)
    async with running(member(shop, stack, topic).run()):
        await eventually(lambda: tallied(shop.pool, 2000))


@pytest.mark.parametrize("point", ["before-view-commit:2", "after-view-commit:2"])
async def test_a_consumer_killed_before_or_after_its_commit_loses_nothing_and_repeats_nothing(
    stack: StackInfo, shop: Shop, topic: str, point: str
) -> None:
    async def keep_publishing() -> None:
        while True:
            await publish(stack.kafka_bootstrap, topic, some(20))
            sent.append(20)

    sent: list[int] = []
    async with process(stack, shop.database, topic, "tally", kill_at=point) as doomed, running(keep_publishing()):
        assert await doomed.ended() == -9
    await publish(stack.kafka_bootstrap, topic, some(50))
    # A group of its own, so as not to wait until the old one has buried its member: nothing rests on groups.
    async with running(member(shop, stack, topic, group="next").run()):
        await eventually(lambda: _whole_topic(stack, shop, topic), "every record on the topic took effect once")


async def _whole_topic(stack: StackInfo, shop: Shop, topic: str) -> bool:
    reader = AIOKafkaConsumer(bootstrap_servers=stack.kafka_bootstrap)
    await reader.start()
    ends = await reader.end_offsets([TopicPartition(topic, number) for number in range(PARTITIONS)])
    await reader.stop()
    return await tallied(shop.pool, sum(ends.values()))


@pytest.mark.parametrize(
    "error", [OSError, asyncpg.InterfaceError, asyncpg.DeadlockDetectedError, asyncpg.CannotConnectNowError, KeyError]
)
async def test_a_batch_that_fails_rolls_back_whole_and_is_tried_again(
    stack: StackInfo, shop: Shop, topic: str, error: type[Exception]
) -> None:
    failures = 3

    async def fail() -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise error("passing")

    await publish(stack.kafka_bootstrap, topic, some(100))
    async with running(member(shop, stack, topic, Tally(before=fail)).run()):
        await eventually(lambda: tallied(shop.pool, 100))
    assert failures == 0


async def test_a_watchdog_starts_a_consumer_anew_that_no_longer_polls(
    stack: StackInfo, shop: Shop, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "STALLED_SECONDS", 0.5)
    monkeypatch.setattr(consumer_module, "WATCH_SECONDS", 0.1)
    hangs = 1

    async def hang() -> None:
        nonlocal hangs
        if hangs:
            hangs -= 1
            await asyncio.Event().wait()

    await publish(stack.kafka_bootstrap, topic, some(100))
    consumer = member(shop, stack, topic, Tally(before=hang))
    async with running(consumer.run()):
        await eventually(lambda: tallied(shop.pool, 100))
    assert consumer.state.restarts >= 1


async def test_a_duplicate_of_every_message_changes_nothing_in_a_view(stack: StackInfo, shop: Shop, topic: str) -> None:
    streams = [labelled(5) for _ in range(20)]
    in_order = [event for group in zip(*streams, strict=True) for event in group]
    await publish(stack.kafka_bootstrap, topic, [event for event in in_order for _ in range(2)])
    await publish(stack.kafka_bootstrap, topic, in_order)
    expected = {events[0].stream: folded(events) for events in streams}
    async with running(member(shop, stack, topic, ViewSink(COUNTERS)).run()):

        async def stands() -> bool:
            return await rows_of(shop.pool, list(expected)) == expected

        await eventually(stands, "the view equals the fold")
        await eventually(lambda: _read_to_the_end(stack, shop, topic))
        assert await stands()
    assert await shop.pool.fetchval("select count(*) from letters") == 0


async def _read_to_the_end(stack: StackInfo, shop: Shop, topic: str) -> bool:
    reader = AIOKafkaConsumer(bootstrap_servers=stack.kafka_bootstrap)
    await reader.start()
    ends = await reader.end_offsets([TopicPartition(topic, number) for number in range(PARTITIONS)])
    await reader.stop()
    return await shop.pool.fetchval("select sum(next) from offsets") == sum(ends.values())


async def test_what_no_relay_of_ours_wrote_does_not_stop_a_partition(stack: StackInfo, shop: Shop, topic: str) -> None:
    (event,) = labelled(1)
    partition = partition_of(event.stream)
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap)
    await producer.start()
    for key, value in ((None, b"x"), (b"\xff", b"x"), (b"counter-x", None), (b"counter-y", b"{}")):
        await producer.send_and_wait(topic, value, key, partition)
    await producer.stop()
    await publish(stack.kafka_bootstrap, topic, [event])
    async with running(member(shop, stack, topic, ViewSink(COUNTERS)).run()):
        await eventually(lambda: rows_of(shop.pool, [event.stream]))
    parked = await shop.pool.fetch("select stream from letters where kind = 'parked' order by stream")
    assert [row["stream"] for row in parked] == ["counter-x", "counter-y"]


async def test_a_batch_that_waited_for_a_rebuild_is_fenced_and_puts_no_offset_back(shop: Shop) -> None:
    advance = "select advance_offsets('v', '{t}', '{3}', $1::bigint[], $2::bigint[], '{s}', array['\\x00'::bytea])"
    assert await shop.pool.fetchval(advance, [0], [10])
    async with AsyncExitStack() as stack:
        rebuild, batch = [await stack.enter_async_context(shop.pool.acquire()) for _ in range(2)]
        transaction = rebuild.transaction()
        await transaction.start()
        await rebuild.execute("delete from offsets")
        advancing: asyncio.Future[Any] = asyncio.ensure_future(batch.fetchval(advance, [10], [20]))
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(advancing), 0.3)
        await transaction.commit()
        assert await advancing is False
    assert await shop.pool.fetch("select * from offsets") == []


@pytest.mark.parametrize(("first", "allowed"), [(0, False), (9, False), (10, True), (11, False)])
async def test_an_offset_moves_only_from_where_it_stands(shop: Shop, first: int, allowed: bool) -> None:
    advance = "select advance_offsets('v', '{t}', '{3}', $1::bigint[], $2::bigint[], '{s}', array['\\x00'::bytea])"
    assert await shop.pool.fetchval(advance, [5], [10]) is False
    assert await shop.pool.fetchval(advance, [0], [10]) is True
    assert await shop.pool.fetchval(advance, [first], [20]) is allowed
    assert await shop.pool.fetchval("select next from offsets") == (20 if allowed else 10)


async def test_a_partition_without_a_place_of_its_own_is_an_error_and_never_a_jump(
    stack: StackInfo, shop: Shop, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def consumer(**settings: Any) -> AIOKafkaConsumer:
        asked.append(settings)
        return AIOKafkaConsumer(**settings)

    monkeypatch.setattr(consumer_module, "AIOKafkaConsumer", consumer)
    await publish(stack.kafka_bootstrap, topic, some(10))
    async with running(member(shop, stack, topic).run()):
        await eventually(lambda: tallied(shop.pool, 10))
    assert [(one["auto_offset_reset"], one["enable_auto_commit"]) for one in asked] == [("none", False)]
