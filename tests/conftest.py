"""The fixtures that every tier shares, and which tests stay together when several processes run them."""

from pathlib import Path

import pytest

from tests.stack_fixture import breakable_stack, outside, stack

__all__ = ["breakable_stack", "outside", "stack"]

TESTS = Path(__file__).parent
TOGETHER = {"journeys", "fuzz", "services"}
"""Tiers whose folders share a running house or bureau; of all others every file goes its own way."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group tests for `pytest -n`: what starts servers once for many tests is not spread."""
    for item in items:
        place = item.path.relative_to(TESTS)
        shared = place.parts[0] in TOGETHER
        item.add_marker(pytest.mark.xdist_group(str(place.parent if shared else place)))
