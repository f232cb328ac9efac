"""The keys of units (employers, agencies), under which a service stores what belongs to no person."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

import asyncpg

KEY_BYTES = 32


class UnitKeys:
    """The keys of units, made when first needed, in the service's own table `unit_keys`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def keys(self, persons: Iterable[str]) -> dict[str, bytes]:
        """Give a key for each unit; the parameter has the name of the protocol that persons' keys follow too."""
        units = sorted(persons)
        await self._pool.execute(
            "insert into unit_keys (unit, key) select * from unnest($1::uuid[], $2::bytea[]) on conflict do nothing",
            units,
            [secrets.token_bytes(KEY_BYTES) for _ in units],
        )
        rows = await self._pool.fetch(
            "select unit::text as unit, key from unit_keys where unit = any($1::uuid[])", units
        )
        return {row["unit"]: row["key"] for row in rows}
