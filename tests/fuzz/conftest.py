"""A house of this tier's own in which the story has been told, so that fuzzed paths meet things that exist."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig

from cli.bootstrap import name_officials
from cli.demo.story import tell
from cli.demo.world import OFFICIALS, World
from deploy.local.house import House
from deploy.local.outside_process import OutsideInfo
from deploy.local.stack import StackInfo
from tests.fuzz.people import Callers
from tests.house_fixture import open_house


@pytest.fixture(scope="package")
def fuzzed(stack: StackInfo, outside: OutsideInfo) -> Iterator[House]:
    """Give a running house with two cases and a revocation in it."""
    # Every span is kept here: one of this tier's promises is about what traces hold.
    with open_house(stack, outside, {"": {"ZHICHENG_TRACE_RATIO": "1"}}) as house:
        asyncio.run(_tell(house))
        yield house


async def _tell(house: House) -> None:
    world = World(house.info)
    try:
        assert await name_officials(house, [*OFFICIALS]) == []
        await tell(world)
    finally:
        await world.close()


@pytest.fixture(scope="package")
def callers(fuzzed: House) -> Iterator[Callers]:
    """Give tokens of every role, each tied to somebody or some unit of the story."""
    with httpx2.Client(timeout=30) as http:
        yield Callers(fuzzed, http)


@pytest.fixture(scope="package")
def described(fuzzed: House) -> dict[str, Any]:
    """Read the one OpenAPI document, as a front-end team would."""
    return httpx2.get(f"{fuzzed.info.gateway}/v1/openapi.json", timeout=30).raise_for_status().json()


@pytest.fixture(scope="package")
def api(fuzzed: House, described: dict[str, Any]) -> Any:
    """Give the document to schemathesis."""
    config = SchemathesisConfig.from_dict({"base-url": fuzzed.info.gateway, "generation": {"database": "none"}})
    return schemathesis.openapi.from_dict(described, config=config)


@pytest.fixture
async def world(fuzzed: House) -> AsyncIterator[World]:
    """Give a client of the gateway."""
    one = World(fuzzed.info)
    try:
        yield one
    finally:
        await one.close()
