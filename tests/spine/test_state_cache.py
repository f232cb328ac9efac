"""The state cache makes a warm command one round trip, and never answers what the store would not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from libs.events.bus import CLAIM_CODES, ChainBrokenError, Meta
from libs.events.envelope import Event
from libs.events.store import stream_version
from libs.kernel.refusals import Refused
from tests.spine.test_idempotence import refusal
from tests.spine.toys import COUNTER, Add, Counter, Reach, Take
from tests.spine.world import ACTOR, NOON, PATIENCE, SetClock, Shop, opened, stream_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

    from libs.events.store import Append, Outcome
    from libs.kernel.decisions import Context, Decision


@pytest.fixture
async def other(shop: Shop) -> AsyncIterator[Shop]:
    """Another process on the same store."""
    async with opened(shop.database) as other:
        yield other


async def warm(shop: Shop, stream: str) -> None:
    """Let a process know a stream as it is now."""
    await shop.bus.load(COUNTER, stream)


async def test_a_stale_cache_never_refuses(shop: Shop, other: Shop) -> None:
    stream = stream_id()
    await shop.do(stream, Add(10))
    await warm(other, stream)
    await shop.do(stream, Add(-10))
    # On what it remembers (10) the other would refuse; on what is stored (0) it must not.
    assert (await other.do(stream, Add(5, limit=5))).version == 3


async def test_a_stale_cache_never_says_that_nothing_is_left_to_do(shop: Shop, other: Shop) -> None:
    stream = stream_id()
    await shop.do(stream, Add(10))
    await warm(other, stream)
    await shop.do(stream, Add(-10))
    assert (await other.do(stream, Reach(10))).version == 3


async def test_a_stale_cache_never_takes_an_if_match_for_stale(shop: Shop, other: Shop) -> None:
    stream = stream_id()
    await shop.do(stream, Add())
    await warm(other, stream)
    await shop.do(stream, Add())
    assert (await other.do(stream, Add(), if_version=2)).version == 3


async def test_a_stale_cache_never_takes_a_claim_for_taken_that_it_would_not_ask_for(shop: Shop, other: Shop) -> None:
    def decide(state: Counter, _: object, context: Context) -> Decision:
        return COUNTER.decide(state, Take(("first" if state.events < 2 else "second",)), context)

    choosy = replace(COUNTER, decide=decide)
    stream = stream_id()
    await shop.do(stream_id(), Take(("first",)))
    await shop.do(stream, Add())
    await warm(other, stream)
    await shop.do(stream, Add())
    reply = await other.bus.execute(choosy, stream, None, Meta(uuid4(), b"body", ACTOR))
    assert reply.version == 3


async def test_a_stale_cache_never_accepts_either(shop: Shop, other: Shop) -> None:
    stream = stream_id()
    await shop.do(stream, Add(1))
    await warm(other, stream)
    await shop.do(stream, Add(9))
    assert await refusal(other.do(stream, Add(5, limit=10))) == ["AMOUNT_MISMATCH"]
    assert await stream_version(shop.pool, stream) == 2


async def test_a_refusal_on_a_fresh_state_is_final(shop: Shop) -> None:
    stream = stream_id()
    await shop.do(stream, Add(10))
    assert await refusal(shop.do(stream, Add(1, limit=10))) == ["AMOUNT_MISMATCH"]


async def test_a_conflict_reloads_and_decides_again(shop: Shop, other: Shop) -> None:
    stream = stream_id()
    await shop.do(stream, Add(1))
    await warm(other, stream)
    for _ in range(5):
        await shop.do(stream, Add(1))
    reply = await other.do(stream, Add(100))
    assert reply.version == 7
    assert (await other.bus.load(COUNTER, stream)).state.total == 106


@pytest.mark.parametrize(("times", "code"), [(3, ""), (4, "WRITE_CONFLICT")])
async def test_a_command_is_decided_again_after_three_conflicts_and_refused_after_a_fourth(
    shop: Shop, other: Shop, monkeypatch: pytest.MonkeyPatch, times: int, code: str
) -> None:
    await shop.do(stream := stream_id(), Add())
    append, left = shop.commit.append, times

    async def interfered(one: Append) -> Outcome:
        nonlocal left
        if left:
            left -= 1
            await other.do(stream, Add())
        return await append(one)

    monkeypatch.setattr(shop.commit, "append", interfered)
    try:
        reply = await shop.do(stream, Add())
    except Refused as refusal:
        assert [reason.code for reason in refusal.reasons] == [code]
    else:
        assert (code, reply.version) == ("", 1 + times + 1)


async def test_200_concurrent_conflicting_commands_on_one_stream_are_decided_in_turn(shop: Shop) -> None:
    stream = stream_id()
    calls = [shop.do(stream, Add(1, limit=120)) for _ in range(200)]
    outcomes = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), PATIENCE)
    done = sorted(outcome.version for outcome in outcomes if not isinstance(outcome, BaseException))
    assert done == list(range(1, 121))
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert {one.reasons[0].code for one in refused} == {"AMOUNT_MISMATCH"}
    assert len(refused) == 80
    assert (await shop.bus.load(COUNTER, stream)).state.total == 120


async def test_200_concurrent_conflicting_commands_from_two_processes_never_pass_the_limit(
    shop: Shop, other: Shop
) -> None:
    stream = stream_id()
    calls = [(shop, other)[number % 2].do(stream, Add(1, limit=50)) for number in range(200)]
    outcomes = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), PATIENCE)
    done = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    codes = {one.reasons[0].code for one in outcomes if isinstance(one, Refused)}
    assert len(done) + sum(isinstance(one, Refused) for one in outcomes) == 200
    assert codes <= {"AMOUNT_MISMATCH", "WRITE_CONFLICT"}
    assert sorted(reply.version for reply in done) == list(range(1, len(done) + 1))
    assert await stream_version(shop.pool, stream) == len(done) <= 50


async def test_a_stale_if_match_is_refused_and_tells_the_current_version(shop: Shop) -> None:
    stream = stream_id()
    await shop.do(stream, Add(times=3))
    with pytest.raises(Refused) as caught:
        await shop.do(stream, Add(), if_version=2)
    (reason,) = caught.value.reasons
    assert (reason.code, dict(reason.facts)) == ("STALE_VERSION", {"given": 2, "current": 3})
    assert (caught.value.status, (await shop.do(stream, Add(), if_version=3)).version) == (412, 4)


async def test_a_taken_claim_is_refused_with_the_code_of_its_name_and_without_its_value(
    shop: Shop, other: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CLAIM_CODES, "name", "DUPLICATE_APPLICATION")
    await shop.do(stream_id(), Take(("a blind index",)))
    stream = stream_id()
    for bus in (shop, other):
        with pytest.raises(Refused) as caught:
            await bus.do(stream, Take(("a blind index",)))
        (reason,) = caught.value.reasons
        assert (reason.code, dict(reason.facts)) == ("DUPLICATE_APPLICATION", {"claim": "name"})
    assert await stream_version(shop.pool, stream) == 0


async def test_recordedtime_never_decreases_though_the_clock_jumps_back(shop: Shop) -> None:
    stream = stream_id()
    for hours in (0, 2, -5, -5, 1, 3):
        shop.clock.instant = NOON + timedelta(hours=hours)
        await shop.do(stream, Add(times=2))
    async with opened(shop.database, SetClock(NOON - timedelta(days=400))) as restarted:
        await restarted.do(stream, Add())
    events = [Event(record) for record in await shop.records(stream)]
    hours = [(event.recorded - NOON) / timedelta(hours=1) for event in events]
    assert hours == [0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3]
    assert [(event.time - NOON) / timedelta(hours=1) for event in events[4:6]] == [-5, -5]


async def test_a_warm_command_reads_nothing_before_it_appends(shop: Shop) -> None:
    stream = stream_id()
    await shop.do(stream, Add())
    # Reads go through the pool, appends do not.
    shop.pool.terminate()
    assert (await shop.do(stream, Add(5))).version == 2
    assert (await shop.do(stream, Add(5))).version == 3


async def test_a_broken_chain_is_never_decided_on(shop: Shop, other: Shop, admin: asyncpg.Connection) -> None:
    stream = stream_id()
    await shop.do(stream, Add(times=3))
    await admin.execute(
        "update events set record = convert_to(replace(convert_from(record, 'UTF8'), '\"amount\":1', '\"amount\":9'),"
        " 'UTF8') where stream = $1 and version = 2",
        stream,
    )
    with pytest.raises(ChainBrokenError):
        await other.do(stream, Add())
