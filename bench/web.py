"""Commands and verifications over HTTP, each beside a floor that is given the same load in the same minutes."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
import httpx2
import psutil

from bench.bodies import CERTIFICATES, code
from bench.load import Generator, Job, Result
from bench.rows import Row
from deploy.local import ports
from deploy.local.house import House
from deploy.local.process import KeptProcess, Recipe
from deploy.local.stack import LocalStack
from libs.events.contracts.base import Unsealed
from libs.events.ids import new_id
from libs.events.sealing import EventSealer
from services.intake.adapters.keys import KeyTable, master_key

CHECKOUT = Path(__file__).resolve().parents[1]
CLERKS = 16
ROUNDS = 5
SECONDS = 2.5
WARM_SECONDS = 2.0
UNLIMITED = {"": {"ZHICHENG_QUOTA": "100000000", "ZHICHENG_VERIFICATIONS": "100000000"}}
"""Limits are there to hold back one client; here one client is all there is."""
VALIDATE, SELECT = "a FastAPI route that only validates", "a FastAPI route with one SELECT"
FORWARD = "a FastAPI and aiohttp forwarder before a route that only validates"


class Server(NamedTuple):
    """A process that is given load."""

    url: str
    pid: int


class Site:
    """The services that are measured, and no others; and the floors."""

    def __init__(self, stack: LocalStack, generator: Generator) -> None:
        self.stack = stack
        self.generator = generator
        self.house = House(stack.root / "house", stack.info, stack.outside, prefix="bench", environment=UNLIMITED)
        self._floors: list[KeptProcess] = []

    def start(self, *services: str) -> None:
        """Start services."""
        for service in services:
            self.house.start_service(service)

    def service(self, name: str) -> Server:
        """Give a service that was started."""
        return Server(self.house.info.urls[name], self.house.pid(name))

    def floor(self, which: str, **settings: str) -> Server:
        """Start a floor."""
        port = ports.choose(which, "", {})
        environment = {f"FLOOR_{name.upper()}": value for name, value in settings.items()}
        recipe = Recipe([sys.executable, "-m", "bench.floor", which], self.stack.root / f"{which}.log", grace_s=6)
        process = KeptProcess(
            recipe, {**os.environ, "PYTHONPATH": str(CHECKOUT), "FLOOR_PORT": str(port), **environment}
        )
        self._floors.append(process)
        process.wait_until(lambda: _listens(port), f"The floor {which}", 30)
        return Server(f"http://127.0.0.1:{port}", process.pid)

    def stop(self) -> None:
        """Stop services and floors."""
        for process in self._floors:
            process.stop()
        for process in self._floors:
            process.wait()
        self.house.stop()

    async def commands(self, name: str, server: Server) -> Side:
        """Register employers, none of whom was ever registered before."""
        tokens = await self._tokens()

        async def send(seconds: float) -> Result:
            first = next(_NUMBERS)
            return await self.generator.run(
                Job(f"{server.url}/v1/employers", "employers", first, seconds, tokens, keyed=True)
            )

        return Side(name, send, server.pid)

    def verifications(self, name: str, server: Server) -> Side:
        """Verify certificates, all of them in turn; each was asked for before it is measured."""
        asked = 0

        async def send(seconds: float) -> Result:
            nonlocal asked
            result = await self.generator.run(Job(f"{server.url}/v1/verifications", "verifications", asked, seconds))
            asked += result.good
            return result

        return Side(name, send, server.pid, warm=CERTIFICATES)

    async def _tokens(self) -> list[str]:
        """Get fresh tokens for some clerks of the city."""
        admin = {"Authorization": f"Bearer {self.stack.outside.admin_secret}"}
        issuer, found = self.stack.outside.issuer, []
        async with httpx2.AsyncClient(headers=admin) as http:
            for _ in range(CLERKS):
                subject = str(uuid4())
                made = await http.put(
                    f"{issuer}/dev/users/{subject}", json={"roles": ["district"], "district": "海淀区"}
                )
                token = await http.post(f"{issuer}/dev/tokens", json={"sub": subject})
                made.raise_for_status()
                found.append(token.raise_for_status().json()["access_token"])
        return found


_NUMBERS = count(0, 100_000)
"""From where each load counts its employers: all parts share one register."""


def _listens(port: int) -> bool:
    try:
        socket.create_connection((ports.HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


@asynccontextmanager
async def _site(stack: LocalStack) -> AsyncIterator[Site]:
    generator = await Generator.start()
    site = Site(stack, generator)
    try:
        await site.house.prepare()
        yield site
    finally:
        site.stop()
        await generator.stop()


@dataclass(slots=True)
class Side:
    """One of two that are compared: how it is given load, and what that cost its process."""

    name: str
    send: Callable[[float], Awaitable[Result]]
    pid: int
    warm: int = 1
    """How many requests it has answered before it is measured."""
    results: list[Result] = field(default_factory=list[Result])
    micros: list[float] = field(default_factory=list[float])
    """Processor time of the process a request, in microseconds, whatever it did beside."""

    async def measure(self) -> None:
        """Give it load once."""
        before = sum(psutil.Process(self.pid).cpu_times()[:2])
        result = await self.send(SECONDS)
        self.results.append(result)
        self.micros.append((sum(psutil.Process(self.pid).cpu_times()[:2]) - before) / result.good * 1e6)

    @property
    def rate(self) -> float:
        """The median of what was measured."""
        return median(result.rate for result in self.results)

    def __str__(self) -> str:
        rates = " ".join(f"{result.rate:.0f}" for result in self.results)
        p50, p99, busy = (median(getattr(result, name) for result in self.results) for name in ("p50", "p99", "busy"))
        return (
            f"  {self.name}: {rates}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms, {median(self.micros):.0f} µs of its process"
            f" a request, generator {busy:.0%} busy"
        )


async def _compare(ours: Side, floor: Side, at_least: float) -> Row:
    """Warm both up, then measure them in turns."""
    for side in (ours, floor):
        answered = 0
        while answered < side.warm:
            answered += (await side.send(WARM_SECONDS)).good
    for _ in range(ROUNDS):
        await ours.measure()
        await floor.measure()
    print(ours, floor, sep="\n", file=sys.stderr)
    return Row(ours.name, ours.rate, "requests/s", floor.name, floor.rate, at_least=at_least)


async def commands(stack: LocalStack) -> list[Row]:
    """Measure a command at its service: token checked, rule decided, claim taken, event committed."""
    async with _site(stack) as site:
        site.start("intake")
        floor = site.floor("validate")
        return [
            await _compare(
                await site.commands("command over HTTP at its service", site.service("intake")),
                await site.commands(VALIDATE, floor),
                0.6,
            )
        ]


async def gateway(stack: LocalStack) -> list[Row]:
    """Measure the same command through the gateway."""
    async with _site(stack) as site:
        site.start("intake", "gateway")
        floor = site.floor("forward", upstream=site.floor("validate").url)
        return [
            await _compare(
                await site.commands("command over HTTP through the gateway", site.service("gateway")),
                await site.commands(FORWARD, floor),
                0.5,
            )
        ]


async def verify(stack: LocalStack) -> list[Row]:
    """Measure verifications by code, as anyone sends them."""
    async with _site(stack) as site:
        await _issue(site)
        site.start("intake", "certificate")
        database = site.house.database("certificate")
        login = f"{database.user}:{quote(database.password, safe='')}"
        floor = site.floor("select", dsn=f"postgresql://{login}@{database.host}:{database.port}/{database.name}")
        return [
            await _compare(
                site.verifications("verification by code", site.service("certificate")),
                site.verifications(SELECT, floor),
                0.7,
            )
        ]


async def _issue(site: Site) -> None:
    """Fill the table of verifications, each certificate of another person with a key at intake."""
    persons = [str(uuid4()) for _ in range(CERTIFICATES)]
    intake, certificate = site.house.database("intake"), site.house.database("certificate")
    pool = await asyncpg.create_pool(site.stack.info.dsn(intake.name), min_size=1, max_size=1)
    table = KeyTable(pool, master_key(site.house.root / "master-key"))
    for person in persons:
        await table.ensure(person)
    keys = await table.keys(persons)
    await pool.close()
    rows = [_certificate(number, person, keys[person]) for number, person in enumerate(persons)]
    owner = await asyncpg.connect(site.stack.info.dsn(certificate.name))
    await owner.copy_records_to_table(
        "verification", records=[tuple(row.values()) for row in rows], columns=list(rows[0])
    )
    await owner.execute("vacuum analyze verification")
    await owner.close()


def _certificate(number: int, person: str, key: bytes) -> dict[str, object]:
    sealer = EventSealer(new_id(), {person: key})
    return {
        "stream": f"certificate-{UUID(int=number)}",
        "version": 1,
        "hash": bytes(32),
        "code": code(number),
        "number": f"BJ2026{number:08d}",
        "name": sealer.seal("name", Unsealed(person, "王小明")),
        "id_number": sealer.seal("id_number", Unsealed(person, f"11010519900101{number % 10_000:04d}")),
        "title_name": "高级工程师",
        "series": "工程技术系列",
        "specialty": "建筑工程",
        "level": "associate_senior",
        "scope": "",
        "obtained_on": date(2026, 5, 20),
        "issued_on": date(2026, 6, 1),
        "issuer": "北京市人力资源和社会保障局",
        "revoked_on": None,
        "decision_no": None,
    }
