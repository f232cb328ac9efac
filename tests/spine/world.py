"""What the tests of the spine stand on: a database of their own, topics of their own, and patience."""

from __future__ import annotations

import asyncio
import inspect
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
from aiokafka import AIOKafkaProducer

from libs.events import database as databases
from libs.events.bus import CommandBus, Meta, Reply
from libs.events.commit import GroupCommit
from libs.events.consumer import Incoming
from libs.events.database import Database
from libs.events.envelope import GENESIS, Cause, Event, write
from libs.events.ids import new_id
from libs.events.sealing import EventSealer, KeyRing
from libs.events.store import Append
from libs.events.topics import everything, partition_of, started
from libs.kernel.decisions import Actor
from tests.spine.toys import COUNTER, ToyCounted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from deploy.local.info import StackInfo
    from libs.events.contracts.base import Payload

MIGRATIONS = Path(__file__).parent / "sql"
ACTOR = Actor("actor-1", "city")
NOON = datetime(2025, 3, 3, 4, 0, tzinfo=UTC)
PATIENCE = 60.0
_numbers = count()


class SetClock:
    """A clock that stands where it was set."""

    def __init__(self, instant: datetime = NOON) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


@dataclass
class TableKeys:
    """Keys of persons in a table, as intake keeps them."""

    pool: asyncpg.Pool

    async def keys(self, persons: Iterable[str]) -> dict[str, bytes]:
        rows = await self.pool.fetch("select person, key from person_keys where person = any($1)", list(persons))
        return {row["person"]: row["key"] for row in rows}

    async def make(self, person: str) -> None:
        await self.pool.execute("insert into person_keys values ($1, sha256(uuid_send($2)))", person, uuid4())

    async def destroy(self, person: str) -> None:
        await self.pool.execute("delete from person_keys where person = $1", person)


@dataclass
class Shop:
    """One process of a service, without its web side: a pool, a group commit, a bus."""

    database: Database
    pool: asyncpg.Pool
    view_pool: asyncpg.Pool
    clock: SetClock
    commit: GroupCommit
    person_keys: TableKeys
    keys: KeyRing
    bus: CommandBus

    async def do(self, stream: str, command: Any, key: UUID | None = None, **more: Any) -> Reply:
        """Execute a command on a counter; `key` is its id, and `body` its fingerprint where it matters."""
        meta = Meta(key or uuid4(), more.pop("body", b"body"), ACTOR, **more)
        return await self.bus.execute(COUNTER, stream, command, meta)

    async def records(self, stream: str) -> list[bytes]:
        rows = await self.pool.fetch("select record from events where stream = $1 order by version", stream)
        return [row["record"] for row in rows]


@asynccontextmanager
async def opened(database: Database, clock: SetClock | None = None) -> AsyncIterator[Shop]:
    """Open a shop on a database; as many as one likes, each as another process would be."""
    pool = await databases.open_pool(database)
    view_pool = await databases.open_pool(database, derived=True)
    commit = GroupCommit(lambda: databases.connect(database))
    person_keys = TableKeys(pool)
    keys = KeyRing(person_keys)
    clock = clock or SetClock()
    try:
        yield Shop(database, pool, view_pool, clock, commit, person_keys, keys, CommandBus(pool, commit, clock, keys))
    finally:
        await commit.close()
        pool.terminate()
        view_pool.terminate()


def fresh_name(kind: str = "spine") -> str:
    return f"{kind}_{uuid4().hex[:12]}"


async def new_database(stack: StackInfo, name: str | None = None) -> Database:
    """Make a database with the spine's tables and the toys'."""
    name = name or fresh_name()
    database = Database(stack.postgres_host, stack.postgres_port, name, name, "a-secret")
    await databases.prepare(stack.dsn("postgres"), database)
    await databases.migrate(stack.dsn("postgres"), database, [MIGRATIONS])
    return database


def stream_id(kind: str = "counter") -> str:
    return f"{kind}-{new_id()}"


async def eventually(condition: Callable[[], Any], what: str = "", seconds: float = PATIENCE) -> Any:
    """Wait until a condition (plain or async) gives something true; fail with what was waited for."""
    until = time.monotonic() + seconds
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < until, f"not within {seconds} s: {what or inspect.getsource(condition)}"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def running(*works: Awaitable[Any]) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Run workers beside the test; one that ends by an error fails it."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception) and not isinstance(end, asyncio.CancelledError):
            raise end


CAUSE = Cause(str(uuid4()), "actor-1", "city", "", str(uuid4()), str(uuid4()), "")


def chained(stream: str, payloads: Sequence[Payload], after: Event | None = None) -> list[Event]:
    """Write events that follow one another, without a store."""
    events: list[Event] = []
    for payload in payloads:
        events.append(
            write(
                payload,
                stream=stream,
                version=after.version + 1 if after else 1,
                time=NOON,
                recorded=NOON,
                prev_hash=after.hash if after else GENESIS,
                cause=CAUSE,
                ruleset="",
                sealer=lambda event_id: EventSealer(event_id, {}),
            )
        )
        after = events[-1]
    return events


def counted(stream: str, number: int = 1, after: Event | None = None, label: str = "") -> list[Event]:
    return chained(stream, [ToyCounted(amount=1, label=label)] * number, after)


def append_of(events: Sequence[Event], **more: Any) -> Append:
    """Make the append of one command that wrote these events."""
    first = events[0]
    values = {"command_id": uuid4(), "fingerprint": b"body", "response": b"{}"} | more
    return Append(stream=first.stream, expected=first.version - 1, events=tuple(events), **values)


def arrive(*events: Event) -> list[Incoming]:
    """Let events come off a topic, in this order."""
    return [
        Incoming("toys", partition_of(event.stream), next(_numbers), event.stream, event.record) for event in events
    ]


async def publish(bootstrap: str, topic: str, events: Iterable[Event]) -> None:
    """Put events on a topic as the relay does, in this order."""
    async with started(AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")) as producer:
        sent = [
            await producer.send(topic, event.record, event.stream.encode(), partition_of(event.stream))
            for event in events
        ]
        await asyncio.gather(*sent)


async def on_topic(bootstrap: str, topic: str) -> dict[int, list[bytes]]:
    """Read everything that stands on a topic, by partition."""
    found: dict[int, list[bytes]] = {}
    async for partition, record in everything(bootstrap, [topic]):
        found.setdefault(partition.partition, []).append(record.value)
    return found


def by_stream(topic: dict[int, list[bytes]]) -> dict[str, list[Event]]:
    """Sort what stands on a topic by stream, in the order in which it stands there."""
    found: dict[str, list[Event]] = {}
    for records in topic.values():
        for record in records:
            event = Event(record)
            found.setdefault(event.stream, []).append(event)
    return found


@dataclass
class Tally:
    """A sink without any guard of its own: it counts how often each record took effect.

    `before` is awaited in the middle of each transaction; what it raises undoes it.
    """

    name: str = "tally"
    before: Callable[[], Awaitable[None]] | None = None

    def concerns(self, records: list[Incoming]) -> bool:
        return bool(records)

    async def apply(self, connection: Any, records: list[Incoming]) -> None:
        await connection.executemany(
            "insert into tallies values ($1, $2, 1)"
            " on conflict (partition, record_offset) do update set times = tallies.times + 1",
            [(record.partition, record.offset) for record in records],
        )
        if self.before is not None:
            await self.before()

    async def applied(self, records: list[Incoming]) -> None:
        pass


async def tallied(pool: asyncpg.Pool, number: int) -> bool:
    """Whether so many records took effect; fails as soon as one did so twice."""
    rows = await pool.fetch("select times from tallies")
    assert all(row["times"] == 1 for row in rows)
    return len(rows) == number
