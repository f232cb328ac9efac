"""Reading topics with an exactly-once effect: offset and effect in one transaction of our own database.

The offset's compare-and-set comes first in the transaction and alone makes the effect exactly once; seeking on
assignment only saves work. Kafka's group gives out partitions; the offsets committed to it are for the tools
that watch lag, and nothing reads them back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import asyncpg
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from libs.events.canonical import digest
from libs.events.database import transaction
from libs.events.points import point
from libs.events.tracing import passed

log = structlog.get_logger(__name__)

MAX_RECORDS = 6000
STALLED_SECONDS = 60
WATCH_SECONDS = 5
STOP_SECONDS = 10
RETRY_SECONDS = 0.2
FENCED_SECONDS = 0.05
"""How long to leave the view to whoever has it: another member, or a rebuild."""
COMMIT_EVERY_SECONDS = 1.0
BUSY = 16
CATCHING_UP = 1000
PACE_SECONDS = 0.01
"""How long to wait after a batch that shows that many are appending: one larger batch costs less than two small ones.
Nothing waits while it catches up."""


class Incoming(NamedTuple):
    """One record from a topic; a tuple, since a hundred thousand are made a second."""

    topic: str
    partition: int
    offset: int
    stream: str
    value: bytes

    @property
    def kind(self) -> str:
        """The stream's kind."""
        return self.stream.partition("-")[0]


class Sink(Protocol):
    """What is done with records: one transaction a batch."""

    @property
    def name(self) -> str:
        """The name under which offsets are kept; with the prefix it is also the consumer group."""
        ...

    def concerns(self, records: list[Incoming]) -> bool:
        """Tell whether any record of a batch can have an effect here; a batch without is passed over."""
        ...

    async def apply(self, connection: asyncpg.Connection, records: list[Incoming]) -> None:
        """Bring a batch into the database, inside the transaction that moves the offsets."""
        ...

    async def applied(self, records: list[Incoming]) -> None:
        """Take note that a batch is committed."""
        ...


class FencedError(Exception):
    """The stored offset is not where this batch begins: another member has it, or the view was rebuilt."""


@dataclass(slots=True)
class _Position:
    """What must be true of the next record of a positioned partition."""

    next: int
    stored: int
    """What the database says is next: less than `next` while what has no effect here is passed over, and stored
    together with the next batch that has one, or within a second."""
    proof: bytes | None = None
    """The hash of the record before `next`, until it has been read back and compared."""
    passed: Incoming | None = None
    """The last record that was passed over, while `stored` is behind."""


_Move = tuple[TopicPartition, int, Incoming]
"""A partition, what must be stored as its next offset, and the last record that is done."""


class _Partitions(ConsumerRebalanceListener):
    """Which partitions are ours and positioned. Its callbacks do no I/O and share nothing that waits."""

    def __init__(self) -> None:
        self.unpositioned: set[TopicPartition] = set()
        self.positions: dict[TopicPartition, _Position] = {}

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        for partition in revoked:
            self.unpositioned.discard(partition)
            self.positions.pop(partition, None)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.unposition(assigned)

    def unposition(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            self.positions.pop(partition, None)
            self.unpositioned.add(partition)

    def moved(self, moves: list[_Move]) -> None:
        """Take note that the database has moved on, for those partitions that are still ours."""
        for partition, _, last in moves:
            position = self.positions.get(partition)
            if position is not None:
                position.next = position.stored = last.offset + 1
                position.passed = None


@dataclass(slots=True)
class ConsumerState:
    """What a consumer tells its metrics and its watchdog."""

    polled_at: float = field(default_factory=time.monotonic)
    records: int = 0
    batches: int = 0
    fenced: int = 0
    restarts: int = 0


class TopicConsumer:
    """One member of a sink's group."""

    def __init__(self, pool: asyncpg.Pool, bootstrap: str, group: str, topics: list[str], sink: Sink) -> None:
        self._pool = pool
        self._bootstrap = bootstrap
        self._group = group
        self._topics = topics
        self._sink = sink
        self.state = ConsumerState()

    @property
    def sink_name(self) -> str:
        """The sink's name, for metrics."""
        return self._sink.name

    async def run(self) -> None:
        """Consume for ever; a watchdog starts a consumer anew that no longer polls."""
        backoff = 0.1
        while True:
            began = self.state.polled_at = time.monotonic()
            working = asyncio.ensure_future(self._consume())
            try:
                while not working.done():
                    await asyncio.wait({working}, timeout=WATCH_SECONDS)
                    if not working.done() and time.monotonic() - self.state.polled_at > STALLED_SECONDS:
                        log.error("consumer stalled", sink=self._sink.name)
                        break
                if working.done():
                    working.result()
            except Exception as error:  # noqa: BLE001 - everything is retried for ever
                log.warning("consumer failed", sink=self._sink.name, error=repr(error))
            finally:
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)
            self.state.restarts += 1
            backoff = 0.1 if time.monotonic() - began > STALLED_SECONDS else min(backoff * 2, 2)
            await asyncio.sleep(backoff)

    async def _consume(self) -> None:
        mine = _Partitions()
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=250,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            max_poll_interval_ms=300_000,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
        )
        consumer.subscribe(self._topics, listener=mine)
        committed_at = time.monotonic()
        try:
            await consumer.start()
            while True:
                self.state.polled_at = time.monotonic()
                try:
                    if mine.unpositioned:
                        await self._position(consumer, mine)
                    if time.monotonic() - committed_at > COMMIT_EVERY_SECONDS:
                        committed_at = time.monotonic()
                        await _tell_group(consumer, mine)
                        await self._store_passed(mine)
                        await self._compare(mine)
                except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                    log.warning("no offsets, retrying", sink=self._sink.name, error=repr(error))
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                try:
                    fetched = await consumer.getmany(timeout_ms=200, max_records=MAX_RECORDS)
                except (NoOffsetForPartitionError, OffsetOutOfRangeError) as error:
                    # No failures: a partition that has not been sought yet, or one whose topic was replaced.
                    mine.unposition(_partitions_of(error))
                    continue
                accepted, replaced = self._accept(fetched, mine)
                for partition in replaced:
                    await self._start_over(partition)
                if accepted:
                    await self._process(accepted, mine)
                    if BUSY <= sum(map(len, accepted.values())) < CATCHING_UP:
                        await asyncio.sleep(PACE_SECONDS)
        finally:
            # A broker that is away must not keep the watchdog from starting anew.
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await consumer.stop()

    async def _position(self, consumer: AIOKafkaConsumer, mine: _Partitions) -> None:
        wanted = sorted(mine.unpositioned & consumer.assignment())
        if not wanted:
            mine.unpositioned &= consumer.assignment()
            return
        stored = await self._stored()
        ends = await consumer.end_offsets(wanted)
        for partition in wanted:
            if partition not in mine.unpositioned or partition not in consumer.assignment():
                continue  # taken away while we asked
            row = stored.get(partition)
            following = row["next"] if row else 0
            if following > ends[partition]:
                await self._start_over(partition)
                following = 0
            if following:
                # The record before is read back first: if it is another one, the topic was replaced.
                mine.positions[partition] = _Position(following, following, row["last_hash"] if row else None)
                consumer.seek(partition, following - 1)
            else:
                mine.positions[partition] = _Position(0, 0)
                consumer.seek(partition, 0)
            mine.unpositioned.discard(partition)

    async def _stored(self) -> dict[TopicPartition, asyncpg.Record]:
        rows = await self._pool.fetch(
            "select topic, partition, next, last_hash from offsets where view = $1", self._sink.name
        )
        return {TopicPartition(row["topic"], row["partition"]): row for row in rows}

    async def _compare(self, mine: _Partitions) -> None:
        """Notice a rebuild, or another member's progress, also where no record comes to be fenced."""
        stored = await self._stored()
        mine.unposition(
            [
                partition
                for partition, position in mine.positions.items()
                if position.stored != (stored[partition]["next"] if partition in stored else 0)
            ]
        )

    def _accept(
        self, fetched: dict[TopicPartition, list[Any]], mine: _Partitions
    ) -> tuple[dict[TopicPartition, list[Incoming]], list[TopicPartition]]:
        accepted: dict[TopicPartition, list[Incoming]] = {}
        replaced: list[TopicPartition] = []
        for partition, records in fetched.items():
            position = mine.positions.get(partition)
            if position is None:
                continue  # unpositioned: fetched before we had sought
            rest = records
            if position.proof is not None:
                if records[0].offset != position.next - 1 or digest(records[0].value or b"") != position.proof:
                    log.warning("topic was replaced", sink=self._sink.name, partition=partition.partition)
                    mine.unposition([partition])
                    replaced.append(partition)
                    continue
                position.proof = None
                rest = records[1:]
            if not rest:
                continue
            if rest[0].offset != position.next:
                mine.unposition([partition])
                continue
            accepted[partition] = [
                Incoming(partition.topic, partition.partition, record.offset, _stream_of(record), record.value or b"")
                for record in rest
            ]
        return accepted, replaced

    async def _process(self, accepted: dict[TopicPartition, list[Incoming]], mine: _Partitions) -> None:
        partitions = sorted(accepted.keys() & mine.positions.keys())
        records = [record for partition in partitions for record in accepted[partition]]
        if not self._sink.concerns(records):
            for partition in partitions:
                position = mine.positions[partition]
                position.passed = accepted[partition][-1]
                position.next = position.passed.offset + 1
            self.state.records += len(records)
            return
        moves = [(partition, mine.positions[partition].stored, accepted[partition][-1]) for partition in partitions]
        began = time.time_ns()
        try:
            async with transaction(self._pool) as connection:
                await self._advance(connection, moves)
                await self._sink.apply(connection, records)
                point("before-view-commit")
        except FencedError:
            self.state.fenced += 1
            mine.unposition(partitions)
            await asyncio.sleep(FENCED_SECONDS)
            return
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            log.warning("batch failed, retrying", sink=self._sink.name, error=repr(error))
            mine.unposition(partitions)
            await asyncio.sleep(RETRY_SECONDS)
            return
        point("after-view-commit")
        mine.moved(moves)
        self.state.records += len(records)
        self.state.batches += 1
        passed(f"project {self._sink.name}", (record.value for record in records), began)
        await self._sink.applied(records)

    async def _store_passed(self, mine: _Partitions) -> None:
        """Store how far was read past records that have no effect here."""
        moves = sorted(
            (partition, position.stored, position.passed)
            for partition, position in mine.positions.items()
            if position.passed is not None
        )
        if not moves:
            return
        try:
            async with transaction(self._pool) as connection:
                await self._advance(connection, moves)
        except FencedError:
            self.state.fenced += 1
            mine.unposition([partition for partition, _, _ in moves])
            return
        mine.moved(moves)

    async def _advance(self, connection: asyncpg.Connection, moves: list[_Move]) -> None:
        moved = await connection.fetchval(
            "select advance_offsets($1, $2, $3, $4, $5, $6, $7)",
            self._sink.name,
            [partition.topic for partition, _, _ in moves],
            [partition.partition for partition, _, _ in moves],
            [stored for _, stored, _ in moves],
            [last.offset + 1 for _, _, last in moves],
            [last.stream for _, _, last in moves],
            [digest(last.value) for _, _, last in moves],
        )
        if not moved:
            raise FencedError

    async def _start_over(self, partition: TopicPartition) -> None:
        """Begin a partition again whose topic was lost or replaced; duplicates are dropped by the chain guard."""
        await self._pool.execute(
            "update offsets set next = 0, last_stream = null, last_hash = null"
            " where view = $1 and topic = $2 and partition = $3",
            self._sink.name,
            partition.topic,
            partition.partition,
        )


def _stream_of(record: Any) -> str:
    """Read the stream off a record's key; one that no relay of ours wrote must not stop a partition."""
    return (record.key or b"").decode(errors="replace")


def _partitions_of(error: Any) -> Iterable[TopicPartition]:
    carried = error.args[0]
    return [carried] if isinstance(carried, TopicPartition) else list(carried)


async def _tell_group(consumer: AIOKafkaConsumer, mine: _Partitions) -> None:
    offsets = {partition: position.next for partition, position in mine.positions.items() if position.proof is None}
    try:
        if offsets:
            await consumer.commit(offsets)
    except KafkaError:
        log.debug("group offsets not committed")
