"""Group commit: callers of one process are written together, and none waits for ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest

from libs.events import database as databases
from libs.events.commit import GroupCommit, StoreUnavailableError
from libs.events.store import DONE, Append, Outcome, Seen
from libs.kernel.decisions import Claim, SideRow
from tests.spine.toys import Add
from tests.spine.world import PATIENCE, Shop, append_of, counted, eventually, stream_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from libs.events.database import Database


async def all_of(commit: GroupCommit, appends: Iterable[Append]) -> list[Outcome | BaseException]:
    """Let all callers call at once; whoever hangs fails the test."""
    works = [commit.append(append) for append in appends]
    return await asyncio.wait_for(asyncio.gather(*works, return_exceptions=True), PATIENCE)


def boxed(number: int, content: bytes = b"x") -> Append:
    return append_of(counted(stream_id()), rows=(SideRow("boxes", {"id": number, "content": content}),))


@pytest.fixture
async def locked(admin: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """Hold every append back, in the database, until the test lets go."""
    transaction = admin.transaction()
    await transaction.start()
    await admin.execute("lock table streams in share mode")
    yield admin
    if not admin.is_closed() and admin.is_in_transaction():
        await transaction.rollback()


async def terminate_writers(admin: asyncpg.Connection, query: str = "append_batch") -> int:
    await admin.execute("select pg_stat_clear_snapshot()")  # inside a transaction the first look is kept
    return await admin.fetchval(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity"
        " where datname = current_database() and state = 'active' and query like $1 and pid <> pg_backend_pid()",
        f"%{query}%",
    )


async def waiting_writers(admin: asyncpg.Connection) -> int:
    await admin.execute("select pg_stat_clear_snapshot()")
    return await admin.fetchval(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )


async def test_concurrent_commands_share_transactions_and_each_has_its_own_outcome(shop: Shop) -> None:
    appends = [append_of(counted(stream_id())) for _ in range(500)]
    known = append_of(counted(stream_id()), command_id=appends[0].command_id)
    assert await all_of(shop.commit, appends) == [DONE] * 500
    assert isinstance((await all_of(shop.commit, [known]))[0], Seen)
    assert await shop.pool.fetchval("select count(*) from events") == 500
    assert await shop.pool.fetchval("select count(distinct tick) from events") < 100


async def test_a_batch_holds_at_most_one_command_of_a_stream_and_keeps_their_order(shop: Shop) -> None:
    streams = [counted(stream_id(), 12) for _ in range(30)]
    appends = [append_of([events[version]]) for version in range(12) for events in streams]
    assert await all_of(shop.commit, appends) == [DONE] * len(appends)
    twice = "select stream from events group by tick, stream having count(distinct command_id) > 1"
    assert await shop.pool.fetch(twice) == []
    for events in streams:
        assert await shop.records(events[0].stream) == [event.record for event in events]


async def test_a_command_id_or_a_claim_in_flight_holds_its_twin_back(shop: Shop) -> None:
    claim, key = (Claim("name", "one"),), uuid4()
    rivals = [append_of(counted(stream_id()), claims=claim) for _ in range(40)]
    twins = [append_of(counted(stream_id()), command_id=key) for _ in range(40)]
    outcomes = await all_of(shop.commit, [one for pair in zip(rivals, twins, strict=True) for one in pair])
    assert sum(outcome == DONE for outcome in outcomes[0::2]) == 1
    assert sum(outcome == DONE for outcome in outcomes[1::2]) == 1
    assert sum(isinstance(outcome, Seen) for outcome in outcomes[1::2]) == 39
    assert await shop.pool.fetchval("select count(*) from events") == 2


def _too_long(_: int) -> Append:
    # Longer than an index row may be: an error of another class than values and rows.
    return append_of(counted(stream_id()), claims=(Claim("name", "".join(str(uuid4()) for _ in range(2000))),))


def _with_nul(_: int) -> Append:
    return append_of(counted(stream_id()), claims=(Claim("name", "nul\0"),))


@pytest.mark.parametrize("poison", [lambda number: boxed(number, b""), _too_long, _with_nul])
async def test_one_poison_command_fails_alone(shop: Shop, poison: Any) -> None:
    appends = [boxed(number) for number in range(60)]
    appends[7] = poison(7)
    outcomes = await all_of(shop.commit, appends)
    assert isinstance(outcomes.pop(7), asyncpg.PostgresError)
    assert outcomes == [DONE] * 59
    assert await shop.pool.fetchval("select count(*) from boxes") == 59
    assert await shop.pool.fetchval("select count(*) from commands where id = $1", appends[7].command_id) == 0


async def test_when_the_writer_is_killed_every_waiting_caller_gets_an_error_and_none_hangs(
    shop: Shop, locked: asyncpg.Connection
) -> None:
    appends = [append_of(counted(stream_id())) for _ in range(300)]
    calls = asyncio.ensure_future(all_of(shop.commit, appends))
    await eventually(lambda: waiting_writers(locked), "a writer waits for the lock")
    await eventually(lambda: terminate_writers(locked), "a writer is killed")
    # The others wait in the queue or on the other writer; they are killed one after the other until all have gone.
    while not calls.done():
        await terminate_writers(locked)
        await asyncio.sleep(0.01)
    assert all(isinstance(outcome, StoreUnavailableError) for outcome in await calls)
    await locked.execute("rollback")
    assert await all_of(shop.commit, appends) == [DONE] * 300
    assert await shop.pool.fetchval("select count(*) from events") == 300


async def test_after_an_error_the_same_command_id_tells_the_truth(shop: Shop, admin: asyncpg.Connection) -> None:
    keys = {uuid4(): stream_id() for _ in range(400)}
    unsure = 0

    async def insist(key: Any, stream: str) -> int:
        nonlocal unsure
        while True:
            try:
                return (await shop.do(stream, Add(), key)).version
            except StoreUnavailableError:
                unsure += 1

    calls = asyncio.gather(*(insist(key, stream) for key, stream in keys.items()))
    while not calls.done():
        await terminate_writers(admin)
        await asyncio.sleep(0.02)
    assert await asyncio.wait_for(calls, PATIENCE) == [1] * 400
    assert await shop.pool.fetchval("select count(*) from events") == 400
    assert await shop.pool.fetchval("select count(*) from commands") == 400


async def test_a_writer_lost_while_it_looks_for_the_poison_fails_those_behind_it_too(
    shop: Shop, admin: asyncpg.Connection
) -> None:
    await admin.execute(
        "create function doze() returns trigger language plpgsql as"
        " $$ begin if new.id = 2 then perform pg_sleep(300); end if; return new; end $$;"
        "create trigger doze before insert on boxes for each row execute function doze()"
    )
    # The first is poison, so that all go one by one; the second then sleeps and is killed; the third waits behind.
    calls = asyncio.ensure_future(all_of(shop.commit, [boxed(1, b""), boxed(2), boxed(3)]))
    asleep = "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"
    await eventually(lambda: admin.fetchval(asleep), "the second sleeps")
    await terminate_writers(admin)
    poison, *others = await calls
    assert isinstance(poison, asyncpg.CheckViolationError)
    assert all(isinstance(outcome, StoreUnavailableError) for outcome in others)


@pytest.mark.parametrize("error", [OSError, RuntimeError, asyncpg.InterfaceError, asyncpg.TooManyConnectionsError])
async def test_a_store_that_cannot_be_reached_is_an_error_and_comes_back(shop: Shop, error: type[Exception]) -> None:
    away = True

    async def connect() -> asyncpg.Connection:
        if away:
            raise error("away")
        return await databases.connect(shop.database)

    commit = GroupCommit(connect)
    try:
        appends = [append_of(counted(stream_id())) for _ in range(20)]
        assert all(isinstance(outcome, StoreUnavailableError) for outcome in await all_of(commit, appends))
        away = False

        async def there() -> bool:
            return await all_of(commit, appends) == [DONE] * 20

        await eventually(there, "the writers come back")
    finally:
        await commit.close()


async def test_closing_leaves_nobody_waiting(shop: Shop, locked: asyncpg.Connection) -> None:
    calls = asyncio.ensure_future(all_of(shop.commit, [append_of(counted(stream_id())) for _ in range(100)]))
    await eventually(lambda: waiting_writers(locked), "a writer waits for the lock")
    await shop.commit.close()
    assert all(isinstance(outcome, StoreUnavailableError) for outcome in await calls)
    with pytest.raises(StoreUnavailableError):
        await shop.commit.append(append_of(counted(stream_id())))


async def test_a_caller_that_goes_away_disturbs_nobody(shop: Shop, locked: asyncpg.Connection) -> None:
    appends = [append_of(counted(stream_id())) for _ in range(60)]
    calls = [asyncio.ensure_future(shop.commit.append(append)) for append in appends]
    await eventually(lambda: waiting_writers(locked), "a writer waits for the lock")
    for call in calls[::2]:
        call.cancel()
    await locked.execute("rollback")
    assert await asyncio.wait_for(asyncio.gather(*calls[1::2]), PATIENCE) == [DONE] * 30
    again = await all_of(shop.commit, appends)
    assert all(outcome == DONE or isinstance(outcome, Seen) for outcome in again)
    assert await shop.pool.fetchval("select count(*) from events") == 60


async def test_a_commit_that_is_closed_as_it_connects_does_not_hang(database: Database) -> None:
    for number in range(60):
        commit = GroupCommit(lambda: databases.connect(database))
        await asyncio.sleep(number / 2000)
        closing = asyncio.ensure_future(commit.close())
        await asyncio.wait({closing}, timeout=PATIENCE)
        assert closing.done()
