"""Sealed personal fields: readable with the person's key alone, where they belong, until the key is destroyed."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.events import sealing
from libs.events.canonical import encode
from libs.events.contracts.base import SEALED_FORM, Unsealed
from libs.events.envelope import Event
from libs.events.sealing import EventSealer, KeyDestroyedError, KeyRing, SealBrokenError, open_with, parts
from libs.events.verify import check_alone, verify_store
from libs.kernel.refusals import Refused
from tests.spine.toys import COUNTER, Note, Remark, ToyNoted
from tests.spine.world import Shop, stream_id

if TYPE_CHECKING:
    from collections.abc import Iterable

PERSON, EVENT = str(uuid4()), str(uuid4())
KEY = bytes(range(32))


class FixedKeys:
    """A source of keys that remembers how often it was asked."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        self.held = keys
        self.asked: list[set[str]] = []

    async def keys(self, persons: Iterable[str]) -> dict[str, bytes]:
        self.asked.append(set(persons))
        return {person: self.held[person] for person in self.asked[-1] & self.held.keys()}


def seal(text: str, field: str = "text", event: str = EVENT) -> str:
    return EventSealer(event, {PERSON: KEY}).seal(field, Unsealed(PERSON, text))


@given(st.text(st.characters(exclude_categories=["Cs"])))
@settings(deadline=None)
def test_what_was_sealed_opens_with_the_persons_key_and_shows_nothing_without(text: str) -> None:
    sealed = seal(text)
    assert SEALED_FORM.match(sealed)
    assert open_with(KEY, parts(sealed)) == text
    assert (parts(sealed).person, parts(sealed).event, parts(sealed).field) == (PERSON, EVENT, "text")
    with pytest.raises(SealBrokenError):
        open_with(bytes(32), parts(sealed))
    assert seal(text) != sealed  # the same value twice does not show as the same


def relabelled(sealed: str, *, field: str = "", event: str = "", person: str = "") -> str:
    """Claim that a sealed field belongs elsewhere."""
    version, old_field, body = sealed.split(".")
    raw = bytearray(base64.urlsafe_b64decode(body + "=="))
    raw[:16] = UUID(person).bytes if person else raw[:16]
    raw[16:32] = UUID(event).bytes if event else raw[16:32]
    return f"{version}.{field or old_field}.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"


@pytest.mark.parametrize("elsewhere", [{"field": "name"}, {"event": str(uuid4())}])
async def test_a_field_moved_to_another_event_or_field_does_not_open(elsewhere: dict[str, str]) -> None:
    ring = KeyRing(FixedKeys({PERSON: KEY}))
    with pytest.raises(SealBrokenError):
        await ring.open(relabelled(seal("张三"), **elsewhere))


async def test_a_field_does_not_open_under_another_persons_key() -> None:
    other = str(uuid4())
    ring = KeyRing(FixedKeys({PERSON: KEY, other: bytes(32)}))
    with pytest.raises(SealBrokenError):
        await ring.open(relabelled(seal("张三"), person=other))


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_a_changed_bit_anywhere_is_noticed(data: st.DataObject) -> None:
    sealed = seal("一个相当长的名字")
    raw = bytearray(base64.urlsafe_b64decode(sealed.split(".")[2] + "=="))
    raw[data.draw(st.integers(16, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    changed = f"s1.text.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"
    with pytest.raises(SealBrokenError):
        open_with(KEY, parts(changed))


async def noted(shop: Shop, *texts: str) -> tuple[str, str, list[Event]]:
    person, stream = str(uuid4()), stream_id()
    await shop.person_keys.make(person)
    for text in texts:
        await shop.do(stream, Note(person, text))
    return person, stream, [Event(record) for record in await shop.records(stream)]


async def test_a_personal_value_is_in_no_record_in_no_row_and_in_no_state(shop: Shop) -> None:
    _, stream, events = await noted(shop, "张三𠅤", "11010519491231002X")
    for text in ("张三𠅤", "11010519491231002X"):
        assert not any(text.encode() in event.record for event in events)
    loaded = await shop.bus.load(COUNTER, stream)
    assert "张三" not in repr(loaded)
    assert await shop.keys.open_all([event.data["text"] for event in events]) == {
        events[0].data["text"]: "张三𠅤",
        events[1].data["text"]: "11010519491231002X",
    }


async def test_destroying_a_key_makes_every_copy_unreadable_and_breaks_no_hash(shop: Shop) -> None:
    person, stream, events = await noted(shop, "one", "two")
    copies = [event.data["text"] for event in events]
    before = await shop.records(stream)
    await shop.person_keys.destroy(person)
    shop.keys.forget(person)
    assert set((await shop.keys.open_all(copies)).values()) == {None}
    with pytest.raises(KeyDestroyedError):
        await shop.keys.open(copies[0])
    with pytest.raises(KeyDestroyedError):
        await KeyRing(shop.person_keys).open(copies[1])
    assert await shop.records(stream) == before
    assert (await verify_store(shop.pool)).faults == ()
    assert (await shop.bus.load(COUNTER, stream)).version == 2


async def test_nothing_more_is_written_about_a_person_whose_key_is_gone(shop: Shop) -> None:
    person, stream, _ = await noted(shop, "one")
    await shop.person_keys.destroy(person)
    shop.keys.forget(person)
    with pytest.raises(Refused) as caught:
        await shop.do(stream, Note(person, "two"))
    assert caught.value.reasons[0].facts == {"erased": True}
    assert len(await shop.records(stream)) == 1


async def test_verify_notices_a_sealed_field_that_was_moved_to_another_event(shop: Shop) -> None:
    _, stream, (one, two) = await noted(shop, "one", "two")
    moved = encode({**two.attributes, "data": {**two.data, "text": one.data["text"]}})
    fault = check_alone(moved, stream, 2)
    assert fault is not None
    assert "sealed for another place" in fault.what
    assert moved[fault.byte :].startswith(one.data["text"].encode())


async def test_a_value_in_a_part_or_a_list_is_sealed_for_its_own_place_under_its_own_persons_key(shop: Shop) -> None:
    one, two, stream = str(uuid4()), str(uuid4()), stream_id()
    for person in (one, two):
        await shop.person_keys.make(person)
    await shop.do(stream, Remark(((one, "张三"), (two, "李四"))))
    (record,) = await shop.records(stream)
    assert not [name for name in ("张三", "李四") if name.encode() in record]
    assert check_alone(record, stream, 1) is None
    data = Event(record).data
    fields = [*(remark["words"] for remark in data["remarks"]), *data["reasons"]]
    assert [parts(text).field for text in fields] == ["remarks/0/words", "remarks/1/words", "reasons/0", "reasons/1"]
    opened = await shop.keys.open_all(fields)
    assert [opened[text] for text in fields] == ["张三", "李四", "because 张三", "because 李四"]
    await shop.person_keys.destroy(one)
    shop.keys.forget(one)
    opened = await shop.keys.open_all(fields)
    assert [opened[text] for text in fields] == [None, "李四", None, "because 李四"]


async def test_verify_notices_sealed_values_that_changed_places_within_an_event(shop: Shop) -> None:
    person, stream = str(uuid4()), stream_id()
    await shop.person_keys.make(person)
    await shop.do(stream, Remark(((person, "one"), (person, "two"))))
    event = Event((await shop.records(stream))[0])
    moved = encode({**event.attributes, "data": {**event.data, "reasons": event.data["reasons"][::-1]}})
    fault = check_alone(moved, stream, 1)
    assert fault is not None
    assert "reasons/0 was sealed for another place" in fault.what


def test_an_unsealed_value_is_never_serialised() -> None:
    payload = ToyNoted(person=PERSON, text=Unsealed(PERSON, "张三"))
    with pytest.raises(Exception, match="unsealed"):
        payload.model_dump(mode="json")
    with pytest.raises(Exception, match="unsealed"):
        payload.model_dump_json()
    with pytest.raises(ValueError, match="sealed"):
        ToyNoted(person=PERSON, text="张三")


async def test_a_key_is_kept_for_a_minute_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(sealing.time, "monotonic", lambda: now)
    source = FixedKeys({PERSON: KEY})
    ring, sealed = KeyRing(source), seal("张三")
    for _ in range(3):
        await ring.open(sealed)
    assert len(source.asked) == 1
    source.held.clear()
    now += sealing.KEY_CACHE_SECONDS - 1
    assert await ring.open(sealed) == "张三"
    now += 1
    with pytest.raises(KeyDestroyedError):
        await ring.open(sealed)


async def test_many_fields_are_opened_with_one_request_for_keys() -> None:
    people = {str(uuid4()): bytes([number]) * 32 for number in range(20)}
    source = FixedKeys(people)
    fields: dict[str, Any] = {
        EventSealer(EVENT, people).seal("text", Unsealed(person, person)): person for person in people
    }
    assert await KeyRing(source).open_all(list(fields) * 2) == fields
    assert source.asked == [set(people)]
