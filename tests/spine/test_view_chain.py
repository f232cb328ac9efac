"""Every view checks the chain: resends in any order are harmless, gaps are held, forks are parked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.events.canonical import encode
from libs.events.envelope import Event
from libs.events.views import ViewSink
from tests.spine.toys import COUNTERS, fold_counter
from tests.spine.world import arrive, counted, stream_id

if TYPE_CHECKING:
    import asyncpg

SHARED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def apply(pool: asyncpg.Pool, *events: Event, sink: ViewSink | None = None) -> None:
    """Bring one batch into the view, as the consumer does."""
    async with pool.acquire() as connection, connection.transaction():
        await (sink or ViewSink(COUNTERS)).apply(connection, arrive(*events))


async def rows_of(pool: asyncpg.Pool, streams: list[str]) -> dict[str, dict[str, Any]]:
    rows = await pool.fetch("select * from counters where stream = any($1)", streams)
    return {row["stream"]: {name: value for name, value in row.items() if name != "stream"} for row in rows}


async def letters_of(pool: asyncpg.Pool, stream: str) -> list[tuple[int, str]]:
    rows = await pool.fetch(
        "select version, kind from letters where view = 'counters' and stream = $1 order by version, kind", stream
    )
    return [tuple(row) for row in rows]


def folded(events: list[Event]) -> dict[str, Any]:
    """What the row of a whole stream must be."""
    row: dict[str, Any] = {}
    for event in events:
        row = fold_counter(row, event)
    return {"version": events[-1].version, "hash": events[-1].hash, **row}


def labelled(number: int, stream: str | None = None, after: Event | None = None) -> list[Event]:
    """Events that differ, so that one applied twice or out of order shows."""
    stream = stream or stream_id()
    events: list[Event] = []
    for index in range(number):
        events += counted(
            stream, 1, events[-1] if events else after, label=f"{(after.version if after else 0) + index}"
        )
    return events


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[int], list[list[tuple[int, int]]]]:
    """Some streams, and batches in which every event arrives at least once, in any order, some of them often."""
    lengths = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    once = [(stream, version) for stream, length in enumerate(lengths) for version in range(length)]
    again = draw(st.lists(st.sampled_from(once), max_size=15))
    order = draw(st.permutations(once + again))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=5)) | {0, len(order)})
    return lengths, [order[start:end] for start, end in zip(cuts, cuts[1:], strict=False)]


@given(deliveries())
@SHARED
async def test_resends_in_any_order_in_any_batches_give_what_one_delivery_in_order_gives(
    pool: asyncpg.Pool, delivery: tuple[list[int], list[list[tuple[int, int]]]]
) -> None:
    lengths, batches = delivery
    streams = [labelled(length) for length in lengths]
    for batch in batches:
        await apply(pool, *(streams[stream][version] for stream, version in batch))
    names = [events[0].stream for events in streams]
    assert await rows_of(pool, names) == {events[0].stream: folded(events) for events in streams}
    assert await pool.fetchval("select count(*) from letters where stream = any($1)", names) == 0


@given(st.permutations(range(6)), st.integers(0, 5))
@SHARED
async def test_without_one_event_nothing_behind_it_is_applied_and_nothing_is_lost(
    pool: asyncpg.Pool, order: list[int], missing: int
) -> None:
    events = labelled(6)
    for index in order:
        if index != missing:
            await apply(pool, events[index])
    rows = await rows_of(pool, [events[0].stream])
    assert rows == ({events[0].stream: folded(events[:missing])} if missing else {})
    assert await letters_of(pool, events[0].stream) == [(version, "held") for version in range(missing + 2, 7)]
    await apply(pool, events[missing])
    assert await rows_of(pool, [events[0].stream]) == {events[0].stream: folded(events)}
    assert await letters_of(pool, events[0].stream) == []


async def test_a_duplicate_is_dropped_and_changes_nothing(pool: asyncpg.Pool) -> None:
    events = labelled(3)
    await apply(pool, *events)
    before = await rows_of(pool, [events[0].stream])
    for _ in range(2):
        await apply(pool, *events, *events)
    assert await rows_of(pool, [events[0].stream]) == before
    assert await letters_of(pool, events[0].stream) == []


async def test_a_held_record_that_is_sent_again_behind_its_predecessor_leaves_no_letter(pool: asyncpg.Pool) -> None:
    one, two, three = labelled(3)
    await apply(pool, one, three)
    await apply(pool, two, three)
    assert await letters_of(pool, one.stream) == []
    assert (await rows_of(pool, [one.stream]))[one.stream] == folded([one, two, three])


async def test_a_record_held_and_freed_in_one_batch_leaves_no_letter(pool: asyncpg.Pool) -> None:
    one, two, three = labelled(3)
    await apply(pool, three, two, one)
    assert await letters_of(pool, one.stream) == []


async def test_the_same_version_with_another_hash_is_a_fork_and_is_parked(pool: asyncpg.Pool) -> None:
    one, two, three = labelled(3)
    (other,) = counted(one.stream, 1, after=one, label="another truth")
    await apply(pool, one, two)
    await apply(pool, other)
    await apply(pool, three)
    assert await letters_of(pool, one.stream) == [(2, "parked"), (3, "parked")]
    assert await rows_of(pool, [one.stream]) == {one.stream: folded([one, two])}
    error = await pool.fetchval("select error from letters where stream = $1 and version = 2", one.stream)
    assert "fork" in error


@pytest.mark.parametrize("first", [0, 1])
async def test_two_held_records_of_one_version_are_a_fork_too(pool: asyncpg.Pool, first: int) -> None:
    one, two, three = labelled(3)
    (other,) = counted(one.stream, 1, after=two, label="another truth")
    rivals = [three, other]
    await apply(pool, one, rivals[first], rivals[1 - first])
    await apply(pool, two)
    assert await letters_of(pool, one.stream) == [(3, "parked")]
    row = (await rows_of(pool, [one.stream]))[one.stream]
    assert row in (folded([one, two, three]), folded([one, two, other]))


async def test_a_prevhash_that_does_not_fit_is_a_fork(pool: asyncpg.Pool) -> None:
    one, two, _ = labelled(3)
    (other,) = counted(one.stream, 1, after=one, label="another truth")
    (behind_other,) = counted(one.stream, 1, after=other)
    await apply(pool, one, two, behind_other)
    assert await letters_of(pool, one.stream) == [(3, "parked")]
    assert await rows_of(pool, [one.stream]) == {one.stream: folded([one, two])}


async def test_a_first_event_that_names_a_predecessor_is_a_fork(pool: asyncpg.Pool) -> None:
    (one,) = labelled(1)
    forged = Event(encode({**one.attributes, "prevhash": "11" * 32}))
    await apply(pool, forged)
    assert await letters_of(pool, one.stream) == [(1, "parked")]


async def test_a_fork_stops_its_own_stream_only(pool: asyncpg.Pool) -> None:
    one, two = labelled(2)
    (other,) = counted(one.stream, 1, after=one, label="another truth")
    neighbours = [labelled(4) for _ in range(5)]
    await apply(pool, one, two, *(events[0] for events in neighbours))
    await apply(pool, *(events[1] for events in neighbours), other, *(events[2] for events in neighbours))
    await apply(pool, *(events[3] for events in neighbours))
    names = [events[0].stream for events in neighbours]
    assert await rows_of(pool, names) == {events[0].stream: folded(events) for events in neighbours}
    assert await letters_of(pool, one.stream) == [(2, "parked")]


async def test_held_records_of_a_stream_that_is_parked_are_parked_with_it(pool: asyncpg.Pool) -> None:
    one, two, three, four = labelled(4)
    (other,) = counted(one.stream, 1, after=one, label="another truth")
    await apply(pool, one, two, four)
    assert await letters_of(pool, one.stream) == [(4, "held")]
    await apply(pool, other)
    await apply(pool, three)
    assert await letters_of(pool, one.stream) == [(2, "parked"), (3, "parked"), (4, "parked")]


async def test_a_record_whose_key_names_another_stream_is_parked(pool: asyncpg.Pool) -> None:
    (mine,), (theirs,) = labelled(1), labelled(1)
    (incoming,) = arrive(theirs)
    misfiled = type(incoming)(incoming.topic, incoming.partition, incoming.offset, mine.stream, incoming.value)
    async with pool.acquire() as connection, connection.transaction():
        await ViewSink(COUNTERS).apply(connection, [misfiled, *arrive(theirs)])
    assert await letters_of(pool, mine.stream) == [(1, "parked")]
    assert await rows_of(pool, [mine.stream, theirs.stream]) == {theirs.stream: folded([theirs])}


async def test_streams_of_other_kinds_are_passed_over(pool: asyncpg.Pool) -> None:
    await apply(pool, *labelled(2, stream_id("other")))
    assert await pool.fetchval("select count(*) from counters") == 0
    assert await pool.fetchval("select count(*) from letters") == 0
