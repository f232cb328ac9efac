"""What is settled before a certificate's event: its serial, its random token, its day, its stored document."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date

import asyncpg

from libs.events.contracts.intake import BlobRef
from services.certificate.domain.verification_codes import TOKEN_BYTES


@dataclass(frozen=True, slots=True)
class Plan:
    """What every attempt to issue a title's certificate uses; `document` is None until one was stored."""

    template: str
    serial: int
    token: bytes
    issued_on: date
    document: BlobRef | None


class Issuing:
    """Keeps plans: the first attempt makes one, every later one finds it."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def plan(self, title: str, template: str, today: date) -> Plan:
        """Give the plan for a title, made now unless an earlier attempt made it."""
        known = await self._known(title)
        if known is not None:
            return known
        async with self._pool.acquire() as connection, connection.transaction():
            serial = await connection.fetchval(
                "insert into serials as s (template, year, last) values ($1, $2, 1)"
                " on conflict (template, year) do update set last = s.last + 1 returning last",
                template,
                today.year,
            )
            await connection.execute(
                "insert into issues (title, template, serial, token, issued_on) values ($1::uuid, $2, $3, $4, $5)"
                " on conflict (title) do nothing",
                title,
                template,
                serial,
                secrets.token_bytes(TOKEN_BYTES),
                today,
            )
        made = await self._known(title)
        assert made is not None
        return made

    async def keep(self, title: str, document: BlobRef) -> None:
        """Remember the stored document."""
        await self._pool.execute(
            "update issues set document = $2 where title = $1::uuid", title, document.model_dump(mode="json")
        )

    async def _known(self, title: str) -> Plan | None:
        row = await self._pool.fetchrow("select * from issues where title = $1::uuid", title)
        if row is None:
            return None
        document = BlobRef(**row["document"]) if row["document"] else None
        return Plan(row["template"], row["serial"], row["token"], row["issued_on"], document)
