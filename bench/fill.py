"""Fills a store with generated records: chained, canonical and many, by COPY as the superuser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import uuid4

import asyncpg

from bench.small import ACTOR, Counted
from deploy.local.stack import StackInfo
from libs.events.canonical import digest, encode
from libs.events.envelope import GENESIS, Cause, Event, write
from libs.events.ids import new_id

EACH = 20
"""How many events a stream has."""
OPEN = 4_000
"""How many streams are under way at a time: their events lie between each other's, as those of a campaign's cases."""
TICK = 10_000
"""How many events one transaction is made to have written; a fresh cluster's next transaction is past 700."""
COLUMNS = ("tick", "position", "stream", "version", "type", "command_id", "recorded_at", "record")

Stored = tuple[int, int, str, int, str, Any, datetime, bytes]


def records(count: int) -> Iterator[Stored]:
    """Make rows of the store; what differs between records is put into one that the envelope wrote."""
    template = _Template()
    at = datetime.now(UTC) - timedelta(days=1)
    number = 0
    while number < count:
        streams = [f"counter-{new_id()}" for _ in range(min(OPEN, -(-(count - number) // EACH)))]
        hashes = [GENESIS] * len(streams)
        for version in range(1, EACH + 1):
            for place, stream in enumerate(streams):
                if number == count:
                    return
                command = uuid4()
                record = template.record(stream, version, hashes[place], str(command), amount=number % 7)
                hashes[place] = digest(record)
                yield number // TICK + 1, number % TICK + 1, stream, version, "Counted", command, at, record
                number += 1


async def fill(stack: StackInfo, database: str, count: int) -> None:
    """Put records into the store of a database."""
    owner = await asyncpg.connect(stack.dsn(database))
    try:
        rows = records(count)
        while page := list(islice(rows, 50_000)):
            await owner.copy_records_to_table("events", records=page, columns=COLUMNS)
        await owner.execute("vacuum analyze events")
    finally:
        await owner.close()


class _Template:
    """A record as the envelope writes it, cut where records differ."""

    def __init__(self) -> None:
        cause = Cause("@command", ACTOR.id, ACTOR.role, "", "@command", "@command", f"00-{'a' * 32}-{'b' * 16}-00")
        now = datetime.now(UTC)
        event = write(
            Counted(label="benchmark", amount=0),
            stream="@stream",
            version=1,
            time=now,
            recorded=now,
            prev_hash=GENESIS,
            cause=cause,
            ruleset="",
            sealer=lambda _: None,
        )
        text = event.record.decode().replace("%", "%%")
        for plain, hole in (
            ('"amount":0', '"amount":%(amount)d'),
            (event.id, "%(id)s"),
            ("@command", "%(command)s"),
            ("@stream", "%(stream)s"),
            ("0" * 64, "%(hash)s"),
            (f"{1:012d}", "%(version)012d"),
        ):
            text = text.replace(plain, hole)
        self._text = text
        made = self.record("counter-1", 7, bytes(32), str(uuid4()), amount=3)
        assert encode(Event(made).attributes) == made, "a generated record is canonical"

    def record(self, stream: str, version: int, previous: bytes, command: str, *, amount: int) -> bytes:
        """Write one record."""
        holes = {
            "id": new_id(),
            "command": command,
            "stream": stream,
            "version": version,
            "hash": previous.hex(),
            "amount": amount,
        }
        return (self._text % holes).encode()
