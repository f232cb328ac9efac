"""Reactions: other streams' events become commands of this service, through the ordinary bus.

The command owed is recorded in the transaction that moves the offset, with a deterministic id; so it is given
exactly once, whatever is killed. Topics are ordered by stream, not across streams: what comes early waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from libs.events.bus import CommandBus, Meta
from libs.events.contracts.base import registry
from libs.events.envelope import Event
from libs.events.ids import derived_command_id, fingerprint
from libs.events.leader import Lead
from libs.events.points import point
from libs.events.views import View, ViewSink
from libs.kernel.codes import CODES
from libs.kernel.decisions import Actor, Aggregate
from libs.kernel.refusals import Refused
from libs.kernel.terms import Role

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0
EARLY_SECONDS = 120
"""How long an illegal transition may still only be early; after that it is recorded as refused, and an operator who
ended a longer outage of another topic has it tried again (`zhicheng dead-letters retry`)."""
ALARM_SECONDS = 30
SERVICE_UNAVAILABLE = 503


Build = Callable[[Event, str], Awaitable[Any]]
Targets = Callable[[Event], Sequence[str]] | Callable[[Event], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Reaction:
    """One event type that causes commands.

    Parameters
    ----------
    name
        Part of the command's id: never changed once deployed.
    on
        The payload type that causes it.
    aggregate
        The kind of stream it goes to.
    targets
        The streams that the event concerns, as the event says it or as this service's database knows it.
    build
        Gives the command for one target, reading what it needs; raises `NotYetError` when that has not come.
    alone
        It asks an outside system: it waits for no other reaction, and none waits for it.
    """

    name: str
    on: str
    aggregate: Aggregate
    targets: Targets
    build: Build
    alone: bool = False


def service_actor(service: str) -> Actor:
    """Act as a service, on nobody's behalf."""
    return Actor(id=f"service:{service}", role=Role.SYSTEM)


class ReactionSink(ViewSink):
    """Records the commands that a batch of events owes.

    Raises
    ------
    ValueError
        For a reaction to an event of a service that is not listened to: it would never be owed anything.
    """

    def __init__(
        self, service: str, services: Sequence[str], reactions: Sequence[Reaction], kinds: frozenset[str]
    ) -> None:
        view = View("reaction_streams", tuple(services), kinds, {}, lambda row, _: row)
        super().__init__(view, f"{service}_reactions")
        self.by_name = {reaction.name: reaction for reaction in reactions}
        self._by_type: dict[str, list[Reaction]] = {}
        for reaction in reactions:
            spoken = registry.current.get(reaction.on)
            if spoken is None or spoken.service not in services:
                msg = f"reaction {reaction.name} waits for {reaction.on}, which nobody says to whom {service} listens"
                raise ValueError(msg)
            self._by_type.setdefault(reaction.on, []).append(reaction)
        self.owed = asyncio.Event()

    async def effects(self, connection: asyncpg.Connection, events: list[Event]) -> None:
        """Record the commands owed as waiting."""
        rows = [
            (derived_command_id(event.id, reaction.name, target), reaction.name, target, event.stream, event.record)
            for event in events
            for reaction in self._by_type.get(event.type, ())
            for target in await _targets(reaction, event)
        ]
        if rows:
            await connection.executemany(
                "insert into reactions (id, reaction, target, source, event) values ($1, $2, $3, $4, $5)"
                " on conflict (id) do nothing",
                rows,
            )

    async def applied(self, records: Any) -> None:
        """Wake the executor."""
        await super().applied(records)
        self.owed.set()


async def _targets(reaction: Reaction, event: Event) -> Sequence[str]:
    found = reaction.targets(event)
    return await found if isinstance(found, Awaitable) else found


class ReactionExecutor:
    """Gives the commands owed, in order for each source and target, under leadership."""

    def __init__(self, pool: asyncpg.Pool, bus: CommandBus, service: str, sink: ReactionSink) -> None:
        self._pool = pool
        self._bus = bus
        self._sink = sink
        self._actor = service_actor(service)
        self._alone = [name for name, reaction in sink.by_name.items() if reaction.alone]
        self._asking: dict[UUID, asyncio.Task[bool]] = {}

    async def work(self, leadership: Lead) -> None:
        """Execute what is owed until leadership is lost."""
        try:
            while True:
                leadership.check()
                self._sink.owed.clear()
                if not await self.turn():
                    with suppress(TimeoutError):
                        async with asyncio.timeout(0.25):
                            await self._sink.owed.wait()
        finally:
            for task in self._asking.values():
                task.cancel()

    async def turn(self) -> int:
        """Try everything that is due; give how many commands found their outcome, but for those that go alone."""
        rows = await self._pool.fetch(
            "select id, reaction, target, source, event, attempts, since from reactions r"
            " where outcome = 'waiting' and next_at <= clock_timestamp() and r.id <> all($2::uuid[])"
            " and (r.reaction = any($1::text[]) or not exists ("
            "  select from reactions e where e.outcome = 'waiting' and e.source = r.source and e.target = r.target"
            "  and e.seq < r.seq and e.next_at > clock_timestamp() and e.reaction <> all($1::text[])))"
            " order by seq limit 500",
            self._alone,
            list(self._asking),
        )
        groups: dict[tuple[str, str], list[asyncpg.Record]] = {}
        for row in rows:
            if row["reaction"] in self._alone:
                self._ask(row)
            else:
                groups.setdefault((row["source"], row["target"]), []).append(row)
        return sum(await asyncio.gather(*(self._in_order(group) for group in groups.values())))

    def _ask(self, row: asyncpg.Record) -> None:
        """Execute one that goes alone, beside the others: whom it asks may take its time."""
        task = asyncio.create_task(self._execute(row))
        self._asking[row["id"]] = task
        task.add_done_callback(lambda done: self._asked(row["id"], done))

    def _asked(self, command: UUID, done: asyncio.Task[bool]) -> None:
        self._asking.pop(command, None)
        if not done.cancelled() and (error := done.exception()) is not None:
            # Its outcome could not be recorded: it is still owed, and tried again.
            log.warning("reaction not recorded", error=repr(error))

    async def _in_order(self, rows: list[asyncpg.Record]) -> int:
        for number, row in enumerate(rows):
            if not await self._execute(row):
                return number
        return len(rows)

    async def _execute(self, row: asyncpg.Record) -> bool:
        point("before-reaction")
        try:
            await self._command(row)
        except Refused as refusal:
            age = (datetime.now(UTC) - row["since"]).total_seconds()
            early = any(reason.code == "ILLEGAL_TRANSITION" for reason in refusal.reasons) and age < EARLY_SECONDS
            if early or passing(refusal):
                await self._wait(row, str(refusal))
                return False
            log.warning("reaction refused", reaction=row["reaction"], target=row["target"], codes=str(refusal))
            await self._record(row, "refused", [asdict(reason) for reason in refusal.reasons])
        except Exception as error:  # noqa: BLE001 - whatever failed, the command is owed, and must not hold up others
            await self._wait(row, repr(error))
            return False
        else:
            point("after-reaction")
            await self._record(row, "done", None)
        return True

    async def _command(self, row: asyncpg.Record) -> None:
        event = Event(row["event"])
        reaction = self._sink.by_name[row["reaction"]]
        meta = Meta(
            command_id=row["id"],
            fingerprint=fingerprint(event.hash, row["reaction"].encode(), row["target"].encode()),
            actor=self._actor,
            correlation_id=event.attributes["correlationid"],
            causation_id=event.id,
            traceparent=event.attributes.get("traceparent", ""),
        )
        command = await reaction.build(event, row["target"])
        await self._bus.execute(reaction.aggregate, row["target"], command, meta)

    async def _wait(self, row: asyncpg.Record, why: str) -> None:
        age = (datetime.now(UTC) - row["since"]).total_seconds()
        if age > ALARM_SECONDS:
            log.error("reaction waits", reaction=row["reaction"], target=row["target"], seconds=age, why=why)
        pause = timedelta(seconds=RETRY_SECONDS if row["attempts"] > 3 else RETRY_SECONDS / 10)  # noqa: PLR2004
        await self._pool.execute(
            "update reactions set attempts = attempts + 1, next_at = clock_timestamp() + $2 where id = $1",
            row["id"],
            pause,
        )

    async def _record(self, row: asyncpg.Record, outcome: str, reasons: Any) -> None:
        await self._pool.execute(
            "update reactions set outcome = $2, reasons = $3, attempts = attempts + 1 where id = $1",
            row["id"],
            outcome,
            reasons,
        )


async def stuck_reactions(pool: asyncpg.Pool) -> list[asyncpg.Record]:
    """List the commands that are owed and were not done: refused for good, with the codes of their reasons, or waiting.

    One waits that has been tried for longer than it takes to be an alarm; why stands in the service's log.
    """
    return await pool.fetch(
        "select id, reaction, target, source, event, since, outcome, attempts,"
        " (select string_agg(r->>'code', ' ') from jsonb_array_elements(reasons) r) as codes"
        " from reactions where outcome = 'refused'"
        " or outcome = 'waiting' and attempts > 0 and since < clock_timestamp() - $1 * interval '1 second'"
        " order by seq",
        ALARM_SECONDS,
    )


async def owe_again(pool: asyncpg.Pool, ids: Sequence[UUID] | None = None) -> int:
    """Let refused commands be tried again, as if their events had just come; give how many.

    Without `ids`, only those that may have come too early: all their reasons are an illegal transition. What was
    refused for the matter (a ban, a missing right) would be done by itself once that has passed: somebody names it.
    """
    return await pool.fetchval(
        "with again as (update reactions set outcome = 'waiting', reasons = null, attempts = 0,"
        "  next_at = clock_timestamp(), since = clock_timestamp() where outcome = 'refused' and case"
        "   when $1::uuid[] is null then jsonb_path_exists(reasons, '$[*]')"
        "    and not jsonb_path_exists(reasons, '$[*] ? (@.code != \"ILLEGAL_TRANSITION\")')"
        "   else id = any($1) end returning 1)"
        " select count(*) from again",
        ids,
    )


def passing(refusal: Refused) -> bool:
    """Tell whether a refusal says nothing of the command, only of the moment: it is tried again."""
    codes = {reason.code for reason in refusal.reasons}
    return "WRITE_CONFLICT" in codes or any(CODES[code].status == SERVICE_UNAVAILABLE for code in codes)


def to_one(kind: str, member: str) -> Callable[[Event], Sequence[str]]:
    """Target the one stream that a member of the event's data names."""
    return lambda event: (f"{kind}-{event.data[member]}",)


def to_all(kind: str, member: str) -> Callable[[Event], Sequence[str]]:
    """Target every stream that a list in the event's data names."""
    return lambda event: [f"{kind}-{identity}" for identity in event.data[member]]
