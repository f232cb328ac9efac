"""The event store on PostgreSQL: appending and reading one service's streams."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from libs.events.envelope import Event
from libs.kernel.decisions import Claim, SideRow


@dataclass(frozen=True, slots=True)
class Append:
    """One command's effect, ready to be written: one stream, its events, its claims and side rows."""

    command_id: UUID
    fingerprint: bytes
    stream: str
    expected: int
    events: tuple[Event, ...]
    response: bytes
    claims: tuple[Claim, ...] = ()
    releases: tuple[Claim, ...] = ()
    rows: tuple[SideRow, ...] = ()

    @property
    def version(self) -> int:
        """The stream's version once this is written."""
        return self.expected + len(self.events)


@dataclass(frozen=True, slots=True)
class Done:
    """The command was written."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """The stream was not at the expected version; nothing of this command was written."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim belongs to another stream; nothing of this command was written."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class Seen:
    """The command id is known: what it did then. `response` is None once the reply was forgotten."""

    fingerprint: bytes
    stream: str
    version: int
    response: bytes | None


Outcome = Done | Conflict | Claimed | Seen
DONE = Done()
CONFLICT = Conflict()

_APPEND = (
    "select * from append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
    " $19, $20, $21)"
)


@dataclass(slots=True)
class _Columns:
    """The arrays of one call; `command` counts from 1, as SQL arrays do."""

    claim: list[tuple[int, Claim]] = field(default_factory=list[tuple[int, Claim]])
    release: list[tuple[int, Claim]] = field(default_factory=list[tuple[int, Claim]])
    event: list[tuple[int, Event]] = field(default_factory=list[tuple[int, Event]])
    side: list[tuple[int, SideRow]] = field(default_factory=list[tuple[int, SideRow]])


async def append_batch(connection: asyncpg.Connection, batch: list[Append]) -> list[Outcome]:
    """Write many commands in one round trip and one transaction, each with its own outcome.

    At most one command a stream, and no command id or claim twice: the queue in front sees to it.
    """
    columns = _Columns()
    for number, item in enumerate(batch, 1):
        columns.claim += [(number, claim) for claim in item.claims]
        columns.release += [(number, claim) for claim in item.releases]
        columns.event += [(number, event) for event in item.events]
        columns.side += [(number, row) for row in item.rows]
    failed = await connection.fetch(
        _APPEND,
        [item.command_id for item in batch],
        [item.fingerprint for item in batch],
        [item.stream for item in batch],
        [item.expected for item in batch],
        [item.version for item in batch],
        [item.events[-1].hash for item in batch],
        [item.response for item in batch],
        [number for number, _ in columns.claim],
        [claim.name for _, claim in columns.claim],
        [claim.value for _, claim in columns.claim],
        [number for number, _ in columns.release],
        [claim.name for _, claim in columns.release],
        [claim.value for _, claim in columns.release],
        [number for number, _ in columns.event],
        [event.version for _, event in columns.event],
        [event.type for _, event in columns.event],
        [event.recorded for _, event in columns.event],
        [event.record for _, event in columns.event],
        [number for number, _ in columns.side],
        [row.table for _, row in columns.side],
        [_side_values(row) for _, row in columns.side],
    )
    outcomes: list[Outcome] = [DONE] * len(batch)
    for row in failed:
        outcomes[row["command"] - 1] = _outcome(row)
    return outcomes


def _side_values(row: SideRow) -> dict[str, Any]:
    return {name: "\\x" + value.hex() if isinstance(value, bytes) else value for name, value in row.values.items()}


def _outcome(row: asyncpg.Record) -> Outcome:
    if row["outcome"] == "conflict":
        return CONFLICT
    if row["outcome"] == "claimed":
        return Claimed(Claim(row["claim_name"], row["claim_value"]))
    return Seen(row["fingerprint"], row["stream"], row["versions"].upper - 1, row["response"])


async def read_stream(pool: asyncpg.Pool, stream: str, after: int = 0) -> list[Event]:
    """Read a stream's events after a version, in order."""
    rows = await pool.fetch(
        "select record from events where stream = $1 and version > $2 order by version", stream, after
    )
    return [Event(row["record"]) for row in rows]


async def stream_version(pool: asyncpg.Pool, stream: str) -> int:
    """Give a stream's present version; 0 where it does not exist."""
    return await pool.fetchval("select version from streams where stream = $1", stream) or 0


async def look_up(pool: asyncpg.Pool, command_id: UUID, stream: str) -> tuple[Seen | None, int]:
    """Ask in one round trip whether a command id is known, and at which version a stream stands."""
    row = await pool.fetchrow(
        "select (select version from streams where stream = $2) as version, c.*"
        " from (select 1) as one left join commands c on c.id = $1",
        command_id,
        stream,
    )
    seen = (
        None
        if row["id"] is None
        else Seen(row["fingerprint"], row["stream"], row["versions"].upper - 1, row["response"])
    )
    return seen, row["version"] or 0


@dataclass(frozen=True, slots=True, order=True)
class Checkpoint:
    """A place in the order of a store: everything up to it has been read."""

    tick: int = 0
    position: int = 0

    def json(self) -> bytes:
        """Write it for a person or a file."""
        return orjson.dumps({"tick": self.tick, "position": self.position})


@dataclass(frozen=True, slots=True)
class Settled:
    """A record below the gate, with its place."""

    at: Checkpoint
    stream: str
    version: int
    record: bytes


async def read_page(connection: Any, after: Checkpoint, limit: int = 2000) -> list[Settled]:
    """Read settled records in the order of the store; nothing that can still be preceded is returned."""
    rows = await connection.fetch(
        "select tick, position, stream, version, record from events"
        " where (tick, position) > ($1, $2) and tick < (select store_gate())"
        " order by tick, position limit $3",
        after.tick,
        after.position,
        limit,
    )
    return [Settled(Checkpoint(row[0], row[1]), row[2], row[3], row[4]) for row in rows]


async def gate_age(connection: Any) -> float:
    """Give the age in seconds of the oldest writing transaction that holds the gate back."""
    return await connection.fetchval("select store_gate_age()")
