"""The time limits belong to the login itself: a client that asks for none has them too."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest

from libs.events.database import LIMITS, Database, unhurried

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def bare(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """Connect as psql would, with nothing but the login."""
    connection = await asyncpg.connect(
        host=database.host,
        port=database.port,
        database=database.name,
        user=database.user,
        password=database.password,
    )
    yield connection
    connection.terminate()


@pytest.mark.parametrize("name", LIMITS)
async def test_a_bare_connection_has_every_time_limit(database: Database, name: str) -> None:
    async with bare(database) as connection:
        assert await connection.fetchval("select current_setting($1)", name) in {"15s", "1min"}


async def test_what_reads_a_whole_store_is_not_cut_off_by_the_logins_limits_and_writes_nothing(
    database: Database,
) -> None:
    settings = {"statement_timeout": "200ms", "transaction_timeout": "400ms"}
    async with asyncpg.create_pool(
        host=database.host,
        port=database.port,
        database=database.name,
        user=database.user,
        password=database.password,
        min_size=1,
        server_settings=settings,
    ) as pool:
        with pytest.raises(asyncpg.QueryCanceledError):
            await pool.execute("select pg_sleep(0.6)")
        async with unhurried(pool) as connection:
            await connection.execute("select pg_sleep(0.6)")
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await connection.execute("delete from letters")
