"""Certificate and integrity at work: both with intake behind them, review's part told by the tests themselves."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import httpx2
import orjson

from cli.demo.files import pdf
from deploy.local.house import House
from deploy.local.lock import Lock
from libs.events.bus import CommandBus, Meta
from libs.events.clock import FileClock
from libs.events.commit import GroupCommit
from libs.events.contracts.base import Payload
from libs.events.contracts.intake import ApplicationPaid, CheckResult, DraftStarted, Seen
from libs.events.contracts.review import ResultConfirmed
from libs.events.database import connect, open_pool
from libs.events.envelope import Event
from libs.events.relay import Relay
from libs.events.sealing import KeyRing
from libs.events.topics import ensure_topics, topic_name
from libs.kernel.calendars import BEIJING, beijing_date
from libs.kernel.decisions import Actor, Aggregate, Claim, Decision
from libs.kernel.terms import Check, Level, Route
from services.certificate.domain.certificate import certificate_identity
from services.certificate.domain.title import title_identity
from tests.stack_fixture import state_folder

if TYPE_CHECKING:
    from deploy.local.outside_process import OutsideInfo
    from deploy.local.stack import StackInfo

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "services" / "intake" / "data" / "rulesets"
SERVED = ("intake", "certificate", "integrity")
BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=BEIJING)
PATIENCE = 30.0
VERIFICATIONS = 60
"""How many verifications a client may ask for in a minute."""
NAME = "欧阳明远"


@dataclass
class Someone:
    """A client with a token."""

    bureau: Bureau
    subject: str
    token: str
    person: str = ""
    id_number: str = ""

    async def post(self, service: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        return await self.send("POST", service, path, body, **headers)

    async def get(self, service: str, path: str, **headers: str) -> httpx2.Response:
        return await self.send("GET", service, path, **headers)

    async def send(self, method: str, service: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        sent = {"Idempotency-Key": str(uuid4()), **headers}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        raw = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        url = self.bureau.url(service) + path
        async with httpx2.AsyncClient(timeout=30, verify=False) as http:
            return await http.request(method, url, content=None if method == "GET" else raw, headers=sent)


@dataclass
class Granted:
    """An application whose result was confirmed, and what comes of it."""

    application: str
    person: str
    ruleset: str

    @property
    def title(self) -> str:
        return str(title_identity(self.application))

    @property
    def certificate(self) -> str:
        return str(certificate_identity(self.title))


@dataclass
class Bureau:
    """The running services and everybody who meets them."""

    house: House
    stack: StackInfo
    prefix: str
    rulesets: dict[str, str] = field(default_factory=dict[str, str])
    people: int = 0

    @property
    def clock(self) -> FileClock:
        return FileClock(Path(self.house.info.clock_file))

    def today(self) -> date:
        return beijing_date(self.clock.now())

    def url(self, service: str) -> str:
        return self.house.info.urls[service]

    async def someone(self, *roles: str, subject: str = "", **relations: str) -> Someone:
        info, name = self.house.info, subject or str(uuid4())
        headers = {"Authorization": f"Bearer {info.admin_secret}"}
        async with httpx2.AsyncClient(timeout=30, verify=False) as http:
            known = {"roles": list(roles), **relations}
            (await http.put(f"{info.issuer}/dev/users/{name}", json=known, headers=headers)).raise_for_status()
            answer = await http.post(f"{info.issuer}/dev/tokens", json={"sub": name}, headers=headers)
        return Someone(self, name, answer.raise_for_status().json()["access_token"], relations.get("person", ""))

    def stranger(self) -> Someone:
        return Someone(self, "", "")

    async def city(self) -> Someone:
        return await self.someone("city")

    async def citizen(self, name: str = NAME) -> Someone:
        """A registered person with a name and a valid ID number of their own."""
        self.people += 1
        number = _resident_number(self.people)
        person = await self.someone("applicant", person=str(uuid4()))
        body = {"name": name, "id_kind": "resident_id", "id_number": number, "phone": "13800000000"}
        answer = await person.post("intake", "/v1/persons", body)
        assert answer.status_code == 201, answer.text
        person.id_number = number
        return person

    async def rules(self, name: str) -> str:
        """Publish a rule set of the data, once for all tests."""
        if name not in self.rulesets:
            drafter, publisher = await self.city(), await self.city()
            document = (RULES / f"{name}.json").read_text("utf-8")
            drafted = await drafter.post("intake", "/v1/rulesets", {"document": document})
            assert drafted.status_code == 201, drafted.text
            identity = drafted.json()["id"]
            published = await publisher.post("intake", f"/v1/rulesets/{identity}/publications")
            assert published.status_code == 200, published.text
            self.rulesets[name] = identity
        return self.rulesets[name]

    async def confirmed(self, person: str, relied_on: Sequence[Seen] = (), **changes: Any) -> Granted:
        """Tell that a person's application was paid and its result confirmed."""
        granted = Granted(str(uuid4()), person, await self.rules("engineering-2023"))
        await self.paid(granted, relied_on)
        await self.passed(granted, **changes)
        return granted

    async def paid(self, granted: Granted, relied_on: Sequence[Seen] = ()) -> None:
        """Tell of an application from its draft to its payment, as intake would."""
        unit = str(uuid4())
        common = {
            "applicant": granted.person,
            "employer": unit,
            "campaign": unit,
            "agency": unit,
            "series": "engineering",
            "specialty": "software",
            "level": Level.ASSOCIATE_SENIOR,
            "route": Route.ORDINARY,
            "year": self.today().year,
            "ruleset": granted.ruleset,
            "district": "海淀区",
        }
        draft = DraftStarted(**common, freeing=(), seen=())
        check = CheckResult(check="title", answer=Check.MATCH, source="titles", seen=tuple(relied_on))
        known = {name: value for name, value in common.items() if name in ApplicationPaid.model_fields}
        paid = ApplicationPaid(**known, amount_fen=70_000, payment=unit, endorsements=())
        await self.tell("intake", f"application-{granted.application}", draft, check, paid)

    async def passed(self, granted: Granted, **changes: Any) -> None:
        """Tell that a result is confirmed, as review would."""
        unit = str(uuid4())
        result = {
            "application": granted.application,
            "applicant": granted.person,
            "session": unit,
            "employer": unit,
            "agency": unit,
            "committee": unit,
            "series": "engineering",
            "specialty": "software",
            "level": Level.ASSOCIATE_SENIOR,
            "route": Route.ORDINARY,
            "scope": "",
            "ruleset": granted.ruleset,
            "passed_at": self.clock.now(),
            "confirmed_by": "official",
        }
        await self.tell("review", f"notice-{uuid4()}", ResultConfirmed(**{**result, **changes}))

    async def issued(self, name: str = NAME) -> tuple[Someone, Granted, dict[str, Any]]:
        """A person with a certificate, and the data of its event."""
        person = await self.citizen(name)
        granted = await self.confirmed(person.person)
        events = await self.until("certificate", f"certificate-{granted.certificate}", "CertificateIssued")
        await self.seen_in("certificate", "verification", f"certificate-{granted.certificate}", 1)
        return person, granted, events[-1].data

    async def case_on(
        self, city: Someone, person: str, severity: str = "ordinary", **changes: Any
    ) -> tuple[str, list[Any]]:
        """A founded case on a person, decided today; give its id and its evidence."""
        opening = {"subject_kind": "applicant", "subject": person, "allegation": "涉嫌虚假材料", "lead": "举报"}
        case = (await city.post("integrity", "/v1/cases", opening)).json()["id"]
        path = f"/v1/cases/{case}"
        stored = await city.post("integrity", f"{path}/uploads", pdf("proof"), **{"Content-Type": "application/pdf"})
        assert stored.status_code == 200, stored.text
        evidence = [{"title": "证明", "document": stored.json()}]
        finding = {
            "founded": True,
            "severity": severity,
            "severity_reasons": "多份伪造" if severity == "grave" else "",
            "findings": "属实",
            "evidence": evidence,
            "decision_no": f"京人社诚决〔{uuid4()}〕号",
            "effective_on": self.today().isoformat(),
            **changes,
        }
        for act, body in (
            ("servings", {"facts": "证明系伪造", "evidence": evidence}),
            ("hearings", {"declined": False, "note": "", "minutes": stored.json()}),
            ("decisions", finding),
        ):
            answer = await city.post("integrity", f"{path}/{act}", body)
            assert answer.status_code == 200, answer.text
        return case, evidence

    async def revoke(self, city: Someone, person: str, title: str) -> str:
        """A founded case in which the city revokes a title; give the case."""
        await self.rules("notice-2023-10")
        case, evidence = await self.case_on(city, person)
        await self.seen_in("integrity", "titles", f"title-{title}", 1)
        body = {
            "title": title,
            "ground": "false_material",
            "evidence": evidence,
            "reasons": "依据第十七条",
            "decision_no": f"京人社撤〔{uuid4()}〕号",
        }
        answer = await city.post("integrity", f"/v1/cases/{case}/revocations", body)
        assert answer.status_code == 200, answer.text
        await self.until("certificate", f"title-{title}", "TitleVoided")
        return case

    async def tell(self, service: str, stream: str, *payloads: Payload, claims: tuple[Claim, ...] = ()) -> None:
        """Append events to another service's stream, as that service would."""
        async with self.voice(service) as bus:
            told = Aggregate(stream.partition("-")[0], None, lambda *_: Decision(payloads, claims), lambda *_: None)
            await bus.execute(told, stream, None, Meta(uuid4(), b"", Actor("someone", "city")))

    @asynccontextmanager
    async def voice(self, service: str) -> AsyncIterator[CommandBus]:
        """Open a service's store; where the service does not run, publish for it too."""
        database = self.house.database(service)
        pool = await open_pool(database, 2)
        commit = GroupCommit(lambda: connect(database), 1)
        relay = None if self.house.running(service) else await self._relay(service)
        try:
            yield CommandBus(pool, commit, self.clock, KeyRing(_NoKeys()))
            if relay:
                await _until(lambda: _published(pool))
        finally:
            if relay:
                relay.cancel()
            await commit.close()
            await pool.close()

    async def _relay(self, service: str) -> asyncio.Task[None]:
        topic = topic_name(self.prefix, service)
        await ensure_topics(self.stack.kafka_bootstrap, [topic])
        relay = Relay(self.house.database(service), self.stack.kafka_bootstrap, topic)
        return asyncio.create_task(relay.run())

    async def events(self, service: str, stream: str) -> list[Event]:
        rows = await self.fetch(service, "select record from events where stream = $1 order by version", stream)
        return [Event(row["record"]) for row in rows]

    async def until(self, service: str, stream: str, kind: str) -> list[Event]:
        """Wait until a stream has an event of a type; give all its events."""
        found: list[Event] = []

        async def there() -> bool:
            found[:] = await self.events(service, stream)
            return any(event.type == kind for event in found)

        await _until(there, f"{kind} on {stream}")
        return found

    async def seen_in(self, service: str, view: str, stream: str, version: int) -> asyncpg.Record:
        """Wait until a view has a stream at a version; give its row."""
        rows: list[asyncpg.Record] = []

        async def there() -> bool:
            query = f'select * from "{view}" where stream = $1 and version >= $2'  # a name of the tests' own
            rows[:] = await self.fetch(service, query, stream, version)
            return bool(rows)

        await _until(there, f"{stream}@{version} in {view}")
        return rows[0]

    async def outcome(self, service: str, reaction: str, target: str) -> tuple[str, list[str]]:
        """Wait until a reaction has its outcome on a target; give it with its codes."""
        rows: list[asyncpg.Record] = []

        async def there() -> bool:
            query = "select * from reactions where reaction = $1 and target = $2 and outcome <> 'waiting'"
            rows[:] = await self.fetch(service, query, reaction, target)
            return bool(rows)

        await _until(there, f"{reaction} on {target}")
        return rows[0]["outcome"], [reason["code"] for reason in orjson.loads(rows[0]["reasons"] or "[]")]

    async def fetch(self, service: str, query: str, *values: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(**self.house.database(service).arguments())
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()


class _NoKeys:
    async def keys(self, persons: Any) -> dict[str, bytes]:
        return dict.fromkeys(persons, bytes(32))


async def _published(pool: asyncpg.Pool) -> bool:
    row = await pool.fetchrow(
        "select (select max((tick, position)) from events) is not distinct from"
        " (select (tick, position) from relay) as done"
    )
    return row["done"]


async def _until(there: Callable[[], Awaitable[bool]], what: str = "it") -> None:
    deadline = time.monotonic() + PATIENCE
    while not await there():
        assert time.monotonic() < deadline, f"{what} did not come"
        await asyncio.sleep(0.05)


def _resident_number(place: int) -> str:
    body = f"110105{19500101 + (place % 50) * 10_000}{place:03d}"
    weights = [2**exponent % 11 for exponent in range(17, 0, -1)]
    remainder = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11
    return body + "10X98765432"[remainder]


def running(stack: StackInfo, outside: OutsideInfo) -> Iterator[Bureau]:
    """Run intake, certificate and integrity; review is told by the tests."""
    with state_folder() as folder:
        # Held, or a session that begins meanwhile would clear the folder away as an abandoned one.
        held = Lock.take(folder)
        prefix = f"t{secrets.token_hex(3)}"
        environment = {
            "certificate": {"ZHICHENG_VERIFICATIONS": str(VERIFICATIONS)},
            "intake": {"ZHICHENG_SWEEP_SECONDS": "0.2"},
        }
        house = House(folder, stack, outside, prefix=prefix, profile="test", environment=environment)
        try:
            asyncio.run(house.prepare())
            bureau = Bureau(house, stack, prefix)
            bureau.clock.move_to(BEGIN.astimezone(UTC))
            for name in SERVED:
                house.start_service(name, wait=False)
            for name in SERVED:
                house._wait(name)
            yield bureau
        finally:
            house.stop()
            held.release()
