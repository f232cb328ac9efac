"""One event, one byte string: canonical form, held against an independent RFC 8785 implementation."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.events.canonical import MAX_RECORD, NotCanonicalError, encode
from libs.events.envelope import RecordTooLargeError
from libs.events.relay import Relay
from libs.events.store import Checkpoint, read_page
from tests.spine.toys import Add, Note, ToyCounted
from tests.spine.world import Shop, chained, eventually, on_topic, running, stream_id

if TYPE_CHECKING:
    import asyncpg

    from deploy.local.info import StackInfo

SAFE = 2**53 - 1
# Names have characters that few fonts have; forms have what someone's keyboard or a hostile client sent.
RARE = st.sampled_from(
    ["𠅤", "𰻝", "䶮", "㼆", "👩‍🔬", "é", "e\u0301", "\u2028", "\ufeff", "\x00", "\x1f", "\x7f", "\\", '"', "/"]
)
TEXT = st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.lists(RARE).map("".join))
KEYS = st.text(st.characters(max_codepoint=127))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE, SAFE) | TEXT,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)


@given(VALUES)
@settings(max_examples=400, deadline=None)
def test_what_we_write_is_what_an_independent_rfc_8785_implementation_writes(value: Any) -> None:
    assert encode(value) == rfc8785.dumps(value)


@given(VALUES)
@settings(deadline=None)
def test_what_is_written_reads_back_the_same_and_is_written_the_same_again(value: Any) -> None:
    written = encode(value)
    assert json.loads(written) == value
    assert encode(orjson.loads(written)) == written


@given(st.dictionaries(KEYS, TEXT, min_size=2), st.randoms())
@settings(deadline=None)
def test_the_order_in_which_a_value_was_built_leaves_no_trace(value: dict[str, str], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert encode(dict(items)) == encode(value)


@pytest.mark.parametrize("character", [chr(code) for code in range(0x20)] + ["\x7f", "\x80", "\u2028"])
def test_every_control_character_is_escaped_as_rfc_8785_says(character: str) -> None:
    assert encode({"a": character}) == rfc8785.dumps({"a": character})
    assert b"\n" not in encode({"a": character})  # a record is one line of an export


class Colour(Enum):
    RED = "red"


@given(st.one_of(st.floats(), st.integers(SAFE + 1), st.integers(max_value=-SAFE - 1)), KEYS)
@settings(deadline=None)
def test_floats_and_integers_that_a_double_does_not_hold_are_refused_however_deep(number: float, key: str) -> None:
    for value in (number, [number], {key: number}, {"a": [{"b": [number]}]}):
        with pytest.raises(NotCanonicalError):
            encode(value)


@given(st.characters(categories=["Cs"]), TEXT)
@settings(deadline=None)
def test_lone_surrogates_are_refused(surrogate: str, around: str) -> None:
    for value in (surrogate, around + surrogate + around, {"a": [surrogate]}):
        with pytest.raises(NotCanonicalError):
            encode(value)


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -0.0,
        {"é": 1},
        {"𠅤": 1},
        {1: 1},
        {None: 1},
        b"bytes",
        {"a": {1, 2}},
        datetime(2025, 3, 3, tzinfo=UTC),
        uuid4(),
        Colour.RED,
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_or_our_keys_do_not_have_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonicalError):
        encode(value)


def test_nesting_beyond_any_sense_is_refused_and_breaks_nothing() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(NotCanonicalError):
        encode(value)


def test_a_whole_record_is_what_the_independent_implementation_writes() -> None:
    (event,) = chained(stream_id(), [ToyCounted(amount=SAFE, label="𠅤\n\u2028\x1f")])
    assert event.record == rfc8785.dumps(json.loads(event.record))


def test_a_record_over_512_kib_is_refused_and_one_below_is_not() -> None:
    room = MAX_RECORD - len(chained("counter-1", [ToyCounted(amount=1, label="")])[0].record)
    (event,) = chained("counter-1", [ToyCounted(amount=1, label="x" * room)])
    assert len(event.record) == MAX_RECORD
    with pytest.raises(RecordTooLargeError):
        chained("counter-1", [ToyCounted(amount=1, label="x" * (room + 1))])


async def test_store_row_kafka_value_and_exported_line_are_byte_identical(
    stack: StackInfo, shop: Shop, pool: asyncpg.Pool, topic: str
) -> None:
    stream, person = stream_id(), str(uuid4())
    await shop.person_keys.make(person)
    for label in ("𠅤", "tab\tline\nend", '"\\/', "\u2028\ufeff"):
        await shop.do(stream, Add(label=label, times=3))
    await shop.do(stream, Note(person, "姓名"))
    stored = await shop.records(stream)
    async with running(Relay(shop.database, stack.kafka_bootstrap, topic).run()):
        published = await eventually(lambda: _published(stack, topic, len(stored)), "all records on the topic")
    exported = b"".join(item.record + b"\n" for item in await read_page(pool, Checkpoint())).split(b"\n")
    assert published == stored
    assert exported == [*stored, b""]
    assert all(rfc8785.dumps(json.loads(record)) == record for record in stored)


async def _published(stack: StackInfo, topic: str, number: int) -> list[bytes]:
    found = [record for records in (await on_topic(stack.kafka_bootstrap, topic)).values() for record in records]
    return found if len(found) >= number else []
