"""A small aggregate, view and database of the benchmark's own: what the spine costs without any rule."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import asyncpg

from deploy.local.stack import StackInfo
from libs.events.bus import CommandBus, Meta
from libs.events.clock import SystemClock
from libs.events.commit import GroupCommit
from libs.events.contracts.base import Payload, contract
from libs.events.database import Database, connect, migrate, open_pool, prepare
from libs.events.envelope import Event
from libs.events.sealing import KeyRing
from libs.events.views import Row, View
from libs.kernel.decisions import Actor, Aggregate, Context, Decision

ACTOR = Actor("bench", "system")
TABLE = (
    'create table counters (stream text collate "C" primary key, version bigint not null, hash bytea not null,'
    " total bigint, label text);"
)


@contract("bench")
class Counted(Payload):
    """Something was counted."""

    label: str
    amount: int


def decide(_state: int, command: int, _context: Context) -> Decision:
    """Count."""
    return Decision((Counted(label="benchmark", amount=command),))


def evolve(state: int, payload: Any, _event: Any) -> int:
    """Add up."""
    return state + payload.amount


def fold(row: Row, event: Event) -> Row:
    """Add up, for the view."""
    return {"total": (row.get("total") or 0) + event.data["amount"], "label": event.data["label"]}


COUNTER = Aggregate("counter", 0, decide, evolve)
COUNTERS = View("counters", ("bench",), frozenset({"counter"}), {"total": "bigint", "label": "text"}, fold)


def tag(use: str) -> str:
    """Name a database, topic or group so that no other run has it."""
    return f"bench_{use}_{uuid4().hex[:8]}"


class NoKeys:
    """Nobody's keys."""

    async def keys(self, persons: Any) -> dict[str, bytes]:
        """Give none."""
        del persons
        return {}


@dataclass(slots=True)
class Small:
    """The benchmark's own service."""

    database: Database
    pool: asyncpg.Pool
    bus: CommandBus
    commit: GroupCommit

    async def count(self, stream: str, amount: int = 1) -> None:
        """Give one command."""
        await self.bus.execute(COUNTER, stream, amount, Meta(uuid4(), bytes(32), ACTOR))


@asynccontextmanager
async def small(stack: StackInfo, name: str) -> AsyncIterator[Small]:
    """Make a fresh database with the spine and the counters."""
    database = Database(stack.postgres_host, stack.postgres_port, name, name, "bench")
    await prepare(stack.dsn("postgres"), database)
    with TemporaryDirectory() as folder:
        Path(folder, "0001_counters.sql").write_text(TABLE, encoding="utf-8")
        await migrate(stack.dsn("postgres"), database, [Path(folder)])
    pool = await open_pool(database, 16, derived=True)
    commit = GroupCommit(lambda: connect(database))
    try:
        yield Small(database, pool, CommandBus(pool, commit, SystemClock(), KeyRing(NoKeys())), commit)
    finally:
        await commit.close()
        await pool.close()
