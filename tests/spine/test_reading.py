"""Reading one's own writes: never stale and silent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from libs.events.consumer import TopicConsumer
from libs.events.reading import Token, wait_for
from libs.events.relay import Relay
from libs.events.views import ViewSink
from libs.kernel.refusals import Refused
from tests.spine.test_view_chain import apply, labelled
from tests.spine.toys import COUNTERS, Add
from tests.spine.world import PATIENCE, Shop, counted, running, stream_id

if TYPE_CHECKING:
    import asyncpg

    from deploy.local.info import StackInfo


async def refused(pool: asyncpg.Pool, token: Token, seconds: float) -> tuple[str, int, dict[str, object]]:
    with pytest.raises(Refused) as caught:
        await wait_for(pool, "counters", "counters", token, seconds)
    (reason,) = caught.value.reasons
    return reason.code, caught.value.status, dict(reason.facts)


async def test_a_query_with_a_token_sees_what_the_command_wrote(stack: StackInfo, shop: Shop, topic: str) -> None:
    sink = ViewSink(COUNTERS)
    consumer = TopicConsumer(shop.view_pool, stack.kafka_bootstrap, f"{topic}.counters", [topic], sink)
    async with running(Relay(shop.database, stack.kafka_bootstrap, topic).run(), consumer.run()):
        stream = stream_id()
        for number in range(1, 21):
            reply = await shop.do(stream, Add())
            await wait_for(shop.pool, "counters", "counters", Token(reply.stream, reply.version), PATIENCE)
            assert await shop.pool.fetchval("select total from counters where stream = $1", stream) == number


async def test_a_view_that_does_not_get_there_in_time_says_projection_lag_and_how_far_it_is(
    pool: asyncpg.Pool,
) -> None:
    events = labelled(2)
    await apply(pool, *events)
    token = Token(events[0].stream, 3)
    facts = {"stream": token.stream, "version": 2, "wanted": 3}
    assert await refused(pool, token, 0.05) == ("PROJECTION_LAG", 503, facts)


async def test_a_stream_that_the_view_has_never_seen_is_lag_too(pool: asyncpg.Pool) -> None:
    code, _, facts = await refused(pool, Token(stream_id(), 1), 0)
    assert (code, facts["version"]) == ("PROJECTION_LAG", 0)


async def test_a_parked_stream_says_so_at_once_for_what_lies_behind_and_serves_what_lies_before(
    pool: asyncpg.Pool,
) -> None:
    events = labelled(2)
    poison = counted(events[0].stream, 1, after=events[-1], label="poison")
    await apply(pool, *events, *poison)
    for version in (3, 4):
        code, status, facts = await refused(pool, Token(events[0].stream, version), PATIENCE)
        assert (code, status, facts["version"]) == ("PROJECTION_PARKED", 503, 2)
    await wait_for(pool, "counters", "counters", Token(events[0].stream, 2), 0)


async def test_a_waiting_query_is_answered_as_soon_as_the_view_gets_there(pool: asyncpg.Pool) -> None:
    one, two = labelled(2)
    waiting = asyncio.ensure_future(wait_for(pool, "counters", "counters", Token(one.stream, 2), PATIENCE))
    await apply(pool, one)
    assert not waiting.done()
    await apply(pool, two)
    await waiting


async def test_a_version_beyond_the_one_asked_for_is_good_enough(pool: asyncpg.Pool) -> None:
    events = labelled(4)
    await apply(pool, *events)
    await wait_for(pool, "counters", "counters", Token(events[0].stream, 1), 0)


def test_a_token_reads_back_from_its_header() -> None:
    token = Token("application-0198c0de-0000-7000-8000-000000000000", 12)
    assert Token.parse(str(token)) == token


@pytest.mark.parametrize(
    "text", ["", "x", "counter-1", "counter-1@", "counter-1@-1", "counter-1@1 or 1=1", "@1", "Ä-1@1"]
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        Token.parse(text)
    assert caught.value.reasons[0].code == "SCHEMA_INVALID"
