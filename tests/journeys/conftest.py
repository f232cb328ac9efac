"""The story is told once; every test of this tier looks at what it left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cli.bootstrap import name_officials
from cli.demo.story import tell
from cli.demo.world import OFFICIALS, World
from deploy.local.house import House
from deploy.local.outside_process import OutsideInfo
from deploy.local.stack import StackInfo
from libs.web.settings import SERVICES
from tests.house_fixture import open_house
from tests.journeys.records import Record, read_stores, settle


@dataclass(frozen=True)
class Told:
    """What the story answered, and what it left in the stores."""

    house: House
    world: World
    result: dict[str, Any]
    records: dict[str, list[Record]]

    @property
    def every(self) -> list[Record]:
        """All records of all services."""
        return [record for service in SERVICES for record in self.records[service]]


@pytest.fixture(scope="package")
def house(stack: StackInfo, outside: OutsideInfo) -> Iterator[House]:
    """Give a house of this session's own on the shared stack; it keeps every trace."""
    with open_house(stack, outside, {"": {"ZHICHENG_TRACE_RATIO": "1"}}) as own:
        yield own


@pytest.fixture(scope="package")
def told(house: House) -> Told:
    """Drive both cases and the revocation through the gateway."""

    async def play() -> Told:
        world = World(house.info)
        try:
            assert await name_officials(house, [*OFFICIALS]) == []
            result = await tell(world)
        finally:
            await world.close()
        await settle(house)
        return Told(house, world, result, await read_stores(house))

    return asyncio.run(play())
