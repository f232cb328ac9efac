"""Leadership: an advisory lock on a connection of its own, whose loss is noticed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import asyncpg
import structlog

from libs.events.database import Database, connect

log = structlog.get_logger(__name__)

LEAVING_SECONDS = 2.0


class LostLeadershipError(Exception):
    """The connection that held the lock is gone: someone else may lead by now."""


class AlreadyLedError(Exception):
    """Another process leads what was to be led for one piece of work."""


class Lead:
    """Leadership as long as it lasts."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._lost = asyncio.Event()
        connection.add_termination_listener(lambda _: self._lost.set())

    def check(self) -> None:
        """Raise `LostLeadershipError` when leadership is gone; called before every effect."""
        if self._lost.is_set():
            raise LostLeadershipError

    async def lost(self) -> None:
        """Wait until leadership is gone."""
        await self._lost.wait()


async def lead(database: Database, name: str, work: Callable[[Lead], Awaitable[None]]) -> None:
    """Run `work` whenever this process leads `name` in this database, for ever, with backoff after failures."""
    backoff = 0.1
    while True:
        try:
            connection = await connect(database)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("no database to lead in", name=name, error=type(error).__name__)
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, 2)
            continue
        try:
            if not await connection.fetchval("select pg_try_advisory_lock(hashtext($1))", name):
                await asyncio.sleep(0.25)
                continue
            backoff = 0.1
            await _until_lost(Lead(connection), work)
        except Exception as error:  # noqa: BLE001 - whatever failed, the next attempt begins from the checkpoint
            log.warning("leader stopped", name=name, error=repr(error))
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, 2)
        finally:
            connection.terminate()


@asynccontextmanager
async def leading(pool: asyncpg.Pool, name: str) -> AsyncGenerator[None]:
    """Lead `name` for one piece of work.

    Raises
    ------
    AlreadyLedError
        When someone leads it now.
    """
    # The pool's proxy behaves as the connection that it stands for.
    async with pool.acquire() as connection, leading_with(cast("asyncpg.Connection", connection), name):
        yield


@asynccontextmanager
async def leading_with(connection: asyncpg.Connection, name: str) -> AsyncGenerator[None]:
    """Lead `name` for one piece of work on a connection that one has.

    Raises
    ------
    AlreadyLedError
        When someone leads it now.
    """
    # A leader that has just been stopped leads until the server has noticed.
    until = time.monotonic() + LEAVING_SECONDS
    while not await connection.fetchval("select pg_try_advisory_lock(hashtext($1))", name):
        if time.monotonic() > until:
            raise AlreadyLedError(name)
        await asyncio.sleep(0.05)
    try:
        yield
    finally:
        await connection.execute("select pg_advisory_unlock(hashtext($1))", name)


async def _until_lost(leadership: Lead, work: Callable[[Lead], Awaitable[None]]) -> None:
    working = asyncio.ensure_future(work(leadership))
    lost = asyncio.ensure_future(leadership.lost())
    try:
        await asyncio.wait({working, lost}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise LostLeadershipError
        working.result()
    finally:
        for task in (working, lost):
            task.cancel()
        await asyncio.gather(working, lost, return_exceptions=True)
