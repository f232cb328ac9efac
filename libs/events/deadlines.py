"""Deadlines: instants that a decision computed into its event, and the commands that make them visible.

The timer decides nothing: the command's `decide` compares its own time with the due instant, and one that is no
longer wanted does nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import asyncpg
import structlog

from libs.events.bus import CommandBus, Meta
from libs.events.clock import Clock
from libs.events.commit import StoreUnavailableError
from libs.events.contracts.base import instant_text
from libs.events.envelope import Event
from libs.events.ids import derived_command_id, fingerprint
from libs.events.leader import Lead
from libs.events.reactions import passing, service_actor
from libs.events.views import Row, View
from libs.kernel.decisions import Aggregate
from libs.kernel.refusals import Refused

log = structlog.get_logger(__name__)

AT_ONCE = 200
"""How many one turn fires."""
RETRY_SECONDS = 0.2
PATIENT_SECONDS = 5.0
"""How long one waits at first that was refused for the moment only, and how long at most."""

Wanted = Callable[[Event], Mapping[str, datetime | None]]
"""Pure: the deadlines that an event sets (an instant) or calls off (None), by name."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """What to do when a deadline of this name is due on a stream: one command, without further facts."""

    name: str
    aggregate: Aggregate
    command: Callable[[], Any]


def deadlines_view(service: str, kinds: frozenset[str], wanted: Wanted) -> View:
    """Make the view that keeps what is due, folded from the service's own events."""

    def fold(row: Row, event: Event) -> Row:
        standing = dict(row.get("wanted") or {})
        for name, due in wanted(event).items():
            if due is None:
                standing.pop(name, None)
            else:
                standing[name] = instant_text(due)
        earliest = min(standing.values(), default=None)
        return {"due": datetime.fromisoformat(earliest) if earliest else None, "wanted": standing}

    return View("deadlines", (service,), kinds, {"due": "timestamptz", "wanted": "jsonb"}, fold)


class DeadlineTimer:
    """Fires what is due, overdue ones in order of their due time, under leadership."""

    def __init__(
        self, pool: asyncpg.Pool, bus: CommandBus, clock: Clock, service: str, deadlines: Sequence[Deadline]
    ) -> None:
        self._pool = pool
        self._bus = bus
        self._clock = clock
        self._actor = service_actor(service)
        self._by_name = {deadline.name: deadline for deadline in deadlines}

    async def work(self, leadership: Lead) -> None:
        """Fire until leadership is lost."""
        while True:
            leadership.check()
            if not await self.turn():
                await asyncio.sleep(0.2)

    async def turn(self) -> int:
        """Fire what is due now and was not fired before; a clock set back fires nothing again."""
        rows = await self._pool.fetch(
            "select d.stream, w.key as name, w.value::timestamptz as due"
            " from deadlines d, jsonb_each_text(d.wanted) w, lateral ("
            # By stream: what is due later on the stream of one that waits must not come first.
            "  select max(t.next_at) as until from deadlines_waiting t"
            "  where t.stream = d.stream and (d.wanted ->> t.name)::timestamptz = t.due) waits"
            " where d.due <= $1 and w.value::timestamptz <= $1 and not exists (select from deadlines_fired f"
            "  where f.stream = d.stream and f.name = w.key and f.due = w.value::timestamptz)"
            " and (waits.until is null or waits.until <= clock_timestamp())"
            " order by waits.until nulls first, 3, 1, 2 limit $2",
            self._clock.now(),
            AT_ONCE,
        )
        fired = 0
        stuck: set[str] = set()
        for row in rows:
            if row["stream"] in stuck:
                continue
            try:
                done = await self._fire(row)
            except StoreUnavailableError:
                break  # what is due later must not come first
            if done:
                fired += 1
            else:
                stuck.add(row["stream"])
        return fired

    async def _fire(self, row: asyncpg.Record) -> bool:
        """Give the command; false when it has to be tried again, which holds up nobody else."""
        deadline = self._by_name[row["name"]]
        text = f"{row['name']} {instant_text(row['due'])}"
        command_id = derived_command_id(row["stream"], text, row["stream"])
        meta = Meta(command_id, fingerprint(text.encode()), self._actor)
        outcome, reasons = "done", None
        try:
            await self._bus.execute(deadline.aggregate, row["stream"], deadline.command(), meta)
        except Refused as refusal:
            if passing(refusal):
                log.warning("deadline waits", stream=row["stream"], name=row["name"], codes=str(refusal))
                await self._wait(row)
                return False
            outcome, reasons = "refused", [asdict(reason) for reason in refusal.reasons]
        await self._pool.execute(
            "with gone as (delete from deadlines_waiting where stream = $2 and name = $3 and due = $4)"
            " insert into deadlines_fired (id, stream, name, due, outcome, reasons) values ($1, $2, $3, $4, $5, $6)"
            " on conflict (id) do nothing",
            command_id,
            row["stream"],
            row["name"],
            row["due"],
            outcome,
            reasons,
        )
        return True

    async def _wait(self, row: asyncpg.Record) -> None:
        """Let others go first until its next time has come, which is longer off each time."""
        await self._pool.execute(
            "insert into deadlines_waiting as t (stream, name, due, next_at)"
            " values ($1, $2, $3, clock_timestamp() + $4::float8 * interval '1 second')"
            " on conflict (stream, name, due) do update set attempts = t.attempts + 1,"
            "  next_at = clock_timestamp() + least($4::float8 * t.attempts, $5::float8) * interval '1 second'",
            row["stream"],
            row["name"],
            row["due"],
            RETRY_SECONDS,
            PATIENT_SECONDS,
        )
