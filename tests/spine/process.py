"""A process of the tests' own that can be killed: a small service, or any part of one.

``python -m tests.spine.process '{"parts": [...], ...}'``. It writes ``{"ready": true}`` and then answers each line on
its standard input, a command, with a line on its standard output.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

from libs.events.commit import StoreUnavailableError
from libs.events.consumer import TopicConsumer
from libs.events.database import Database
from libs.events.leader import lead
from libs.events.points import arm
from libs.events.reactions import Reaction, ReactionExecutor, ReactionSink, to_one
from libs.events.relay import Relay
from libs.events.views import ViewSink
from libs.kernel.refusals import Refused
from tests.spine import toys
from tests.spine.toys import COUNTER, COUNTERS, Add, Answer
from tests.spine.world import Shop, Tally, opened, running

COMMANDS: dict[str, Any] = {name: getattr(toys, name) for name in ("Add", "Ask", "Take", "Reach", "SetDue")}


async def answer(event: Any, target: str) -> Answer:
    """Build the command that a question causes."""
    return Answer(event.data["amount"])


ANSWERING = Reaction("answering", "ToyAsked", COUNTER, to_one("counter", "of"), answer)


def workers(shop: Shop, settings: dict[str, Any]) -> list[Awaitable[Any]]:
    """Give the workers that the settings ask for."""
    bootstrap, topic, parts, group = (settings[name] for name in ("bootstrap", "topic", "parts", "group"))
    works: list[Awaitable[Any]] = []
    if "relay" in parts:
        works.append(Relay(shop.database, bootstrap, topic).run())
    if "view" in parts:
        sink = ViewSink(COUNTERS)
        works.append(TopicConsumer(shop.view_pool, bootstrap, f"{group}.counters", [topic], sink).run())
    if "tally" in parts:
        works.append(TopicConsumer(shop.view_pool, bootstrap, f"{group}.tally", [topic], Tally()).run())
    if "reactions" in parts:
        sink = ReactionSink("toy", ["toy"], [ANSWERING], frozenset({"counter"}))
        works.append(TopicConsumer(shop.view_pool, bootstrap, f"{group}.reactions", [topic], sink).run())
        works.append(lead(shop.database, "reactions", ReactionExecutor(shop.pool, shop.bus, "toy", sink).work))
    return works


async def serve(shop: Shop) -> None:
    """Answer every line with a line, each in its own time."""
    reader = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say({"ready": True})
    under_way: set[asyncio.Task[None]] = set()
    while line := await reader.readline():
        asked = json.loads(line)
        work = hammer(shop, asked["hammer"]) if "hammer" in asked else respond(shop, asked)
        task = asyncio.create_task(work)
        under_way.add(task)
        task.add_done_callback(under_way.discard)


async def respond(shop: Shop, asked: dict[str, Any]) -> None:
    """Execute one command and say what came of it."""
    command = COMMANDS[asked["command"]](**asked["arguments"])
    answer: dict[str, Any] = {"key": asked["key"]}
    try:
        reply = await shop.do(asked["stream"], command, UUID(asked["key"]))
    except Refused as refusal:
        answer["refused"] = [reason.code for reason in refusal.reasons]
    except StoreUnavailableError:
        answer["unavailable"] = True
    else:
        answer |= {"version": reply.version, "body": (reply.body or b"").decode(), "replayed": reply.replayed}
    say(answer)


async def hammer(shop: Shop, asked: dict[str, Any]) -> None:
    """Give many commands to few streams, from many callers, and tell how many were done on each."""
    done = dict.fromkeys(asked["streams"], 0)
    conflicts = 0
    left = iter(range(asked["commands"]))

    async def caller() -> None:
        nonlocal conflicts
        for number in left:
            stream = random.choice(asked["streams"])
            try:
                await shop.do(stream, Add(label=f"{asked['name']}-{number}"), uuid4())
            except Refused as refusal:
                assert [reason.code for reason in refusal.reasons] == ["WRITE_CONFLICT"]
                conflicts += 1
            else:
                done[stream] += 1

    await asyncio.gather(*(caller() for _ in range(asked["callers"])))
    say({"done": done, "conflicts": conflicts})


def say(line: dict[str, Any]) -> None:
    """Write one line; whoever reads it may kill this process the moment after."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def main(settings: dict[str, Any]) -> None:
    """Open the shop, start the workers, serve until the input ends."""
    toys.register()
    arm("test")
    async with AsyncExitStack() as stack:
        shop = await stack.enter_async_context(opened(Database(**settings["database"])))
        await stack.enter_async_context(running(*workers(shop, settings)))
        await serve(shop)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
