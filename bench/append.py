"""Appending: ours, the peer's `save()`, and PostgreSQL being given the same bytes with nothing around them."""

from __future__ import annotations

import asyncio
import time
from itertools import islice
from statistics import median

import asyncpg

from bench.fill import COLUMNS, records
from bench.rows import Row
from bench.small import Small, small, tag
from deploy.local.stack import StackInfo
from libs.events.ids import new_id

CALLERS = 500
SECONDS = 2.5
ROUNDS = 3
FLOOR_RECORDS = 40_000
FLOOR_BATCH = 256
"""As many as our group commit writes at most in one transaction."""
FLOOR_WRITERS = 2
_UNNEST = (
    f"insert into floor ({', '.join(COLUMNS)}) select * from unnest($1::bigint[], $2::int[], $3::text[],"
    " $4::bigint[], $5::text[], $6::uuid[], $7::timestamptz[], $8::bytea[])"
)


async def append(stack: StackInfo) -> list[Row]:
    """Append concurrent single commands; the peer saves its aggregates one after the other, as its users do."""
    from bench.peer import Peer  # noqa: PLC0415 - a library of the benchmark alone

    name = tag("append")
    peer = await asyncio.to_thread(Peer, stack, "append")
    ours: list[float] = []
    theirs: list[float] = []
    floors: list[float] = []
    async with small(stack, name) as service:
        await _commands(service, 1.0)
        for _ in range(ROUNDS):
            ours.append(await _commands(service, SECONDS))
            theirs.append(await asyncio.to_thread(peer.saves, SECONDS))
            floors.append(await _unnest(stack, name))
    peer.close()
    said = "store append, concurrent single commands"
    value = median(ours)
    return [
        Row(said, value, "commands/s", "eventsourcing save()", median(theirs), at_least=15),
        Row(said, value, "commands/s", "asyncpg unnest of the same bytes", median(floors)),
    ]


async def _commands(service: Small, seconds: float) -> float:
    done = 0
    begun = time.perf_counter()

    async def caller() -> None:
        nonlocal done
        stream = f"counter-{new_id()}"
        while time.perf_counter() - begun < seconds:
            await service.count(stream)
            done += 1

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return done / (time.perf_counter() - begun)


async def _unnest(stack: StackInfo, database: str) -> float:
    """Insert records like ours into a table like ours, as large batches as ours, from as many connections."""
    rows = list(islice(records(FLOOR_RECORDS), FLOOR_RECORDS))
    batches = [rows[start : start + FLOOR_BATCH] for start in range(0, len(rows), FLOOR_BATCH)]
    connections = [await asyncpg.connect(stack.dsn(database)) for _ in range(FLOOR_WRITERS)]
    try:
        await connections[0].execute("drop table if exists floor; create table floor (like events including all)")
        begun = time.perf_counter()

        async def writer(connection: asyncpg.Connection) -> None:
            while batches:
                await connection.execute(_UNNEST, *(list(column) for column in zip(*batches.pop(), strict=True)))

        await asyncio.gather(*(writer(connection) for connection in connections))
        return len(rows) / (time.perf_counter() - begun)
    finally:
        for connection in connections:
            await connection.close()
