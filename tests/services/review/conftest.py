"""One council for all tests of review; each test has sessions of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services.review.world import Council, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.local.outside_process import OutsideInfo
    from deploy.local.stack import StackInfo


@pytest.fixture(scope="package")
def council(stack: StackInfo, outside: OutsideInfo) -> Iterator[Council]:
    """Intake and review as processes."""
    yield from running(stack, outside)
