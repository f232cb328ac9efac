"""Topics: one a service, twelve partitions, kept for ever, a stream always in the same partition."""

from __future__ import annotations

import zlib

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

PARTITIONS = 12
_KEPT_FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}


def topic_name(prefix: str, service: str) -> str:
    """Name a service's topic."""
    return f"{prefix}.{service}"


def partition_of(stream: str) -> int:
    """Give the partition of a stream; never changed in place, order within a stream rests on it."""
    return zlib.crc32(stream.encode()) % PARTITIONS


async def ensure_topics(bootstrap: str, names: list[str]) -> None:
    """Create the topics that are missing."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
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
    finally:
        await admin.close()


async def delete_topics(bootstrap: str, names: list[str]) -> None:
    """Delete topics, as before a republish."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_topics(names)
    finally:
        await admin.close()
