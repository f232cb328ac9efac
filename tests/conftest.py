"""The fixtures that every tier shares, and which tests stay together when several processes run them."""

import asyncio
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key

from tests.stack_fixture import breakable_stack, outside, stack

__all__ = ["breakable_stack", "outside", "stack"]

TESTS = Path(__file__).parent
HANGING_SECONDS = 240
"""After how long a test says what its tasks are waiting for; `faulthandler_timeout` ends it later."""
TOGETHER = {"journeys", "fuzz", "services"}
"""Tiers whose folders share a running house or bureau; of all others every file goes its own way."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group tests for `pytest -n`, before it looks: what starts servers once for many tests is not spread."""
    for item in items:
        place = item.path.relative_to(TESTS)
        shared = place.parts[0] in TOGETHER
        item.add_marker(pytest.mark.xdist_group(str(place.parent if shared else place)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Have a test that hangs tell what each of its tasks waits for: its thread's stack shows the loop alone."""
    timer = threading.Timer(HANGING_SECONDS, _tell_tasks, [item])
    timer.daemon = True
    timer.start()
    try:
        return (yield)
    finally:
        timer.cancel()


def _tell_tasks(item: pytest.Item) -> None:
    # The stream that pytest keeps for such news: the usual one is captured.
    with open(item.config.stash[fault_handler_stderr_fd_key], "w", closefd=False) as stderr:
        print(f"\n{item.nodeid} has been running for {HANGING_SECONDS} s; its tasks:", file=stderr)
        for task in list(asyncio.tasks._all_tasks):
            task.print_stack(file=stderr)
