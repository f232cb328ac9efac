"""A small service killed with SIGKILL at every labelled point: nothing lost, nothing twice, order kept.

What must be true afterwards is computed from what the client sent and got answered, by nothing of the service.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from libs.events.canonical import digest
from libs.events.topics import ensure_topics
from libs.events.verify import verify_store
from tests.spine import toys
from tests.spine.processes import DiedError, Process, process
from tests.spine.world import (
    PATIENCE,
    Shop,
    by_stream,
    eventually,
    fresh_name,
    new_database,
    on_topic,
    opened,
    stream_id,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from deploy.local.info import StackInfo

POINTS = [
    "before-append:20",
    "after-append:20",
    "before-publish:3",
    "after-publish:3",
    "after-checkpoint:3",
    "before-view-commit:4",
    "after-view-commit:4",
    "before-reaction:5",
    "after-reaction:5",
]
STREAMS = 6
ROUNDS = 8


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    toys.register()
    yield
    toys.unregister()


@pytest.fixture
async def shop(stack: StackInfo) -> AsyncIterator[Shop]:
    """A look at the service's database from outside."""
    async with opened(await new_database(stack)) as shop:
        yield shop


@dataclass
class Model:
    """What must be true, computed from what was answered: a plain count, no fold."""

    totals: dict[str, int] = field(default_factory=dict[str, int])
    labels: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    bodies: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    asked: int = 0

    def answered(self, stream: str, sent: dict[str, Any], answer: dict[str, Any]) -> None:
        self.bodies[sent["key"]] = (stream, answer["version"])
        if sent["command"] == "Ask":
            self.asked += 1
            target = f"counter-{sent['of']}"
            self.totals[target] = self.totals.get(target, 0) + sent["amount"]
        else:
            self.totals[stream] = self.totals.get(stream, 0) + sent["amount"]
            self.labels.setdefault(stream, []).append(sent["label"])


@dataclass
class Service:
    """The service as its clients know it: it may be gone for a moment, and comes back."""

    stack: StackInfo
    shop: Shop
    topic: str
    deaths: int = 0
    _process: Process | None = None
    _there: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, kill_at: str) -> None:
        """Start it, armed; when it dies, start it again, unarmed, and keep it."""
        while True:
            parts = ("relay", "view", "reactions")
            async with process(self.stack, self.shop.database, self.topic, *parts, kill_at=kill_at) as child:
                self._process = child
                self._there.set()
                status = await child.ended()
            self._there.clear()
            assert status == -9, child.log
            self.deaths += 1
            kill_at = ""

    async def insist(self, stream: str, **sent: Any) -> dict[str, Any]:
        """Send a command until it is answered, always under the same key."""
        while True:
            await self._there.wait()
            assert self._process is not None
            try:
                answer = await self._process.ask(stream, **sent)
            except (DiedError, ConnectionError):
                await asyncio.sleep(0.02)
                continue
            if "unavailable" not in answer:
                assert "refused" not in answer, answer
                return answer


async def client(service: Service, model: Model, stream: str, others: list[str]) -> None:
    """One after the other on one stream: counts, and questions to the others."""
    for number in range(ROUNDS):
        sent: dict[str, Any] = {"key": str(uuid4()), "amount": random.randrange(1, 1000)}
        if number % 2:
            sent |= {"command": "Ask", "of": random.choice(others).partition("-")[2]}
        else:
            sent |= {"command": "Add", "label": f"{number}"}
        model.answered(stream, sent, await service.insist(stream, **sent))


@pytest.mark.parametrize("point", POINTS)
async def test_a_service_killed_at_any_point_loses_nothing_repeats_nothing_and_keeps_its_order(
    stack: StackInfo, shop: Shop, point: str
) -> None:
    topic = f"{fresh_name('test')}.toy"
    await ensure_topics(stack.kafka_bootstrap, [topic])
    service, model, streams = Service(stack, shop, topic), Model(), [stream_id() for _ in range(STREAMS)]
    async with AsyncExitStack() as cleanup:
        running = asyncio.ensure_future(service.run(point))
        cleanup.push_async_callback(_ended, running)
        for stream in streams:
            sent = {"key": str(uuid4()), "command": "Add", "amount": 1, "label": "first"}
            model.answered(stream, sent, await service.insist(stream, **sent))
        work = [client(service, model, stream, [one for one in streams if one != stream]) for stream in streams]
        await asyncio.wait_for(asyncio.gather(*work), PATIENCE)
        await eventually(lambda: service.deaths == 1, f"killed at {point}")
        await eventually(lambda: _views_equal(shop, model), "the view equals the model")
        await eventually(lambda: _all_done(shop, model.asked), "every reaction has its outcome")
        await _stands(stack, shop, topic, model)
        assert not running.done()
    assert service.deaths == 1


async def _ended(running: asyncio.Future[None]) -> None:
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def _views_equal(shop: Shop, model: Model) -> bool:
    rows = await shop.pool.fetch("select stream, total, labels from counters")
    return {row["stream"]: (row["total"], row["labels"]) for row in rows} == {
        stream: (model.totals[stream], model.labels[stream]) for stream in model.labels
    }


async def _all_done(shop: Shop, number: int) -> bool:
    rows = await shop.pool.fetch("select outcome from reactions")
    return [row["outcome"] for row in rows] == ["done"] * number


async def _stands(stack: StackInfo, shop: Shop, topic: str, model: Model) -> None:
    """Look at everything that is left: no command lost or done twice, every order kept, every chain whole."""
    rows = await shop.pool.fetch("select id::text, stream, upper(versions) - 1 as version from commands")
    known = {row["id"]: (row["stream"], row["version"]) for row in rows}
    assert model.bodies.items() <= known.items()
    assert len(known) == len(model.bodies) + model.asked
    assert await shop.pool.fetchval("select count(*) from events") == len(known)
    assert await shop.pool.fetchval("select count(*) from letters") == 0
    assert (await verify_store(shop.pool)).faults == ()
    published = by_stream(await on_topic(stack.kafka_bootstrap, topic))
    assert sorted(published) == sorted(model.labels)
    for stream, events in published.items():
        records = await shop.records(stream)
        # Sent again, perhaps; left out or out of order, never.
        assert list(dict.fromkeys(event.record for event in events)) == records
        row = await shop.pool.fetchrow("select version, hash from counters where stream = $1", stream)
        assert (row["version"], row["hash"]) == (len(records), digest(records[-1]))
