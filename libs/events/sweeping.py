"""The sweep: what was stored and no event has named within a day goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

import asyncpg

from libs.events.blobs import Blobs
from libs.events.contracts.intake import BlobRef
from libs.events.envelope import Event
from libs.events.store import Checkpoint, read_page

_MEMBERS = frozenset(BlobRef.model_fields)


async def sweep_blobs(pool: asyncpg.Pool, blobs: Blobs, now: datetime | None = None) -> int:
    """Delete what is older than a day and named by no event of this store; give how many.

    The events are read after the blobs were listed, so that a blob named meanwhile stays.
    """

    async def named(hashes: list[str]) -> set[str]:
        await _read_on(pool)
        rows = await pool.fetch("select hash from named_blobs where hash = any($1)", hashes)
        return {row["hash"] for row in rows}

    return await blobs.sweep(named, now)


async def _read_on(pool: asyncpg.Pool) -> None:
    """Take note of what the events since the last time name; done twice at once, it does no harm."""
    at = Checkpoint(*await pool.fetchrow("select tick, position from blob_checkpoint"))
    while page := await read_page(pool, at):
        at = page[-1].at
        hashes = [one for settled in page for one in _named(Event(settled.record).data)]
        await pool.execute(
            "with named as (insert into named_blobs select distinct unnest($1::text[]) on conflict do nothing)"
            " update blob_checkpoint set tick = $2, position = $3 where (tick, position) < ($2, $3)",
            hashes,
            at.tick,
            at.position,
        )


def _named(value: Any) -> Iterator[str]:
    """Give the hashes of the blobs that a payload names, wherever it names them."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        if members.keys() == _MEMBERS:
            yield members["hash"]
        for one in members.values():
            yield from _named(one)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _named(one)
