"""The broker goes away, the database is restarted under load, the clock jumps: what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio

from cli.demo.cast import beijing
from cli.demo.people import People, Somebody
from cli.demo.world import Reply, World
from deploy.local.house import House
from deploy.local.outside_process import OutsideInfo
from deploy.local.stack import LocalStack
from libs.events.verify import Fault, verify_store
from libs.web.settings import SERVICES
from tests.house_fixture import open_house
from tests.journeys.conftest import Told
from tests.journeys.records import read_stores, settle
from tests.journeys.test_the_views import assert_shown_as_stored

pytestmark = pytest.mark.asyncio(loop_scope="module")
AWAY_SECONDS = 60
CLIENTS = 8
PATIENCE = 120
PEOPLE = People(41)


@pytest.fixture(scope="module")
def own_house(breakable_stack: LocalStack, outside: OutsideInfo) -> Iterator[House]:
    """Give a house on servers of its own, which these tests stop."""
    with open_house(breakable_stack.info, outside) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(own_house: House) -> AsyncIterator[World]:
    one = World(own_house.info, patience=PATIENCE)
    one.at(beijing("2026-03-02 09:00"))
    try:
        yield one
    finally:
        await one.close()


@dataclass
class Stream:
    """Clients that give commands one after the other until they are told to stop, each again until it is answered."""

    world: World
    answered: dict[str, Reply] = field(default_factory=dict)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def client(self) -> None:
        while not self.over.is_set():
            who = PEOPLE.somebody()
            actor = await self.world.actor(who.name, ["applicant"], person=who.person)
            self.answered[who.person] = await actor.send("POST", "/v1/persons", registration(who))

    async def during(self, what: AsyncIterator[None]) -> None:
        """Let the clients go on before, while and after something happens."""
        clients = [asyncio.create_task(self.client()) for _ in range(CLIENTS)]
        try:
            await self.more(10)
            async for _ in what:
                pass
            await self.more(10)
        finally:
            self.over.set()
            await asyncio.gather(*clients)

    async def more(self, number: int) -> None:
        """Wait until so many more commands were answered."""
        wanted = len(self.answered) + number
        async with asyncio.timeout(PATIENCE):
            while len(self.answered) < wanted:
                await asyncio.sleep(0.05)


def registration(who: Somebody) -> dict[str, str]:
    return {"name": who.name, "id_kind": "resident_id", "id_number": who.id_number, "phone": who.phone}


async def assert_each_is_there_once(house: House, world: World, stream: Stream) -> None:
    """Every command was acknowledged in the end, is in the store once, and is shown by the gateway."""
    assert {reply.status for reply in stream.answered.values()} == {201}
    await settle(house)
    records = (await read_stores(house))["intake"]
    registered = Counter(record.stream for record in records if record.type == "PersonRegistered")
    assert {f"person-{person}": 1 for person in stream.answered}.items() <= registered.items()
    assert set(registered.values()) == {1}
    auditor = await world.auditor()
    for person, reply in stream.answered.items():
        shown = await auditor.get(f"/v1/persons/{person}", reply)
        assert shown.body["version"] == 1
    assert await faults(house) == []
    assert "person" in await assert_shown_as_stored(Told(house, world, {}, await read_stores(house)))


async def faults(house: House) -> list[Fault]:
    """Walk every store as an auditor does; give what is wrong in it."""
    found: list[Fault] = []
    for service in SERVICES:
        async with asyncpg.create_pool(**house.database(service).arguments(), min_size=1, max_size=2) as pool:
            found += (await verify_store(pool)).faults
    return found


async def test_commands_go_on_while_kafka_is_away_and_what_they_did_is_published_afterwards(
    own_house: House, world: World, breakable_stack: LocalStack
) -> None:
    stream = Stream(world)
    acknowledged: list[int] = []

    async def outage() -> AsyncIterator[None]:
        await asyncio.to_thread(breakable_stack.kill_kafka)
        try:
            before, until = len(stream.answered), time.monotonic() + AWAY_SECONDS
            await stream.more(20)
            while time.monotonic() < until:
                await asyncio.sleep(0.1)
            acknowledged.append(len(stream.answered) - before)
            yield
        finally:
            await asyncio.to_thread(breakable_stack.start_kafka)

    await stream.during(outage())
    assert acknowledged[0] >= 20
    await assert_each_is_there_once(own_house, world, stream)


async def test_postgres_restarted_under_a_stream_of_commands_loses_none_and_doubles_none(
    own_house: House, world: World, breakable_stack: LocalStack
) -> None:
    stream = Stream(world)

    async def restarts() -> AsyncIterator[None]:
        for _ in range(2):
            await asyncio.to_thread(breakable_stack.restart_postgres, "immediate")
            await stream.more(10)
            yield

    await stream.during(restarts())
    await assert_each_is_there_once(own_house, world, stream)


async def test_a_clock_that_jumps_forward_and_back_never_turns_a_stream_back_in_time(
    own_house: House, world: World
) -> None:
    who = PEOPLE.somebody()
    actor = await world.actor(who.name, ["applicant"], person=who.person)
    noon = beijing("2026-03-02 12:00")
    world.at(noon)
    assert (await actor.send("POST", "/v1/persons", registration(who))).status == 201
    for number, jump in enumerate((timedelta(days=40), timedelta(days=-3), timedelta(days=7), timedelta())):
        world.at(noon + jump)
        degree = {
            "degree": ("bachelor", "master", "doctor", "college")[number],
            "major": "计算机科学与技术",
            "specialty": "software",
            "enrolled_on": f"{2000 + number}-09-01",
            "graduated_on": f"{2004 + number}-07-01",
            "full_time": True,
            "certificate_no": f"1000{number}",
        }
        reply = await actor.send("POST", f"/v1/persons/{who.person}/educations", degree)
        assert reply.status == 200, reply.body
        # A token and a cache live on real time: nobody is thrown out by the domain's clock.
        assert (await actor.get(f"/v1/persons/{who.person}", reply)).status == 200
    await settle(own_house)
    stream = [one for one in (await read_stores(own_house))["intake"] if one.stream == f"person-{who.person}"]
    stream.sort(key=lambda one: one.version)
    recorded = [one.members["recordedtime"] for one in stream]
    assert [one.version for one in stream] == [1, 2, 3, 4, 5]
    assert recorded == sorted(recorded)
