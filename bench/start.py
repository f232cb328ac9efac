"""How long a city's engineer waits for `make run`, once everything is installed and was started before."""

from __future__ import annotations

import shutil
import time
from statistics import median
from typing import TYPE_CHECKING

from bench.rows import Row
from deploy.local.house import House
from deploy.local.stack import LocalStack

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 3
WARM_START_SECONDS = 30
"""A warm `make run` is to reach its first request in less."""


async def start(stack: LocalStack) -> list[Row]:
    """Start servers and services on a folder that has been used before; the floor is the servers alone."""
    root = stack.root / "start"
    try:
        await _once(root)
        rounds = [await _once(root) for _ in range(ROUNDS)]
    finally:
        shutil.rmtree(root, ignore_errors=True)
    servers, everything = (median(one[place] for one in rounds) for place in (0, 1))
    return [
        Row(
            "warm start until five services are ready",
            everything,
            "s",
            "PostgreSQL and Kafka alone",
            servers,
            ceiling=WARM_START_SECONDS,
        )
    ]


async def _once(root: Path) -> tuple[float, float]:
    begun = time.perf_counter()
    with LocalStack(root, outside=True) as stack:
        servers = time.perf_counter() - begun
        house = House(root / "house", stack.info, stack.outside)
        await house.prepare()
        try:
            house.start()
            return servers, time.perf_counter() - begun
        finally:
            house.stop()
