"""Fixtures of the spine's tests: everything fresh for each test, but for the servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from libs.events.topics import ensure_topics, topic_name
from tests.spine import toys
from tests.spine.world import Shop, fresh_name, new_database, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from deploy.local.info import StackInfo
    from libs.events.database import Database


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    toys.register()
    yield
    toys.unregister()


@pytest.fixture
async def database(stack: StackInfo) -> Database:
    """A database of this test's own."""
    return await new_database(stack)


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    """One process of a service on that database."""
    async with opened(database) as shop:
        yield shop


@pytest.fixture
async def pool(shop: Shop) -> asyncpg.Pool:
    return shop.pool


@pytest.fixture
async def admin(stack: StackInfo, database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A superuser in that database: the operator, or the tamperer."""
    connection = await asyncpg.connect(stack.dsn(database.name))
    yield connection
    connection.terminate()


@pytest.fixture
async def topic(stack: StackInfo) -> str:
    """A topic of this test's own."""
    name = topic_name(fresh_name("test"), "toy")
    await ensure_topics(stack.kafka_bootstrap, [name])
    return name
