"""What an operator does to a store and its views: rebase, republish, rebuild, forget old replies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import asyncpg
from aiokafka import AIOKafkaProducer

from libs.events.leader import leading, leading_with
from libs.events.relay import BATCH_BYTES, PAGE, leadership_of, send_page
from libs.events.store import Checkpoint, read_page
from libs.events.topics import delete_topics, ensure_topics, onlooker, partitions_of, started
from libs.events.views import View

REPLY_LIFE = timedelta(days=7)
BLOCKS = 500
"""How many blocks of a table a rebuild empties in one transaction."""


async def rebase(owner: asyncpg.Connection, topic: str) -> int:
    """Move a restored store's base so that the cluster's next tick lies above every old one; give the base.

    `owner` is a connection that may change `store`; `topic` is where the store is published.

    Raises
    ------
    AlreadyLedError
        When a relay leads: the service runs.
    """
    async with leading_with(owner, leadership_of(topic)), owner.transaction():
        (row,) = await owner.fetch(
            "update store set base = greatest(0, (select coalesce(max(tick), 0) from events) + 1"
            " - pg_snapshot_xmin(pg_current_snapshot())::text::bigint),"
            " system_identifier = (select system_identifier from pg_control_system()) returning base"
        )
        return row["base"]


async def republish(
    pool: asyncpg.Pool, bootstrap: str, topic: str, progress: Callable[[int], None] | None = None
) -> int:
    """Fill a new topic from the store, from the first event on; give how many records.

    The old topic, if any, is deleted first. The caller has stopped the relay. Killed on the way, it leaves a relay
    that begins at the first event again.

    Raises
    ------
    AlreadyLedError
        When a relay still leads.
    """
    async with leading(pool, leadership_of(topic)):
        # First of all: a relay that found half a topic must not go on from where it was in the old one.
        await pool.execute("update relay set tick = 0, position = 0")
        return await _fill_anew(pool, bootstrap, topic, progress)


async def _fill_anew(pool: asyncpg.Pool, bootstrap: str, topic: str, progress: Callable[[int], None] | None) -> int:
    async with started(onlooker(bootstrap)) as consumer:
        exists = topic in await consumer.topics()
    if exists:
        await delete_topics(bootstrap, [topic])
    await _create_when_gone(bootstrap, topic)
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        acks="all",
        max_batch_size=BATCH_BYTES,
        max_request_size=BATCH_BYTES + 200_000,
    )
    sent, checkpoint = 0, Checkpoint()
    async with started(producer):
        while page := await read_page(pool, checkpoint, PAGE):
            await send_page(producer, topic, page)
            checkpoint = page[-1].at
            sent += len(page)
            if progress:
                progress(sent)
        await pool.execute("update relay set tick = $1, position = $2", checkpoint.tick, checkpoint.position)
    return sent


async def _create_when_gone(bootstrap: str, topic: str) -> None:
    """Create a topic; a broker that still deletes its namesake answers that it exists, and is asked again."""
    for _ in range(100):
        await ensure_topics(bootstrap, [topic])
        async with started(onlooker(bootstrap)) as consumer:
            partitions = partitions_of([topic])
            if topic in await consumer.topics() and not any((await consumer.end_offsets(partitions)).values()):
                return
    msg = f"the broker keeps the old records of {topic}"
    raise TimeoutError(msg)


async def rebuild(pool: asyncpg.Pool, bootstrap: str, view: View, sink: str, topics: list[str]) -> None:
    """Empty a view and have its consumer read everything again; it does not serve until it has caught up.

    Killed on the way, it leaves a view that does not serve until it is run again.
    """
    async with started(onlooker(bootstrap)) as consumer:
        ends = await consumer.end_offsets(partitions_of(topics))
    goals = [[partition.topic, partition.partition, end] for partition, end in ends.items() if end]
    async with pool.acquire() as connection, connection.transaction():
        # Batches under way end first; those that follow are fenced until the view is empty.
        await connection.execute("select pg_advisory_xact_lock(hashtextextended('rebuild ' || $1, 0))", sink)
        await connection.execute(
            "insert into views (view, state) values ($1, 'emptying')"
            " on conflict (view) do update set state = 'emptying', goals = null",
            sink,
        )
        await connection.execute("delete from letters where view = $1", sink)
        await connection.execute("delete from offsets where view = $1", sink)
    for table in (view.name, *view.beside):
        await _empty(pool, table)
    await pool.execute("update views set state = 'building', goals = $2 where view = $1", sink, goals)


async def _empty(pool: asyncpg.Pool, table: str) -> None:
    """Delete every row, page by page: one long transaction, or TRUNCATE's lock, would stall the gate (trap 4)."""
    size = "select pg_relation_size($1::regclass) / current_setting('block_size')::int"
    for first in range(0, await pool.fetchval(size, f'"{table}"') + 1, BLOCKS):
        await pool.execute(
            f'delete from "{table}" where ctid >= $1::tid and ctid < $2::tid',  # noqa: S608 - a table of our own
            (first, 0),
            (first + BLOCKS, 0),
        )


async def forget_replies(pool: asyncpg.Pool) -> str:
    """Forget stored replies after seven days; the command id stays known for ever."""
    return await pool.execute(
        "update commands set response = null where response is not null and recorded_at < now() - $1::interval",
        REPLY_LIFE,
    )
