"""What every resource asks first: does it exist, and does it belong to the caller's unit."""

from __future__ import annotations

from collections.abc import Iterator

from libs.events.bus import Loaded
from libs.kernel.decisions import Aggregate
from libs.kernel.refusals import Reason, Refused
from libs.web.calls import Call


async def present(call: Call, aggregate: Aggregate, name: str) -> Loaded:
    """Read the stream that the path names; NOT_FOUND where there is none."""
    loaded = await call.load(aggregate, call.id(name))
    if loaded.version == 0:
        raise Refused.one("NOT_FOUND")
    return loaded


def own_unit(call: Call, unit: str) -> Iterator[Reason]:
    """Give `FORBIDDEN_ACTOR` for who belongs to another unit (§7)."""
    if call.actor.unit != unit:
        yield Reason("FORBIDDEN_ACTOR", "§7", facts={"unit": call.actor.unit}, change={"needed": {"unit": unit}})
