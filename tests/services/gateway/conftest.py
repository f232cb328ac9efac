"""One gateway for all tests of a file; each test has streams of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.services.gateway.world import World, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest

    from deploy.local.info import StackInfo
    from deploy.local.outside_process import OutsideInfo


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    stack: StackInfo, outside: OutsideInfo, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """A gateway with small services behind it."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    async with running(stack, outside, folder) as world:
        yield world
