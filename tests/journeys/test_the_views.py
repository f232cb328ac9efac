"""What the views show is what the streams say, by a count and a model that share nothing with the folds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import asyncpg

from libs.web.settings import SERVICES
from tests.journeys.conftest import Told
from tests.journeys.records import Record

SHOWN_SECONDS = 30
HISTORY = "history"
"""The gateway's table of a row an event; all others have a row a stream."""
STATUS = {
    "application": {
        "DraftStarted": "draft",
        "ApplicationSubmitted": "employer_review",
        "EmployerPublicityStarted": "employer_publicity",
        "EmployerRecommended": "recommended",
        "ApplicationReceived": "received",
        "CorrectionRequested": "correction_required",
        "ApplicationAccepted": "accepted",
        "EligibilityAssessed": "qualification_review",
        "ApplicationQualified": "qualified",
        "FeeBilled": "payment_pending",
        "ApplicationPaid": "paid",
        "ReviewScheduled": "scheduled",
        "ReviewVoteOpened": "vote_open",
        "ReviewPassed": "passed",
        "ReviewPublished": "result_publicity",
        "ReviewConfirmed": "confirmed",
        "ApplicationCertified": "certified",
    },
    "payment": {"BillOpened": "open", "PaymentReceived": "paid", "BillCancelled": "cancelled", "BillLapsed": "lapsed"},
    "endorsement": {
        "EndorsementRequested": "invited",
        "EndorsementGiven": "given",
        "EndorsementRefused": "refused",
        "EndorsementWithdrawn": "withdrawn",
    },
    "title": {"TitleGranted": "live", "TitleVoided": "revoked"},
    "certificate": {"CertificateIssued": "issued", "CertificateRevoked": "revoked"},
    "notice": {
        "ResultPublicityStarted": "running",
        "ResultPublicityEnded": "ended",
        "ResultConfirmed": "confirmed",
    },
    "ban": {"BanImposed": "imposed"},
}
"""How a stream of a kind stands by the last of these events in it; events of other types leave it as it was."""


async def test_every_stream_is_shown_once_at_its_last_version_with_its_last_hash(told: Told) -> None:
    kinds = await assert_shown_as_stored(told)
    assert kinds >= STATUS.keys() | {"person", "employer", "ruleset", "campaign", "session", "ballot", "case", "record"}


async def test_how_a_matter_stands_is_what_the_last_event_that_moves_it_says(told: Told) -> None:
    expected: dict[str, str] = {}
    for record in told.every:
        status = STATUS.get(record.stream.partition("-")[0], {}).get(record.type)
        if status:
            expected[record.stream] = status
    rows = await _settled(told, "gateway", "resources")
    shown = {row["stream"]: row["status"] for row in rows if row["stream"] in expected}
    assert shown == expected
    assert {"certified", "revoked", "withdrawn", "confirmed", "imposed"} <= set(shown.values())


async def test_the_history_holds_every_event_of_what_it_tells_once(told: Told) -> None:
    rows = await _settled(told, "gateway", HISTORY)
    streams = {row["stream"] for row in rows}
    kept = sorted((row["stream"], row["version"], row["hash"].hex()) for row in rows)
    assert kept == sorted((one.stream, one.version, one.hash) for one in told.every if one.stream in streams)
    assert {one.stream.partition("-")[0] for one in told.every if one.stream in streams} >= {"application", "title"}


async def test_no_view_of_any_service_stands_elsewhere_than_its_streams(told: Told) -> None:
    last = _last(told.every)
    seen = 0
    for service in SERVICES:
        for view in set(await _views(told, service)) - {HISTORY}:
            for row in await _settled(told, service, view):
                assert (row["version"], row["hash"].hex()) == last[row["stream"]], (service, view, row["stream"])
                seen += 1
    assert seen > len(last)


async def assert_shown_as_stored(told: Told) -> set[str]:
    """Compare the gateway's rows with the last records of the streams, of all kinds that it shows; give the kinds."""
    rows = await _settled(told, "gateway", "resources")
    kinds = {row["kind"] for row in rows}
    last = _last(record for record in told.every if record.stream.partition("-")[0] in kinds)
    assert {row["stream"]: (row["version"], row["hash"].hex()) for row in rows} == last
    return kinds


def _last(records: Iterable[Record]) -> dict[str, tuple[int, str]]:
    """Give each stream's last version and hash."""
    found: dict[str, tuple[int, str]] = {}
    for record in records:
        if record.version > found.get(record.stream, (0, ""))[0]:
            found[record.stream] = (record.version, record.hash)
    return found


async def _views(told: Told, service: str) -> list[str]:
    connection = await asyncpg.connect(**told.house.database(service).arguments())
    try:
        rows = await connection.fetch(
            "select table_name from information_schema.columns where table_schema = 'public'"
            " and column_name in ('stream', 'version', 'hash') and table_name not in ('streams', 'letters', 'events')"
            " group by table_name having count(*) = 3 order by table_name"
        )
    finally:
        await connection.close()
    return [row["table_name"] for row in rows]


async def _settled(told: Told, service: str, view: str) -> list[Any]:
    """Read a view once each of its rows has come to where the story left the streams."""
    last, until = _last(told.every), time.monotonic() + SHOWN_SECONDS
    connection = await asyncpg.connect(**told.house.database(service).arguments())
    try:
        while True:
            rows = await connection.fetch(f'select * from "{view}"')
            shown = {row["stream"]: 0 for row in rows}
            for row in rows:
                shown[row["stream"]] = max(shown[row["stream"]], row["version"])
            behind = [one for one, version in shown.items() if version < last.get(one, (0, ""))[0]]
            if not behind or time.monotonic() > until:
                return list(rows)
            await asyncio.sleep(0.2)
    finally:
        await connection.close()
