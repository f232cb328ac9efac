"""Reading one's own writes: a token names what was written, a query waits for the view to get there."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass

import asyncpg

from libs.kernel.refusals import Refused

_TOKEN = re.compile(r"^([a-z_]+-[0-9A-Za-z-]{1,80})@([0-9]{1,18})$")
POLL_SECONDS = 0.005


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
