"""The five services as processes, for every tier that meets the house through HTTP."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator

import pytest

from deploy.local.house import House
from deploy.local.outside_process import OutsideInfo
from deploy.local.stack import StackInfo
from tests.stack_fixture import state_folder


@pytest.fixture(scope="session")
def house(stack: StackInfo, outside: OutsideInfo) -> Iterator[House]:
    """Give a house of this session's own on the shared stack."""
    with state_folder() as folder:
        own = House(folder, stack, outside, prefix=f"t{secrets.token_hex(3)}", profile="test")
        asyncio.run(own.prepare())
        try:
            own.start()
            yield own
        finally:
            own.stop()
