"""Reading as someone: one transaction under row-level security, of one snapshot, and never of a half-built view."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from libs.events.commit import reaching_the_store
from libs.events.reading import POLL_SECONDS, Token, serving, wait_for
from libs.kernel.refusals import Refused
from libs.web.spine import Spine
from services.gateway.access.viewer import Viewer
from services.gateway.query import Statement
from services.gateway.views.resources import RESOURCES

ACQUIRE_SECONDS: Final = 5.0
WAKE_SECONDS: Final = 0.5
"""How long a waiting reader sleeps at most; where the projection runs in another process nothing wakes it."""

# In one statement, and so in one round trip. What only the login may read is read before the role is set.
_BECOME: Final = """
with before as materialized (
    select (select state from views where view = $7) as state, store_gate() as gate)
select state, gate,
    set_config('zhicheng.roles', $1, true), set_config('zhicheng.person', $2, true),
    set_config('zhicheng.unit', $3, true), set_config('zhicheng.district', $4, true),
    set_config('zhicheng.now', $5, true), set_config('role', $6, true)
from before
"""
_NAMES: Final = """
select stream, label as name from resources where stream = any($1) and label is not null
union all
select stream, name from person_names where stream = any($1)
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """A transaction that sees what one caller may see, and changes nothing.

    `gate` is the tick below which the feed is settled in its snapshot.
    """

    connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
    gate: int

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> list[asyncpg.Record]:
        """Run a statement, the caller's parameters among its values."""
        if statement.anew:
            await self.connection.execute("set local plan_cache_mode = force_custom_plan")
        return await self.connection.fetch(statement.text, *statement.arguments(values))

    async def names(self, streams: Iterable[str]) -> dict[str, str]:
        """Give what units are called, and the sealed names of persons, where the caller may read them."""
        wanted = sorted(set(streams))
        if not wanted:
            return {}
        rows = await self.connection.fetch(_NAMES, wanted)
        return {row["stream"]: row["name"] for row in rows if row["name"]}


@asynccontextmanager
async def as_viewer(spine: Spine, viewer: Viewer) -> AsyncGenerator[Reader]:
    """Read as this caller.

    Raises
    ------
    Refused
        PROJECTION_LAG while the view is being rebuilt.
    StoreUnavailableError
        The database did not answer.
    """
    who = (
        ",".join(sorted(viewer.roles)),
        viewer.person,
        viewer.unit,
        viewer.district,
        viewer.now.isoformat(),
        spine.database.reader,
        RESOURCES.name,
    )
    with reaching_the_store():
        for _ in range(2):
            async with (
                spine.pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
                # One snapshot: whether the view serves holds for everything that is read after it.
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                row = await connection.fetchrow(_BECOME, *who)
                if row["state"] in {None, "serving"}:
                    yield Reader(connection, row["gate"])
                    return
            # A rebuilt view serves again as soon as somebody sees that it has read everything.
            if not await serving(spine.pool, RESOURCES.name):
                break
        raise Refused.one("PROJECTION_LAG", facts={"view": RESOURCES.name})


async def caught_up(spine: Spine, text: str, seconds: float) -> None:
    """Wait until the view has folded what a consistency token names.

    Raises
    ------
    Refused
        PROJECTION_LAG, PROJECTION_PARKED; SCHEMA_INVALID for a token of no stream that is shown here.
    """
    token = Token.parse(text)
    if token.stream.partition("-")[0] not in RESOURCES.kinds:
        raise Refused.one("SCHEMA_INVALID", facts={"header": "Consistency-Token"})
    try:
        with reaching_the_store():
            await wait_for(spine.pool, RESOURCES.name, RESOURCES.name, token, seconds)
    except Refused as refusal:
        if not refusal.reasons[0].code.startswith("PROJECTION"):
            raise
        # Not how far the stream is: a ballot's version says how many have voted.
        raise Refused.one(refusal.reasons[0].code, facts={"wanted": str(token)}) from None


async def in_feed(spine: Spine, text: str, seconds: float) -> None:
    """Wait until the feed shows what a consistency token names: folded, and settled below the gate.

    Raises
    ------
    Refused
        PROJECTION_LAG when it has not come in time.
    """
    token, until = Token.parse(text), time.monotonic() + seconds
    while True:
        with reaching_the_store():
            open_still = await spine.pool.fetchval(
                "select exists (select from history where stream = $1 and version = $2 and tick >= store_gate())",
                token.stream,
                token.version,
            )
        if not open_still:
            return
        if time.monotonic() >= until:
            raise Refused.one("PROJECTION_LAG", facts={"wanted": str(token)})
        await asyncio.sleep(POLL_SECONDS)


async def something_new(spine: Spine, until: float) -> bool:
    """Wait until the view has changed, or `until` (monotonic) has come; tell whether to look again."""
    left = until - time.monotonic()
    if left <= 0:
        return False
    sink = spine.sinks[RESOURCES.name]
    try:
        async with asyncio.timeout(min(left, WAKE_SECONDS)):
            async with sink.changed:
                await sink.changed.wait()
    except TimeoutError:
        pass
    return True
