"""The same command has one effect, for ever, and the same bytes for an answer."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import pytest

from libs.events.ids import http_command_id
from libs.events.maintenance import forget_replies
from libs.kernel.refusals import Refused
from tests.spine.toys import Add, Ask, Note, Reach, Take
from tests.spine.world import PATIENCE, Shop, eventually, opened, stream_id

if TYPE_CHECKING:
    from collections.abc import Awaitable

    import asyncpg


async def refusal(call: Awaitable[Any]) -> list[str]:
    with pytest.raises(Refused) as caught:
        await call
    return [reason.code for reason in caught.value.reasons]


async def events(shop: Shop) -> int:
    return await shop.pool.fetchval("select count(*) from events")


async def test_the_same_key_with_the_same_body_gets_the_same_bytes_and_changes_nothing(shop: Shop) -> None:
    stream, key = stream_id(), uuid4()
    first = await shop.do(stream, Add(5), key)
    await shop.do(stream, Add(7))
    for _ in range(3):
        again = await shop.do(stream, Add(5), key)
        assert (again.body, again.version, again.replayed) == (first.body, 1, True)
    assert not first.replayed
    assert await events(shop) == 2


async def test_the_same_key_with_another_body_is_refused_also_where_the_command_would_be(shop: Shop) -> None:
    stream, key = stream_id(), uuid4()
    await shop.do(stream, Add(5), key, body=b"one")
    assert await refusal(shop.do(stream, Add(6), key, body=b"two")) == ["IDEMPOTENCY_KEY_REUSED"]
    assert await refusal(shop.do(stream, Add(6, limit=0), key, body=b"two")) == ["IDEMPOTENCY_KEY_REUSED"]
    assert await refusal(shop.do(stream, Reach(1), key, body=b"two")) == ["IDEMPOTENCY_KEY_REUSED"]
    assert await events(shop) == 1


async def test_a_done_command_is_answered_as_then_also_where_it_would_be_refused_now(shop: Shop) -> None:
    stream, key = stream_id(), uuid4()
    first = await shop.do(stream, Add(5, limit=5), key)
    assert (await shop.do(stream, Add(5, limit=5), key)).body == first.body
    stale = await shop.do(stream, Add(5, limit=5), key, if_version=0)
    assert stale.body == first.body


async def test_a_done_command_is_answered_as_then_also_where_nothing_is_left_to_do(shop: Shop) -> None:
    stream, key = stream_id(), uuid4()
    first = await shop.do(stream, Reach(5), key)
    again = await shop.do(stream, Reach(5), key)
    assert (again.body, again.replayed) == (first.body, True)


async def test_a_restarted_process_still_knows_every_command(shop: Shop) -> None:
    stream, key = stream_id(), uuid4()
    first = await shop.do(stream, Add(5, limit=5), key)
    async with opened(shop.database) as restarted:
        again = await restarted.do(stream, Add(5, limit=5), key)
    assert (again.body, again.replayed) == (first.body, True)


async def test_the_same_key_on_another_stream_gets_what_it_did_on_the_first(shop: Shop) -> None:
    first = await shop.do(stream_id(), Add(5), key := uuid4())
    other = await shop.do(stream_id(), Add(5), key)
    assert (other.stream, other.body) == (first.stream, first.body)
    assert await events(shop) == 1


async def test_50_concurrent_twins_have_one_effect_and_the_same_bytes(shop: Shop) -> None:
    stream, key = stream_id(), uuid4()
    replies = await asyncio.gather(*(shop.do(stream, Add(5), key) for _ in range(50)))
    assert len({reply.body for reply in replies}) == 1
    assert sum(not reply.replayed for reply in replies) == 1
    assert await events(shop) == 1


async def test_50_concurrent_twins_on_two_buses_have_one_effect_and_the_same_bytes(shop: Shop) -> None:
    async with opened(shop.database) as other:
        for _ in range(5):
            stream, key = stream_id(), uuid4()
            calls = [(shop, other)[number % 2].do(stream, Add(5, limit=5), key) for number in range(50)]
            replies = await asyncio.gather(*calls)
            assert len({reply.body for reply in replies}) == 1
            assert sum(not reply.replayed for reply in replies) == 1
    assert await events(shop) == 5


async def test_a_concurrent_twin_with_another_body_is_refused(shop: Shop) -> None:
    stream, key = stream_id(), uuid4()
    done, reused = await asyncio.gather(
        shop.do(stream, Add(5), key, body=b"one"),
        shop.do(stream, Add(6), key, body=b"two"),
        return_exceptions=True,
    )
    assert not isinstance(done, BaseException)
    assert isinstance(reused, Refused)
    assert reused.reasons[0].code == "IDEMPOTENCY_KEY_REUSED"


async def test_a_refused_command_binds_no_key_not_even_for_its_concurrent_twin(shop: Shop) -> None:
    stream, key = stream_id(), uuid4()
    refused, done = await asyncio.gather(
        shop.do(stream, Add(6, limit=5), key, body=b"too much"),
        shop.do(stream, Add(5, limit=5), key, body=b"enough"),
        return_exceptions=True,
    )
    assert isinstance(refused, Refused)
    assert not isinstance(done, BaseException)
    assert done.version == 1


async def test_a_twin_outlives_the_caller_that_went_away(shop: Shop, admin: asyncpg.Connection) -> None:
    stream, key = stream_id(), uuid4()
    transaction = admin.transaction()
    await transaction.start()
    await admin.execute("lock table streams in share mode")
    first = asyncio.ensure_future(shop.do(stream, Add(5), key))
    await asyncio.sleep(0)
    twins = [asyncio.ensure_future(shop.do(stream, Add(5), key)) for _ in range(3)]
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    await eventually(lambda: admin.fetchval(waiting), "the append waits")
    first.cancel()
    await transaction.rollback()
    replies = await asyncio.wait_for(asyncio.gather(*twins), PATIENCE)
    assert len({reply.body for reply in replies}) == 1
    assert await events(shop) == 1


async def test_after_seven_days_the_reply_is_forgotten_the_command_never(shop: Shop, admin: asyncpg.Connection) -> None:
    stream, old, young = stream_id(), uuid4(), uuid4()
    await shop.do(stream, Add(5), old)
    reply = await shop.do(stream, Add(5), young)
    await admin.execute("update commands set recorded_at = now() - interval '7 days 1 second' where id = $1", old)
    await admin.execute("update commands set recorded_at = now() - interval '6 days 23 hours' where id = $1", young)
    await forget_replies(shop.pool)
    forgotten = await shop.do(stream, Add(5), old)
    assert (forgotten.body, forgotten.version, forgotten.stream, forgotten.replayed) == (None, 1, stream, True)
    assert (await shop.do(stream, Add(5), young)).body == reply.body
    assert await refusal(shop.do(stream, Add(6), old, body=b"two")) == ["IDEMPOTENCY_KEY_REUSED"]
    assert await events(shop) == 2


async def test_a_refusal_leaves_no_event_no_command_and_no_claim_and_repeats_the_same(shop: Shop) -> None:
    stream, key = stream_id(), uuid4()
    await shop.do(stream, Add(5))
    before = await shop.pool.fetch("select * from commands")
    for _ in range(3):
        assert await refusal(shop.do(stream, Add(5, limit=9), key)) == ["AMOUNT_MISMATCH"]
    assert await events(shop) == 1
    assert await shop.pool.fetch("select * from commands") == before
    # Its key is free: the same client may use it once the command is possible.
    assert (await shop.do(stream, Add(4, limit=9), key)).version == 2


async def test_a_reply_holds_ids_versions_and_links_and_an_etag_of_the_row(shop: Shop) -> None:
    stream = stream_id()
    reply = await shop.do(stream, Add(5))
    row = await shop.pool.fetchrow("select version, hash from streams where stream = $1", stream)
    assert orjson.loads(reply.body or b"") == {
        "id": stream.partition("-")[2],
        "total": 5,
        "version": 1,
        "etag": f'"1.{row["hash"][:16].hex()}"',
    }


async def test_a_stored_reply_holds_no_personal_data(shop: Shop) -> None:
    person = str(uuid4())
    await shop.person_keys.make(person)
    reply = await shop.do(stream_id(), Note(person, "张三"))
    assert "张三".encode() not in (reply.body or b"")
    dump = await shop.pool.fetchval("select string_agg(c::text, '') from commands c")
    assert "张三".encode().hex() not in dump


@pytest.mark.parametrize("part", range(5))
def test_a_command_id_depends_on_client_subject_method_path_and_key(part: int) -> None:
    parts = ["client", "subject", "POST", "/v1/applications", "key"]
    other = [*parts[:part], "another", *parts[part + 1 :]]
    assert http_command_id(*parts) == http_command_id(*parts)
    assert http_command_id(*parts) != http_command_id(*other)


async def test_many_kinds_of_commands_at_once_are_each_done_once(shop: Shop) -> None:
    streams = [stream_id() for _ in range(20)]
    calls = [(stream, command, uuid4()) for stream in streams for command in (Add(), Ask("x"), Take((stream,)))]
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(opened(shop.database))
        await asyncio.gather(*(bus.do(*call) for call in calls for bus in (shop, other) for _ in range(3)))
    assert await events(shop) == len(calls)
