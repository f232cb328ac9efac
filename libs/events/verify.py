"""Walk a whole store and name the first bad byte."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import asyncpg
import orjson

from libs.events.canonical import digest, encode
from libs.events.envelope import GENESIS, Event
from libs.events.sealing import parts
from libs.events.contracts.base import SEALED_FORM


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


async def verify_store(
    pool: asyncpg.Pool, progress: Callable[[int], None] | None = None, stop_at: int = 20
) -> Walk:
    """Check every record of a store: canonical bytes, sequence, chain, and the streams table against it.

    Memory is flat: streams are read one after the other through a cursor.
    """
    faults: list[Fault] = []
    events = streams = 0
    last = GENESIS
    stream, version = "", 0
    heads: dict[str, tuple[int, bytes]] = {}
    async for row in _records(pool):
        if row["stream"] != stream:
            if stream:
                heads[stream] = (version, last)
            stream, version, last = row["stream"], 0, GENESIS
            streams += 1
        events += 1
        version += 1
        found = check_record(row["record"], stream, version, last)
        if row["version"] != version:
            found = Fault(stream, version, -1, f"version {version} is missing; the next is {row['version']}")
            version = row["version"]
        if found:
            faults.append(found)
        last = digest(row["record"])
        if len(heads) >= 5000:  # noqa: PLR2004 - compare page by page, so that memory stays flat
            faults += await _compare_heads(pool, heads)
            heads.clear()
        if progress and events % 1000 == 0:
            progress(events)
        if len(faults) >= stop_at:
            break
    if stream:
        heads[stream] = (version, last)
    faults += await _compare_heads(pool, heads)
    lost = await pool.fetch(
        "select stream, version from streams s where not exists"
        " (select from events e where e.stream = s.stream and e.version = s.version) limit $1",
        stop_at,
    )
    faults += [Fault(row["stream"], row["version"], -1, "the stream's last record is missing") for row in lost]
    return Walk(streams, events, tuple(faults[:stop_at]))


def check_record(record: bytes, stream: str, version: int, previous: bytes) -> Fault | None:
    """Check one record against what must stand before it."""
    try:
        event = Event(record)
        attributes = orjson.loads(record)
    except (orjson.JSONDecodeError, KeyError, ValueError, TypeError) as error:
        position = getattr(error, "pos", 0)
        return Fault(stream, version, position, f"not a record: {error}")
    canonical = encode(attributes)
    if canonical != record:
        byte = next(
            (at for at, (is_, should) in enumerate(zip(record, canonical, strict=False)) if is_ != should),
            min(len(record), len(canonical)),
        )
        return Fault(stream, version, byte, "not in canonical form")
    if event.stream != stream or event.version != version:
        return Fault(stream, version, record.find(b'"subject"'), f"says it is {event.stream} version {event.version}")
    if event.prev_hash != previous:
        # The hash that stands here is right or the record before is: the first byte that differs is before this.
        return Fault(stream, version, record.find(b'"prevhash"'), "prevhash does not fit the record before")
    for name, value in event.data.items():
        if isinstance(value, str) and SEALED_FORM.match(value):
            sealed = parts(value)
            if sealed.event != event.id or sealed.field != name:
                return Fault(stream, version, record.find(value.encode()), f"{name} was sealed for another place")
    return None


async def _records(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Record]:
    stream, version = "", 0
    while True:
        page = await pool.fetch(
            "select stream, version, record from events where (stream, version) > ($1, $2)"
            " order by stream, version limit 2000",
            stream,
            version,
        )
        for row in page:
            yield row
        if not page:
            return
        stream, version = page[-1]["stream"], page[-1]["version"]


async def _compare_heads(pool: asyncpg.Pool, heads: dict[str, tuple[int, bytes]]) -> list[Fault]:
    rows = await pool.fetch("select stream, version, hash from streams where stream = any($1)", list(heads))
    known = {row["stream"]: (row["version"], row["hash"]) for row in rows}
    return [
        Fault(stream, head[0], -1, "the streams table holds another version or hash")
        for stream, head in heads.items()
        if known.get(stream) != head
    ]
