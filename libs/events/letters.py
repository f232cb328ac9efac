"""How many records are held or parked, and whether one has been held for too long."""

from __future__ import annotations

from typing import Any, NamedTuple

import structlog

log = structlog.get_logger(__name__)

HELD_SECONDS = 30
"""How long a record may wait for its predecessor before that is an alarm."""


class LettersOf(NamedTuple):
    """What a view could not apply."""

    view: str
    held: int
    parked: int
    oldest_held: float
    """Seconds that the oldest held record has waited."""


async def letters_by_view(pool: Any) -> list[LettersOf]:
    """Count what each view holds or has parked; a view without any is not named."""
    rows = await pool.fetch(
        "select view, count(*) filter (where kind = 'held') as held, count(*) filter (where kind = 'parked') as parked,"
        " coalesce(extract(epoch from max(clock_timestamp() - since) filter (where kind = 'held')), 0)::float8 as age"
        " from letters group by view order by view"
    )
    return [LettersOf(*row) for row in rows]


async def alarm_held(pool: Any) -> None:
    """Log an error for each view that has held a record for too long."""
    for one in await letters_by_view(pool):
        if one.oldest_held > HELD_SECONDS:
            log.error("records are held", view=one.view, records=one.held, seconds=one.oldest_held)
