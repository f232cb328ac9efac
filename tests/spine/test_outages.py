"""Servers that go away and come back: commands are refused or kept, never lost, and everything catches up."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from libs.events.commit import StoreUnavailableError
from libs.events.consumer import TopicConsumer
from libs.events.relay import Relay
from libs.events.topics import ensure_topics
from libs.events.verify import verify_store
from libs.events.views import ViewSink
from tests.spine.test_leadership import lock_holders
from tests.spine.toys import COUNTERS, Add
from tests.spine.world import (
    Shop,
    by_stream,
    eventually,
    fresh_name,
    new_database,
    on_topic,
    opened,
    running,
    stream_id,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Literal

    from deploy.local.stack import LocalStack

PAUSE = 3.0
"""How long a server stays away, in seconds: longer than any retry of ours waits."""


class Client:
    """A client that insists: it repeats a command under its key until it is answered, and keeps the answers."""

    def __init__(self, shop: Shop, streams: int = 20) -> None:
        self.shop = shop
        self.done = dict.fromkeys((stream_id() for _ in range(streams)), 0)
        self.errors = 0

    async def work(self) -> None:
        """Give commands, one after the other on each stream, until cancelled."""
        await asyncio.gather(*(self._insist_for_ever(stream) for stream in self.done))

    async def _insist_for_ever(self, stream: str) -> None:
        while True:
            # Not torn off in the middle of a command: what was asked is answered.
            await asyncio.shield(asyncio.ensure_future(self.once(stream)))
            await asyncio.sleep(0.05)

    async def once(self, stream: str) -> None:
        key = uuid4()
        while True:
            try:
                reply = await self.shop.do(stream, Add(), key)
            except StoreUnavailableError:
                self.errors += 1
                await asyncio.sleep(0.05)
            else:
                self.done[stream] += 1
                assert reply.version == self.done[stream]
                return


@asynccontextmanager
async def at_work(breakable: LocalStack) -> AsyncIterator[tuple[Shop, Client, str]]:
    """Run a small service on a stack that may break: client, relay, view."""
    info = breakable.info
    topic = f"{fresh_name('test')}.toy"
    await ensure_topics(info.kafka_bootstrap, [topic])
    async with opened(await new_database(info)) as shop:
        client = Client(shop)
        relay = Relay(shop.database, info.kafka_bootstrap, topic)
        view = TopicConsumer(shop.view_pool, info.kafka_bootstrap, f"{topic}.counters", [topic], ViewSink(COUNTERS))
        async with running(relay.run(), view.run()):
            async with running(client.work()):
                await eventually(lambda: all(client.done.values()), "the client works")
                await eventually(lambda: _some_visible(shop), "the view follows")
                yield shop, client, topic
            # Those still shielded may be about to be answered.
            await eventually(lambda: _stored(shop, client), "what was answered is what is stored")
            await eventually(lambda: _visible(shop, client), "the view has caught up")
        published = by_stream(await on_topic(info.kafka_bootstrap, topic))
        for stream in client.done:
            records = list(dict.fromkeys(event.record for event in published[stream]))
            assert records == await shop.records(stream)
        assert await shop.pool.fetchval("select count(*) from letters") == 0
        assert (await verify_store(shop.pool)).faults == ()


async def _some_visible(shop: Shop) -> bool:
    return await shop.pool.fetchval("select count(*) from counters") > 0


async def _stored(shop: Shop, client: Client) -> bool:
    rows = await shop.pool.fetch("select stream, version from streams")
    return {row["stream"]: row["version"] for row in rows} == client.done


async def _visible(shop: Shop, client: Client) -> bool:
    rows = await shop.pool.fetch("select stream, total from counters")
    return {row["stream"]: row["total"] for row in rows} == client.done


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_while_the_broker_is_away_commands_go_on_and_drain_afterwards(
    breakable_stack: LocalStack, how: str
) -> None:
    async with at_work(breakable_stack) as (_, client, _):
        await asyncio.to_thread(breakable_stack.stop_kafka if how == "stopped" else breakable_stack.kill_kafka)
        before = dict(client.done)
        await asyncio.sleep(PAUSE)
        await eventually(lambda: all(client.done[stream] > before[stream] + 5 for stream in before))
        await asyncio.to_thread(breakable_stack.start_kafka)
        assert client.errors == 0


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_database_restarted_under_load_loses_no_answered_command_and_everything_goes_on(
    breakable_stack: LocalStack, mode: Literal["fast", "immediate"]
) -> None:
    async with at_work(breakable_stack) as (_, client, _):
        await asyncio.to_thread(breakable_stack.stop_postgres, mode)
        await eventually(lambda: client.errors > 20, "callers are told that the store is away")
        await asyncio.to_thread(breakable_stack.start_postgres)
        before = dict(client.done)
        await eventually(lambda: all(client.done[stream] > before[stream] for stream in before))


async def test_a_relay_that_loses_its_leadership_while_the_broker_is_frozen_leaves_nothing_behind_that_sends(
    breakable_stack: LocalStack,
) -> None:
    async with at_work(breakable_stack) as (shop, client, _):
        await asyncio.to_thread(breakable_stack.pause_kafka)
        try:
            before = dict(client.done)
            await eventually(lambda: all(client.done[stream] > before[stream] for stream in before))
            (holder,) = await eventually(lambda: lock_holders(shop.pool))
            await shop.pool.execute("select pg_terminate_backend($1)", holder)
            await eventually(lambda: _another(shop, holder), "leadership is taken again")
        finally:
            await asyncio.to_thread(breakable_stack.resume_kafka)


async def _another(shop: Shop, holder: int) -> bool:
    holders = await lock_holders(shop.pool)
    return bool(holders) and holder not in holders
