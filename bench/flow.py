"""The way of events out of the store: relay, projection, rebuild, and how long one is under way."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from statistics import median
from typing import Any

from bench import floors
from bench.fill import fill
from bench.rebuild import Finished
from bench.rows import Row
from bench.small import COUNTERS, Small, small, tag
from deploy.local.stack import StackInfo
from libs.events.consumer import Incoming, TopicConsumer
from libs.events.ids import new_id
from libs.events.relay import Relay
from libs.events.topics import ensure_topics, topic_name
from libs.events.views import View, ViewSink
from libs.web.service import calm_garbage

EVENTS = 1_000_000
LEGS = 3
FLOOR_RECORDS = 100_000
PEER_EVENTS = 20_000
PEER_SECONDS = 3.0
VISIBLE_RATE = 300
VISIBLE_EVENTS = 1500
MOST_SECONDS = 120.0
"""How long anything may take; what hangs must not hang the benchmark."""


async def flow(stack: StackInfo) -> list[Row]:
    """Relay a million events, project them, rebuild the view, then append more and see how soon they are visible."""
    calm_garbage()
    name = tag("flow")
    async with small(stack, name) as service:
        await fill(stack, name, EVENTS)
        topic = topic_name(name, "bench")
        await ensure_topics(stack.kafka_bootstrap, [topic])
        rows = await _relay(stack, service, topic)
        # A relay that is stopped between publishing and its checkpoint sends a page again, as it may.
        records = await floors.size(stack.kafka_bootstrap, topic)
        rows += await _project(stack, service, topic, records)
        rows += await _rebuild(stack, service, topic, records)
        rows += await _visible(stack, service, topic)
    return rows


@asynccontextmanager
async def _running(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _rate(goal: int, reached: Callable[[], int]) -> float:
    """Measure from the first to the last, so that starting up does not count."""
    until = time.perf_counter() + MOST_SECONDS
    while not reached():
        await asyncio.sleep(0.001)
        _check(until)
    first, begun = reached(), time.perf_counter()
    while reached() < goal:
        await asyncio.sleep(0.002)
        _check(until)
    return (reached() - first) / (time.perf_counter() - begun)


def _check(until: float) -> None:
    if time.perf_counter() > until:
        raise TimeoutError("what is measured does not move: see its log above")


async def _relay(stack: StackInfo, service: Small, topic: str) -> list[Row]:
    """Relay in legs, between which the floors send."""
    ours: list[float] = []
    single: list[float] = []
    batched: list[float] = []
    sample = await floors.sample(service.pool, FLOOR_RECORDS)
    done = 0
    for leg in range(LEGS):
        relay = Relay(service.database, stack.kafka_bootstrap, topic)
        async with _running(relay.run()):
            goal = EVENTS * (leg + 1) // LEGS - done
            ours.append(await _rate(goal, lambda relay=relay: relay.state.published))
        done = await _published(service)
        single.append(await floors.send(stack.kafka_bootstrap, tag("send"), sample))
        batched.append(await floors.send_batch(stack.kafka_bootstrap, tag("send"), sample))
    value = median(ours)
    return [
        Row("relay", value, "events/s", "aiokafka send_batch()", median(batched), floor=60_000),
        Row("relay", value, "events/s", "aiokafka send()", median(single)),
    ]


async def _published(service: Small) -> int:
    return await service.pool.fetchval(
        "select count(*) from events e, relay r where (e.tick, e.position) <= (r.tick, r.position)"
    )


async def _project(stack: StackInfo, service: Small, topic: str, records: int) -> list[Row]:
    """Project in legs, between which the floors and the peer work."""
    from bench.peer import Peer  # noqa: PLC0415 - a library of the benchmark alone

    ours: list[float] = []
    fetched: list[float] = []
    copied: list[float] = []
    theirs: list[float] = []
    peer = await asyncio.to_thread(Peer, stack, "projection")
    await asyncio.to_thread(peer.fill, PEER_EVENTS)
    done = 0
    for leg in range(LEGS):
        consumer = _consumer(stack, service, topic, ViewSink(COUNTERS))
        async with _running(consumer.run()):
            goal = records * (leg + 1) // LEGS - done
            rate = await _rate(goal, lambda consumer=consumer: consumer.state.records)
        ours.append(rate * EVENTS / records)
        done = await service.pool.fetchval("select sum(next)::bigint from offsets")
        fetched.append(await floors.getmany(stack.kafka_bootstrap, topic, EVENTS // LEGS))
        copied.append(await floors.copy(service.pool, EVENTS // LEGS))
        theirs.append(await asyncio.to_thread(peer.projects, PEER_SECONDS))
    await asyncio.to_thread(peer.close)
    await _same_as_model(service)
    said, value = "projection with exactly-once effect", median(ours)
    return [
        Row(said, value, "events/s", "eventsourcing ProjectionRunner", median(theirs), at_least=45, floor=60_000),
        Row(said, value, "events/s", "aiokafka getmany() alone", median(fetched)),
        Row(said, value, "events/s", "asyncpg COPY of as many rows", median(copied)),
    ]


def _consumer(stack: StackInfo, service: Small, topic: str, sink: ViewSink) -> TopicConsumer:
    return TopicConsumer(service.pool, stack.kafka_bootstrap, f"{topic}.counters", [topic], sink)


async def _same_as_model(service: Small) -> None:
    """Check that every event is counted, once: a projection that is fast and wrong is of no use."""
    row = await service.pool.fetchrow(
        "select (select sum(version) from counters) as folded, (select count(*) from events) as stored,"
        " (select count(*) from letters) as letters"
    )
    if row["folded"] != row["stored"] or row["letters"]:
        raise RuntimeError(f"the view is wrong: {dict(row)}")


async def _rebuild(stack: StackInfo, service: Small, topic: str, records: int) -> list[Row]:
    """Rebuild the view in a process of its own."""
    job = {
        "database": asdict(service.database),
        "bootstrap": stack.kafka_bootstrap,
        "topic": topic,
        "records": records,
        "seconds": MOST_SECONDS,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.rebuild", json.dumps(job), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    finished = Finished(**json.loads(said))
    await _same_as_model(service)
    return [
        Row("rebuild of a view from 1 M events", EVENTS / finished.seconds, "events/s", floor=80_000),
        Row(
            "peak memory of the rebuild after 1 M events",
            finished.peak_at_end,
            "MiB",
            "after 250,000 events",
            finished.peak_at_quarter,
            at_most=1.1,
        ),
    ]


class TimedSink(ViewSink):
    """A view that notes when a batch was committed, so that measuring costs the database nothing."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.committed: dict[str, float] = {}

    async def applied(self, records: list[Incoming]) -> None:
        """Note the time for each stream."""
        await super().applied(records)
        now = time.perf_counter()
        self.committed.update({record.stream: now for record in records})


async def _visible(stack: StackInfo, service: Small, topic: str) -> list[Row]:
    """Append at a steady rate, and see when each event's view is committed."""
    sink = TimedSink(COUNTERS)
    relay = Relay(service.database, stack.kafka_bootstrap, topic)
    consumer = _consumer(stack, service, topic, sink)
    appended: dict[str, float] = {}

    async def one() -> None:
        stream = f"counter-{new_id()}"
        await service.count(stream)
        appended[stream] = time.perf_counter()

    async with _running(relay.run()), _running(consumer.run()):
        await _until(lambda: relay.state.leading)
        await one()
        await _until(lambda: not appended.keys() - sink.committed.keys())
        appended.clear()
        begun = time.perf_counter()
        tasks: list[asyncio.Task[None]] = []
        for number in range(VISIBLE_EVENTS):
            await asyncio.sleep(begun + number / VISIBLE_RATE - time.perf_counter())
            tasks.append(asyncio.create_task(one()))
        await asyncio.gather(*tasks)
        await _until(lambda: not appended.keys() - sink.committed.keys())
    delays = sorted(sink.committed[stream] - at for stream, at in appended.items())
    p50, p99 = delays[len(delays) // 2] * 1000, delays[int(len(delays) * 0.99)] * 1000
    said = f"append to visible in a projection, {VISIBLE_RATE} events/s"
    return [Row(f"{said}, p50", p50, "ms", ceiling=10), Row(f"{said}, p99", p99, "ms", ceiling=50)]


async def _until(true: Callable[[], bool]) -> None:
    until = time.perf_counter() + MOST_SECONDS
    while not true():
        await asyncio.sleep(0.01)
        _check(until)
