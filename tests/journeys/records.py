"""What the stores hold, read as an auditor would: bytes, and nothing of our own folds."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

import asyncpg

from deploy.local.house import House
from libs.web.settings import SERVICES

SETTLED_SECONDS = 30


@dataclass(frozen=True)
class Record:
    """One row of an event table."""

    service: str
    stream: str
    version: int
    type: str
    raw: bytes

    @property
    def members(self) -> dict[str, Any]:
        return json.loads(self.raw)

    @property
    def data(self) -> dict[str, Any]:
        return self.members["data"]

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()


async def read_stores(house: House) -> dict[str, list[Record]]:
    """Read every record of every service, in the order of its store."""
    found: dict[str, list[Record]] = {}
    for service in SERVICES:
        connection = await asyncpg.connect(**house.database(service).arguments())
        try:
            rows = await connection.fetch("select stream, version, type, record from events order by tick, position")
        finally:
            await connection.close()
        found[service] = [Record(service, row["stream"], row["version"], row["type"], row["record"]) for row in rows]
    return found


async def settle(house: House) -> None:
    """Wait until every relay has published everything and nothing waits."""
    until = time.monotonic() + SETTLED_SECONDS
    for service in SERVICES:
        connection = await asyncpg.connect(**house.database(service).arguments())
        try:
            while await connection.fetchval(
                "select exists (select from events e, relay r where (e.tick, e.position) > (r.tick, r.position))"
                " or exists (select from reactions where outcome = 'waiting')"
            ):
                assert time.monotonic() < until, f"{service} does not settle"
                await asyncio.sleep(0.1)
        finally:
            await connection.close()
    await asyncio.sleep(1)
