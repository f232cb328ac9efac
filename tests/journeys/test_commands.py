"""The operator's commands, run as an operator runs them, on the house that the story left behind."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local.outside_process import OutsideInfo
from deploy.local.stack import StackInfo
from tests.journeys.conftest import Told
from tests.journeys.records import Record

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


@pytest.fixture(scope="session")
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
        assert (retried.code, retried.lines) == (0, [{"mended": 1}])
        assert console.run("dead-letters", "list", "--service", "certificate").code == 0
        owed = "select count(*) from reactions where event = $1"
        assert in_store(told, "certificate", lambda connection: connection.fetchval(owed, revoked.raw)) > 0
