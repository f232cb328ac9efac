"""Commands and verifications over HTTP, each beside a floor that is given the same load in the same minutes."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from statistics import median
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
import httpx2

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


class Site:
    """The services that are measured, and no others; and the floors."""

    def __init__(self, stack: LocalStack, generator: Generator) -> None:
        self.stack = stack
        self.generator = generator
        self.house = House(stack.root / "house", stack.info, stack.outside, prefix="bench", environment=UNLIMITED)
        self._floors: list[KeptProcess] = []
        self._employers = 0

    async def start(self, *services: str) -> None:
        """Start services."""
        for service in services:
            self.house.start_service(service)

    def floor(self, which: str, **settings: str) -> str:
        """Start a floor; give its address."""
        port = ports.choose(which, "", {})
        environment = {f"FLOOR_{name.upper()}": value for name, value in settings.items()}
        recipe = Recipe([sys.executable, "-m", "bench.floor", which], self.stack.root / f"{which}.log", grace_s=6)
        process = KeptProcess(
            recipe, {**os.environ, "PYTHONPATH": str(CHECKOUT), "FLOOR_PORT": str(port), **environment}
        )
        self._floors.append(process)
        process.wait_until(lambda: not ports.is_free(port), f"The floor {which}", 30)
        return f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        """Stop services and floors."""
        for process in self._floors:
            process.stop()
        for process in self._floors:
            process.wait()
        self.house.stop()

    async def tokens(self) -> list[str]:
        """Get fresh tokens for some clerks of the city."""
        admin = {"Authorization": f"Bearer {self.stack.outside.admin_secret}"}
        issuer, found = self.stack.outside.issuer, []
        async with httpx2.AsyncClient(headers=admin) as http:
            for _ in range(CLERKS):
                subject = str(uuid4())
                made = await http.put(f"{issuer}/dev/users/{subject}", json={"roles": ["city"]})
                token = await http.post(f"{issuer}/dev/tokens", json={"sub": subject})
                made.raise_for_status()
                found.append(token.raise_for_status().json()["access_token"])
        return found

    async def commands(self, base: str, tokens: list[str], seconds: float = SECONDS) -> Result:
        """Register employers, none of whom was ever registered before."""
        job = Job(f"{base}/v1/employers", "employers", self._employers, seconds, tokens, keyed=True)
        self._employers += 100_000
        return await self.generator.run(job)

    async def verifications(self, base: str, seconds: float = SECONDS) -> Result:
        """Verify certificates."""
        return await self.generator.run(Job(f"{base}/v1/verifications", "verifications", 0, seconds))


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


async def _compare(
    ours: Callable[[float], Awaitable[Result]], floor: Callable[[float], Awaitable[Result]]
) -> tuple[list[Result], list[Result]]:
    """Warm both up, then measure them in turns."""
    await ours(WARM_SECONDS)
    await floor(WARM_SECONDS)
    a: list[Result] = []
    b: list[Result] = []
    for _ in range(ROUNDS):
        a.append(await ours(SECONDS))
        b.append(await floor(SECONDS))
    return a, b


def _row(said: str, against: str, measured: tuple[list[Result], list[Result]], at_least: float) -> Row:
    for name, results in ((said, measured[0]), (against, measured[1])):
        latency = median(result.p50 for result in results), median(result.p99 for result in results)
        busy = median(result.busy for result in results)
        rates = " ".join(f"{result.rate:.0f}" for result in results)
        print(
            f"  {name}: {rates}/s, p50 {latency[0]:.1f} ms, p99 {latency[1]:.1f} ms, generator {busy:.0%} busy",
            file=sys.stderr,
        )
    ours, floors = (median(result.rate for result in results) for results in measured)
    return Row(said, ours, "requests/s", against, floors, at_least=at_least)


async def commands(stack: LocalStack) -> list[Row]:
    """Measure a command at its service: token checked, rule decided, claim taken, event committed."""
    async with _site(stack) as site:
        await site.start("intake")
        tokens = await site.tokens()
        ours, floor = site.house.info.urls["intake"], site.floor("validate")
        measured = await _compare(
            lambda seconds: site.commands(ours, tokens, seconds), lambda seconds: site.commands(floor, tokens, seconds)
        )
        return [_row("command over HTTP at its service", VALIDATE, measured, 0.6)]


async def gateway(stack: LocalStack) -> list[Row]:
    """Measure the same command through the gateway."""
    async with _site(stack) as site:
        await site.start("intake", "gateway")
        tokens = await site.tokens()
        ours, floor = site.house.info.gateway, site.floor("forward", upstream=site.floor("validate"))
        measured = await _compare(
            lambda seconds: site.commands(ours, tokens, seconds), lambda seconds: site.commands(floor, tokens, seconds)
        )
        return [_row("command over HTTP through the gateway", FORWARD, measured, 0.5)]


async def verify(stack: LocalStack) -> list[Row]:
    """Measure verifications by code, as anyone sends them."""
    async with _site(stack) as site:
        await _issue(site)
        await site.start("intake", "certificate")
        database = site.house.database("certificate")
        dsn = (
            f"postgresql://{database.user}:{quote(database.password, safe='')}@{database.host}:{database.port}"
            f"/{database.name}"
        )
        ours, floor = site.house.info.urls["certificate"], site.floor("select", dsn=dsn)
        measured = await _compare(
            lambda seconds: site.verifications(ours, seconds), lambda seconds: site.verifications(floor, seconds)
        )
        return [_row("verification by code", SELECT, measured, 0.7)]


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
