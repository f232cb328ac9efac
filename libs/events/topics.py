"""Topics: one a service, twelve partitions, kept for ever, a stream always in the same partition."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

PARTITIONS = 12
_KEPT_FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}


class _Client(Protocol):
    async def start(self) -> Any: ...

    async def stop(self) -> Any: ...


_C = TypeVar("_C", bound=_Client)


@asynccontextmanager
async def started(client: _C) -> AsyncGenerator[_C]:
    """Start a consumer or a producer; it is stopped also when its start fails or is cancelled."""
    try:
        await client.start()
        yield client
    finally:
        await client.stop()


@asynccontextmanager
async def administering(bootstrap: str) -> AsyncGenerator[AIOKafkaAdminClient]:
    """Give a client for what is asked of the broker itself."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


def onlooker(bootstrap: str) -> AIOKafkaConsumer:
    """Give a consumer that belongs to no group."""
    return AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")


def partitions_of(topics: Collection[str]) -> list[TopicPartition]:
    """Give the partitions of topics of ours."""
    return [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]


async def everything(bootstrap: str, topics: Collection[str]) -> AsyncGenerator[tuple[TopicPartition, Any]]:
    """Read what now stands on topics, each partition in its order."""
    async with started(onlooker(bootstrap)) as consumer:
        ends = await consumer.end_offsets(partitions_of(topics))
        remaining = {partition for partition, end in ends.items() if end}
        if remaining:
            consumer.assign(list(remaining))
        for partition in remaining:
            consumer.seek(partition, 0)
        while remaining:
            for partition, records in (await consumer.getmany(timeout_ms=1000)).items():
                for record in records:
                    if record.offset < ends[partition]:
                        yield partition, record
                if records[-1].offset + 1 >= ends[partition]:
                    remaining.discard(partition)
                    consumer.pause(partition)


def topic_name(prefix: str, service: str) -> str:
    """Name a service's topic."""
    return f"{prefix}.{service}"


def partition_of(stream: str) -> int:
    """Give the partition of a stream; never changed in place, order within a stream rests on it."""
    return zlib.crc32(stream.encode()) % PARTITIONS


async def ensure_topics(bootstrap: str, names: list[str]) -> None:
    """Create the topics that are missing."""
    async with administering(bootstrap) as admin:
        missing = [
            NewTopic(name, PARTITIONS, 1, topic_configs=_KEPT_FOR_EVER)
            for name in set(names) - set(await admin.list_topics())
        ]
        if missing:
            response = await admin.create_topics(missing)
            for _topic, code, *_ in response.topic_errors:  # pyright: ignore[reportAttributeAccessIssue] - every version of the answer has it
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise error


async def delete_topics(bootstrap: str, names: list[str]) -> None:
    """Delete topics, as before a republish."""
    async with administering(bootstrap) as admin:
        await admin.delete_topics(names)
