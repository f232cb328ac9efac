"""The relay: from the store to the topic in order; it may send twice, it never skips."""

from __future__ import annotations

import asyncio
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from libs.events import database as databases
from libs.events import maintenance
from libs.events import relay as relay_module
from libs.events.consumer import TopicConsumer
from libs.events.envelope import Event
from libs.events.leader import AlreadyLedError
from libs.events.maintenance import republish
from libs.events.relay import Relay
from libs.events.store import Checkpoint
from libs.events.topic_check import TopicAheadError, TopicLostError, check_topic
from libs.events.topics import PARTITIONS, administering, delete_topics, ensure_topics, partition_of
from libs.events.views import ViewSink
from tests.spine.processes import process
from tests.spine.test_leadership import depose
from tests.spine.test_readers import slow_append
from tests.spine.toys import COUNTERS, Add
from tests.spine.world import (
    Shop,
    append_of,
    by_stream,
    counted,
    eventually,
    on_topic,
    publish,
    running,
    stream_id,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import asyncpg

    from deploy.local.info import StackInfo


async def write(shop: Shop, streams: int = 20, times: int = 5) -> None:
    names = [stream_id() for _ in range(streams)]
    for _ in range(times):
        await asyncio.gather(*(shop.do(name, Add()) for name in names))


async def drained(shop: Shop, published: int = 0) -> bool:
    """Whether the relay's checkpoint stands at the last event."""
    return await shop.pool.fetchval(
        "select count(*) > $1 and max((tick, position)) = (select (tick, position) from relay) from events",
        published,
    )


async def complete(shop: Shop, stack: StackInfo, topic: str) -> dict[str, list[Event]]:
    """Give what stands on the topic by stream, once it is sure to be everything, in order and without a gap."""
    await eventually(lambda: drained(shop), "the relay has drained the store")
    found = by_stream(await on_topic(stack.kafka_bootstrap, topic))
    stored = [row["stream"] for row in await shop.pool.fetch("select stream from streams")]
    assert sorted(found) == sorted(stored)
    for stream, events in found.items():
        records = await shop.records(stream)
        firsts = list(dict.fromkeys(event.record for event in events))
        assert firsts == records
        # A resend begins again somewhere before, and goes on from there: it never leaves out anything.
        assert all(after.version <= before.version + 1 for before, after in pairwise(events))
        assert events[-1].record == records[-1]
    return found


async def test_every_event_is_published_once_in_order_under_its_stream(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    await write(shop)
    async with running(Relay(shop.database, stack.kafka_bootstrap, topic).run()):
        await write(shop)
        found = await complete(shop, stack, topic)
    assert sum(map(len, found.values())) == await shop.pool.fetchval("select count(*) from events")
    for partition, records in (await on_topic(stack.kafka_bootstrap, topic)).items():
        assert {partition_of(stream) for stream in by_stream({partition: records})} == {partition}


def test_a_stream_is_always_in_the_same_partition() -> None:
    # Never changed in place: order within a stream rests on it.
    known = {"counter-1": 3, "application-0198": 1, "person-𠅤": 0, "": 0}
    assert {stream: partition_of(stream) for stream in known} == known
    assert PARTITIONS == 12


async def test_the_relay_waits_for_a_slow_transaction_and_does_not_skip_it(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    slow = append_of(counted(stream_id()))
    async with running(Relay(shop.database, stack.kafka_bootstrap, topic).run()):
        await write(shop, 5, 1)
        await eventually(lambda: drained(shop))
        async with slow_append(shop, slow):
            await write(shop, 5, 2)
            await asyncio.sleep(0.5)
        found = await complete(shop, stack, topic)
    assert [event.record for event in found[slow.stream]] == [slow.events[0].record]


async def test_the_largest_record_is_published_too(stack: StackInfo, shop: Shop, topic: str) -> None:
    streams = [stream_id() for _ in range(3)]
    for stream in streams:
        await shop.do(stream, Add(label="x" * 523_000, times=2))
    async with running(Relay(shop.database, stack.kafka_bootstrap, topic).run()):
        await complete(shop, stack, topic)


async def test_of_two_relays_one_publishes_and_the_other_takes_over(
    stack: StackInfo, shop: Shop, admin: asyncpg.Connection, topic: str
) -> None:
    relays = [Relay(shop.database, stack.kafka_bootstrap, topic) for _ in range(2)]
    async with running(*(relay.run() for relay in relays)):
        for _ in range(3):
            await eventually(lambda: sum(relay.state.leading for relay in relays) == 1)
            leader = next(relay for relay in relays if relay.state.leading)
            writing = asyncio.ensure_future(write(shop))
            await depose(admin)
            await eventually(lambda leader=leader: not leader.state.leading, "the loss is noticed")
            await writing
        await complete(shop, stack, topic)


@pytest.mark.parametrize("point", ["before-publish:2", "after-publish", "after-publish:3", "after-checkpoint:2"])
async def test_a_relay_killed_between_publish_and_checkpoint_loses_nothing_and_resends_are_dropped(
    stack: StackInfo, shop: Shop, topic: str, point: str
) -> None:
    kafka = stack.kafka_bootstrap
    await write(shop, 10, 2)
    async with process(stack, shop.database, topic, "relay", kill_at=point) as doomed:
        writing = asyncio.ensure_future(_keep_writing(shop))
        assert await doomed.ended() == -9
        writing.cancel()
    consumer = TopicConsumer(shop.view_pool, kafka, f"{topic}.counters", [topic], ViewSink(COUNTERS))
    async with running(Relay(shop.database, kafka, topic).run(), consumer.run()):
        found = await complete(shop, stack, topic)
        resent = sum(map(len, found.values())) - await shop.pool.fetchval("select count(*) from events")
        assert (resent > 0) == point.startswith("after-publish")
        await eventually(lambda: _view_stands(shop))
    assert await shop.pool.fetchval("select count(*) from letters") == 0


async def _keep_writing(shop: Shop) -> None:
    while True:
        await write(shop, 3, 1)
        await asyncio.sleep(0.02)


async def _view_stands(shop: Shop) -> bool:
    return await shop.pool.fetchval(
        "select count(*) filter (where s.version is distinct from c.total) = 0"
        " from streams s left join counters c using (stream)"
    )


async def test_an_empty_topic_with_a_checkpoint_is_refused(stack: StackInfo, shop: Shop, topic: str) -> None:
    kafka = stack.kafka_bootstrap
    relay = Relay(shop.database, kafka, topic)
    await write(shop, 3, 1)
    async with running(relay.run()):
        await complete(shop, stack, topic)
    await delete_topics(kafka, [topic])
    new_topic = topic + "2"
    await ensure_topics(kafka, [new_topic])
    connection = await databases.connect(shop.database)
    with pytest.raises(TopicLostError, match="republish"):
        await check_topic(connection, kafka, new_topic, await checkpoint_of(shop))
    connection.terminate()
    refusing = Relay(shop.database, kafka, new_topic)
    async with running(refusing.run()):
        await eventually(lambda: refusing.state.refused)
        await write(shop, 3, 1)
    assert await on_topic(kafka, new_topic) == {}
    assert await republish(shop.pool, kafka, new_topic) == 6
    async with running(refusing.run()):
        await write(shop, 3, 1)
        await complete(shop, stack, new_topic)
    assert refusing.state.refused == ""


async def checkpoint_of(shop: Shop) -> Checkpoint:
    row = await shop.pool.fetchrow("select tick, position from relay")
    return Checkpoint(row["tick"], row["position"])


async def refill(kafka: str, topic: str, records: Iterable[bytes]) -> None:
    """Put a new topic of this name in the place of the old one."""
    await delete_topics(kafka, [topic])
    await maintenance._create_when_gone(kafka, topic)
    await publish(kafka, topic, [Event(record) for record in records])


@pytest.mark.parametrize("loss", ["one partition", "the tail of one", "the head of one"])
async def test_a_topic_that_has_lost_a_part_is_refused_and_republish_mends_it(
    stack: StackInfo, shop: Shop, topic: str, loss: str
) -> None:
    kafka = stack.kafka_bootstrap
    await write(shop, 30, 4)
    async with running(Relay(shop.database, kafka, topic).run()):
        await complete(shop, stack, topic)
    held = await on_topic(kafka, topic)
    poor = min(held)
    if loss == "the head of one":
        async with administering(kafka) as admin:
            await admin.delete_records({TopicPartition(topic, poor): RecordsToDelete(before_offset=2)})
    else:
        held[poor] = [] if loss == "one partition" else held[poor][:-2]
        await refill(kafka, topic, chain.from_iterable(held.values()))
    refusing = Relay(shop.database, kafka, topic)
    async with running(refusing.run()):
        await eventually(lambda: refusing.state.refused)
    assert f"partition {poor} " in refusing.state.refused
    assert await republish(shop.pool, kafka, topic) == 120
    async with running(refusing.run()):
        await write(shop, 3, 1)
        await complete(shop, stack, topic)
    assert refusing.state.refused == ""


async def test_a_topic_that_ends_with_an_older_record_sent_again_is_not_refused(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    kafka = stack.kafka_bootstrap
    await write(shop, 30, 4)
    async with running(Relay(shop.database, kafka, topic).run()):
        await complete(shop, stack, topic)
    for records in (await on_topic(kafka, topic)).values():
        await publish(kafka, topic, [Event(record) for record in records[:3]])
    connection = await databases.connect(shop.database)
    await check_topic(connection, kafka, topic, await checkpoint_of(shop))
    connection.terminate()


async def test_a_topic_that_ends_with_what_the_store_does_not_hold_is_refused(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    kafka = stack.kafka_bootstrap
    (strange,) = counted(stream_id())
    await publish(kafka, topic, [strange])
    connection = await databases.connect(shop.database)
    with pytest.raises(TopicAheadError, match=strange.stream):
        await check_topic(connection, kafka, topic, Checkpoint())
    connection.terminate()


async def test_republish_fills_a_new_topic_with_the_same_bytes(stack: StackInfo, shop: Shop, topic: str) -> None:
    await write(shop, 30, 4)
    async with running(Relay(shop.database, stack.kafka_bootstrap, topic).run()):
        before = await complete(shop, stack, topic)
    told: list[int] = []
    assert await republish(shop.pool, stack.kafka_bootstrap, topic, told.append) == 120
    after = await complete(shop, stack, topic)
    assert told == [120]
    assert {stream: [event.record for event in events] for stream, events in after.items()} == {
        stream: [event.record for event in events] for stream, events in before.items()
    }


async def test_republish_refuses_while_a_relay_leads(stack: StackInfo, shop: Shop, topic: str) -> None:
    relay = Relay(shop.database, stack.kafka_bootstrap, topic)
    async with running(relay.run()):
        await eventually(lambda: relay.state.leading)
        with pytest.raises(AlreadyLedError):
            await republish(shop.pool, stack.kafka_bootstrap, topic)


async def test_a_republish_killed_on_the_way_leaves_a_relay_that_publishes_everything(
    stack: StackInfo, shop: Shop, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(shop, 30, 4)
    async with running(Relay(shop.database, stack.kafka_bootstrap, topic).run()):
        await complete(shop, stack, topic)

    def die(sent: int) -> None:
        raise ZeroDivisionError(sent)

    monkeypatch.setattr(maintenance, "PAGE", 50)
    with pytest.raises(ZeroDivisionError):
        await republish(shop.pool, stack.kafka_bootstrap, topic, die)
    assert 0 < sum(map(len, (await on_topic(stack.kafka_bootstrap, topic)).values())) < 120
    async with running(Relay(shop.database, stack.kafka_bootstrap, topic).run()):
        await complete(shop, stack, topic)


async def test_small_pages_make_no_difference(
    stack: StackInfo, shop: Shop, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "PAGE", 3)
    await write(shop, 10, 5)
    async with running(Relay(shop.database, stack.kafka_bootstrap, topic).run()):
        found = await complete(shop, stack, topic)
    assert sum(map(len, found.values())) == 50


async def test_the_relay_sends_idempotently_and_counts_as_sent_what_every_replica_has(
    stack: StackInfo, shop: Shop, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def producer(**settings: Any) -> AIOKafkaProducer:
        asked.append(settings)
        return AIOKafkaProducer(**settings)

    monkeypatch.setattr(relay_module, "AIOKafkaProducer", producer)
    relay = Relay(shop.database, stack.kafka_bootstrap, topic)
    async with running(relay.run()):
        await eventually(lambda: relay.state.leading)
    assert [(one["enable_idempotence"], one["acks"]) for one in asked] == [(True, "all")]
