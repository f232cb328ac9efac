"""Readers without gaps and without locks: what is below the gate is settled, and comes in the order of ticks."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest

from libs.events import database as databases
from libs.events.envelope import Event
from libs.events.store import Append, Checkpoint, Settled, append_batch, gate_age, read_page
from tests.spine.toys import Add
from tests.spine.world import Shop, append_of, counted, eventually, new_database, opened, running, stream_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deploy.local.info import StackInfo


@asynccontextmanager
async def slow_append(shop: Shop, *appends: Append) -> AsyncIterator[asyncpg.Connection]:
    """Write without committing: a slow transaction, committed at the end."""
    connection = await databases.connect(shop.database)
    try:
        async with connection.transaction():
            await append_batch(connection, list(appends))
            yield connection
    finally:
        connection.terminate()


async def write(pool: asyncpg.Pool, append: Append) -> None:
    async with pool.acquire() as connection:
        await append_batch(connection, [append])


async def drain(pool: asyncpg.Pool, after: Checkpoint, page: int = 2000) -> list[Settled]:
    found: list[Settled] = []
    while settled := await read_page(pool, found[-1].at if found else after, page):
        found += settled
    return found


async def drained(pool: asyncpg.Pool, number: int, page: int = 2000) -> list[Settled]:
    """Give everything settled once it is so many; nothing before."""
    found = await drain(pool, Checkpoint(), page)
    return found if len(found) == number else []


async def test_a_slow_transaction_that_began_before_a_faster_one_is_not_skipped(shop: Shop) -> None:
    first, slow, fast = (append_of(counted(stream_id())) for _ in range(3))
    await write(shop.pool, first)
    (settled,) = await eventually(lambda: drained(shop.pool, 1))
    assert settled.stream == first.stream
    checkpoint = settled.at
    async with slow_append(shop, slow):
        await write(shop.pool, fast)
        # The fast one is committed and visible, yet not settled: something may still come before it.
        assert await shop.pool.fetchval("select count(*) from events where stream = $1", fast.stream) == 1
        assert await drain(shop.pool, checkpoint) == []
    read = await eventually(lambda: drain(shop.pool, checkpoint))
    assert [one.stream for one in read] == [slow.stream, fast.stream]


async def test_a_slow_transaction_that_rolls_back_only_delays(shop: Shop) -> None:
    slow, fast = (append_of(counted(stream_id())) for _ in range(2))
    with pytest.raises(ZeroDivisionError):
        async with slow_append(shop, slow):
            await write(shop.pool, fast)
            raise ZeroDivisionError
    read = await eventually(lambda: drain(shop.pool, Checkpoint()))
    assert [one.stream for one in read] == [fast.stream]


async def test_a_reader_that_follows_many_writers_sees_every_event_once_and_every_stream_in_order(
    shop: Shop,
) -> None:
    streams = [stream_id() for _ in range(40)]
    read: list[Settled] = []

    async def follow() -> None:
        while True:
            read.extend(await read_page(shop.pool, read[-1].at if read else Checkpoint(), 7))
            await asyncio.sleep(0.001)

    async def slow_ones() -> None:
        while True:
            async with slow_append(shop, append_of(counted(stream_id()))):
                await asyncio.sleep(random.uniform(0, 0.05))

    async with opened(shop.database) as other, running(follow(), slow_ones(), slow_ones()):
        for _ in range(15):
            await asyncio.gather(*(random.choice((shop, other)).do(stream, Add(times=2)) for stream in streams))
    stored = await shop.pool.fetch("select record from events")
    rest = len(stored) - len(read)
    read.extend(await eventually(lambda: _rest(shop.pool, read[-1].at, rest)) if rest else [])
    assert sorted(one.record for one in read) == sorted(row["record"] for row in stored)
    for stream in streams:
        assert [one.version for one in read if one.stream == stream] == list(range(1, 31))
    assert [one.at for one in read] == sorted(one.at for one in read)


async def _rest(pool: asyncpg.Pool, after: Checkpoint, number: int) -> list[Settled]:
    found = await drain(pool, after)
    return found if len(found) == number else []


async def test_pages_of_any_size_give_the_same_records(shop: Shop) -> None:
    for _ in range(20):
        await asyncio.gather(*(shop.do(stream_id(), Add(times=3)) for _ in range(5)))
    whole = await eventually(lambda: drained(shop.pool, 300))
    for page in (1, 7, 299, 300, 301):
        assert await drain(shop.pool, Checkpoint(), page) == whole


WRITING = [
    "create table scratch (x int)",
    "create temporary table scratch (x int)",
    "insert into held values (1)",
    "select * from held for update",
    "lock table held in access exclusive mode",
    "create index on held (x)",
    "create table scratch as select 1 as x",
]
READING = ["select * from held", "lock table held in access share mode"]


@asynccontextmanager
async def elsewhere(stack: StackInfo, statement: str) -> AsyncIterator[None]:
    """Keep a transaction open in another database of the cluster."""
    database = await new_database(stack)
    connection = await asyncpg.connect(stack.dsn(database.name))
    try:
        await connection.execute("create table held (x int); insert into held values (0)")
        async with connection.transaction():
            await connection.execute(statement)
            yield
    finally:
        connection.terminate()


@pytest.mark.parametrize("statement", WRITING)
async def test_an_open_writing_transaction_in_another_database_stalls_the_gate_and_is_visible(
    stack: StackInfo, shop: Shop, statement: str
) -> None:
    append = append_of(counted(stream_id()))
    async with elsewhere(stack, statement):
        await write(shop.pool, append)
        assert await drain(shop.pool, Checkpoint()) == []
        first = await gate_age(shop.pool)
        await eventually(lambda: _older(shop.pool, first), "the gate's age grows")
    await eventually(lambda: drain(shop.pool, Checkpoint()), "the gate opens again")
    await eventually(lambda: _younger(shop.pool, first), "the gate's age falls")


async def _older(pool: asyncpg.Pool, than: float) -> bool:
    return await gate_age(pool) > than > 0


async def _younger(pool: asyncpg.Pool, than: float) -> bool:
    return await gate_age(pool) < than


@pytest.mark.parametrize("statement", READING)
async def test_an_open_reading_transaction_stalls_nothing(stack: StackInfo, shop: Shop, statement: str) -> None:
    async with elsewhere(stack, statement):
        await write(shop.pool, append_of(counted(stream_id())))
        assert await eventually(lambda: drain(shop.pool, Checkpoint()))


async def test_a_snapshot_of_a_long_dump_or_verification_stalls_nothing(stack: StackInfo, shop: Shop) -> None:
    await write(shop.pool, append_of(counted(stream_id())))
    connection = await asyncpg.connect(stack.dsn(shop.database.name))
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        assert await connection.fetchval("select count(*) from events") == 1
        await write(shop.pool, append_of(counted(stream_id())))
        assert await eventually(lambda: drained(shop.pool, 2))
    await connection.close()


@pytest.mark.parametrize("power", [3, 6, 10, 15])
async def test_the_order_is_that_of_ticks_as_numbers_not_as_text(
    shop: Shop, admin: asyncpg.Connection, power: int
) -> None:
    # The next ticks go across a power of ten: as text 1000 sorts before 999.
    await admin.execute(
        "update store set base = 10 ^ $1::int - 6 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint", power
    )
    stream = counted(stream_id(), 12)
    for event in stream:
        await write(shop.pool, append_of([event]))
    read = await eventually(lambda: drained(shop.pool, 12, page=5))
    ticks = [one.at.tick for one in read]
    assert ticks == sorted(ticks)
    assert ticks[0] < 10**power <= ticks[-1]
    assert [Event(one.record).version for one in read] == list(range(1, 13))


async def test_two_readers_from_the_same_checkpoint_read_the_same(shop: Shop) -> None:
    await asyncio.gather(*(shop.do(stream_id(), Add(), uuid4()) for _ in range(50)))
    checkpoint = (await eventually(lambda: drained(shop.pool, 50)))[20].at
    one, two = await asyncio.gather(drain(shop.pool, checkpoint, 3), drain(shop.pool, checkpoint, 10))
    assert one == two
    assert len(one) == 29
