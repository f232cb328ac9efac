"""Everything that a run of review has left behind, wherever a choice could hide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg

from libs.events.topics import everything, topic_name

if TYPE_CHECKING:
    from tests.services.review.world import Council


async def everything_kept(council: Council) -> bytes:
    """Give every value of every table of review's database, every record of its topic, its logs, traces and files."""
    connection = await asyncpg.connect(council.stack.dsn(f"{council.prefix}_review"))
    try:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        rows = [row for (name,) in tables for row in await connection.fetch(f'select * from "{name}"')]
    finally:
        await connection.close()
    found = [_bytes_of(value) for row in rows for value in row.values()]
    topic = topic_name(council.prefix, "review")
    found += [record.value async for _, record in everything(council.stack.kafka_bootstrap, [topic]) if record.value]
    found += [file.read_bytes() for file in council.house.root.rglob("*") if file.is_file()]
    return b"\n".join(found)


async def log_segment(council: Council) -> str:
    """Give the name of the segment of the write-ahead log that is being written; the names rise."""
    connection = await asyncpg.connect(council.stack.dsn("postgres"))
    try:
        return await connection.fetchval("select pg_walfile_name(pg_current_wal_insert_lsn())")
    finally:
        await connection.close()


async def log_since(council: Council, segment: str) -> bytes:
    """Give the write-ahead log of the whole cluster from a segment on."""
    last = await log_segment(council)
    connection = await asyncpg.connect(council.stack.dsn("postgres"))
    try:
        names = await connection.fetch(
            "select name from pg_ls_waldir() where name between $1 and $2 order by name", segment, last
        )
        assert names[0]["name"] == segment, "the log was recycled under the test"
        read = "select pg_read_binary_file('pg_wal/' || $1)"
        return b"".join([await connection.fetchval(read, row["name"]) for row in names])
    finally:
        await connection.close()


def _bytes_of(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes) else str(value).encode()
