"""A rebuild in a process of its own, so that its memory is its own: `python -m bench.rebuild JOB`."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import uvloop

from bench.small import COUNTERS
from libs.events.consumer import TopicConsumer
from libs.events.database import Database, open_pool
from libs.events.maintenance import rebuild
from libs.events.reading import serving
from libs.events.views import ViewSink
from libs.web.service import calm_garbage


@dataclass(frozen=True, slots=True)
class Finished:
    """How long from the command until the view serves, in seconds; the process's peak memory in MiB."""

    seconds: float
    peak_at_quarter: float
    peak_at_end: float


async def _measure(job: dict[str, Any]) -> Finished:
    calm_garbage()
    pool = await open_pool(Database(**job["database"]), derived=True)
    topics = [job["topic"]]
    begun = time.perf_counter()
    await rebuild(pool, job["bootstrap"], COUNTERS, COUNTERS.name, topics)
    consumer = TopicConsumer(pool, job["bootstrap"], f"{job['topic']}.counters", topics, ViewSink(COUNTERS))
    consuming = asyncio.create_task(consumer.run())
    try:
        await _records(consumer, job["records"] // 4, begun + job["seconds"])
        quarter = _peak()
        await _records(consumer, job["records"], begun + job["seconds"])
        while not await serving(pool, COUNTERS.name):
            await asyncio.sleep(0.01)
        return Finished(time.perf_counter() - begun, quarter, _peak())
    finally:
        consuming.cancel()
        await asyncio.gather(consuming, return_exceptions=True)
        await pool.close()


async def _records(consumer: TopicConsumer, goal: int, until: float) -> None:
    while consumer.state.records < goal:
        await asyncio.sleep(0.005)
        if time.perf_counter() > until:
            raise TimeoutError(f"{consumer.state.records} of {goal} records were read in time")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(_measure(json.loads(sys.argv[1]))))))
