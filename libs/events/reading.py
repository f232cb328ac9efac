"""Reading views: a token waits for one's own writes, a decision never reads a view that is being built anew."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Any

import asyncpg

from libs.kernel.refusals import Refused

_TOKEN = re.compile(r"^([a-z_]+-[0-9A-Za-z-]{1,80})@([0-9]{1,18})$")
POLL_SECONDS = 0.005


class NotYetError(Exception):
    """What a command needs has not arrived here: a client is told to come again, a reaction waits."""


async def serving(pool: asyncpg.Pool, sink: str) -> bool:
    """Tell whether a view serves; one under rebuild serves again when every goal has been read."""
    row = await pool.fetchrow("select state, goals from views where view = $1", sink)
    if row is None or row["state"] == "serving":
        return True
    if row["state"] == "emptying":
        return False
    reached = await pool.fetchval(
        "select bool_and(coalesce(o.next, 0) >= (g->>2)::bigint) from jsonb_array_elements($2::jsonb) g"
        " left join offsets o on o.view = $1 and o.topic = g->>0 and o.partition = (g->>1)::int",
        sink,
        row["goals"],
    )
    if reached is False:
        return False
    await pool.execute("update views set state = 'serving', goals = null where view = $1", sink)
    return True


class Folded:
    """What a service has folded from topics, as its decisions read it.

    Every method raises `NotYetError` when the view is being built anew: an empty table would say that nobody is
    banned.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def fetch(self, views: tuple[str, ...], query: str, *values: Any) -> list[asyncpg.Record]:
        """Read rows of some views."""
        rows = await self._pool.fetch(query, *values)
        # Looked at afterwards: a rebuild says so before it takes the first row away.
        for view in views:
            if not await serving(self._pool, view):
                raise NotYetError(view)
        return rows

    async def fetchrow(self, view: str, query: str, *values: Any) -> asyncpg.Record | None:
        """Read the first row, if there is any."""
        rows = await self.fetch((view,), query, *values)
        return rows[0] if rows else None

    async def fetchval(self, view: str, query: str, *values: Any) -> Any:
        """Read the first value of the first row; None when there is none."""
        row = await self.fetchrow(view, query, *values)
        return row[0] if row else None


@dataclass(frozen=True, slots=True)
class Token:
    """A stream and the version that its writer saw."""

    stream: str
    version: int

    def __str__(self) -> str:
        """Write it as the `Consistency-Token` header carries it."""
        return f"{self.stream}@{self.version}"

    @classmethod
    def parse(cls, text: str) -> Token:
        """Read a header.

        Raises
        ------
        Refused
            SCHEMA_INVALID for what is no token.
        """
        match = _TOKEN.match(text)
        if match is None:
            raise Refused.one("SCHEMA_INVALID", facts={"header": "Consistency-Token"})
        return cls(match[1], int(match[2]))


async def wait_for(pool: asyncpg.Pool, table: str, sink: str, token: Token, seconds: float) -> None:
    """Wait until a view has folded what the token names.

    `table` holds the view's rows and `sink` is the name under which its letters stand.

    Raises
    ------
    Refused
        PROJECTION_LAG when it has not come in time, PROJECTION_PARKED when it cannot come.
    """
    until = time.monotonic() + seconds
    query = f'select version from "{table}" where stream = $1'  # noqa: S608 - a table of our own
    while True:
        version = await pool.fetchval(query, token.stream) or 0
        if version >= token.version:
            return
        if await pool.fetchval(
            "select exists (select from letters where view = $1 and stream = $2 and kind = 'parked')",
            sink,
            token.stream,
        ):
            raise Refused.one("PROJECTION_PARKED", facts={"stream": token.stream, "version": version})
        if time.monotonic() >= until:
            raise Refused.one(
                "PROJECTION_LAG", facts={"stream": token.stream, "version": version, "wanted": token.version}
            )
        await asyncio.sleep(POLL_SECONDS)
