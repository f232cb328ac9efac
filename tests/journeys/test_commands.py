"""The operator's commands, run as an operator runs them, on the house that the story left behind."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local.outside_process import OutsideInfo
from deploy.local.stack import StackInfo
from libs.web.settings import SERVICES
from tests.journeys.conftest import Told
from tests.journeys.records import Record

PATIENCE = 60
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    """What a command wrote, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """The JSON objects, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Console:
    """A shell beside the house."""

    root: Path
    environment: dict[str, str]

    def run(self, *arguments: str) -> Answer:
        """Run `zhicheng` with these words."""
        rooted = ("--root", str(self.root))
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments, *rooted],
            cwd=CHECKOUT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="package")
def console(told: Told, stack: StackInfo, outside: OutsideInfo, tmp_path_factory: pytest.TempPathFactory) -> Console:
    """Reach the told house by its state folder, as `make run` lays one out."""
    root = tmp_path_factory.mktemp("site")
    (root / "house").symlink_to(told.house.root)
    (root / "outside").mkdir()
    (root / "outside" / "outside.json").write_text(json.dumps(asdict(outside)), encoding="utf-8")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("ZHICHENG_")}
    reach = {
        "PYTHONPATH": str(CHECKOUT),
        "ZHICHENG_STACK": "external",
        "ZHICHENG_POSTGRES_DSN": stack.dsn("postgres"),
        "ZHICHENG_KAFKA": stack.kafka_bootstrap,
    }
    return Console(root, inherited | reach)


def in_store(told: Told, service: str, work: Callable[[asyncpg.Connection], Awaitable[Any]]) -> Any:
    """Do something in a service's database, with its own login."""

    async def do() -> Any:
        connection = await asyncpg.connect(**told.house.database(service).arguments())
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(do())


def last_of(told: Told, kind: str) -> Record:
    """Give the last record of a type; the story left it at the end of its stream."""
    found = [record for record in told.every if record.type == kind][-1]
    assert found.version == max(record.version for record in told.every if record.stream == found.stream)
    return found


@contextmanager
def parked(told: Told, service: str, record: Record) -> Iterator[None]:
    """Leave the last record of a stream parked among what a service reacts to, as poison would have left it."""

    async def park(connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            await connection.execute(
                "update reaction_streams set version = version - 1, hash = $2 where stream = $1 and version = $3",
                record.stream,
                bytes.fromhex(record.members["prevhash"]),
                record.version,
            )
            await connection.execute("delete from reactions where event = $1", record.raw)
            await connection.execute(
                "insert into letters (view, stream, version, hash, kind, error, record)"
                " values ($1, $2, $3, $4, 'parked', 'ValueError()', $5)",
                f"{service}_reactions",
                record.stream,
                record.version,
                bytes.fromhex(record.hash),
                record.raw,
            )

    in_store(told, service, park)
    yield
    in_store(told, service, lambda connection: connection.execute("delete from letters"))


def test_what_is_parked_among_the_reactions_is_listed_and_can_be_retried(told: Told, console: Console) -> None:
    revoked = last_of(told, "TitleRevoked")
    with parked(told, "certificate", revoked):
        listed = console.run("dead-letters", "list", "--service", "certificate", "--json")
        assert listed.code == 3
        assert [(one["view"], one["stream"], one["kind"]) for one in listed.lines] == [
            ("certificate_reactions", revoked.stream, "parked")
        ]
        retried = console.run("dead-letters", "retry", "--service", "certificate", "--json")
        assert (retried.code, retried.lines) == (0, [{"mended": 1, "owed": 0}])
        assert console.run("dead-letters", "list", "--service", "certificate").code == 0
        owed = "select count(*) from reactions where event = $1"
        assert in_store(told, "certificate", lambda connection: connection.fetchval(owed, revoked.raw)) > 0


@pytest.mark.parametrize("code", ["ILLEGAL_TRANSITION", "BANNED"])
def test_a_refused_reaction_is_listed_and_tried_again_for_the_matter_only_by_its_id(
    told: Told, console: Console, code: str
) -> None:
    revoked = last_of(told, "TitleRevoked")
    refuse = (
        "update reactions set outcome = 'refused', reasons = jsonb_build_array(jsonb_build_object('code', $2::text))"
        " where event = $1 and reaction = (select min(reaction) from reactions where event = $1)"
    )
    in_store(told, "certificate", lambda connection: connection.execute(refuse, revoked.raw, code))
    listed = console.run("dead-letters", "list", "--service", "certificate", "--json")
    assert listed.code == 0
    (one,) = listed.lines
    assert (one["kind"], one["stream"], one["version"]) == ("refused", revoked.stream, revoked.version)
    assert code in one["error"]
    named = ["--id", one["id"]] if code == "BANNED" else []
    if named:
        unnamed = console.run("dead-letters", "retry", "--service", "certificate", "--json")
        assert (unnamed.code, unnamed.lines) == (0, [{"mended": 0, "owed": 0}])
    retried = console.run("dead-letters", "retry", *named, "--service", "certificate", "--json")
    assert (retried.code, retried.lines) == (0, [{"mended": 0, "owed": 1}])
    left = "select count(*) from reactions where outcome <> 'done'"
    until = time.monotonic() + PATIENCE
    while in_store(told, "certificate", lambda connection: connection.fetchval(left)):
        assert time.monotonic() < until
        time.sleep(0.2)


def test_a_reaction_that_cannot_be_done_and_is_tried_for_ever_is_listed(told: Told, console: Console) -> None:
    revoked = last_of(told, "TitleRevoked")
    wait = (
        "update reactions set outcome = $2, attempts = 40, since = clock_timestamp() - interval '1 hour',"
        " next_at = clock_timestamp() + interval '1 hour'"
        " where event = $1 and reaction = (select min(reaction) from reactions where event = $1)"
    )
    in_store(told, "certificate", lambda connection: connection.execute(wait, revoked.raw, "waiting"))
    try:
        listed = console.run("dead-letters", "list", "--service", "certificate", "--json")
        (one,) = listed.lines
        assert (one["kind"], one["stream"]) == ("waiting", revoked.stream)
        assert "tried 40 times" in one["error"]
    finally:
        in_store(told, "certificate", lambda connection: connection.execute(wait, revoked.raw, "done"))


@pytest.mark.parametrize("service", SERVICES)
def test_events_raw_gives_the_bytes_of_the_store(told: Told, console: Console, service: str) -> None:
    done = console.run("events", "--raw", "--service", service)
    assert done.code == 0
    assert set(done.out.encode().splitlines()) == {record.raw for record in told.records[service]}


def test_events_json_gives_each_record_its_place_and_keeps_every_stream_in_order(told: Told, console: Console) -> None:
    done = console.run("events", "--json")
    assert done.code == 0
    places = [(line["topic"], line["partition"], line["offset"]) for line in done.lines]
    assert len(set(places)) == len(places) >= len(told.every)
    streams: dict[str, list[int]] = {}
    for line in done.lines:
        streams.setdefault(line["record"]["subject"], []).append(int(line["record"]["sequence"]))
    assert all(list(dict.fromkeys(versions)) == sorted(set(versions)) for versions in streams.values())


def test_replay_tells_a_case_with_the_endorsement_given_for_it_and_with_clauses_and_hashes(
    told: Told, console: Console
) -> None:
    given = next(record for record in told.every if record.type == "EndorsementGiven")
    application = next(record for record in told.every if record.stream == given.stream).data["application"]
    stream = f"application-{application}"
    submitted = next(r for r in told.every if (r.stream, r.type) == (stream, "ApplicationSubmitted"))
    done = console.run("replay", application, "--json")
    assert done.code == 0
    own = [line["hash"] for line in done.lines if line["record"]["subject"] == submitted.stream]
    assert own == [record.hash for record in told.every if record.stream == submitted.stream]
    assert given.hash in {line["hash"] for line in done.lines}
    spoken = console.run("replay", application)
    assert spoken.code == 0
    assert f"clauses {submitted.members['clauses']}  hash {submitted.hash}" in spoken.out


def test_replay_goes_on_with_the_title_to_its_certificate_its_revocation_and_the_ban(
    told: Told, console: Console
) -> None:
    application = told.result["applications"][0]
    lines = console.run("replay", application, "--json").lines
    records = [line["record"] for line in lines]
    assert [one["recordedtime"] for one in records] == sorted(one["recordedtime"] for one in records)
    told_types = [one["type"] for one in records]
    after = ["TitleGranted", "CertificateIssued", "TitleRevoked", "CertificateRevoked"]
    assert [kind for kind in told_types if kind in after] == after
    decided = told_types.index("IntegrityCaseDecided")
    assert {kind for kind in told_types[decided:] if kind in {"BanImposed", "IntegrityRecorded"}} == {
        "BanImposed",
        "IntegrityRecorded",
    }
    # Nothing else of this person, and nothing of anybody else.
    kinds = {one["subject"].partition("-")[0] for one in records}
    assert not kinds & {"person", "employer", "committee"}
    assert len({one["subject"] for one in records if one["subject"].startswith("case-")}) == 1
    (imposed,) = [one for one in records if one["type"] == "BanImposed"]
    assert imposed["data"]["until"] == "2029-05-11"


def test_replay_before_the_revocation_knows_nothing_of_the_case(told: Told, console: Console) -> None:
    issued = next(record for record in told.every if record.type == "CertificateIssued")
    at = issued.members["recordedtime"]
    lines = console.run("replay", told.result["applications"][0], "--at", at, "--json").lines
    told_types = {line["record"]["type"] for line in lines}
    assert "TitleGranted" in told_types
    assert not told_types & {"IntegrityCaseOpened", "TitleRevoked", "BanImposed"}


def test_replay_at_an_instant_tells_what_was_recorded_by_then(told: Told, console: Console) -> None:
    submitted = next(record for record in told.every if record.type == "ApplicationSubmitted")
    application, at = submitted.stream.partition("-")[2], submitted.members["recordedtime"]
    lines = console.run("replay", application, "--at", at, "--json").lines
    assert max(line["record"]["recordedtime"] for line in lines) == at
    before = datetime.fromisoformat(at) - timedelta(days=3650)
    assert console.run("replay", application, "--at", before.isoformat()).code == 2


def test_verify_says_that_every_store_is_whole(told: Told, console: Console) -> None:
    done = console.run("verify", "--json")
    assert done.code == 0
    assert {line["service"]: line["events"] for line in done.lines if not line["faults"]} == {
        service: len(told.records[service]) for service in SERVICES
    }
    for service in SERVICES:
        assert f"{service}: records checked {len(told.records[service])} " in done.err


def test_verify_names_the_record_that_somebody_changed_and_ends_with_three(
    told: Told, console: Console, stack: StackInfo
) -> None:
    record = next(one for one in told.records["review"] if one.type == "EndorsementGiven")
    byte = record.raw.index(b'"data"') + 12
    forged = record.raw[:byte] + bytes([record.raw[byte] ^ 1]) + record.raw[byte + 1 :]

    async def put(raw: bytes) -> None:
        connection = await asyncpg.connect(stack.dsn(told.house.database("review").name))
        try:
            changed = "update events set record = $3 where stream = $1 and version = $2"
            await connection.execute(changed, record.stream, record.version, raw)
        finally:
            await connection.close()

    asyncio.run(put(forged))
    try:
        done = console.run("verify", "--service", "review", "--json")
    finally:
        asyncio.run(put(record.raw))
    assert done.code == 3
    fault = done.lines[0]["faults"][0]
    assert (fault["stream"], fault["version"], fault["byte"]) == (record.stream, record.version, byte)
    whole = console.run("verify", "--service", "review")
    assert (whole.code, whole.out.count("whole")) == (0, 1)


def test_rebuild_gives_the_same_rows_again(told: Told, console: Console) -> None:
    async def view(connection: asyncpg.Connection) -> list[str]:
        return [row[0] for row in await connection.fetch("select to_jsonb(t)::text from titles t order by stream")]

    live = in_store(told, "intake", view)
    assert live
    done = console.run("rebuild", "intake.titles", "--json")
    assert (done.code, done.lines) == (0, [{"view": "intake.titles", "state": "building"}])
    until = time.monotonic() + PATIENCE
    while in_store(told, "intake", view) != live:
        assert time.monotonic() < until
        time.sleep(0.2)


@pytest.mark.parametrize("command", ["republish", "rebase"])
def test_what_moves_a_store_refuses_while_the_service_leads_and_says_so_in_one_sentence(
    told: Told, console: Console, command: str
) -> None:
    done = console.run(command, "gateway")
    assert done.code == 1
    assert "The relay of gateway is running: stop the service first." in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "--service", "nobody"),
        ("events", "--service", "nobody"),
        ("rebuild", "intake.nothing"),
        ("rebuild", "nobody.titles"),
        ("republish", "nobody"),
        ("dead-letters", "retry", "--id", "no-uuid"),
        ("replay", "no-such-case"),
        ("replay", "no-such-case", "--at", "yesterday"),
        ("replay", "no-such-case", "--at", "2026-09-01T08:00:00"),
        ("no-such-command",),
    ],
    ids=" ".join,
)
def test_words_that_are_off_end_with_two(console: Console, words: tuple[str, ...]) -> None:
    assert console.run(*words).code == 2


def test_a_folder_without_a_house_ends_with_one_and_one_sentence(console: Console, tmp_path: Path) -> None:
    done = Console(tmp_path, console.environment).run("verify")
    assert done.code == 1
    assert "make" in done.err


def test_looking_at_a_running_house_leaves_its_ports_and_secrets_as_they_are(told: Told, console: Console) -> None:
    files = [told.house.root / name for name in ("house-ports.json", "secrets.json", "prefix.json")]
    before = [file.read_bytes() for file in files]
    assert console.run("events", "--service", "gateway").code == 0
    assert [file.read_bytes() for file in files] == before
