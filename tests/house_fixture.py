"""The five services as processes, for every tier that meets the house through HTTP."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Generator
from contextlib import contextmanager

from deploy.local.house import House
from deploy.local.lock import Lock
from deploy.local.outside_process import OutsideInfo
from deploy.local.stack import StackInfo
from tests.stack_fixture import state_folder


@contextmanager
def open_house(
    stack: StackInfo, outside: OutsideInfo, environment: dict[str, dict[str, str]] | None = None
) -> Generator[House]:
    """Run a house of one's own on a stack: its databases, its topics, its processes."""
    with state_folder() as folder:
        # Held, or a session that begins meanwhile would clear the folder away as an abandoned one.
        held = Lock.take(folder)
        own = House(folder, stack, outside, prefix=f"t{secrets.token_hex(3)}", profile="test", environment=environment)
        try:
            asyncio.run(own.prepare())
            own.start()
            yield own
        finally:
            own.stop()
            held.release()
