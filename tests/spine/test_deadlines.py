"""Deadlines: due instants come from events, fire once, and decide nothing themselves."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from libs.events import deadlines as deadlines_module
from libs.events.commit import StoreUnavailableError
from libs.events.deadlines import Deadline, DeadlineTimer
from libs.events.envelope import Event
from libs.events.leader import lead
from libs.events.views import ViewSink
from libs.kernel.refusals import Refused
from tests.spine.toys import COUNTER, DEADLINES, DUE, Add, Ring, SetDue
from tests.spine.world import NOON, SetClock, Shop, arrive, eventually, opened, running, stream_id

if TYPE_CHECKING:
    from datetime import datetime


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def timer_of(shop: Shop, deadlines: list[Deadline] | None = None) -> DeadlineTimer:
    return DeadlineTimer(shop.pool, shop.bus, shop.clock, "toy", deadlines or DEADLINES)


async def hear(shop: Shop) -> None:
    """Bring everything that has happened into the view of what is due."""
    rows = await shop.pool.fetch("select record from events order by tick, position")
    async with shop.pool.acquire() as connection, connection.transaction():
        await ViewSink(DUE, "toy_deadlines").apply(connection, arrive(*(Event(row["record"]) for row in rows)))


async def rang(shop: Shop) -> list[tuple[str, str]]:
    """What has rung, in the order in which it was written."""
    rows = await shop.pool.fetch("select record from events where type = 'ToyRang' order by tick, position")
    return [(event.stream, event.data["name"]) for event in (Event(row["record"]) for row in rows)]


async def test_a_deadline_fires_once_and_not_before_it_is_due(shop: Shop) -> None:
    stream, timer = stream_id(), timer_of(shop)
    await shop.do(stream, SetDue("tea", at(1)))
    await hear(shop)
    shop.clock.instant = at(1) - timedelta(microseconds=1)
    assert await timer.turn() == 0
    shop.clock.instant = at(1)
    assert await timer.turn() == 1
    assert await timer.turn() == 0
    await hear(shop)
    assert await timer.turn() == 0
    assert await rang(shop) == [(stream, "tea")]


async def test_a_clock_set_back_fires_nothing_again(shop: Shop) -> None:
    stream = stream_id()
    await shop.do(stream, SetDue("tea", at(1)))
    await hear(shop)
    for hours in (2, -3, 0, 1, 2):
        shop.clock.instant = at(hours)
        await timer_of(shop).turn()  # and a restart beside it
    async with opened(shop.database, SetClock(at(5))) as restarted:
        await timer_of(restarted).turn()
    assert await rang(shop) == [(stream, "tea")]


async def test_overdue_ones_fire_in_order_of_their_due_time(shop: Shop) -> None:
    due = {stream_id(): at(hours) for hours in (5, 1, 4, 2, 3)}
    for stream, instant in due.items():
        await shop.do(stream, SetDue("tea", instant))
        await shop.do(stream, SetDue("cake", instant + timedelta(hours=10)))
    await hear(shop)
    shop.clock.instant = at(100)
    await timer_of(shop).turn()
    in_order = sorted(due, key=lambda stream: due[stream])
    assert await rang(shop) == [(stream, name) for name in ("tea", "cake") for stream in in_order]


async def test_one_that_was_called_off_or_put_off_does_not_fire(shop: Shop) -> None:
    called_off, put_off = stream_id(), stream_id()
    for stream in (called_off, put_off):
        await shop.do(stream, SetDue("tea", at(1)))
    await hear(shop)
    await shop.do(called_off, SetDue("tea", None))
    await shop.do(put_off, SetDue("tea", at(7)))
    await hear(shop)
    shop.clock.instant = at(2)
    assert await timer_of(shop).turn() == 0
    shop.clock.instant = at(7)
    assert await timer_of(shop).turn() == 1
    assert await rang(shop) == [(put_off, "tea")]


async def test_one_that_is_no_longer_wanted_does_nothing_though_the_timer_does_not_know_yet(shop: Shop) -> None:
    stream = stream_id()
    await shop.do(stream, SetDue("tea", at(1)))
    await hear(shop)
    await shop.do(stream, SetDue("tea", None))  # not heard yet
    shop.clock.instant = at(2)
    assert await timer_of(shop).turn() == 1
    assert await rang(shop) == []
    assert await shop.pool.fetchval("select outcome from deadlines_fired") == "done"


async def test_the_decision_compares_its_own_time_and_not_the_timers(shop: Shop) -> None:
    stream = stream_id()
    await shop.do(stream, SetDue("tea", at(1)))
    await hear(shop)
    ahead = DeadlineTimer(shop.pool, shop.bus, SetClock(at(2)), "toy", DEADLINES)
    await ahead.turn()
    assert await rang(shop) == []
    assert await shop.pool.fetchval("select outcome from deadlines_fired") == "refused"


async def test_the_same_name_fires_again_when_it_is_set_anew(shop: Shop) -> None:
    stream = stream_id()
    for hours in (1, 2):
        await shop.do(stream, SetDue("tea", at(hours)))
        await hear(shop)
        shop.clock.instant = at(hours)
        await timer_of(shop).turn()
        await hear(shop)
    assert await rang(shop) == [(stream, "tea")] * 2


async def test_several_names_on_one_stream_fire_each_in_its_time(shop: Shop) -> None:
    stream = stream_id()
    for name, hours in (("tea", 3), ("coffee", 1), ("cake", 2)):
        await shop.do(stream, SetDue(name, at(hours)))
    await hear(shop)
    for hours in (1, 2, 3):
        shop.clock.instant = at(hours)
        assert await timer_of(shop).turn() == 1
    assert [name for _, name in await rang(shop)] == ["coffee", "cake", "tea"]


@pytest.mark.parametrize("code", ["WRITE_CONFLICT", "CALENDAR_YEAR_MISSING"])
async def test_a_refusal_of_the_moment_is_tried_again_and_holds_up_no_other_stream(shop: Shop, code: str) -> None:
    troubled, untroubled = stream_id(), stream_id()
    failing = True

    def command() -> Any:
        if failing:
            raise Refused.one(code)
        return Ring("tea")

    await shop.do(troubled, SetDue("tea", at(1)))
    await shop.do(untroubled, SetDue("cake", at(2)))
    await hear(shop)
    shop.clock.instant = at(3)
    timer = timer_of(shop, [Deadline("tea", COUNTER, command), Deadline("cake", COUNTER, lambda: Ring("cake"))])
    assert await timer.turn() == 1
    assert await rang(shop) == [(untroubled, "cake")]
    failing = False
    await eventually(timer.turn)
    assert await rang(shop) == [(untroubled, "cake"), (troubled, "tea")]
    assert await shop.pool.fetchval("select count(*) from deadlines_waiting") == 0


async def test_however_many_are_refused_for_the_moment_they_do_not_starve_what_is_due_later(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines_module, "AT_ONCE", 5)
    troubled, untroubled = [stream_id() for _ in range(12)], stream_id()
    for stream in troubled:
        await shop.do(stream, SetDue("tea", at(1)))
    await shop.do(untroubled, SetDue("cake", at(2)))
    await hear(shop)

    def refused() -> Any:
        raise Refused.one("CALENDAR_YEAR_MISSING")

    shop.clock.instant = at(3)
    timer = timer_of(shop, [Deadline("tea", COUNTER, refused), Deadline("cake", COUNTER, lambda: Ring("cake"))])
    assert 1 in [await timer.turn() for _ in range(20)]
    assert await rang(shop) == [(untroubled, "cake")]


async def test_on_one_stream_what_is_due_later_does_not_overtake_what_waits(shop: Shop) -> None:
    stream = stream_id()
    await shop.do(stream, SetDue("tea", at(1)))
    await shop.do(stream, SetDue("cake", at(2)))
    await hear(shop)
    failing = True

    def command() -> Any:
        if failing:
            raise Refused.one("CALENDAR_YEAR_MISSING")
        return Ring("tea")

    shop.clock.instant = at(3)
    timer = timer_of(shop, [Deadline("tea", COUNTER, command), Deadline("cake", COUNTER, lambda: Ring("cake"))])
    assert [await timer.turn() for _ in range(5)] == [0] * 5
    failing = False
    await eventually(timer.turn)
    assert await rang(shop) == [(stream, "tea"), (stream, "cake")]


async def test_one_that_waited_and_was_put_off_holds_up_nothing(shop: Shop) -> None:
    stream = stream_id()
    await shop.do(stream, SetDue("tea", at(1)))
    await shop.do(stream, SetDue("cake", at(2)))
    await hear(shop)

    def refused() -> Any:
        raise Refused.one("CALENDAR_YEAR_MISSING")

    shop.clock.instant = at(3)
    timer = timer_of(shop, [Deadline("tea", COUNTER, refused), Deadline("cake", COUNTER, lambda: Ring("cake"))])
    assert await timer.turn() == 0
    await shop.do(stream, SetDue("tea", at(9)))
    await hear(shop)
    assert await timer.turn() == 1
    assert await rang(shop) == [(stream, "cake")]


async def test_while_the_store_is_away_nothing_fires_and_the_order_is_kept(shop: Shop) -> None:
    first, second = stream_id(), stream_id()
    await shop.do(first, SetDue("tea", at(1)))
    await shop.do(second, SetDue("cake", at(2)))
    await hear(shop)
    away = True

    def command() -> Any:
        if away:
            raise StoreUnavailableError
        return Ring("tea")

    shop.clock.instant = at(3)
    timer = timer_of(shop, [Deadline("tea", COUNTER, command), Deadline("cake", COUNTER, lambda: Ring("cake"))])
    assert await timer.turn() == 0
    assert await shop.pool.fetchval("select count(*) from deadlines_fired") == 0
    away = False
    assert await timer.turn() == 2
    assert await rang(shop) == [(first, "tea"), (second, "cake")]


async def test_two_timers_under_leadership_fire_once(shop: Shop) -> None:
    streams = [stream_id() for _ in range(20)]
    for stream in streams:
        await shop.do(stream, SetDue("tea", at(1)))
    await hear(shop)
    shop.clock.instant = at(2)
    async with opened(shop.database, shop.clock) as other:
        works = [lead(one.database, "deadlines", timer_of(one).work) for one in (shop, other)]
        async with running(*works):
            await eventually(lambda: _fired(shop, 20))
            await asyncio.gather(*(shop.do(stream, Add()) for stream in streams))
    assert sorted(await rang(shop)) == sorted((stream, "tea") for stream in streams)


async def _fired(shop: Shop, number: int) -> bool:
    return await shop.pool.fetchval("select count(*) from deadlines_fired") == number
