"""What the parts under the spine do alone: aiokafka sending and fetching, asyncpg copying."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from libs.events.relay import BATCH_BYTES, send_page
from libs.events.store import Checkpoint, Settled, read_page
from libs.events.topics import delete_topics, ensure_topics, onlooker, partition_of, partitions_of, started

PAGE = 4000


async def sample(pool: asyncpg.Pool, count: int) -> list[Settled]:
    """Read records as the relay reads them."""
    return await read_page(pool, Checkpoint(), count)


async def send(bootstrap: str, topic: str, records: list[Settled]) -> float:
    """Send one by one, as most programs do; the client makes the batches."""
    async with _Topic(bootstrap, topic) as producer:
        begun = time.perf_counter()
        sent: list[Any] = [
            await producer.send(topic, record.record, key=record.stream.encode(), partition=partition_of(record.stream))
            for record in records
        ]
        await asyncio.gather(*sent)
        return len(records) / (time.perf_counter() - begun)


async def send_batch(bootstrap: str, topic: str, records: list[Settled]) -> float:
    """Send batches made by hand, page after page, with nothing read between them."""
    async with _Topic(bootstrap, topic) as producer:
        begun = time.perf_counter()
        for start in range(0, len(records), PAGE):
            await send_page(producer, topic, records[start : start + PAGE])
        return len(records) / (time.perf_counter() - begun)


class _Topic:
    """A topic for one measurement, and a producer like the relay's."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            enable_idempotence=True,
            acks="all",
            max_batch_size=BATCH_BYTES,
            max_request_size=BATCH_BYTES + 200_000,
        )

    async def __aenter__(self) -> AIOKafkaProducer:
        await ensure_topics(self._bootstrap, [self._topic])
        await self._producer.start()
        return self._producer

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()
        await delete_topics(self._bootstrap, [self._topic])


async def size(bootstrap: str, topic: str) -> int:
    """Count the records of a topic."""
    async with started(onlooker(bootstrap)) as consumer:
        return sum((await consumer.end_offsets(partitions_of([topic]))).values())


async def getmany(bootstrap: str, topic: str, count: int) -> float:
    """Fetch and do nothing."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=4 * 1024 * 1024
    )
    async with started(consumer):
        partitions = partitions_of([topic])
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        done, begun = 0, time.perf_counter()
        while done < count:
            fetched = await consumer.getmany(timeout_ms=200, max_records=6000)
            done += sum(len(records) for records in fetched.values())
        return done / (time.perf_counter() - begun)


async def copy(pool: asyncpg.Pool, count: int) -> float:
    """Copy as many rows as events were folded into a table like the view's, without an index, in one go a batch."""
    rows = [(f"counter-{number:032d}", number, bytes(32), number, "benchmark") for number in range(6000)]
    async with pool.acquire() as connection:
        await connection.execute("create temporary table copied (like counters)")
        done, begun = 0, time.perf_counter()
        while done < count:
            await connection.copy_records_to_table("copied", records=rows)
            done += len(rows)
        took = time.perf_counter() - begun
        await connection.execute("drop table copied")
    return done / took
