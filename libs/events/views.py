"""Read models: one row folds one stream, in the transaction that moves the offset.

Every view checks the chain: same version and hash is a duplicate, the next version whose `prevhash` fits is
applied, a higher one is held until its predecessor comes, and the same version with another hash is a fork.
So resends in any order are harmless. Folds never decrypt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
import structlog

from libs.events.canonical import digest
from libs.events.commit import StoreUnavailableError
from libs.events.consumer import Incoming
from libs.events.database import transaction
from libs.events.envelope import Event
from libs.events.reading import NotYetError

log = structlog.get_logger(__name__)

BEHIND = "behind a parked record of its stream"

Row = dict[str, Any]
Fold = Callable[[Row, Event], Row]
Effects = Callable[[asyncpg.Connection, list[Event]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class View:
    """One read model.

    Parameters
    ----------
    name
        Also its table, which a migration creates with `stream text primary key`, `version bigint`,
        `hash bytea` and the columns below.
    services
        The services whose topics it reads.
    kinds
        The kinds of stream that it folds; others are passed over.
    columns
        Column to SQL type. Lists and objects are `jsonb`.
    fold
        Pure: the row so far (empty at the start of the stream) and the next event give the row.
    effects
        What else applied events cause, in the same transaction; each event is given once, in order.
    beside
        The tables that `effects` fills; a rebuild empties them too.
    """

    name: str
    services: tuple[str, ...]
    kinds: frozenset[str]
    columns: Mapping[str, str]
    fold: Fold
    effects: Effects | None = None
    beside: tuple[str, ...] = ()


@dataclass(slots=True)
class _Stream:
    """One stream in the middle of a batch."""

    version: int
    hash: bytes
    row: Row
    parked: bool = False
    touched: bool = False
    held: dict[int, list[Incoming]] = field(default_factory=dict[int, list[Incoming]])


@dataclass(frozen=True, slots=True)
class Letter:
    """A record that could not be applied."""

    stream: str
    version: int
    kind: str
    error: str
    record: bytes


class ViewSink:
    """Brings batches of records into a view's table."""

    def __init__(self, view: View, name: str | None = None) -> None:
        self.view = view
        self.name = name or view.name
        self.changed = asyncio.Condition()
        columns = "".join(f', "{column}"' for column in view.columns)
        self._select = f'select stream, version, hash{columns} from "{view.name}" where stream = any($1)'  # noqa: S608 - names come from our own view definitions
        # A list among an array's values would be taken for a dimension of the array: as text it is one value.
        self._json = frozenset(column for column, kind in view.columns.items() if kind == "jsonb")
        kinds = ("text" if column in self._json else kind for column, kind in view.columns.items())
        holes = "".join(f", ${number}::{kind}[]" for number, kind in enumerate(kinds, 4))
        values = "".join(f', "{column}"::{kind}' for column, kind in view.columns.items())
        sets = "".join(f', "{column}" = excluded."{column}"' for column in view.columns)
        self._upsert = (
            f'insert into "{view.name}" (stream, version, hash{columns})'  # noqa: S608
            f" select stream, version, hash{values} from unnest($1::text[], $2::bigint[], $3::bytea[]{holes})"
            f" as u (stream, version, hash{columns})"
            f" on conflict (stream) do update set version = excluded.version, hash = excluded.hash{sets}"
        )

    def concerns(self, records: list[Incoming]) -> bool:
        """Tell whether any record is of a kind that the view folds."""
        kinds = self.view.kinds
        return any(record.kind in kinds for record in records)

    async def apply(self, connection: asyncpg.Connection, records: list[Incoming]) -> None:
        """Fold a batch; a value that the table refuses parks its stream from there on, the others go on."""
        mine = [record for record in records if record.kind in self.view.kinds]
        if not mine or await self._poison(connection, mine) is None:
            return
        for stream, of_stream in _by_stream(mine).items():
            if await self._poison(connection, of_stream) is None:
                continue
            # One by one and in order, to name the record; those behind it find it parked.
            held = await self._take_back(connection, stream)
            for record in sorted([*of_stream, *held], key=_version_of):
                if (error := await self._poison(connection, [record])) is not None:
                    log.error("parked", view=self.name, stream=record.stream, error=repr(error))
                    await _write_letters(connection, self.name, [_letter(record, "parked", repr(error))])

    async def applied(self, records: list[Incoming]) -> None:  # noqa: ARG002 - the protocol's
        """Wake those who wait to read what they wrote."""
        async with self.changed:
            self.changed.notify_all()

    async def effects(self, connection: asyncpg.Connection, events: list[Event]) -> None:
        """Do what else the applied events cause, in the same transaction; most views have nothing more."""
        if self.view.effects is not None and events:
            await self.view.effects(connection, events)

    async def _poison(self, connection: asyncpg.Connection, records: list[Incoming]) -> Exception | None:
        """Fold and write; give the poison that undid it, and raise what will pass."""
        try:
            async with connection.transaction():
                await self._fold_and_write(connection, records)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            return error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, StoreUnavailableError, NotYetError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - an effect that cannot read its event is poison, whatever it is
            return error
        return None

    async def _take_back(self, connection: asyncpg.Connection, stream: str) -> list[Incoming]:
        """Take back what is held of a stream, to bring it in again."""
        rows = await connection.fetch(
            "delete from letters where view = $1 and stream = $2 and kind = 'held' returning record",
            self.name,
            stream,
        )
        return [Incoming("", 0, 0, stream, row["record"]) for row in rows]

    async def _fold_and_write(self, connection: asyncpg.Connection, records: list[Incoming]) -> None:
        by_stream = _by_stream(records)
        states = await self._states(connection, list(by_stream))
        letters: list[Letter] = []
        freed: set[tuple[str, int]] = set()
        applied: list[Event] = []
        for stream, incoming in by_stream.items():
            state = states[stream]
            for record in incoming:
                letters += self._take(state, record, applied)
                # What a resend has overtaken is taken too: a duplicate is dropped, another hash is a fork.
                while state.held and (version := min(state.held)) <= state.version + 1:
                    freed.add((stream, version))
                    for held in state.held.pop(version):
                        letters += self._take(state, held, applied)
        await self._write(connection, {name: state for name, state in states.items() if state.touched})
        await self.effects(connection, applied)
        if freed:
            await connection.execute(
                "delete from letters l using unnest($2::text[], $3::bigint[]) as f (stream, version)"
                " where l.view = $1 and l.kind = 'held' and l.stream = f.stream and l.version = f.version",
                self.name,
                [stream for stream, _ in freed],
                [version for _, version in freed],
            )
        letters = [one for one in letters if one.kind == "parked" or (one.stream, one.version) not in freed]
        if letters:
            await _write_letters(connection, self.name, letters)

    def _take(self, state: _Stream, record: Incoming, applied: list[Event]) -> list[Letter]:
        if state.parked:
            return [_letter(record, "parked", BEHIND)]
        try:
            event = Event(record.value)
            fault = _fault(state, event, record)
            if not fault and event.version == state.version + 1:
                state.row = self.view.fold(state.row, event)
        except Exception as error:  # noqa: BLE001 - a decoding or fold exception is poison, whatever it is
            return self._park(state, record, repr(error))
        if fault:
            return self._park(state, record, fault)
        if event.version > state.version + 1:
            state.held.setdefault(event.version, []).append(record)
            return [Letter(record.stream, event.version, "held", "its predecessor has not come", record.value)]
        if event.version == state.version + 1:
            state.version, state.hash, state.touched = event.version, event.hash, True
            applied.append(event)
        return []

    def _park(self, state: _Stream, record: Incoming, error: str) -> list[Letter]:
        log.error("parked", view=self.name, stream=record.stream, error=error)
        behind = [_letter(one, "parked", BEHIND) for held in state.held.values() for one in held]
        state.parked = True
        state.held.clear()
        return [_letter(record, "parked", error), *behind]

    async def _states(self, connection: asyncpg.Connection, streams: list[str]) -> dict[str, _Stream]:
        # The letters first, and locked: a retry that is mending these streams is waited for, then seen whole.
        letters = await connection.fetch(
            "select stream, version, kind, record from letters where view = $1 and stream = any($2) for share",
            self.name,
            streams,
        )
        states = {
            row["stream"]: _Stream(row["version"], row["hash"], {column: row[column] for column in self.view.columns})
            for row in await connection.fetch(self._select, streams)
        }
        for stream in streams:
            states.setdefault(stream, _Stream(0, bytes(32), {}))
        for row in letters:
            state = states[row["stream"]]
            if row["kind"] == "parked":
                state.parked = True
            else:
                record = Incoming("", 0, 0, row["stream"], row["record"])
                state.held.setdefault(row["version"], []).append(record)
        return states

    async def _write(self, connection: asyncpg.Connection, states: Mapping[str, _Stream]) -> None:
        if not states:
            return
        await connection.execute(
            self._upsert,
            list(states),
            [state.version for state in states.values()],
            [state.hash for state in states.values()],
            *([self._value(column, state.row) for state in states.values()] for column in self.view.columns),
        )

    def _value(self, column: str, row: Row) -> Any:
        value = row.get(column)
        return value if value is None or column not in self._json else orjson.dumps(value).decode()


def _fault(state: _Stream, event: Event, record: Incoming) -> str:
    """Tell what is wrong with a record's place in its stream; nothing for most."""
    if event.stream != record.stream:
        return f"its key names another stream than its subject {event.stream}"
    if event.version == state.version and event.hash != state.hash:
        return "fork: the same version with another hash"
    if event.version == state.version + 1 and event.prev_hash != state.hash:
        return "fork: prevhash does not fit"
    return ""


def _by_stream(records: list[Incoming]) -> dict[str, list[Incoming]]:
    found: dict[str, list[Incoming]] = {}
    for record in records:
        found.setdefault(record.stream, []).append(record)
    return found


def _version_of(record: Incoming) -> int:
    try:
        return Event(record.value).version
    except Exception:  # noqa: BLE001 - a record that cannot be decoded has no version to name
        return 0


def _letter(record: Incoming, kind: str, error: str) -> Letter:
    return Letter(record.stream, _version_of(record), kind, error, record.value)


async def _write_letters(connection: asyncpg.Connection, view: str, letters: list[Letter]) -> None:
    await connection.executemany(
        "insert into letters (view, stream, version, hash, kind, error, record) values ($1, $2, $3, $4, $5, $6, $7)"
        " on conflict (view, stream, version, hash) do update set kind = excluded.kind, error = excluded.error"
        " where letters.kind = 'held' and excluded.kind = 'parked'",
        [
            (view, letter.stream, letter.version, digest(letter.record), letter.kind, letter.error, letter.record)
            for letter in letters
        ],
    )


async def retry_parked(pool: asyncpg.Pool, sink: ViewSink, streams: list[str] | None = None) -> int:
    """Try parked streams again, after the code was mended: in order, each in a transaction of its own.

    Returns
    -------
    The number of streams that are no longer parked.
    """
    rows = await pool.fetch(
        "select distinct stream from letters where view = $1 and kind = 'parked'"
        " and ($2::text[] is null or stream = any($2))",
        sink.name,
        streams,
    )
    mended = 0
    for stream in [row["stream"] for row in rows]:
        async with transaction(pool) as connection:
            # A batch under way may add letters while we wait for it: only a second statement sees them.
            await connection.execute(
                "select 1 from letters where view = $1 and stream = $2 for update", sink.name, stream
            )
            letters = await connection.fetch(
                "delete from letters where view = $1 and stream = $2 returning version, record", sink.name, stream
            )
            ordered = sorted(letters, key=lambda letter: letter["version"])
            await sink.apply(connection, [Incoming("", 0, 0, stream, letter["record"]) for letter in ordered])
            still = await connection.fetchval(
                "select exists (select from letters where view = $1 and stream = $2 and kind = 'parked')",
                sink.name,
                stream,
            )
            mended += not still
    return mended
