"""Persons' keys: made here, wrapped by the master key, destroyed here."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable
from pathlib import Path

import asyncpg
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap


class KeyTable:
    """The keys of all persons, each wrapped (RFC 3394) under the master key.

    The master key comes from a file in development and from a KMS in production; the table alone opens nothing.
    """

    def __init__(self, pool: asyncpg.Pool, master: bytes) -> None:
        self._pool = pool
        self._wrapping = hmac.digest(master, b"zhicheng person keys", "sha256")
        self._index = hmac.digest(master, b"zhicheng blind index", "sha256")

    async def keys(self, persons: Iterable[str]) -> dict[str, bytes]:
        """Give the keys of those persons who have one."""
        rows = await self._pool.fetch(
            "select person::text as person, wrapped from person_keys where person = any($1::uuid[])", list(persons)
        )
        return {row["person"]: aes_key_unwrap(self._wrapping, row["wrapped"]) for row in rows}

    async def ensure(self, person: str) -> None:
        """Make a person's key before the first event that needs it; a person erased once gets none again."""
        await self._pool.execute(
            "insert into person_keys (person, wrapped) select $1::uuid, $2"
            " where not exists (select from erasures where person = $1::uuid) on conflict (person) do nothing",
            person,
            aes_key_wrap(self._wrapping, os.urandom(32)),
        )

    async def destroy(self, person: str) -> None:
        """Destroy a person's key for ever, and remember it, so that a restored backup is erased again."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "insert into erasures (person) values ($1::uuid) on conflict (person) do nothing", person
            )
            await connection.execute("delete from person_keys where person = $1::uuid", person)

    def blind_index(self, number: str) -> str:
        """Give the keyed hash by which an ID number is found without being stored."""
        return hmac.new(self._index, number.strip().upper().encode(), hashlib.sha256).hexdigest()


def master_key(file: Path | None) -> bytes:
    """Read the master key.

    Raises
    ------
    RuntimeError
        Without one, intake does not start.
    """
    if file is None:
        msg = "intake needs ZHICHENG_MASTER_KEY, the file of its 32-byte master key in hexadecimal"
        raise RuntimeError(msg)
    return bytes.fromhex(file.read_text().strip())
