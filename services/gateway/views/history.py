"""The history: a row an event, written in the transaction that folds it. What happened, never what was said."""

from __future__ import annotations

import asyncpg

from libs.events.envelope import Event

_APPEND = """
insert into history (stream, version, id, type, time, recorded, service, role, actor, clauses, ruleset, hash, prevhash)
select * from unnest(
    $1::text[], $2::bigint[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::text[], $12::bytea[], $13::bytea[])
on conflict (stream, version) do nothing
"""


async def append(connection: asyncpg.Connection, events: list[Event]) -> None:
    """Write the events that a batch applied; one that is there already stays as it is."""
    await connection.execute(
        _APPEND,
        [event.stream for event in events],
        [event.version for event in events],
        [event.id for event in events],
        [event.type for event in events],
        [event.time for event in events],
        [event.recorded for event in events],
        [event.attributes["source"].rpartition("/")[2] for event in events],
        [event.actor_role for event in events],
        [event.actor_id for event in events],
        [event.attributes.get("clauses", "") for event in events],
        [event.attributes.get("ruleset", "") for event in events],
        [event.hash for event in events],
        [event.prev_hash for event in events],
    )
