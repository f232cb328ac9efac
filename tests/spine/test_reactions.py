"""Reactions: an event causes exactly one command a target, whatever is killed, early or refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from libs.events import reactions as reactions_module
from libs.events.commit import StoreUnavailableError
from libs.events.envelope import Event
from libs.events.ids import derived_command_id
from libs.events.leader import lead
from libs.events.reactions import (
    Reaction,
    ReactionExecutor,
    ReactionSink,
    owe_again,
    stuck_reactions,
    to_all,
    to_one,
)
from libs.events.reading import NotYetError
from libs.kernel.refusals import Refused
from tests.spine.process import ANSWERING, answer
from tests.spine.toys import COUNTER, Add, Ask
from tests.spine.world import Shop, arrive, eventually, opened, running, stream_id

if TYPE_CHECKING:
    import asyncpg

KINDS = frozenset({"counter"})


class Reactor:
    """A service's reactions: its sink and its executor."""

    def __init__(self, shop: Shop, *reactions: Reaction) -> None:
        self.shop = shop
        self.sink = ReactionSink("toy", ["toy"], reactions or [ANSWERING], KINDS)
        self.executor = ReactionExecutor(shop.pool, shop.bus, "toy", self.sink)

    async def hear(self) -> None:
        """Bring in everything that has happened, once more."""
        rows = await self.shop.pool.fetch("select record from events order by tick, position")
        async with self.shop.pool.acquire() as connection, connection.transaction():
            await self.sink.apply(connection, arrive(*(Event(row["record"]) for row in rows)))

    async def turn(self) -> int:
        """Try everything owed, also what waits for its next second."""
        await self.shop.pool.execute("update reactions set next_at = clock_timestamp() where outcome = 'waiting'")
        return await self.executor.turn()

    async def outcomes(self) -> list[str]:
        return [row["outcome"] for row in await self.shop.pool.fetch("select outcome from reactions order by seq")]


async def begun(shop: Shop) -> str:
    await shop.do(stream := stream_id(), Add())
    return stream


def ask(stream: str, amount: int = 10) -> Ask:
    return Ask(stream.partition("-")[2], amount)


async def total(shop: Shop, stream: str) -> int:
    return (await shop.bus.load(COUNTER, stream)).state.total


async def test_an_event_causes_exactly_one_command_though_it_is_heard_many_times(shop: Shop) -> None:
    asker, answerer = await begun(shop), await begun(shop)
    await shop.do(asker, ask(answerer))
    for _ in range(3):
        reactor = Reactor(shop)  # as after a restart
        await reactor.hear()
        await reactor.turn()
    assert await total(shop, answerer) == 11
    assert await reactor.outcomes() == ["done"]


async def test_an_event_causes_one_command_for_each_of_its_targets(shop: Shop) -> None:
    targets = [await begun(shop) for _ in range(3)]
    reaction = Reaction("all", "ToyAsked", COUNTER, lambda _: targets, answer)
    await shop.do(targets[0], Ask("nobody", 5))
    reactor = Reactor(shop, reaction)
    await reactor.hear()
    assert await reactor.turn() == 3
    assert [await total(shop, target) for target in targets] == [6, 6, 6]


async def test_the_commands_id_is_derived_from_event_reaction_and_target_and_its_event_names_its_cause(
    shop: Shop,
) -> None:
    asker, answerer = await begun(shop), await begun(shop)
    await shop.do(asker, ask(answerer))
    reactor = Reactor(shop)
    await reactor.hear()
    await reactor.turn()
    cause, effect = Event((await shop.records(asker))[-1]), Event((await shop.records(answerer))[-1])
    expected = derived_command_id(cause.id, "answering", answerer)
    assert UUID(effect.attributes["commandid"]) == expected == await shop.pool.fetchval("select id from reactions")
    assert effect.attributes["causationid"] == cause.id
    assert effect.attributes["correlationid"] == cause.attributes["correlationid"]
    assert (effect.actor_role, effect.actor_id) == ("system", "service:toy")


async def test_killed_between_command_and_record_the_command_is_not_given_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker, answerer = await begun(shop), await begun(shop)
    await shop.do(asker, ask(answerer))
    reactor = Reactor(shop)
    await reactor.hear()

    async def die(*_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched, pytest.raises(ZeroDivisionError):
        patched.setattr(reactor.executor, "_record", die)
        await reactor.turn()
    assert await reactor.outcomes() == ["waiting"]
    async with opened(shop.database) as restarted:
        await Reactor(restarted).turn()
    assert await reactor.outcomes() == ["done"]
    assert await total(shop, answerer) == 11


async def test_a_reaction_whose_subject_has_not_arrived_waits_and_is_done_when_it_has(shop: Shop) -> None:
    asker, late = await begun(shop), stream_id()
    await shop.do(asker, ask(late))
    reactor = Reactor(shop)
    await reactor.hear()
    for _ in range(5):
        assert await reactor.turn() == 0
    assert await reactor.outcomes() == ["waiting"]
    await shop.do(late, Add())
    assert await reactor.turn() == 1
    assert await reactor.outcomes() == ["done"]
    assert await total(shop, late) == 11


async def test_what_is_not_there_yet_waits_however_long(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reactions_module, "EARLY_SECONDS", 0)
    there = False

    async def build(event: Event, target: str) -> Any:
        if not there:
            raise NotYetError
        return await answer(event, target)

    asker, answerer = await begun(shop), await begun(shop)
    await shop.do(asker, ask(answerer))
    reactor = Reactor(shop, Reaction("patient", "ToyAsked", COUNTER, to_one("counter", "of"), build))
    await reactor.hear()
    assert [await reactor.turn() for _ in range(3)] == [0, 0, 0]
    there = True
    assert await reactor.turn() == 1
    assert await total(shop, answerer) == 11


async def test_a_refused_reaction_is_recorded_with_its_reasons_and_not_tried_again(shop: Shop) -> None:
    asker, answerer = await begun(shop), await begun(shop)
    await shop.do(asker, ask(answerer, amount=-1))
    reactor = Reactor(shop)
    await reactor.hear()
    assert await reactor.turn() == 1
    row = await shop.pool.fetchrow("select outcome, reasons, attempts from reactions")
    assert (row["outcome"], [reason["code"] for reason in row["reasons"]]) == ("refused", ["AMOUNT_MISMATCH"])
    assert await reactor.turn() == 0
    assert await shop.pool.fetchval("select attempts from reactions") == row["attempts"]


async def test_an_illegal_transition_is_only_early_at_first_and_refused_later(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = await begun(shop)
    await shop.do(asker, ask(stream_id()))
    reactor = Reactor(shop)
    await reactor.hear()
    await reactor.turn()
    assert await reactor.outcomes() == ["waiting"]
    await shop.pool.execute("update reactions set since = since - interval '3 minutes'")
    await reactor.turn()
    reasons = await shop.pool.fetchval("select reasons from reactions where outcome = 'refused'")
    assert [(reason["code"], reason["clause"]) for reason in reasons] == [("ILLEGAL_TRANSITION", "十四.3")]


async def test_a_refused_reaction_is_listed_and_one_that_came_too_early_is_done_when_it_is_owed_again(
    shop: Shop,
) -> None:
    asker, late, wrong = await begun(shop), stream_id(), await begun(shop)
    await shop.do(asker, ask(late))
    await shop.do(asker, ask(wrong, amount=-1))
    reactor = Reactor(shop)
    await reactor.hear()
    await shop.pool.execute("update reactions set since = since - interval '3 minutes'")
    await reactor.turn()
    listed = await stuck_reactions(shop.pool)
    assert [(row["target"], row["codes"]) for row in listed] == [
        (late, "ILLEGAL_TRANSITION"),
        (wrong, "AMOUNT_MISMATCH"),
    ]
    await shop.do(late, Add())
    assert await owe_again(shop.pool) == 1
    await reactor.turn()
    assert await reactor.outcomes() == ["done", "refused"]
    assert (await total(shop, late), await total(shop, wrong)) == (11, 1)


@pytest.mark.parametrize("codes", [["BANNED"], ["ILLEGAL_TRANSITION", "BANNED"], []], ids=str)
async def test_what_was_refused_for_the_matter_is_owed_again_only_when_its_id_is_named(
    shop: Shop, codes: list[str]
) -> None:
    asker, banned, other = [await begun(shop) for _ in range(3)]
    await shop.do(asker, ask(banned))
    await shop.do(asker, ask(other))
    reactor = Reactor(shop)
    await reactor.hear()
    reasons = [{"code": code} for code in codes]
    await shop.pool.execute("update reactions set outcome = 'refused', reasons = $1", reasons)
    assert await owe_again(shop.pool) == 0
    assert await reactor.outcomes() == ["refused", "refused"]
    first, _ = await stuck_reactions(shop.pool)
    assert await owe_again(shop.pool, [first["id"]]) == 1
    await reactor.turn()
    assert await reactor.outcomes() == ["done", "refused"]
    assert (await total(shop, banned), await total(shop, other)) == (11, 1)


@pytest.mark.parametrize(
    "error",
    [
        Refused.one("WRITE_CONFLICT"),
        Refused.one("UPSTREAM_UNAVAILABLE"),
        Refused.one("CALENDAR_YEAR_MISSING"),
        StoreUnavailableError(),
        KeyError("a mistake of ours"),
    ],
    ids=repr,
)
async def test_what_says_nothing_of_the_command_itself_is_tried_again_and_holds_up_nobody(
    shop: Shop, error: Exception
) -> None:
    asker, troubled, untroubled = [await begun(shop) for _ in range(3)]
    failing = True

    async def build(event: Event, target: str) -> Any:
        if failing and target == troubled:
            raise error
        return await answer(event, target)

    await shop.do(asker, ask(troubled))
    await shop.do(asker, ask(untroubled))
    reactor = Reactor(shop, Reaction("troubled", "ToyAsked", COUNTER, to_one("counter", "of"), build))
    await reactor.hear()
    assert await reactor.turn() == 1
    assert await reactor.outcomes() == ["waiting", "done"]
    failing = False
    assert await reactor.turn() == 1
    assert (await total(shop, troubled), await total(shop, untroubled)) == (11, 11)


async def test_commands_of_one_source_to_one_target_are_given_in_order_also_when_the_first_waits(
    shop: Shop,
) -> None:
    asker, late = await begun(shop), stream_id()
    for amount in (10, 200, 3000):
        await shop.do(asker, ask(late, amount))
    reactor = Reactor(shop)
    await reactor.hear()
    await reactor.turn()
    # The first has been told to wait; the others are due and must not overtake it.
    assert await reactor.executor.turn() == 0
    await shop.do(late, Add())
    assert await reactor.turn() == 3
    amounts = [Event(record).data["amount"] for record in await shop.records(late)]
    assert amounts == [1, 10, 200, 3000]


async def test_what_waits_is_tried_again_every_second_and_alarmed_by_age(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = await begun(shop)
    await shop.do(asker, ask(stream_id()))
    reactor = Reactor(shop)
    await reactor.hear()
    for _ in range(6):
        await reactor.turn()
    pause = "select extract(epoch from next_at - clock_timestamp())::float8 from reactions"
    assert 0 < await shop.pool.fetchval(pause) <= 1
    await shop.pool.execute("update reactions set since = since - interval '31 seconds'")
    with capture_logs() as logs:
        await reactor.turn()
    assert [(one["event"], one["log_level"]) for one in logs] == [("reaction waits", "error")]


async def test_an_executor_under_leadership_wakes_as_soon_as_something_is_owed(
    shop: Shop, admin: asyncpg.Connection
) -> None:
    async with opened(shop.database) as other:
        reactors = [Reactor(one) for one in (shop, other)]
        works = [lead(one.shop.database, "reactions", one.executor.work) for one in reactors]
        async with running(*works):
            asker, answerers = await begun(shop), [await begun(shop) for _ in range(20)]
            for answerer in answerers:
                await shop.do(asker, ask(answerer))
            await asyncio.gather(*(one.hear() for one in reactors))
            await eventually(lambda: _all_done(shop, 20))
    assert [await total(shop, answerer) for answerer in answerers] == [11] * 20
    assert await admin.fetchval("select count(*) from events where type = 'ToyCounted'") == 41


async def _all_done(shop: Shop, number: int) -> bool:
    return await shop.pool.fetchval("select count(*) from reactions where outcome = 'done'") == number


def test_targets_are_named_by_the_events_data() -> None:
    class Said:
        data = {"one": "a", "many": ["b", "c"]}  # noqa: RUF012

    assert list(to_one("counter", "one")(Said)) == ["counter-a"]  # type: ignore[arg-type]
    assert list(to_all("counter", "many")(Said)) == ["counter-b", "counter-c"]  # type: ignore[arg-type]


@pytest.mark.parametrize(("on", "services"), [("ToyCounted", ["other"]), ("NeverSaid", ["toy"])])
def test_a_reaction_to_what_nobody_listens_to_stops_the_start_instead_of_waiting_for_ever(on, services) -> None:
    deaf = Reaction("deaf", on, COUNTER, to_all("counter", "targets"), answer)
    with pytest.raises(ValueError, match="reaction deaf waits for"):
        ReactionSink("toy", services, [deaf], KINDS)
