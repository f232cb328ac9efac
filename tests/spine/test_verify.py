"""Verification walks a whole store and names the first bad byte; it raises no false alarm."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.events import verify as verify_module
from libs.events.canonical import digest, encode
from libs.events.contracts.base import Unsealed
from libs.events.envelope import Event
from libs.events.sealing import EventSealer
from libs.events.verify import changed_byte, check_alone, verify_store
from tests.spine.toys import Add, Note, ToyCounted, ToyNoted, ToyRemark, ToyRemarked
from tests.spine.world import Shop, chained, counted, running, stream_id

if TYPE_CHECKING:
    import asyncpg


async def fill(shop: Shop, streams: int = 8, events: int = 6) -> list[str]:
    names, person = [stream_id() for _ in range(streams)], str(uuid4())
    await shop.person_keys.make(person)
    for name in names:
        await shop.do(name, Add(label="𠅤", times=events - 1))
        await shop.do(name, Note(person, "张三"))
    return sorted(names)


async def put(admin: asyncpg.Connection, stream: str, version: int, record: bytes) -> None:
    """Change the store as only its superuser can."""
    await admin.execute("update events set record = $3 where stream = $1 and version = $2", stream, version, record)


async def named(shop: Shop) -> list[tuple[str, int, int]]:
    return [(fault.stream, fault.version, fault.byte) for fault in (await verify_store(shop.pool)).faults]


async def test_a_sound_store_has_no_fault_and_is_walked_whole(shop: Shop) -> None:
    await fill(shop)
    told: list[int] = []
    walk = await verify_store(shop.pool, told.append)
    assert (walk.streams, walk.events, walk.faults) == (8, 48, ())


async def test_an_empty_store_is_sound(shop: Shop) -> None:
    walk = await verify_store(shop.pool)
    assert (walk.streams, walk.events, walk.faults) == (0, 0, ())


@pytest.mark.parametrize("where", ["first", "middle", "last"])
async def test_a_byte_flipped_anywhere_names_stream_version_and_byte(
    shop: Shop, admin: asyncpg.Connection, where: str
) -> None:
    streams = await fill(shop)
    version = {"first": 1, "middle": 3, "last": 6}[where]
    for stream in random.sample(streams, 4):
        record = (await shop.records(stream))[version - 1]
        byte = random.randrange(len(record))
        flipped = bytearray(record)
        flipped[byte] ^= random.randrange(1, 256)
        await put(admin, stream, version, bytes(flipped))
        assert await named(shop) == [(stream, version, byte)], (stream, version, byte, bytes(flipped))
        await put(admin, stream, version, record)
    assert await named(shop) == []


async def test_a_flipped_byte_of_prevhash_is_named_too(shop: Shop, admin: asyncpg.Connection) -> None:
    stream, *_ = await fill(shop)
    for version in (1, 4, 6):
        record = (await shop.records(stream))[version - 1]
        byte = record.index(b'"prevhash":"') + len(b'"prevhash":"') + 17
        digit = b"0" if record[byte : byte + 1] != b"0" else b"1"
        await put(admin, stream, version, record[:byte] + digit + record[byte + 1 :])
        assert await named(shop) == [(stream, version, byte)]
        await put(admin, stream, version, record)


async def test_a_changed_payload_that_is_still_canonical_names_its_own_record_not_the_next(
    shop: Shop, admin: asyncpg.Connection
) -> None:
    stream, *_ = await fill(shop)
    record = (await shop.records(stream))[2]
    changed = record.replace(b'"amount":1', b'"amount":1000000')
    await put(admin, stream, 3, changed)
    (fault,) = (await verify_store(shop.pool)).faults
    assert (fault.stream, fault.version) == (stream, 3)
    assert check_alone(changed, stream, 3) is None


async def test_a_missing_record_is_named(shop: Shop, admin: asyncpg.Connection) -> None:
    streams = await fill(shop)
    for stream, version in ((streams[0], 1), (streams[3], 4), (streams[-1], 6)):
        row = await admin.fetchrow("delete from events where stream = $1 and version = $2 returning *", stream, version)
        assert (stream, version, -1) in await named(shop)
        await admin.execute("insert into events values ($1, $2, $3, $4, $5, $6, $7, $8)", *row.values())
    assert await named(shop) == []


async def test_a_stream_whose_records_are_all_gone_is_named(shop: Shop, admin: asyncpg.Connection) -> None:
    stream, *_ = await fill(shop)
    await admin.execute("delete from events where stream = $1", stream)
    assert await named(shop) == [(stream, 1, -1)]


async def test_a_swapped_hash_in_the_streams_table_is_named(shop: Shop, admin: asyncpg.Connection) -> None:
    streams = await fill(shop)
    await admin.execute(
        "update streams s set hash = o.hash from streams o"
        " where s.stream = any($1) and o.stream = any($1) and s.stream <> o.stream",
        streams[:2],
    )
    assert await named(shop) == [(stream, 6, -1) for stream in streams[:2]]


async def test_a_wrong_version_in_the_streams_table_is_named(shop: Shop, admin: asyncpg.Connection) -> None:
    stream, *_ = await fill(shop)
    await admin.execute("update streams set version = version - 1 where stream = $1", stream)
    assert await named(shop) == [(stream, 7, -1)]
    await admin.execute("delete from streams where stream = $1", stream)
    assert await named(shop) == [(stream, 7, -1)]


async def test_two_records_swapped_are_both_named(shop: Shop, admin: asyncpg.Connection) -> None:
    stream, *_ = await fill(shop)
    records = await shop.records(stream)
    await put(admin, stream, 2, records[2])
    await put(admin, stream, 3, records[1])
    assert {version for _, version, _ in await named(shop)} == {2, 3}


async def test_a_record_of_another_stream_is_named(shop: Shop, admin: asyncpg.Connection) -> None:
    one, other, *_ = await fill(shop)
    await put(admin, one, 3, (await shop.records(other))[2])
    ((stream, version, _),) = await named(shop)
    assert (stream, version) == (one, 3)


@pytest.mark.parametrize("rewritten", [b"", b"null", b"[]", b"{}", b"\xff\xfe", b'{"data":1}', b"1" * 10_000])
async def test_what_is_no_record_is_named_and_does_not_stop_the_walk(
    shop: Shop, admin: asyncpg.Connection, rewritten: bytes
) -> None:
    streams = await fill(shop)
    for stream in streams[:3]:
        await put(admin, stream, 3, rewritten)
    walk = await verify_store(shop.pool)
    assert [(fault.stream, fault.version) for fault in walk.faults] == [(stream, 3) for stream in streams[:3]]
    assert walk.events == 48


async def test_a_rewritten_end_of_a_stream_with_a_chain_of_its_own_is_named(
    shop: Shop, admin: asyncpg.Connection
) -> None:
    stream, *_ = await fill(shop)
    before = Event((await shop.records(stream))[3])
    forged = chained(stream, [ToyCounted(amount=9), ToyCounted(amount=9)], after=before)
    for event in forged:
        await put(admin, stream, event.version, event.record)
    assert await named(shop) == [(stream, 6, -1)]


async def test_a_walk_over_many_pages_finds_the_same(
    shop: Shop, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = await fill(shop)
    record = (await shop.records(streams[4]))[5]
    await put(admin, streams[4], 6, record.replace(b'"actor-1"', b'"actor-2"'))
    whole = await verify_store(shop.pool)
    assert [(fault.stream, fault.version) for fault in whole.faults] == [(streams[4], 6)]
    for page in (1, 5, 6, 7, 48):
        monkeypatch.setattr(verify_module, "PAGE", page)
        assert await verify_store(shop.pool) == whole


async def test_a_store_in_use_gives_no_false_alarm(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_module, "PAGE", 20)
    streams = await fill(shop)

    async def flow() -> None:
        while True:
            await asyncio.gather(*(shop.do(stream, Add(times=2)) for stream in [*streams, stream_id()]))

    async with running(flow()):
        for _ in range(10):
            assert (await verify_store(shop.pool)).faults == ()


async def test_a_walk_stops_after_so_many_faults(shop: Shop, admin: asyncpg.Connection) -> None:
    streams = await fill(shop)
    for stream in streams:
        await put(admin, stream, 2, b"{}")
    assert len((await verify_store(shop.pool, stop_at=3)).faults) == 3


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_the_one_byte_that_was_changed_is_found_by_the_hash_that_others_keep(data: st.DataObject) -> None:
    record = data.draw(st.binary(min_size=1, max_size=120))
    byte = data.draw(st.integers(0, len(record) - 1))
    changed = bytearray(record)
    changed[byte] ^= data.draw(st.integers(1, 255))
    assert changed_byte(bytes(changed), digest(record)) == byte
    assert changed_byte(bytes(changed), digest(b"another")) == -1


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_change_of_a_record_makes_the_check_itself_fail(data: st.DataObject) -> None:
    (event,) = counted("counter-1", label="𠅤")
    changed = bytearray(event.record)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    fault = check_alone(bytes(changed), "counter-1", 1)
    assert fault is None or (fault.stream, fault.version) == ("counter-1", 1)


@pytest.mark.parametrize("text", ["s1.a.bb", "s1.label.bb", "s1.label." + "A" * 80])
async def test_a_clients_plain_text_that_looks_sealed_is_no_fault(shop: Shop, text: str) -> None:
    await shop.do(stream_id(), Add(label=text))
    assert (await verify_store(shop.pool)).faults == ()


def test_what_was_sealed_for_another_place_is_named_in_fields_lists_and_parts() -> None:
    person, looks = str(uuid4()), "s1.a.bb"
    sealed = EventSealer(str(uuid4()), {person: bytes(32)}).seal("text", Unsealed(person, "张三"))
    for place, payload in (
        ("text", ToyNoted(person=looks, text=sealed)),
        ("reasons/0", ToyRemarked(remarks=(), reasons=(sealed,))),
        ("remarks/0/words", ToyRemarked(remarks=(ToyRemark(about=looks, words=sealed),), reasons=())),
    ):
        (event,) = chained("counter-1", [payload])
        fault = check_alone(event.record, "counter-1", 1)
        assert fault is not None
        assert fault.what == f"{place} was sealed for another place"


def test_a_record_with_a_float_or_a_member_twice_is_not_canonical() -> None:
    (event,) = counted("counter-1")
    floating = event.record.replace(b'"amount":1', b'"amount":1.5')
    double = event.record.replace(b'"amount":1', b'"amount":1,"amount":1')
    spaced = event.record.replace(b'"amount":1', b'"amount": 1')
    for changed in (floating, double, spaced):
        assert check_alone(changed, "counter-1", 1) is not None
    assert check_alone(encode(event.attributes), "counter-1", 1) is None
