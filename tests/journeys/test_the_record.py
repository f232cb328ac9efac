"""Guarantees about what a case leaves behind."""

from __future__ import annotations

import json
from collections import Counter

import asyncpg
import rfc8785

from libs.events.contracts.base import registry
from libs.events.topics import everything, topic_name
from libs.web.settings import SERVICES
from tests.journeys.conftest import Told


async def _topics(told: Told) -> dict[str, list[bytes]]:
    house = told.house
    bootstrap = house.settings("intake")["ZHICHENG_KAFKA"]
    prefix = house.settings("intake")["ZHICHENG_TOPIC_PREFIX"]
    found: dict[str, list[bytes]] = {service: [] for service in SERVICES}
    async for partition, record in everything(bootstrap, [topic_name(prefix, service) for service in SERVICES]):
        found[partition.topic.removeprefix(f"{prefix}.")].append(record.value)
    return found


async def test_the_bytes_on_the_topics_are_the_bytes_in_the_stores(told: Told) -> None:
    published = await _topics(told)
    for service in SERVICES:
        assert set(published[service]) == {record.raw for record in told.records[service]}


async def test_every_record_is_canonical_json_by_an_independent_implementation(told: Told) -> None:
    for record in told.every:
        assert rfc8785.dumps(json.loads(record.raw)) == record.raw


async def test_every_stream_is_an_unbroken_chain_of_hashes(told: Told) -> None:
    streams: dict[str, list] = {}
    for record in told.every:
        streams.setdefault(record.stream, []).append(record)
    for records in streams.values():
        previous = "0" * 64
        for number, record in enumerate(sorted(records, key=lambda one: one.version), 1):
            assert record.version == number
            assert record.members["prevhash"] == previous
            previous = record.hash


async def test_the_four_events_that_name_the_system_have_happened(told: Told) -> None:
    counts = Counter(record.type for record in told.every)
    assert counts["ApplicationSubmitted"] == 3
    assert counts["EndorsementGiven"] == 3
    assert counts["TitleGranted"] == 2
    assert counts["TitleRevoked"] == 2


async def test_each_grant_has_exactly_one_certificate_with_a_number_of_its_own(told: Told) -> None:
    granted = {record.stream for record in told.every if record.type == "TitleGranted"}
    issued = [record.data for record in told.every if record.type == "CertificateIssued"]
    assert {f"title-{data['title']}" for data in issued} == granted
    assert len({data["number"] for data in issued}) == len(issued) == len(granted)


async def test_each_application_was_paid_exactly_once_and_the_second_payment_is_owed_back(told: Told) -> None:
    paid = [record for record in told.every if record.type == "ApplicationPaid"]
    assert len({record.stream for record in paid}) == len(paid) == 2
    assert {record.data["amount_fen"] for record in paid} == {70_000}
    assert [record.data["reason"] for record in told.every if record.type == "RefundDue"] == ["DUPLICATE_PAYMENT"] * 2


async def test_no_event_ties_a_voter_to_a_choice(told: Told) -> None:
    marks = [record for record in told.every if record.type == "VoterMarked"]
    closed = [record for record in told.every if record.type == "BallotClosed"]
    assert len(marks) == sum(len(record.data["receipts"]) for record in closed) == 18
    for record in marks:
        assert not {"choice", "receipt", "sealed"} & record.data.keys()
    for record in closed:
        assert record.data["receipts"] == sorted(record.data["receipts"])
    assert sum(record.type == "BallotKeyDestroyed" for record in told.every) == 2


TEXTS = {
    "EmployerReviewed",
    "EmployerObjectionReceived",
    "EmployerObjectionDecided",
    "EmployerRecommended",
    "CorrectionRequested",
    "CheckDecided",
    "ApplicationQualified",
    "EndorsementGiven",
    "EndorsementRefused",
    "RecusalOrdered",
    "OpinionFiled",
    "IrregularityRaised",
    "IntegrityCaseOpened",
    "FactsServed",
    "SubjectHeard",
    "IntegrityCaseDecided",
    "TitleRevoked",
    "IntegrityRecorded",
}
"""What the story lets people write, each time with somebody's name in it."""


async def test_personal_values_stand_in_no_record_no_table_and_no_log(told: Told) -> None:
    written = {record.type for record in told.every if registry.current[record.type].personal}
    assert written >= TEXTS
    people = told.world.people.made
    assert len(people) > 20
    plain = [value.encode() for one in people for value in (one.name, one.id_number, one.phone)]
    for record in told.every:
        assert not [value for value in plain if value in record.raw], record.type
    for file in [*told.house.root.glob("*.log"), *told.house.root.glob("traces.jsonl")]:
        content = file.read_bytes()
        assert not [value for value in plain if value in content], file.name
    for service in SERVICES:
        assert not await _rows_with(told, service, [value.decode() for value in plain])


async def _rows_with(told: Told, service: str, values: list[str]) -> list[str]:
    """Name the tables in which one of these values stands anywhere."""
    connection = await asyncpg.connect(**told.house.database(service).arguments())
    try:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        return [
            row["tablename"]
            for row in tables
            if await connection.fetchval(
                f'select exists (select from "{row["tablename"]}" t, unnest($1::text[]) v'
                " where strpos(t::text, v) > 0)",
                values,
            )
        ]
    finally:
        await connection.close()


async def test_nothing_was_parked_refused_by_surprise_or_left_waiting(told: Told) -> None:
    for service in SERVICES:
        connection = await asyncpg.connect(**told.house.database(service).arguments())
        try:
            assert await connection.fetchval("select count(*) from letters where kind = 'parked'") == 0
            assert await connection.fetchval("select count(*) from reactions where outcome = 'waiting'") == 0
            refused = await connection.fetch("select reaction, reasons from reactions where outcome = 'refused'")
        finally:
            await connection.close()
        unexpected = [
            row for row in refused if {one["code"] for one in json.loads(row["reasons"])} != {"ILLEGAL_TRANSITION"}
        ]
        assert unexpected == []


async def test_every_event_type_is_one_that_the_registry_knows(told: Told) -> None:
    assert {record.type for record in told.every} <= registry.current.keys()


async def test_every_decision_by_rules_cites_one_rule_set_and_its_clauses(told: Told) -> None:
    for record in told.every:
        if record.type in {
            "EligibilityAssessed",
            "ApplicationAccepted",
            "FeeAssessed",
            "ResultAnnounced",
            "BanImposed",
        }:
            assert record.members["ruleset"], record.type
            assert record.members["clauses"], record.type
