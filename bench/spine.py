"""Append, relay, projection, rebuild and latency of the spine."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from bench.rows import Row
from bench.small import COUNTERS, Small, small
from deploy.local.stack import StackInfo
from libs.events.consumer import Incoming, TopicConsumer
from libs.events.ids import new_id
from libs.events.relay import Relay
from libs.events.topics import ensure_topics, topic_name
from libs.events.views import View, ViewSink

CALLERS = 500
SECONDS = 6.0
VISIBLE_RATE = 300
VISIBLE_EVENTS = 1500


async def append(stack: StackInfo) -> list[Row]:
    """Append concurrent single commands; the peer saves its aggregates one after the other, as its users do."""
    ours = await _appends(stack)
    theirs = await asyncio.to_thread(peer_saves, stack)
    return [
        Row("store append, concurrent single commands", ours, "commands/s", "eventsourcing save()", theirs, at_least=15)
    ]


async def _appends(stack: StackInfo) -> float:
    async with small(stack, f"bench_append_{_tag()}") as service:
        done = 0

        async def caller() -> None:
            nonlocal done
            stream = f"counter-{new_id()}"
            while time.perf_counter() < until:
                await service.count(stream)
                done += 1

        until = time.perf_counter() + 1.0
        await asyncio.gather(*(caller() for _ in range(CALLERS)))  # warm-up
        done, begun = 0, time.perf_counter()
        until = begun + SECONDS
        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        return done / (time.perf_counter() - begun)


def peer_saves(stack: StackInfo) -> float:
    """Save aggregates with the `eventsourcing` library on the same PostgreSQL; give saves a second."""
    application = peer_application(stack, "append")
    aggregates = [application.begin() for _ in range(50)]
    done, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < SECONDS:
        for aggregate in aggregates:
            aggregate.count(1)
            application.save(aggregate)
            done += 1
    return done / (time.perf_counter() - begun)


def peer_application(stack: StackInfo, use: str) -> Any:
    """Make the peer's application in a database of its own."""
    from bench import peer  # noqa: PLC0415 - it reads the environment when it is imported

    return peer.make(stack, f"bench_peer_{use}_{_tag()}")


async def flow(stack: StackInfo, events: int) -> list[Row]:
    """Relay, projection and rebuild of many events, and the time until an append is visible."""
    async with small(stack, f"bench_flow_{_tag()}") as service:
        await _fill(service, events)
        prefix = f"bench{_tag()}"
        topic = topic_name(prefix, "bench")
        await ensure_topics(stack.kafka_bootstrap, [topic])
        relay = Relay(service.database, stack.kafka_bootstrap, topic)
        relaying = asyncio.create_task(relay.run())
        relayed = await _rate(events, lambda: relay.state.published)
        rows = [Row("relay", relayed, "events/s", "aiokafka send(), same records", None, floor=60_000)]
        sink = TimedSink(COUNTERS)
        consumer = TopicConsumer(service.pool, stack.kafka_bootstrap, f"{prefix}.counters", [topic], sink)
        consuming = asyncio.create_task(consumer.run())
        projected = await _rate(events, lambda: consumer.state.records)
        rows.append(Row("projection with exactly-once effect", projected, "events/s", floor=60_000))
        await asyncio.sleep(1)
        rows += await _visible(service, sink)
        for task in (relaying, consuming):
            task.cancel()
        await asyncio.gather(relaying, consuming, return_exceptions=True)
    return rows


async def _fill(service: Small, events: int) -> None:
    done = 0

    async def caller(number: int) -> None:
        nonlocal done
        while done < events:
            done += 1
            await service.count(f"counter-{number}-{done % 40}")

    await asyncio.gather(*(caller(number) for number in range(CALLERS)))


async def _rate(goal: int, reached: Callable[[], int]) -> float:
    """Measure from the first to the last, so that starting up does not count."""
    while not reached():
        await asyncio.sleep(0.001)
    first, begun = reached(), time.perf_counter()
    while reached() < goal:
        await asyncio.sleep(0.002)
    return (goal - first) / (time.perf_counter() - begun)


class TimedSink(ViewSink):
    """A view that notes when a batch was committed, so that measuring costs the database nothing."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.committed: dict[str, float] = {}

    async def applied(self, records: list[Incoming]) -> None:
        """Note the time for each stream."""
        now = time.perf_counter()
        if len(records) < VISIBLE_RATE:
            self.committed.update({record.stream: now for record in records})


async def _visible(service: Small, sink: TimedSink) -> list[Row]:
    appended: dict[str, float] = {}

    async def one() -> None:
        stream = f"counter-{new_id()}"
        await service.count(stream)
        appended[stream] = time.perf_counter()

    tasks: list[asyncio.Task[None]] = []
    for _ in range(VISIBLE_EVENTS):
        tasks.append(asyncio.create_task(one()))
        await asyncio.sleep(1 / VISIBLE_RATE)
    await asyncio.gather(*tasks)
    while appended.keys() - sink.committed.keys():
        await asyncio.sleep(0.01)
    delays = sorted(sink.committed[stream] - at for stream, at in appended.items())
    p50, p99 = delays[len(delays) // 2] * 1000, delays[int(len(delays) * 0.99)] * 1000
    said = f"append to visible in a projection, {VISIBLE_RATE} events/s"
    return [Row(f"{said}, p50", p50, "ms", ceiling=10), Row(f"{said}, p99", p99, "ms", ceiling=50)]


def _tag() -> str:
    return f"{os.getpid()}_{uuid4().hex[:6]}"
