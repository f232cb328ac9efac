"""Do topic and store belong together? The relay asks before it publishes anything.

Everything up to the relay's checkpoint was acknowledged, so each partition must still hold the last event that the
store has for it up to there, and must begin at its first offset. So an empty topic, an emptied partition, one that
lost its head and one that lost its tail are noticed. What is not: a record that changed or went missing in the middle
while those after it stayed (Kafka itself cannot lose one so; the views would hold what follows it), and what was
published after the checkpoint, since that is published again anyway.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from libs.events.canonical import digest
from libs.events.envelope import Event
from libs.events.store import Checkpoint
from libs.events.topics import PARTITIONS, onlooker, partition_of, partitions_of, started

LOOK_BACK = 20_000
"""How many records at a partition's end to look through for one that must be there. A relay that was deposed may have
sent up to a page again after its successor had gone on, so the last record need not be the latest."""
PAGE = 4000


class TopicAheadError(RuntimeError):
    """The topic holds records that the store does not know: the store was restored from an older dump."""


class TopicLostError(RuntimeError):
    """The store has published what the topic does not hold any more: `zhicheng republish` fills a new one."""


async def check_topic(reader: Any, bootstrap: str, topic: str, checkpoint: Checkpoint) -> None:
    """Refuse to publish where topic and store do not belong together.

    Raises
    ------
    TopicAheadError, TopicLostError
        With what to do.
    """
    async with started(onlooker(bootstrap)) as consumer:
        partitions = partitions_of([topic])
        for partition, begin in (await consumer.beginning_offsets(partitions)).items():
            if begin:
                raise _lost(topic, partition.partition, f"has lost its first {begin} records")
        ends = await consumer.end_offsets(partitions)
        last = {number: records[-1] for number, records in (await _tails(consumer, ends, 1)).items()}
        stand = {number: await _place(reader, topic, number, record) for number, record in last.items()}
        due = await _due(reader, checkpoint, stand)
        suspect = {TopicPartition(topic, number): ends[TopicPartition(topic, number)] for number in due}
        tails = await _tails(consumer, suspect, LOOK_BACK)
        for number, (stream, version, record) in due.items():
            if record not in tails.get(number, ()):
                raise _lost(topic, number, f"does not hold {stream} version {version}")


def _lost(topic: str, partition: int, what: str) -> TopicLostError:
    return TopicLostError(
        f"topic {topic} partition {partition} {what}, yet it has been published: run `zhicheng republish`"
    )


async def _tails(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], number: int) -> dict[int, list[bytes]]:
    """Read the last records of each partition that has any."""
    waiting = {partition: end for partition, end in ends.items() if end}
    if not waiting:
        return {}
    found: dict[int, list[bytes]] = {partition.partition: [] for partition in waiting}
    consumer.assign(list(waiting))
    for partition, end in waiting.items():
        consumer.seek(partition, max(0, end - number))
    while waiting:
        for partition, records in (await consumer.getmany(timeout_ms=1000)).items():
            if partition in waiting:
                found[partition.partition] += [record.value or b"" for record in records]
                if records[-1].offset + 1 >= ends[partition]:
                    del waiting[partition]
    return found


async def _place(reader: Any, topic: str, partition: int, record: bytes) -> Checkpoint:
    """Give the place in the store of a record on the topic."""
    event = Event(record)
    row = await reader.fetchrow(
        "select record, tick, position from events where stream = $1 and version = $2", event.stream, event.version
    )
    if row is None or digest(row["record"]) != event.hash:
        msg = (
            f"topic {topic} partition {partition} ends with {event.stream} version {event.version}, which the"
            " store does not hold: it was restored from an older dump. `zhicheng republish` into new topics,"
            " then `zhicheng rebuild` the views"
        )
        raise TopicAheadError(msg)
    return Checkpoint(row["tick"], row["position"])


async def _due(
    reader: Any, checkpoint: Checkpoint, stand: Mapping[int, Checkpoint]
) -> dict[int, tuple[str, int, bytes]]:
    """Give what must be on the topic and is later than what its partition ends with: each partition's last event.

    The store is walked backwards from the checkpoint, for as long as any partition may still have something.
    """
    seen: set[int] = set()
    due: dict[int, tuple[str, int, bytes]] = {}
    before = Checkpoint(checkpoint.tick, checkpoint.position + 1)
    while (open_ones := _open(seen, stand, before)) and (page := await _page_before(reader, before)):
        for row in page:
            at, partition = Checkpoint(row["tick"], row["position"]), partition_of(row["stream"])
            if partition in open_ones and partition not in seen:
                seen.add(partition)
                if at > stand.get(partition, Checkpoint()):
                    due[partition] = (row["stream"], row["version"], await _record(reader, at))
            before = at
    return due


def _open(seen: Collection[int], stand: Mapping[int, Checkpoint], before: Checkpoint) -> set[int]:
    return {n for n in range(PARTITIONS) if n not in seen and stand.get(n, Checkpoint()) < before}


async def _page_before(reader: Any, before: Checkpoint) -> list[Any]:
    return await reader.fetch(
        "select tick, position, stream, version from events where (tick, position) < ($1, $2)"
        " order by tick desc, position desc limit $3",
        before.tick,
        before.position,
        PAGE,
    )


async def _record(reader: Any, at: Checkpoint) -> bytes:
    return await reader.fetchval("select record from events where tick = $1 and position = $2", at.tick, at.position)
