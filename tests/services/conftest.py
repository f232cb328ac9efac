"""One bureau for all tests of certificate and integrity; each test has people and streams of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services.bureau import Bureau, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.local.outside_process import OutsideInfo
    from deploy.local.stack import StackInfo


@pytest.fixture(scope="package")
def bureau(stack: StackInfo, outside: OutsideInfo) -> Iterator[Bureau]:
    """Intake, certificate and integrity as processes."""
    yield from running(stack, outside)
