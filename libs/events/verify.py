"""Walk a whole store and name the first bad byte.

A record is held to two witnesses: its own form, and the hash that its successor (or, for the last one, the streams
table) keeps of it. So what was changed is told apart from what only stands beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from libs.events.canonical import digest, encode
from libs.events.contracts.base import SEALED_FORM
from libs.events.database import unhurried
from libs.events.envelope import GENESIS, Event
from libs.events.sealed_places import sealed_texts
from libs.events.sealing import parts

PAGE = 2000
SEARCHED = 4096
"""The longest record, in bytes, in which a single changed byte is searched for: a second's work."""
_BYTES = [bytes((value,)) for value in range(256)]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: the stream, the version, and the byte of its record (-1 for no single byte)."""

    stream: str
    version: int
    byte: int
    what: str


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk found."""

    streams: int
    events: int
    faults: tuple[Fault, ...]


@dataclass(slots=True)
class _Stored:
    """One record as stored, and what it says of itself."""

    stream: str
    version: int
    record: bytes
    fault: Fault | None = None
    prev_hash: bytes | None = None
    hash: bytes = b""

    def read(self) -> _Stored:
        """Look at the record alone."""
        self.hash = digest(self.record)
        seen = _examine(self.record, self.stream, self.version)
        if isinstance(seen, Fault):
            self.fault = seen
        else:
            self.prev_hash = seen.prev_hash
        return self


@dataclass(slots=True)
class _Walker:
    """Goes through records in order, each with the one behind it."""

    faults: list[Fault] = field(default_factory=list[Fault])
    streams: int = 0
    events: int = 0
    _previous: _Stored | None = None

    def take(self, row: _Stored, witness: bytes | None) -> None:
        """Check one record; `witness` is the hash that others keep of it, None where they keep none."""
        previous = self._previous if self._previous and self._previous.stream == row.stream else None
        self._previous = row
        self.events += 1
        self.streams += previous is None
        before = previous.version if previous else 0
        if row.version != before + 1:
            self.faults.append(Fault(row.stream, before + 1, -1, f"missing; the next is version {row.version}"))
        if row.fault is not None:
            byte = changed_byte(row.record, witness) if witness else -1
            self.faults.append(Fault(row.stream, row.version, row.fault.byte if byte < 0 else byte, row.fault.what))
        elif row.version == before + 1 and not (previous and previous.fault):
            self._compare(row, previous, witness)

    def _compare(self, row: _Stored, previous: _Stored | None, witness: bytes | None) -> None:
        expected = previous.hash if previous else GENESIS
        if row.prev_hash == expected:
            return
        if previous is not None and witness == row.hash:
            # This record is as its own witness knew it: the one before it was changed.
            if self._named(previous):
                return
            byte = changed_byte(previous.record, row.prev_hash or b"")
            self.faults.append(Fault(row.stream, previous.version, byte, "changed: its successor keeps another hash"))
            return
        at = row.record.find(b'"prevhash":"') + len(b'"prevhash":"')
        byte = at + _first_difference(row.record[at:], expected.hex().encode())
        self.faults.append(Fault(row.stream, row.version, byte, "prevhash does not fit the record before"))

    def end(self, last: _Stored, head: asyncpg.Record | None) -> None:
        """Compare a stream's last record with the streams table."""
        if head is None or head["version"] != last.version:
            stands = f"version {head['version']}" if head else "nothing"
            what = f"the streams table holds {stands}, the last record is version {last.version}"
            self.faults.append(Fault(last.stream, last.version + 1, -1, what))
        elif last.hash != head["hash"] and not self._named(last):
            byte = changed_byte(last.record, head["hash"])
            self.faults.append(Fault(last.stream, last.version, byte, "the streams table keeps another hash"))

    def _named(self, row: _Stored) -> bool:
        return any(fault.stream == row.stream and fault.version == row.version for fault in self.faults)


async def verify_store(pool: asyncpg.Pool, progress: Callable[[int], None] | None = None, stop_at: int = 20) -> Walk:
    """Check every record of a store: canonical bytes, sequence, chain, and the streams table against it.

    Everything is read in one snapshot, so that a store in use gives no false alarm; memory is flat.
    """
    walker = _Walker()
    async with unhurried(pool) as connection:
        async for page, heads in _pages(connection):
            for row, following in page:
                same = following is not None and following.stream == row.stream
                witness = following.prev_hash if same and following else None
                head = heads.get(row.stream)
                if not same and head is not None and head["version"] == row.version:
                    witness = head["hash"]
                walker.take(row, witness)
                if not same:
                    walker.end(row, head)
                if progress and walker.events % 1000 == 0:
                    progress(walker.events)
                if len(walker.faults) >= stop_at:
                    return Walk(walker.streams, walker.events, tuple(walker.faults[:stop_at]))
        walker.faults += await _without_records(connection, stop_at)
    return Walk(walker.streams, walker.events, tuple(walker.faults[:stop_at]))


async def _pages(
    connection: Any,
) -> AsyncIterator[tuple[Iterator[tuple[_Stored, _Stored | None]], dict[str, asyncpg.Record]]]:
    """Give the records in order, page by page, each with the next one; and the heads of the page's streams."""
    stream, version = "", 0
    waiting: _Stored | None = None
    while True:
        rows = await connection.fetch(
            "select stream, version, record from events where (stream, version) > ($1, $2)"
            " order by stream, version limit $3",
            stream,
            version,
            PAGE,
        )
        page = [_Stored(*row).read() for row in rows]
        if waiting is not None:
            page.insert(0, waiting)
        if not page:
            return
        names = list({row.stream for row in page})
        heads = await connection.fetch("select stream, version, hash from streams where stream = any($1)", names)
        following = [*page[1:], None]
        if rows:
            stream, version, waiting = page[-1].stream, page[-1].version, page[-1]
            page.pop()
        yield zip(page, following, strict=False), {head["stream"]: head for head in heads}
        if not rows:
            return


async def _without_records(connection: Any, limit: int) -> list[Fault]:
    rows = await connection.fetch(
        "select stream from streams s where not exists (select from events e where e.stream = s.stream) limit $1",
        limit,
    )
    return [Fault(row["stream"], 1, -1, "missing; the streams table knows the stream") for row in rows]


def check_record(record: bytes, stream: str, version: int, previous: bytes) -> Fault | None:
    """Check one record alone, and against the hash of the record before it."""
    fault = check_alone(record, stream, version)
    if fault is None and Event(record).prev_hash != previous:
        return Fault(stream, version, record.find(b'"prevhash"'), "prevhash does not fit the record before")
    return fault


def check_alone(record: bytes, stream: str, version: int) -> Fault | None:
    """Check one record's form: canonical bytes, its place, and sealed fields that belong to it."""
    seen = _examine(record, stream, version)
    return seen if isinstance(seen, Fault) else None


def _examine(record: bytes, stream: str, version: int) -> Event | Fault:
    try:
        event = Event(record)
        canonical = encode(event.attributes)
        if canonical != record:
            return Fault(stream, version, _first_difference(record, canonical), "not in canonical form")
        if event.stream != stream or event.version != version:
            what = f"says it is {event.stream} version {event.version}"
            return Fault(stream, version, record.find(b'"subject"'), what)
        if len(event.prev_hash) != len(GENESIS):
            return Fault(stream, version, record.find(b'"prevhash"'), "prevhash is no SHA-256")
        return _misplaced(event) or event
    except Exception as error:  # noqa: BLE001 - changed bytes may fail anywhere; all of it means the same
        return Fault(stream, version, getattr(error, "pos", 0), f"not a record: {error}")


def _misplaced(event: Event) -> Fault | None:
    for place, value in sealed_texts(event):
        if SEALED_FORM.match(value):
            sealed = parts(value)
            if sealed.event != event.id or sealed.field != place:
                byte = event.record.find(value.encode())
                return Fault(event.stream, event.version, byte, f"{place} was sealed for another place")
    return None


def changed_byte(record: bytes, wanted: bytes) -> int:
    """Find the byte whose change made this record of the one that `wanted` is the hash of; -1 for none or more."""
    if len(record) > SEARCHED:
        return -1
    before = hashlib.sha256()
    for at in range(len(record)):
        after = record[at + 1 :]
        for value in _BYTES:
            trial = before.copy()
            trial.update(value + after)
            if trial.digest() == wanted:
                return at
        before.update(record[at : at + 1])
    return -1


def _first_difference(given: bytes, wanted: bytes) -> int:
    different = (at for at, (is_, should) in enumerate(zip(given, wanted, strict=False)) if is_ != should)
    return next(different, min(len(given), len(wanted)))
