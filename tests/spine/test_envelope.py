"""What every record says of itself: CloudEvents, its place, its cause, its law."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from libs.events import clock as clock_module
from libs.events.canonical import digest
from libs.events.clock import FileClock
from libs.events.envelope import GENESIS, Event
from libs.events.points import arm, point
from libs.events.topics import PARTITIONS, administering
from tests.spine.toys import Add, ToyCounted
from tests.spine.world import NOON, Shop, chained, stream_id

if TYPE_CHECKING:
    from deploy.local.info import StackInfo

INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")


async def test_a_record_has_every_attribute_and_nothing_else(shop: Shop) -> None:
    stream, key = stream_id(), uuid4()
    trace = "00-" + "1" * 32 + "-" + "2" * 16 + "-00"
    await shop.do(stream, Add(), key, correlation_id="whole-case", causation_id="what-came-before", traceparent=trace)
    (record,) = await shop.records(stream)
    attributes = json.loads(record)
    assert UUID(attributes.pop("id")).version == 7
    assert INSTANT.match(attributes["time"])
    assert attributes == {
        "specversion": "1.0",
        "datacontenttype": "application/json",
        "source": "/zhicheng/toy",
        "type": "ToyCounted",
        "subject": stream,
        "sequence": "000000000001",
        "time": "2025-03-03T04:00:00.000000Z",
        "recordedtime": "2025-03-03T04:00:00.000000Z",
        "dataschema": "urn:zhicheng:toy:ToyCounted:1",
        "correlationid": "whole-case",
        "causationid": "what-came-before",
        "actorid": "actor-1",
        "actorrole": "city",
        "commandid": str(key),
        "prevhash": GENESIS.hex(),
        "traceparent": trace,
        "data": {"amount": 1, "label": ""},
    }


async def test_each_record_holds_the_hash_of_the_one_before(shop: Shop) -> None:
    stream = stream_id()
    await shop.do(stream, Add(times=3))
    await shop.do(stream, Add(times=2))
    records = await shop.records(stream)
    assert [Event(record).prev_hash for record in records] == [GENESIS, *map(digest, records[:-1])]


def test_rule_set_and_clauses_are_named_where_they_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    (plain,) = chained("counter-1", [ToyCounted(amount=1)])
    assert not {"ruleset", "clauses", "traceparent", "actorunit"} & plain.attributes.keys()
    monkeypatch.setattr(ToyCounted, "clauses", "七.1 附十")
    (lawful,) = chained("counter-1", [ToyCounted(amount=1)])
    assert lawful.attributes["clauses"] == "七.1 附十"


def test_an_event_reads_back_what_was_written() -> None:
    (event,) = chained("counter-1", [ToyCounted(amount=1, label="𠅤")])
    again = Event(event.record)
    assert again.payload == ToyCounted(amount=1, label="𠅤")
    assert (again.kind, again.identity, again.version, again.time) == ("counter", "1", 1, NOON)
    assert again.hash == digest(event.record) == event.hash


async def test_a_topic_is_kept_for_ever_and_never_compacted(stack: StackInfo, topic: str) -> None:
    async with administering(stack.kafka_bootstrap) as admin:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        (described,) = await admin.describe_topics([topic])
    settings = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    wanted = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
    assert {name: settings[name] for name in wanted} == wanted
    assert len(described["partitions"]) == PARTITIONS


def test_one_offset_moves_the_clock_of_every_process(tmp_path: Path) -> None:
    one, other = (FileClock(tmp_path / "clock") for _ in range(2))
    assert abs(one.now() - datetime.now(clock_module.UTC)) < timedelta(minutes=1)
    for instant in (NOON, NOON + timedelta(days=40), NOON - timedelta(days=40)):
        one.move_to(instant.astimezone(timezone(timedelta(hours=8))))
        assert abs(other.now() - instant) < timedelta(minutes=1)
        assert other.now().tzinfo is clock_module.UTC


@pytest.mark.parametrize("late", range(0, 1_000_000, 100_000))
def test_a_clock_that_is_moved_never_stands_before_the_instant(late: int, tmp_path: Path) -> None:
    clock = FileClock(tmp_path / "clock")
    instant = datetime.now(clock_module.UTC).replace(microsecond=late) + timedelta(days=1)
    clock.move_to(instant)
    assert instant <= clock.now() < instant + timedelta(seconds=2)


@pytest.mark.parametrize("profile", ["local", "production", ""])
def test_only_the_test_profile_can_be_armed_to_die(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHICHENG_KILL_AT", "here")
    arm(profile)
    point("here")
