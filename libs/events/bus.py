"""The command bus: load, decide, append - with a state cache that never refuses wrongly."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from libs.events.clock import Clock
from libs.events.commit import GroupCommit, reaching_the_store
from libs.events.envelope import GENESIS, Cause, Event, write
from libs.events.points import point
from libs.events.sealing import EventSealer, KeyRing, persons_in
from libs.events.store import Append, Claimed, Conflict, Done, Seen, look_up, read_stream
from libs.events.tracing import sampled, span
from libs.kernel.codes import CODES
from libs.kernel.decisions import Actor, Aggregate, Claim, Context, Decision
from libs.kernel.refusals import Refused

ATTEMPTS = 4
CACHED_STREAMS = 50_000
CLAIM_CODES: dict[str, str] = {}
"""The refusal code that a taken claim means, by the claim's name; services fill it where they are wired."""

NOT_FOR_YOU = frozenset({403, 404})
"""The statuses of refusals that say that it is not for this sender; then the version is not either."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Meta:
    """What comes with a command besides what it asks: identity, sender, trace, and the version it saw."""

    command_id: UUID
    fingerprint: bytes
    actor: Actor
    correlation_id: str = ""
    causation_id: str = ""
    traceparent: str = ""
    if_version: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command did: the stream and version it wrote, and the bytes of its reply.

    `body` is None when the command was done so long ago that its reply was forgotten. `replayed` is true when
    it had been done before.
    """

    stream: str
    version: int
    body: bytes | None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """A stream as folded."""

    state: Any
    version: int
    hash: bytes
    recorded: datetime


@dataclass(frozen=True, slots=True)
class _Flight:
    """A command on its way, for its concurrent twins to wait for."""

    fingerprint: bytes
    landed: asyncio.Future[Reply]


@dataclass(frozen=True, slots=True)
class _Unwritten:
    """An answer of a command that wrote nothing: final only after a look at the store."""

    answer: Reply | Refused


class _Turns:
    """One command at a time for each stream, in order of arrival."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}

    async def enter(self, stream: str) -> None:
        queue = self._queues.get(stream)
        if queue is None:
            self._queues[stream] = deque()
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(stream)
            else:
                queue.remove(turn)
            raise

    def leave(self, stream: str) -> None:
        queue = self._queues[stream]
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._queues[stream]


class CommandBus:
    """Decides commands and appends what they cause.

    A warm command costs one round trip: its state comes from the cache and is checked by the append's expected
    version. A conflict reloads and decides again. An answer that writes nothing - a refusal, a claim that is
    taken, nothing to do - is final only after one read has shown that the command id is unknown and that the
    stream had not moved.
    """

    def __init__(self, pool: asyncpg.Pool, commit: GroupCommit, clock: Clock, keys: KeyRing) -> None:
        self._pool = pool
        self._commit = commit
        self._clock = clock
        self._keys = keys
        self._cache: OrderedDict[str, Loaded] = OrderedDict()
        self._turns = _Turns()
        self._flying: dict[UUID, _Flight] = {}
        self.listeners: list[Callable[[Append], None]] = []

    async def execute(self, aggregate: Aggregate, stream: str, command: Any, meta: Meta, *, new: bool = False) -> Reply:
        """Decide one command on one stream.

        `new` says that the stream should not exist yet: the command is decided without reading it first, as if
        the empty state came from the cache. Where that is wrong, it is found out as a stale cache is.

        Raises
        ------
        Refused
            The command changes nothing; every reason is in it.
        StoreUnavailableError
            The store did not answer; the same command id will tell later whether it was written.
        """
        while (first := self._flying.get(meta.command_id)) is not None:
            reply = await _as_twin(first, meta)
            if reply is not None:
                return reply
        landed: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._flying[meta.command_id] = _Flight(meta.fingerprint, landed)
        try:
            await self._turns.enter(stream)
            try:
                if sampled(meta.traceparent):
                    with span(f"append {type(command).__name__}", meta.traceparent) as inner:
                        within = replace(meta, traceparent=inner)
                        reply = await self._decide_and_append(aggregate, stream, command, within, new=new)
                else:
                    reply = await self._decide_and_append(aggregate, stream, command, meta, new=new)
            finally:
                self._turns.leave(stream)
        except Exception as error:
            landed.set_exception(error)
            landed.exception()  # nobody may be waiting; that is no error
            raise
        except BaseException:
            landed.cancel()
            raise
        else:
            landed.set_result(reply)
            return reply
        finally:
            del self._flying[meta.command_id]

    async def load(self, aggregate: Aggregate, stream: str) -> Loaded:
        """Fold a stream from the store, starting from the cached state where there is one.

        Raises
        ------
        StoreUnavailableError
            The store did not answer.
        """
        with reaching_the_store():
            known = await self._fold_newer(aggregate, stream)
        self._remember(stream, known)
        return known

    async def _fold_newer(self, aggregate: Aggregate, stream: str) -> Loaded:
        known = self._cache.get(stream) or _empty(aggregate)
        for event in await read_stream(self._pool, stream, known.version):
            if event.prev_hash != known.hash:
                # What is cached is no longer what is stored, or the store was tampered with: start over once.
                return await self._fold_all(aggregate, stream)
            known = _fold(aggregate, known, event)
        return known

    async def _fold_all(self, aggregate: Aggregate, stream: str) -> Loaded:
        known = _empty(aggregate)
        for event in await read_stream(self._pool, stream):
            if event.prev_hash != known.hash:
                msg = f"{stream} is broken at version {event.version}: prevhash does not fit"
                raise ChainBrokenError(msg)
            known = _fold(aggregate, known, event)
        return known

    async def _decide_and_append(
        self, aggregate: Aggregate, stream: str, command: Any, meta: Meta, *, new: bool
    ) -> Reply:
        loaded = self._cache.get(stream)
        if loaded is None:
            loaded = _empty(aggregate) if new else await self.load(aggregate, stream)
        for _ in range(ATTEMPTS):
            reply = await self._attempt(aggregate, stream, command, loaded, meta)
            if isinstance(reply, _Unwritten):
                with reaching_the_store():
                    seen, version = await look_up(self._pool, meta.command_id, stream)
                if seen is not None:
                    return _replay(meta, _reply_of(seen), seen.fingerprint)
                if version == loaded.version:
                    return _final(reply)
            elif reply is not None:
                return reply
            loaded = await self.load(aggregate, stream)
        raise Refused.one("WRITE_CONFLICT", facts={"attempts": ATTEMPTS})

    async def _attempt(
        self, aggregate: Aggregate, stream: str, command: Any, loaded: Loaded, meta: Meta
    ) -> Reply | _Unwritten | None:
        """Decide once on a state that may be stale, and append; None after a conflict."""
        context = Context(self._clock.now(), meta.actor, meta.command_id)
        try:
            aggregate.admit(loaded.state, meta.actor)
            decision = _decided(aggregate, loaded, command, context, meta)
            if not decision.events:
                body = orjson.dumps({**decision.reply, "version": loaded.version})
                return _Unwritten(Reply(stream, loaded.version, body))
            append, after = await self._prepare(aggregate, stream, loaded, decision, context, meta)
        except Refused as refusal:
            return _Unwritten(refusal)
        point("before-append")
        outcome = await self._commit.append(append)
        point("after-append")
        match outcome:
            case Done():
                self._remember(stream, after)
                for listener in self.listeners:
                    listener(append)
                return Reply(stream, append.version, append.response)
            case Seen():
                return _replay(meta, _reply_of(outcome), outcome.fingerprint)
            case Claimed(claim):
                return _Unwritten(_claimed(claim))
            case Conflict():
                return None

    async def _prepare(
        self, aggregate: Aggregate, stream: str, loaded: Loaded, decision: Decision, context: Context, meta: Meta
    ) -> tuple[Append, Loaded]:
        persons = persons_in(decision.events)
        keys = await self._keys.fetch(persons) if persons else {}
        if persons - keys.keys():
            raise Refused.one("FORBIDDEN_ACTOR", facts={"erased": True})
        command_id = str(meta.command_id)
        cause = Cause(
            command_id=command_id,
            actor_id=meta.actor.id,
            actor_role=meta.actor.role,
            actor_unit=meta.actor.unit,
            correlation_id=meta.correlation_id or command_id,
            causation_id=meta.causation_id or command_id,
            traceparent=meta.traceparent,
        )
        events: list[Event] = []
        now = loaded
        for payload in decision.events:
            event = write(
                payload,
                stream=stream,
                version=now.version + 1,
                time=context.now,
                recorded=max(context.now, now.recorded),
                prev_hash=now.hash,
                cause=cause,
                ruleset=decision.ruleset,
                sealer=lambda event_id: EventSealer(event_id, keys),
            )
            # The state holds what a reader of the record would see: sealed fields sealed.
            state = aggregate.evolve(now.state, event.payload if persons else payload, event)
            now = Loaded(state, event.version, event.hash, event.recorded)
            events.append(event)
        body = {
            "id": stream.partition("-")[2],
            **decision.reply,
            "version": now.version,
            "etag": etag(now.version, now.hash),
        }
        append = Append(
            command_id=meta.command_id,
            fingerprint=meta.fingerprint,
            stream=stream,
            expected=loaded.version,
            events=tuple(events),
            response=orjson.dumps(body),
            claims=decision.claims,
            releases=decision.releases,
            rows=decision.rows,
        )
        return append, now

    def _remember(self, stream: str, loaded: Loaded) -> None:
        if loaded.version == 0:
            return
        self._cache[stream] = loaded
        self._cache.move_to_end(stream)
        if len(self._cache) > CACHED_STREAMS:
            self._cache.popitem(last=False)


class ChainBrokenError(RuntimeError):
    """A stream's hash chain does not hold: the store was altered."""


def etag(version: int, digest: bytes) -> str:
    """Write a row's ETag: version and the first half of its hash."""
    return f'"{version}.{digest[:16].hex()}"'


def _empty(aggregate: Aggregate) -> Loaded:
    return Loaded(aggregate.initial, 0, GENESIS, EPOCH)


def _fold(aggregate: Aggregate, known: Loaded, event: Event) -> Loaded:
    state = aggregate.evolve(known.state, event.payload, event)
    return Loaded(state, event.version, event.hash, event.recorded)


async def _as_twin(first: _Flight, meta: Meta) -> Reply | None:
    """Wait for the first with this command id and get the same bytes; None when its fate says nothing of ours."""
    await asyncio.wait([first.landed])
    if first.landed.cancelled():
        return None  # its caller went away; ours has not
    error = first.landed.exception()
    if error is None:
        return _replay(meta, first.landed.result(), first.fingerprint)
    if first.fingerprint == meta.fingerprint:
        raise error
    return None


def _decided(aggregate: Aggregate, loaded: Loaded, command: Any, context: Context, meta: Meta) -> Decision:
    """Decide on the version that the sender saw; a stale one is told before the state, and after who may not."""
    if meta.if_version in (None, loaded.version):
        return aggregate.decide(loaded.state, command, context)
    stale = Refused.one("STALE_VERSION", facts={"given": meta.if_version, "current": loaded.version})
    try:
        aggregate.decide(loaded.state, command, context)
    except Refused as refusal:
        if any(CODES[reason.code].status in NOT_FOR_YOU for reason in refusal.reasons):
            raise
    raise stale


def _final(unwritten: _Unwritten) -> Reply:
    if isinstance(unwritten.answer, Refused):
        raise unwritten.answer
    return unwritten.answer


def _replay(meta: Meta, reply: Reply, fingerprint: bytes) -> Reply:
    if fingerprint != meta.fingerprint:
        raise Refused.one("IDEMPOTENCY_KEY_REUSED")
    return Reply(reply.stream, reply.version, reply.body, replayed=True)


def _reply_of(seen: Seen) -> Reply:
    return Reply(seen.stream, seen.version, seen.response)


def _claimed(claim: Claim) -> Refused:
    # The claim's value may be personal (a blind index); only its name is told.
    return Refused.one(CLAIM_CODES.get(claim.name, "WRITE_CONFLICT"), facts={"claim": claim.name})
