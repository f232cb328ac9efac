"""Servers that are stopped, killed or frozen come back on their ports with what they had acknowledged."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError

from libs.events.topics import administering, started

if TYPE_CHECKING:
    from typing import Literal

    from deploy.local.stack import LocalStack


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_what_postgres_committed_survives_a_restart(
    breakable_stack: LocalStack, mode: Literal["fast", "immediate"]
) -> None:
    info = breakable_stack.info

    async def write() -> None:
        connection = await asyncpg.connect(info.dsn("postgres"))
        await connection.execute(f"CREATE TABLE {mode}_kept AS SELECT generate_series(1, 1000) AS n")
        # Left open: a client is connected when the server goes.
        await asyncio.to_thread(breakable_stack.restart_postgres, mode)
        connection.terminate()

    async def count() -> object:
        connection = await asyncpg.connect(info.dsn("postgres"))
        try:
            return await connection.fetchval(f"SELECT count(*) FROM {mode}_kept")
        finally:
            await connection.close()

    asyncio.run(write())
    assert asyncio.run(count()) == 1000


async def _produce(bootstrap: str, topic: str, count: int) -> None:
    async with administering(bootstrap) as admin:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    async with started(AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)) as producer:
        for number in range(count):
            await producer.send_and_wait(topic, str(number).encode())


async def _consume(bootstrap: str, topic: str, count: int) -> list[int]:
    partition = TopicPartition(topic, 0)
    async with started(AIOKafkaConsumer(bootstrap_servers=bootstrap)) as consumer:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        return [int((await asyncio.wait_for(consumer.getone(), 30)).value or b"") for _ in range(count)]


@pytest.mark.parametrize("way", ["stop_kafka", "kill_kafka"])
def test_what_kafka_acknowledged_survives_its_end(
    breakable_stack: LocalStack, way: Literal["stop_kafka", "kill_kafka"]
) -> None:
    bootstrap, topic = breakable_stack.info.kafka_bootstrap, f"kept-{way.replace('_', '-')}"
    asyncio.run(_produce(bootstrap, topic, 50))
    getattr(breakable_stack, way)()
    with pytest.raises(KafkaError):
        asyncio.run(_produce(bootstrap, topic, 0))
    breakable_stack.start_kafka()
    assert asyncio.run(_consume(bootstrap, topic, 50)) == list(range(50))


def test_a_frozen_broker_answers_again_when_thawed(breakable_stack: LocalStack) -> None:
    bootstrap = breakable_stack.info.kafka_bootstrap
    asyncio.run(_produce(bootstrap, "frozen", 5))
    breakable_stack.pause_kafka()
    with pytest.raises((TimeoutError, KafkaError)):
        asyncio.run(asyncio.wait_for(_consume(bootstrap, "frozen", 5), 3))
    breakable_stack.resume_kafka()
    assert asyncio.run(_consume(bootstrap, "frozen", 5)) == list(range(5))


def test_a_topic_that_nobody_made_is_not_made_by_sending_to_it(breakable_stack: LocalStack) -> None:
    async def topics() -> list[str]:
        bootstrap = breakable_stack.info.kafka_bootstrap
        async with started(AIOKafkaProducer(bootstrap_servers=bootstrap, request_timeout_ms=2000)) as producer:
            with pytest.raises(KafkaError):
                await producer.send_and_wait("nobody-made-me", b"x")
        async with administering(bootstrap) as admin:
            return await admin.list_topics()

    assert "nobody-made-me" not in asyncio.run(topics())
