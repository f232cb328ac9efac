"""The relay: settled events from the store to the topic, in order. It may send twice, it never skips."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer

from libs.events.database import Database, connect
from libs.events.leader import Lead, lead
from libs.events.points import point
from libs.events.store import Checkpoint, Settled, read_page
from libs.events.topic_check import TopicAheadError, TopicLostError, check_topic
from libs.events.topics import partition_of
from libs.events.tracing import passed

log = structlog.get_logger(__name__)

PAGE = 4000
BATCH_BYTES = 900_000
POLL_SECONDS = 0.2
"""How long to sleep when nothing was notified; the gate may open without a notification."""
STOP_SECONDS = 2
GATE_SECONDS = 0.003
"""How long to wait for the gate after a notification that brought nothing yet."""
BUSY, FULL = 8, 1000
BUSY_RATE = 1000
"""Events a second from which on pages are let grow."""
PACE_SECONDS = 0.05
"""How long the next page may then grow: a page costs the broker and every reader the same, however small it is.
Nothing waits while there is much to catch up on."""


@dataclass(slots=True)
class RelayState:
    """What the relay tells its metrics."""

    leading: bool = False
    published: int = 0
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    refused: str = ""


class Relay:
    """Publishes one service's events under leadership."""

    def __init__(
        self, database: Database, bootstrap: str, topic: str, on_publish: Callable[[int], None] | None = None
    ) -> None:
        self._database = database
        self._bootstrap = bootstrap
        self._topic = topic
        self._on_publish = on_publish
        self.state = RelayState()

    async def run(self) -> None:
        """Lead and publish, for ever."""
        await lead(self._database, leadership_of(self._topic), self._publish)

    async def _publish(self, leadership: Lead) -> None:
        reader = await connect(self._database, derived=True)
        appended = asyncio.Event()
        await reader.add_listener("appended", lambda *_: appended.set())
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            enable_idempotence=True,
            acks="all",
            max_batch_size=BATCH_BYTES,
            max_request_size=BATCH_BYTES + 200_000,
            request_timeout_ms=15_000,
        )
        try:
            (row,) = await reader.fetch("select tick, position from relay")
            checkpoint = Checkpoint(row["tick"], row["position"])
            try:
                await check_topic(reader, self._bootstrap, self._topic, checkpoint)
            except (TopicAheadError, TopicLostError) as error:
                self.state.refused = str(error)
                raise
            self.state.refused = ""
            await producer.start()
            self.state.leading = True
            page = await read_page(reader, checkpoint, PAGE)
            began = time.time_ns()
            while True:
                if not page:
                    page = await self._wait_for_more(reader, checkpoint, appended)
                    continue
                leadership.check()
                before, began = began, time.time_ns()
                sending = asyncio.ensure_future(send_page(producer, self._topic, page))
                if BUSY <= len(page) < FULL and len(page) * 10**9 > BUSY_RATE * (began - before):
                    await asyncio.sleep(PACE_SECONDS)
                # The next page is read while the broker acknowledges this one.
                following, _ = await asyncio.gather(read_page(reader, page[-1].at, PAGE), sending)
                point("after-publish")
                passed("publish", (item.record for item in page), began)
                leadership.check()
                checkpoint = page[-1].at
                await reader.execute("update relay set tick = $1, position = $2", checkpoint.tick, checkpoint.position)
                point("after-checkpoint")
                self.state.published += len(page)
                self.state.checkpoint = checkpoint
                if self._on_publish:
                    self._on_publish(len(page))
                page = following
        finally:
            self.state.leading = False
            reader.terminate()
            await _close(producer)

    async def _wait_for_more(self, reader: Any, after: Checkpoint, appended: asyncio.Event) -> list[Settled]:
        if appended.is_set():
            appended.clear()
            page = await read_page(reader, after, PAGE)
            if not page:
                await asyncio.sleep(GATE_SECONDS)
                page = await read_page(reader, after, PAGE)
            return page
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await appended.wait()
        except TimeoutError:
            return await read_page(reader, after, PAGE)
        return []


async def _close(producer: AIOKafkaProducer) -> None:
    """Close a producer: what it still held may or may not arrive, and is sent again.

    An idempotent one never gives up what it holds, so that stopping it while the broker is away would take for
    ever, and one left alone would send old records behind a later leader's back.
    """
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await producer.stop()
    except TimeoutError:
        sending = producer._sender.sender_task  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        if sending is None:
            return
        sending.cancel()
        # It waits for the answers under way: without their connections there are none.
        await producer.client.close()
        await asyncio.wait({sending}, timeout=STOP_SECONDS)


def leadership_of(topic: str) -> str:
    """Name the leadership under which a topic is written."""
    return f"relay {topic}"


async def send_page(producer: AIOKafkaProducer, topic: str, page: list[Settled]) -> None:
    """Publish a page, each partition's records in their order, and wait until the broker has them all."""
    acknowledged: list[asyncio.Future[Any]] = []
    open_batches: dict[int, Any] = {}
    point("before-publish")
    for item in page:
        partition = partition_of(item.stream)
        key = item.stream.encode()
        batch = open_batches.get(partition)
        if batch is None or batch.append(key=key, value=item.record, timestamp=None) is None:
            if batch is not None:
                acknowledged.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            if batch.append(key=key, value=item.record, timestamp=None) is None:
                msg = f"{item.stream} version {item.version} does not fit into a batch"
                raise ValueError(msg)
            open_batches[partition] = batch
    for partition, batch in open_batches.items():
        acknowledged.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*acknowledged)
