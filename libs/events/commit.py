"""Group commit: concurrent commands of one process are written together, each with its own outcome."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg
import structlog

from libs.events.store import Append, Outcome, append_batch

log = structlog.get_logger(__name__)

Connect = Callable[[], Awaitable[asyncpg.Connection]]
MAX_BATCH = 256
MIN_BATCH = 16
COMMIT_SECONDS = 20
DEADLOCKS = 3
"""How often a batch that met a deadlock is tried."""
POISON = frozenset({"21", "22", "23", "42", "54"})
"""SQLSTATE classes that one command of a batch can cause for all: its values, its rows, their sizes."""


STORE_AWAY = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)
"""What a store that is away, stopping or starting raises."""


class StoreUnavailableError(Exception):
    """The store did not answer. The command may or may not have been written: the same key will tell."""


@contextmanager
def reaching_the_store() -> Generator[None]:
    """Turn what a store that is away, stopping or starting raises into `StoreUnavailableError`."""
    try:
        yield
    except STORE_AWAY as error:
        raise StoreUnavailableError(str(error) or type(error).__name__) from error


@dataclass(slots=True)
class _Waiting:
    append: Append
    future: asyncio.Future[Outcome]
    keys: tuple[object, ...]


def _keys(append: Append) -> tuple[object, ...]:
    return (append.stream, append.command_id, *append.claims, *append.releases)


class GroupCommit:
    """The queue in front of the store and its writers.

    What shares a stream, a command id or a claim with something in flight is held back, so that one batch
    never meets itself or its twin. A batch stays smaller than the number of callers: while it is written, the
    others prepare the next.
    """

    def __init__(self, connect: Connect, writers: int = 2) -> None:
        self._connect = connect
        self._queue: deque[_Waiting] = deque()
        self._flying: set[object] = set()
        self._waiting = 0
        self._more = asyncio.Event()
        self._writers = [asyncio.create_task(self._supervise(number)) for number in range(writers)]
        self._closed = False

    async def append(self, append: Append) -> Outcome:
        """Write one command and wait for its outcome.

        Raises
        ------
        StoreUnavailableError
            When the writer lost the store; nobody waits for ever.
        """
        if self._closed:
            raise StoreUnavailableError
        waiting = _Waiting(append, asyncio.get_running_loop().create_future(), _keys(append))
        self._queue.append(waiting)
        self._waiting += 1
        self._more.set()
        try:
            return await waiting.future
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Stop the writers; whoever still waits gets an error."""
        self._closed = True
        for writer in self._writers:
            writer.cancel()
        await asyncio.gather(*self._writers, return_exceptions=True)
        self._fail([*self._queue], StoreUnavailableError("the process is stopping"))
        self._queue.clear()

    async def _supervise(self, number: int) -> None:
        backoff = 0.05
        while True:
            connection = None
            try:
                # Not wait_for: before Python 3.12 it swallows a cancellation that comes as it ends.
                async with asyncio.timeout(COMMIT_SECONDS):
                    connection = await self._connect()
                backoff = 0.05
                while True:
                    await self._write(connection, await self._take())
            except Exception as error:  # noqa: BLE001 - a writer that dies of anything is started anew
                log.warning("store writer lost its connection", writer=number, error=repr(error))
                # Those who wait now would wait for a store that is away: tell them, they have their key.
                stranded, self._queue = list(self._queue), deque()
                self._fail(stranded, StoreUnavailableError(str(error)))
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, 2)
            finally:
                if connection is not None:
                    connection.terminate()

    async def _take(self) -> list[_Waiting]:
        while True:
            batch = self._pick()
            if batch:
                return batch
            self._more.clear()
            await self._more.wait()

    def _pick(self) -> list[_Waiting]:
        limit = min(MAX_BATCH, max(MIN_BATCH, (self._waiting + 1) // 2))
        batch: list[_Waiting] = []
        held: list[_Waiting] = []
        while self._queue and len(batch) < limit:
            waiting = self._queue.popleft()
            if waiting.future.done():
                continue
            if any(key in self._flying for key in waiting.keys):
                held.append(waiting)
                continue
            self._flying.update(waiting.keys)
            batch.append(waiting)
        self._queue.extendleft(reversed(held))
        return batch

    async def _write(self, connection: asyncpg.Connection, batch: list[_Waiting]) -> None:
        try:
            await self._settle(connection, batch)
        except BaseException as error:
            self._fail(batch, StoreUnavailableError(str(error) or type(error).__name__))
            raise
        finally:
            for waiting in batch:
                self._flying.difference_update(waiting.keys)
            self._more.set()

    async def _settle(self, connection: asyncpg.Connection, batch: list[_Waiting], tries: int = DEADLOCKS) -> None:
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                outcomes = await append_batch(connection, [waiting.append for waiting in batch])
        except asyncpg.TransactionRollbackError:
            if tries == 1:
                raise
            await self._settle(connection, batch, tries - 1)
        except asyncpg.PostgresError as error:
            if connection.is_closed() or str(getattr(error, "sqlstate", ""))[:2] not in POISON:
                raise
            if len(batch) == 1:
                self._fail(batch, error)
                return
            # One bad command must not fail its neighbours: each gets a transaction of its own.
            for waiting in batch:
                await self._settle(connection, [waiting])
        else:
            for waiting, outcome in zip(batch, outcomes, strict=True):
                if not waiting.future.done():
                    waiting.future.set_result(outcome)

    def _fail(self, batch: list[_Waiting], error: Exception) -> None:
        for waiting in batch:
            if not waiting.future.done():
                waiting.future.set_exception(error)
