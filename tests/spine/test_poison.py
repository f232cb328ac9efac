"""Poison is parked with every later event of its stream, the others go on, and a mended fold takes it up again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from libs.events.canonical import digest, encode
from libs.events.envelope import Event
from libs.events.reactions import Reaction, ReactionSink
from libs.events.views import ViewSink, retry_parked
from tests.spine.test_view_chain import apply, folded, labelled, letters_of, rows_of
from tests.spine.toys import COUNTER, COUNTERS, fold_counter
from tests.spine.world import Shop, arrive, counted, eventually, running

if TYPE_CHECKING:
    from collections.abc import Callable

    from libs.events.consumer import Incoming
    from libs.events.views import Row


def _label(text: str) -> Callable[[Event], Event]:
    return lambda before: counted(before.stream, 1, after=before, label=text)[0]


def _unknown_type(before: Event) -> Event:
    (event,) = counted(before.stream, 1, after=before)
    return Event(encode({**event.attributes, "type": "NeverHeardOf"}))


def _without_data(before: Event) -> Event:
    (event,) = counted(before.stream, 1, after=before)
    attributes = {**event.attributes, "data": {"wrong": "members"}}
    return Event(encode(attributes))


def fold_payload(row: Row, event: Event) -> Row:
    """Fold through the registry, which knows what is a type and what is not."""
    assert event.payload
    return fold_counter(row, event)


SINK = ViewSink(replace(COUNTERS, fold=fold_payload))
POISONS = {
    "a fold exception": _label("poison"),
    "an unknown type": _unknown_type,
    "data that is not of its type": _without_data,
    "a value that the table refuses, class 23": _label("refused by the table"),
    "a value that the table refuses, class 22": _label("nul \0"),
}


@pytest.fixture(params=POISONS.values(), ids=POISONS)
def poisoned(request: pytest.FixtureRequest) -> list[Event]:
    """A stream of six, whose third event is poison."""
    healthy = labelled(2)
    poison = request.param(healthy[-1])
    return [*healthy, poison, *labelled(3, after=poison, stream=poison.stream)]


async def test_poison_is_parked_with_every_later_event_of_its_stream_while_the_others_go_on(
    pool: asyncpg.Pool, poisoned: list[Event]
) -> None:
    neighbours = [labelled(6) for _ in range(3)]
    for index in range(6):
        await apply(pool, *(events[index] for events in (neighbours[0], poisoned, *neighbours[1:])), sink=SINK)
    names = [events[0].stream for events in (poisoned, *neighbours)]
    assert await rows_of(pool, names) == {
        poisoned[0].stream: folded(poisoned[:2]),
        **{events[0].stream: folded(events) for events in neighbours},
    }
    assert await letters_of(pool, poisoned[0].stream) == [(version, "parked") for version in (3, 4, 5, 6)]
    assert await pool.fetchval("select count(*) from letters") == 4


async def test_poison_in_a_single_batch_parks_just_the_same(pool: asyncpg.Pool, poisoned: list[Event]) -> None:
    neighbours = [labelled(6) for _ in range(3)]
    mixed = [event for group in zip(*neighbours, poisoned, strict=True) for event in group]
    await apply(pool, *mixed, sink=SINK)
    names = [events[0].stream for events in (poisoned, *neighbours)]
    assert await rows_of(pool, names) == {
        poisoned[0].stream: folded(poisoned[:2]),
        **{events[0].stream: folded(events) for events in neighbours},
    }
    assert await letters_of(pool, poisoned[0].stream) == [(version, "parked") for version in (3, 4, 5, 6)]


async def test_a_letter_names_its_event_and_holds_its_bytes(pool: asyncpg.Pool, poisoned: list[Event]) -> None:
    await apply(pool, *poisoned, sink=SINK)
    rows = await pool.fetch("select version, hash, record, error from letters order by version")
    assert [row["record"] for row in rows] == [event.record for event in poisoned[2:]]
    assert all(row["hash"] == digest(row["record"]) for row in rows)
    assert "behind" not in rows[0]["error"]
    assert all("behind" in row["error"] for row in rows[1:])


async def test_held_poison_is_parked_when_its_turn_comes_and_is_not_lost(
    pool: asyncpg.Pool, poisoned: list[Event]
) -> None:
    one, two, poison, four, *_ = poisoned
    await apply(pool, one, poison, sink=SINK)
    await apply(pool, two, sink=SINK)
    await apply(pool, four, sink=SINK)
    assert await rows_of(pool, [one.stream]) == {one.stream: folded([one, two])}
    kept = await pool.fetch("select record from letters where stream = $1 and kind = 'parked'", one.stream)
    assert {row["record"] for row in kept} == {poison.record, four.record}


def mended(row: Row, event: Event) -> Row:
    """A fold that reads what the first could not."""
    label = event.data.get("label", "")
    readable = replace_label(event, "mended") if event.type != "ToyCounted" or label in UNREADABLE else event
    return fold_counter(row, readable)


UNREADABLE = {"poison", "refused by the table", "nul \0"}


def replace_label(event: Event, label: str) -> Event:
    attributes = {**event.attributes, "type": "ToyCounted", "data": {"amount": 1, "label": label}}
    return Event(event.record, attributes)


MENDED = ViewSink(replace(COUNTERS, fold=mended))


@pytest.mark.parametrize("kind", ["a fold exception", "an unknown type", "a value that the table refuses, class 22"])
async def test_after_the_fold_is_mended_a_retry_applies_what_was_parked_in_order(pool: asyncpg.Pool, kind: str) -> None:
    healthy = labelled(2)
    poison = POISONS[kind](healthy[-1])
    events = [*healthy, poison, *labelled(2, after=poison, stream=poison.stream)]
    await apply(pool, *events, sink=SINK)
    assert await retry_parked(pool, SINK) == 0
    assert [version for version, _ in await letters_of(pool, poison.stream)] == [3, 4, 5]
    assert await retry_parked(pool, MENDED) == 1
    assert await letters_of(pool, poison.stream) == []
    row = (await rows_of(pool, [poison.stream]))[poison.stream]
    assert (row["version"], row["labels"]) == (5, ["0", "1", "mended", "3", "4"])
    more = labelled(1, after=events[-1], stream=poison.stream)
    await apply(pool, *more, sink=SINK)
    assert (await rows_of(pool, [poison.stream]))[poison.stream]["version"] == 6


async def test_a_retry_of_named_streams_leaves_the_others_parked(pool: asyncpg.Pool) -> None:
    streams = [labelled(1) for _ in range(3)]
    poisons = [POISONS["a fold exception"](events[-1]) for events in streams]
    await apply(pool, *(event for events in streams for event in events), *poisons, sink=SINK)
    assert await retry_parked(pool, MENDED, [poisons[0].stream]) == 1
    assert await pool.fetchval("select count(*) from letters") == 2


async def test_what_a_batch_parks_while_a_retry_begins_is_retried_too(pool: asyncpg.Pool) -> None:
    one, poison, three, four = _parked_stream()
    await apply(pool, one, poison, sink=SINK)
    async with pool.acquire() as connection:
        async with connection.transaction():
            await SINK.apply(connection, arrive(three))
            retry = asyncio.ensure_future(retry_parked(pool, MENDED))
            waiting = "select count(*) from pg_locks where not granted"
            await eventually(lambda: pool.fetchval(waiting), "the retry waits for the batch")
        assert await retry == 1
    await apply(pool, four, sink=SINK)
    assert await letters_of(pool, one.stream) == []
    assert (await rows_of(pool, [one.stream]))[one.stream]["version"] == 4


class _Pausing(ViewSink):
    """A mended sink that waits in the middle of a retry."""

    def __init__(self) -> None:
        super().__init__(MENDED.view)
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def apply(self, connection: asyncpg.Connection, records: list[Incoming]) -> None:
        self.reached.set()
        await self.go_on.wait()
        await super().apply(connection, records)


async def test_a_batch_that_comes_while_a_retry_is_under_way_sees_what_it_mended(pool: asyncpg.Pool) -> None:
    one, poison, three, _ = _parked_stream()
    await apply(pool, one, poison, sink=SINK)
    pausing = _Pausing()
    async with running(retry_parked(pool, pausing)) as (retry,):
        await pausing.reached.wait()
        batch = asyncio.ensure_future(apply(pool, three, sink=SINK))
        await eventually(lambda: pool.fetchval("select count(*) from pg_locks where not granted"))
        pausing.go_on.set()
        await asyncio.gather(retry, batch)
    assert await letters_of(pool, one.stream) == []
    assert (await rows_of(pool, [one.stream]))[one.stream]["version"] == 3


def _parked_stream() -> list[Event]:
    (one,) = labelled(1)
    poison = POISONS["a fold exception"](one)
    return [one, poison, *labelled(2, after=poison, stream=one.stream)]


@pytest.mark.parametrize("passing", [asyncpg.QueryCanceledError, asyncpg.DeadlockDetectedError, OSError])
async def test_what_will_pass_is_no_poison(pool: asyncpg.Pool, passing: type[Exception]) -> None:
    async def effects(_: Any, __: Any) -> None:
        raise passing

    with pytest.raises(passing):
        await apply(pool, *labelled(2), sink=ViewSink(replace(COUNTERS, effects=effects)))
    assert await pool.fetchval("select count(*) from letters") == 0
    assert await pool.fetchval("select count(*) from counters") == 0


async def test_an_effect_that_cannot_read_its_event_parks_it(pool: asyncpg.Pool) -> None:
    seen: list[int] = []

    async def effects(_: Any, events: list[Event]) -> None:
        for event in events:
            if event.data["label"] == "2":
                raise KeyError(event.id)
        seen.extend(event.version for event in events)

    events, neighbour = labelled(4), labelled(1)
    await apply(pool, *events, *neighbour, sink=ViewSink(replace(COUNTERS, effects=effects)))
    assert await letters_of(pool, events[0].stream) == [(3, "parked"), (4, "parked")]
    assert sorted(seen) == [1, 1, 2]


async def test_a_reaction_whose_targets_cannot_be_read_parks_its_event(shop: Shop) -> None:
    def targets(event: Event) -> list[str]:
        return [event.data["nowhere"]]

    async def build(_: Event, __: str) -> Any:
        return None

    sink = ReactionSink("toy", ["toy"], [Reaction("r", "ToyCounted", COUNTER, targets, build)], frozenset({"counter"}))
    events = labelled(2)
    await apply(shop.pool, *events, sink=sink)
    rows = await shop.pool.fetch("select version from letters where view = 'toy_reactions' order by version")
    assert [row["version"] for row in rows] == [1, 2]
