"""append_batch: many commands in one transaction, each with its own outcome."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from libs.events.store import (
    CONFLICT,
    DONE,
    Append,
    Claimed,
    Outcome,
    Seen,
    append_batch,
    stream_version,
)
from libs.kernel.decisions import Claim, SideRow
from tests.spine.toys import ToyCounted
from tests.spine.world import append_of, chained, counted, eventually, stream_id

if TYPE_CHECKING:
    from collections.abc import Callable


def named(*names: str) -> tuple[Claim, ...]:
    return tuple(Claim("name", name) for name in names)


async def write(pool: asyncpg.Pool, *batch: Append) -> list[Outcome]:
    async with pool.acquire() as connection:
        return await append_batch(connection, list(batch))


async def holders(pool: asyncpg.Pool) -> dict[str, str]:
    return {row["value"]: row["stream"] for row in await pool.fetch("select value, stream from claims")}


async def traces(pool: asyncpg.Pool, append: Append) -> dict[str, int]:
    """Count what a command has left anywhere."""
    return {
        "commands": await pool.fetchval("select count(*) from commands where id = $1", append.command_id),
        "events": await pool.fetchval("select count(*) from events where command_id = $1", append.command_id),
        "stream": await pool.fetchval("select count(*) from streams where stream = $1", append.stream),
        "claims": await pool.fetchval("select count(*) from claims where stream = $1", append.stream),
    }


NOTHING = {"commands": 0, "events": 0, "stream": 0, "claims": 0}


async def test_a_command_at_the_expected_version_is_done_and_moves_its_stream(pool: asyncpg.Pool) -> None:
    first = counted(stream_id(), 2)
    more = counted(first[0].stream, 3, after=first[-1])
    assert await write(pool, append_of(first)) == [DONE]
    assert await write(pool, append_of(more)) == [DONE]
    row = await pool.fetchrow("select * from streams where stream = $1", first[0].stream)
    assert (row["version"], row["expected"], row["hash"]) == (5, 2, more[-1].hash)
    rows = await pool.fetch("select version, record from events where stream = $1 order by version", first[0].stream)
    assert [row["version"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["record"] for row in rows] == [event.record for event in first + more]


@pytest.mark.parametrize("expected", [1, 2, 7])
async def test_a_wrong_version_never_creates_a_stream(pool: asyncpg.Pool, expected: int) -> None:
    before = counted(stream_id(), expected)
    append = append_of(counted(before[0].stream, 1, after=before[-1]))
    assert await write(pool, append) == [CONFLICT]
    assert await traces(pool, append) == NOTHING


async def test_a_stream_that_has_moved_is_a_conflict_and_stays_as_it_is(pool: asyncpg.Pool) -> None:
    mine = counted(stream_id(), 3)
    await write(pool, append_of(mine))
    for stale in (counted(mine[0].stream), counted(mine[0].stream, 1, after=mine[0])):
        append = append_of(stale, claims=named("stale"))
        assert await write(pool, append) == [CONFLICT]
        assert await traces(pool, append) == {"commands": 0, "events": 0, "stream": 1, "claims": 0}
    assert await stream_version(pool, mine[0].stream) == 3


async def test_a_conflict_never_fails_its_neighbours(pool: asyncpg.Pool) -> None:
    old = counted(stream_id())
    await write(pool, append_of(old))
    batch = [append_of(counted(stream_id())) for _ in range(9)]
    batch[4] = append_of(counted(old[0].stream))
    outcomes = await write(pool, *batch)
    assert outcomes == [DONE] * 4 + [CONFLICT] + [DONE] * 4
    versions = [await stream_version(pool, append.stream) for append in batch]
    assert versions == [1] * 9
    assert await traces(pool, batch[4]) == {"commands": 0, "events": 0, "stream": 1, "claims": 0}


async def test_a_taken_claim_is_an_outcome_of_its_own_and_names_the_claim(pool: asyncpg.Pool) -> None:
    owner, late, other = (append_of(counted(stream_id()), claims=named(name)) for name in ("a", "a", "b"))
    assert await write(pool, owner) == [DONE]
    assert await write(pool, late, other) == [Claimed(Claim("name", "a")), DONE]
    assert await traces(pool, late) == NOTHING
    assert await holders(pool) == {"a": owner.stream, "b": other.stream}


async def test_of_several_taken_claims_the_first_that_the_command_lists_is_told(pool: asyncpg.Pool) -> None:
    await write(pool, append_of(counted(stream_id()), claims=named("a", "z")))
    for names in (("z", "a"), ("a", "z"), ("free", "z", "a")):
        first = next(name for name in names if name != "free")
        late = append_of(counted(stream_id()), claims=named(*names))
        assert await write(pool, late) == [Claimed(Claim("name", first))]


async def test_claims_are_taken_all_or_none(pool: asyncpg.Pool) -> None:
    owner = append_of(counted(stream_id()), claims=named("m"))
    greedy = append_of(counted(stream_id()), claims=named("a", "m", "z"))
    await write(pool, owner)
    assert await write(pool, greedy) == [Claimed(Claim("name", "m"))]
    assert await traces(pool, greedy) == NOTHING
    assert await holders(pool) == {"m": owner.stream}


async def test_a_refused_claim_does_not_move_its_stream(pool: asyncpg.Pool) -> None:
    mine = counted(stream_id(), 2)
    await write(pool, append_of(counted(stream_id()), claims=named("taken")), append_of(mine))
    before = await pool.fetchrow("select * from streams where stream = $1", mine[0].stream)
    refused = append_of(counted(mine[0].stream, 1, after=mine[-1]), claims=named("taken"))
    assert isinstance((await write(pool, refused))[0], Claimed)
    assert await pool.fetchrow("select * from streams where stream = $1", mine[0].stream) == before
    again = append_of(counted(mine[0].stream, 1, after=mine[-1]), command_id=refused.command_id)
    assert await write(pool, again) == [DONE]


async def test_a_conflict_gives_back_the_claims_it_took_and_keeps_those_it_had(pool: asyncpg.Pool) -> None:
    mine = counted(stream_id())
    await write(pool, append_of(mine, claims=named("mine")))
    assert await write(pool, append_of(counted(mine[0].stream), claims=named("mine", "new"))) == [CONFLICT]
    assert await holders(pool) == {"mine": mine[0].stream}


async def test_a_claim_is_released_only_when_a_command_says_so_and_only_by_its_holder(pool: asyncpg.Pool) -> None:
    mine, thief = counted(stream_id()), append_of(counted(stream_id()), releases=named("mine"))
    await write(pool, append_of(mine, claims=named("mine")))
    assert await write(pool, thief) == [DONE]
    assert await holders(pool) == {"mine": mine[0].stream}
    later = counted(mine[0].stream, 1, after=mine[-1])
    assert await write(pool, append_of(later)) == [DONE]
    assert await holders(pool) == {"mine": mine[0].stream}
    released = append_of(counted(mine[0].stream, 1, after=later[-1]), releases=named("mine"))
    assert await write(pool, released) == [DONE]
    assert await holders(pool) == {}
    assert await write(pool, append_of(counted(stream_id()), claims=named("mine"))) == [DONE]


async def test_a_release_of_a_command_that_is_not_done_releases_nothing(pool: asyncpg.Pool) -> None:
    mine = counted(stream_id())
    await write(pool, append_of(mine, claims=named("mine")))
    assert await write(pool, append_of(counted(mine[0].stream), releases=named("mine"))) == [CONFLICT]
    assert await holders(pool) == {"mine": mine[0].stream}


async def test_a_command_seen_before_tells_what_it_did_then(pool: asyncpg.Pool) -> None:
    first = append_of(counted(stream_id(), 2), response=b'{"told":"then"}', fingerprint=b"f")
    await write(pool, first)
    twin = append_of(
        counted(stream_id()), command_id=first.command_id, response=b"{}", fingerprint=b"g", claims=named("x")
    )
    neighbour = append_of(counted(stream_id()))
    assert await write(pool, twin, neighbour) == [Seen(b"f", first.stream, 2, b'{"told":"then"}'), DONE]
    assert await holders(pool) == {}
    assert await stream_version(pool, twin.stream) == 0


async def test_every_outcome_in_one_batch(pool: asyncpg.Pool) -> None:
    known = append_of(counted(stream_id()), claims=named("known"))
    await write(pool, known)
    batch = [
        append_of(counted(known.stream)),
        append_of(counted(stream_id()), claims=named("fresh")),
        append_of(counted(stream_id()), command_id=known.command_id),
        append_of(counted(stream_id()), claims=named("known")),
        append_of(counted(stream_id(), 3)),
    ]
    conflict, done, seen, claimed, also_done = await write(pool, *batch)
    assert (conflict, done, also_done) == (CONFLICT, DONE, DONE)
    assert isinstance(seen, Seen)
    assert claimed == Claimed(Claim("name", "known"))


async def test_side_rows_are_committed_with_their_command_and_only_with_it(pool: asyncpg.Pool) -> None:
    old = counted(stream_id())
    await write(pool, append_of(old))

    def boxed(number: int, stream: str) -> Append:
        return append_of(counted(stream), rows=(SideRow("boxes", {"id": number, "content": b"\x00\xff"}),))

    assert await write(pool, boxed(1, stream_id()), boxed(2, old[0].stream)) == [DONE, CONFLICT]
    rows = await pool.fetch("select id, content from boxes")
    assert [tuple(row) for row in rows] == [(1, b"\x00\xff")]


def _undeclared(stream: str) -> Append:
    return append_of(counted(stream), rows=(SideRow("counters", {"stream": "x"}),))


def _twice(stream: str) -> Append:
    return append_of(counted(stream), rows=(SideRow("boxes", {"id": 1, "content": b"x"}),) * 2)


@pytest.mark.parametrize("bad", [_undeclared, _twice])
async def test_a_side_row_that_cannot_be_written_undoes_its_command(
    pool: asyncpg.Pool, bad: Callable[[str], Append]
) -> None:
    append = bad(stream_id())
    with pytest.raises(asyncpg.PostgresError):
        await write(pool, append)
    assert await traces(pool, append) == NOTHING


async def test_a_tick_is_the_transactions_id_plus_the_base(pool: asyncpg.Pool, admin: asyncpg.Connection) -> None:
    await admin.execute("update store set base = 10000000000")
    await write(pool, append_of(counted(stream_id())), append_of(counted(stream_id())))
    rows = await pool.fetch("select tick, position, xmin::text::bigint as xid from events order by position")
    assert [(row["tick"] - row["xid"], row["position"]) for row in rows] == [(10**10, 1), (10**10, 2)]


async def test_a_stream_never_goes_back_in_ticks(pool: asyncpg.Pool, admin: asyncpg.Connection) -> None:
    first = counted(stream_id())
    await write(pool, append_of(first))
    # As if the writer before had taken its id later than this one (trap 2).
    await admin.execute("update streams set last_tick = last_tick + 1000")
    late = append_of(counted(first[0].stream, 1, after=first[0]))
    assert await write(pool, late) == [CONFLICT]


async def test_the_login_can_neither_update_nor_delete_events(pool: asyncpg.Pool) -> None:
    await write(pool, append_of(counted(stream_id()), claims=named("mine")))
    forbidden = [
        "update events set record = ''",
        "delete from events",
        "truncate events",
        "insert into events select * from events",
        "drop table events",
        "alter table events disable trigger all",
        "delete from streams",
        "update streams set version = 0",
        "delete from commands",
        "update commands set fingerprint = ''",
        "delete from claims",
        "update store set base = 0",
        "insert into side_tables values ('events')",
        "create or replace function store_gate() returns bigint language sql as 'select 0::bigint'",
        "create or replace function append_batch() returns void language sql as ''",
        "set role postgres",
    ]
    for statement in forbidden:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)
    assert await pool.fetchval("select count(*) from events") == 1


async def test_two_batches_that_claim_crosswise_do_not_deadlock(pool: asyncpg.Pool) -> None:
    async def storm(offset: int) -> list[Any]:
        found: list[Any] = []
        for number in range(40):
            names = [f"{number}-{index}" for index in range(20)]
            ordered = names if offset else names[::-1]
            batch = [append_of(counted(stream_id()), claims=named(name)) for name in ordered]
            found += await write(pool, *batch)
        return found

    both = await asyncio.gather(storm(0), storm(1))
    assert sum(outcome == DONE for one in both for outcome in one) == 40 * 20
    assert len(await holders(pool)) == 40 * 20


async def test_events_of_one_command_stand_together_and_in_order(pool: asyncpg.Pool) -> None:
    payloads = [ToyCounted(amount=number) for number in range(5)]
    appends = [append_of(chained(stream_id(), payloads)) for _ in range(3)]
    await write(pool, *appends)
    rows = await pool.fetch("select stream, version from events order by tick, position")
    assert [tuple(row) for row in rows] == [(one.stream, version) for one in appends for version in range(1, 6)]


async def test_a_claim_that_is_given_back_meanwhile_is_held_or_refused_and_never_neither(
    pool: asyncpg.Pool, admin: asyncpg.Connection
) -> None:
    holder, late = (append_of(counted(stream_id()), claims=named("moving")) for _ in range(2))
    await write(pool, holder)
    await admin.execute(
        "create function halt() returns trigger language plpgsql as"
        " $$ begin perform pg_advisory_xact_lock_shared(7); return null; end $$;"
        "create trigger halt after insert on claims for each statement execute function halt();"
        "select pg_advisory_lock(7)"
    )
    appending = asyncio.ensure_future(write(pool, late))
    await eventually(lambda: waiting(admin, "advisory"), "the append has met the claim")
    await admin.execute("delete from claims where value = 'moving'")
    await admin.execute("select pg_advisory_unlock(7)")
    assert await appending == [Claimed(Claim("name", "moving"))]
    assert await traces(pool, late) == NOTHING


async def test_a_refused_claim_is_told_though_it_was_given_back_before_the_batch_ended(
    pool: asyncpg.Pool, admin: asyncpg.Connection
) -> None:
    other = counted(stream_id())
    holder, late = (append_of(counted(stream_id()), claims=named("moving")) for _ in range(2))
    await write(pool, holder, append_of(other))
    async with admin.transaction():
        await admin.execute("select from streams where stream = $1 for update", other[0].stream)
        appending = asyncio.ensure_future(write(pool, late, append_of(counted(other[0].stream, 1, after=other[-1]))))
        await eventually(lambda: waiting(admin, "transactionid"), "the append waits for a stream")
        await admin.execute("delete from claims where value = 'moving'")
    assert await appending == [Claimed(Claim("name", "moving")), DONE]
    assert await traces(pool, late) == NOTHING


async def waiting(admin: asyncpg.Connection, event: str) -> int:
    await admin.execute("select pg_stat_clear_snapshot()")
    return await admin.fetchval(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event = $1", event
    )
