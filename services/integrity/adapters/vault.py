"""Where evidence lies: under the key of the person whom it is about; under one of ours when it is about a unit."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

import asyncpg
from obstore.store import ObjectStore

from libs.events.blobs import Blobs
from libs.events.contracts.integrity import SubjectKind
from libs.events.sealing import KeyRing

PERSONS = frozenset({SubjectKind.APPLICANT, SubjectKind.EXPERT})
KEY_BYTES = 32


class UnitKeys:
    """The keys of employers and agencies, made when first needed."""

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


class Vault:
    """Evidence, by whom it is about."""

    def __init__(self, of_persons: Blobs, store: ObjectStore, pool: asyncpg.Pool) -> None:
        self._of_persons = of_persons
        self._of_units = Blobs(store, KeyRing(UnitKeys(pool)))

    def of(self, subject: SubjectKind) -> Blobs:
        """Give the store for a kind of subject."""
        return self._of_persons if subject in PERSONS else self._of_units
