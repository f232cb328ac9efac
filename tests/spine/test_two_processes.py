"""Two processes on the same streams: no deadlock, every command accounted for, every chain whole."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

from libs.events.verify import verify_store
from tests.spine.processes import process
from tests.spine.world import PATIENCE, Shop, stream_id

if TYPE_CHECKING:
    import asyncpg

    from deploy.local.info import StackInfo

COMMANDS = 3000


async def test_two_processes_hammering_the_same_50_streams_lose_nothing_and_never_deadlock(
    stack: StackInfo, shop: Shop, admin: asyncpg.Connection
) -> None:
    streams = [stream_id() for _ in range(50)]
    async with AsyncExitStack() as both:
        two = [await both.enter_async_context(process(stack, shop.database, "none")) for _ in range(2)]
        await asyncio.gather(*(one.ready() for one in two))
        told = await asyncio.wait_for(
            asyncio.gather(*(one.hammer(f"p{at}", streams, COMMANDS, 100) for at, one in enumerate(two))), PATIENCE
        )
    done = {stream: sum(one["done"][stream] for one in told) for stream in streams}
    conflicts = sum(one["conflicts"] for one in told)
    assert sum(done.values()) + conflicts == 2 * COMMANDS
    # They met: without conflicts in the store this test would have tested nothing.
    assert min(sum(one["done"].values()) for one in told) > 0
    rows = await shop.pool.fetch("select stream, version from streams")
    assert {row["stream"]: row["version"] for row in rows} == done
    order = "select stream, array_agg(version order by tick, position) as versions from events group by stream"
    assert {row["stream"]: row["versions"] for row in await shop.pool.fetch(order)} == {
        stream: list(range(1, number + 1)) for stream, number in done.items()
    }
    assert (await verify_store(shop.pool)).faults == ()
    assert await shop.pool.fetchval("select count(*) from commands") == sum(done.values())
    await admin.execute("select pg_stat_force_next_flush()")
    assert await admin.fetchval("select deadlocks from pg_stat_database where datname = current_database()") == 0


async def test_twins_in_two_processes_have_one_effect_and_the_same_bytes(stack: StackInfo, shop: Shop) -> None:
    commands = [(stream_id(), str(uuid4())) for _ in range(100)]
    async with AsyncExitStack() as both:
        two = [await both.enter_async_context(process(stack, shop.database, "none")) for _ in range(2)]
        await asyncio.gather(*(one.ready() for one in two))
        calls = [one.ask(stream, "Add", key, amount=3) for stream, key in commands for one in two]
        answers = await asyncio.wait_for(asyncio.gather(*calls), PATIENCE)
    for first, second in zip(answers[::2], answers[1::2], strict=True):
        assert first["body"] == second["body"]
        assert (first["version"], second["version"]) == (1, 1)
        assert {first["replayed"], second["replayed"]} == {True, False}
    assert await shop.pool.fetchval("select count(*) from events") == 100
