"""The public's table, read by a database role that sees nothing else."""

from __future__ import annotations

import asyncio

import asyncpg

from libs.events.commit import reaching_the_store
from libs.events.database import Database

CONNECTIONS = 4
_SELECT = (
    "select number, name, id_number, title_name, series, specialty, level, scope, obtained_on, issued_on, issuer,"
    " revoked_on, decision_no from verification where "
)


class Records:
    """Finds certificates by what is printed on them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._opening = asyncio.Lock()
        self._pool: asyncpg.Pool | None = None

    async def by_code(self, code: str) -> asyncpg.Record | None:
        """Find the certificate of a verification code.

        Raises
        ------
        StoreUnavailableError
            When the database does not answer.
        """
        return await self._find(_SELECT + "code = $1", code)

    async def by_number(self, number: str) -> asyncpg.Record | None:
        """Find the certificate with a number.

        Raises
        ------
        StoreUnavailableError
            When the database does not answer.
        """
        return await self._find(_SELECT + "number = $1", number)

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            await self._pool.close()

    async def _find(self, query: str, value: str) -> asyncpg.Record | None:
        with reaching_the_store():
            pool = self._pool or await self._open()
            return await pool.fetchrow(query, value)

    async def _open(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                arguments = self._database.arguments()
                settings = {
                    **arguments.pop("server_settings"),
                    "role": self._database.reader,
                    "default_transaction_read_only": "on",
                }
                self._pool = await asyncpg.create_pool(
                    **arguments,
                    server_settings=settings,
                    min_size=1,
                    max_size=CONNECTIONS,
                    # Nothing here changes a connection, so nothing has to be reset: a round trip saved.
                    reset=_as_it_is,
                )
            return self._pool


async def _as_it_is(_: asyncpg.Connection) -> None:
    return
