"""What has no effect in a view costs it no transaction, and is not lost from its offsets."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from libs.events.consumer import TopicConsumer
from libs.events.views import ViewSink
from tests.spine.test_view_chain import folded, labelled, rows_of
from tests.spine.toys import COUNTERS
from tests.spine.world import Shop, Tally, counted, eventually, publish, running, stream_id, tallied

if TYPE_CHECKING:
    from deploy.local.info import StackInfo
    from libs.events.consumer import Incoming, Sink
    from libs.events.envelope import Event


def member(shop: Shop, stack: StackInfo, topic: str, sink: Sink) -> TopicConsumer:
    return TopicConsumer(shop.view_pool, stack.kafka_bootstrap, f"{topic}.passing", [topic], sink)


def others(number: int) -> list[Event]:
    """Events of streams that no view here folds."""
    return [counted(stream_id("other"))[0] for _ in range(number)]


async def stored(shop: Shop) -> int:
    return await shop.pool.fetchval("select coalesce(sum(next), 0)::bigint from offsets")


async def test_records_that_concern_no_view_make_no_batch_and_their_offsets_follow_within_seconds(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    await publish(stack.kafka_bootstrap, topic, others(200))
    consumer = member(shop, stack, topic, ViewSink(COUNTERS))
    async with running(consumer.run()):
        await eventually(lambda: consumer.state.records == 200)
        await eventually(lambda: _is(shop, 200), "what was passed over is stored")
        assert consumer.state.batches == 0
        await publish(stack.kafka_bootstrap, topic, others(50))
        await eventually(lambda: _is(shop, 250), "what was passed over is stored")
    assert consumer.state.batches == consumer.state.fenced == 0
    # Who starts again does not read it again.
    again = member(shop, stack, topic, ViewSink(COUNTERS))
    async with running(again.run()):
        await publish(stack.kafka_bootstrap, topic, others(10))
        await eventually(lambda: _is(shop, 260))
    assert again.state.records == 10


async def _is(shop: Shop, number: int) -> bool:
    return await stored(shop) == number


async def test_what_is_passed_over_between_what_has_an_effect_loses_and_doubles_nothing(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    streams = [labelled(8) for _ in range(30)]
    expected = {events[0].stream: folded(events) for events in streams}
    for step in range(8):
        await publish(stack.kafka_bootstrap, topic, others(random.randrange(40)))
        mine = [member(shop, stack, topic, ViewSink(COUNTERS)) for _ in range(2)]
        # Members come and go: each begins where the one before has stored, and nowhere else.
        async with running(*(one.run() for one in mine)):
            await publish(stack.kafka_bootstrap, topic, others(random.randrange(40)))
            await publish(stack.kafka_bootstrap, topic, [events[step] for events in streams])
            await publish(stack.kafka_bootstrap, topic, others(random.randrange(40)))

            async def stands(step: int = step) -> bool:
                rows = await rows_of(shop.pool, list(expected))
                return len(rows) == len(streams) and all(row["version"] == step + 1 for row in rows.values())

            await eventually(stands)
    assert await rows_of(shop.pool, list(expected)) == expected
    assert await shop.pool.fetchval("select count(*) from letters") == 0


@dataclass
class Some(Tally):
    """Counts the records of one kind alone, without any guard of its own."""

    def concerns(self, records: list[Incoming]) -> bool:
        return any(record.kind == "counter" for record in records)


async def test_a_batch_after_what_was_passed_over_takes_effect_once_though_its_first_try_fails(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    await publish(stack.kafka_bootstrap, topic, others(100))
    failures = 2

    async def fail() -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise ConnectionResetError

    consumer = member(shop, stack, topic, Some(before=fail))
    async with running(consumer.run()):
        await eventually(lambda: consumer.state.records == 100)
        one_each = [counted(stream_id())[0] for _ in range(100)]
        await publish(stack.kafka_bootstrap, topic, one_each)
        await eventually(lambda: _at_least(shop, 100))
    rows = await shop.pool.fetch("select times from tallies")
    assert all(row["times"] == 1 for row in rows)
    assert failures == 0


async def _at_least(shop: Shop, number: int) -> bool:
    return await tallied(shop.pool, await shop.pool.fetchval("select count(*) from tallies")) and (
        await shop.pool.fetchval("select count(*) from tallies") >= number
    )
