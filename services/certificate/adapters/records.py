"""The public's table, read by a database role that sees nothing else."""

from __future__ import annotations

import asyncio

import asyncpg

from libs.events.commit import reaching_the_store
from libs.events.database import Database
from libs.events.reading import serving
from libs.kernel.refusals import Refused
from services.certificate.views.own import VERIFICATION

CONNECTIONS = 4
_SELECT = (
    "select s.serving, exists (select from verification_parked p where p.stream = v.stream) as parked, v.*"
    " from verification_serving s left join verification v on "
)


class Records:
    """Finds certificates by what is printed on them; `own` is the service's own pool."""

    def __init__(self, database: Database, own: asyncpg.Pool) -> None:
        self._database = database
        self._own = own
        self._opening = asyncio.Lock()
        self._pool: asyncpg.Pool | None = None

    async def by_code(self, code: str) -> asyncpg.Record | None:
        """Find the certificate of a verification code.

        Raises
        ------
        StoreUnavailableError
            When the database does not answer.
        Refused
            PROJECTION_LAG while the table is built anew, PROJECTION_PARKED when this certificate's events are
            parked: then nobody is told that a certificate is valid, or that there is none.
        """
        return await self._find(_SELECT + "v.code = $1", code)

    async def by_number(self, number: str) -> asyncpg.Record | None:
        """Find the certificate with a number; raises as `by_code` does."""
        return await self._find(_SELECT + "v.number = $1", number)

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            await self._pool.close()

    async def _find(self, query: str, value: str) -> asyncpg.Record | None:
        with reaching_the_store():
            pool = self._pool or await self._open()
            row = await pool.fetchrow(query, value)
            if not row["serving"]:
                if not await serving(self._own, VERIFICATION.name):
                    raise Refused.one("PROJECTION_LAG", facts={"view": VERIFICATION.name})
                return await self._find(query, value)
        if row["parked"]:
            raise Refused.one("PROJECTION_PARKED", facts={"view": VERIFICATION.name})
        return row if row["stream"] else None

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
