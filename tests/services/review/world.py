"""Review at work: intake behind it for keys, persons and rule sets; what other services say is told by the tests."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx2

from deploy.local.house import House
from deploy.local.lock import Lock
from libs.events.bus import Meta
from libs.events.contracts.base import Payload, Unsealed
from libs.events.contracts.certificate import TitleImported, TitleVoided
from libs.events.contracts.intake import ApplicationAccepted, ApplicationEnded, ApplicationPaid, DraftStarted
from libs.events.contracts.integrity import BanImposed, TitleRevoked
from libs.kernel.calendars import BEIJING
from libs.kernel.decisions import Actor, Aggregate, Decision
from libs.kernel.terms import Level, Role, Route
from services.review.domain.draw import commitment_of
from tests.services.bureau import BEGIN, Bureau, Someone
from tests.services.review.hall import Hall, good
from tests.stack_fixture import state_folder

if TYPE_CHECKING:
    from deploy.local.outside_process import OutsideInfo
    from deploy.local.stack import StackInfo

SERVED = ("intake", "review")
SERIES, SPECIALTY = "engineering", "software"
SIZE, POOL = 11, 14
_OF_FILE = ("applicant", "employer", "campaign", "agency", "series", "specialty", "level", "route", "ruleset")
BIRTH_YEARS, TOO_OLD = 50, 10
"""The bureau's people are born in so many years, and the eldest of them are no experts any more."""


@dataclass
class Council(Bureau):
    """A bureau in which review runs, with an agency, a committee and its experts."""

    agency: str = ""
    committee: str = ""
    ruleset: str = ""
    elsewhere: str = ""
    experts: list[Someone] = field(default_factory=list[Someone])
    titles: dict[str, str] = field(default_factory=dict[str, str])

    async def citizen(self, name: str = "申报人") -> Someone:
        """A registered person who is young enough to be an expert."""
        while (self.people + 1) % BIRTH_YEARS < TOO_OLD:
            self.people += 1
        return await super().citizen(name)

    async def formed(self) -> Council:
        """Form the committee, once for all tests."""
        if self.committee:
            return self
        self.ruleset = await self.rules("engineering-2023")
        await self.seen_in("review", "rulesets", f"ruleset-{self.ruleset}", 1)
        city = await self.city()
        self.elsewhere = await self._employer(city)
        filing = {
            "name": "评审服务中心",
            "credit_code": "91110000600037341L",
            "district": "西城区",
            "series": [SERIES],
            "filed_from": "2026-01-01",
            "filed_until": "2026-12-31",
        }
        self.agency = (await good(city.post("review", "/v1/agencies", filing))).json()["id"]
        listing = {"year": 2026, "listed_until": "2026-12-31"}
        await good(city.post("review", f"/v1/agencies/{self.agency}/listings", listing))
        officer = await self.officer()
        committee = (await good(officer.post("review", "/v1/committees", self.filing()))).json()["id"]
        await good(city.post("review", f"/v1/committees/{committee}/approvals"))
        self.experts = await self.titled(POOL)
        for expert in self.experts:
            await self.appointed(officer, committee, expert.person)
        for expert in self.experts:
            await self.seen_in("review", "experts", f"expert-{expert.person}", 2)
        self.committee = committee
        return self

    async def _employer(self, city: Someone) -> str:
        body = {"name": "某公司", "credit_code": "91110000MA0000002P", "kind": "non_public", "district": "海淀区"}
        return (await good(city.post("intake", "/v1/employers", body))).json()["id"]

    def filing(self, **changes: Any) -> dict[str, Any]:
        filed = {
            "name": "工程系列（软件）高级评审委员会",
            "committee_kind": "specialty",
            "series": SERIES,
            "specialty": SPECIALTY,
            "level": "associate_senior",
            "size": SIZE,
            "filed_from": "2026-03-01",
            "filed_until": "2028-12-31",
        }
        return {**filed, **changes}

    async def officer(self) -> Someone:
        return await self.someone("agency_officer", unit=self.agency, person=str(uuid4()))

    async def titled(self, number: int = 1) -> list[Someone]:
        """Registered persons who work elsewhere and hold a live full senior title, which `titles` names."""
        persons = [await self.citizen("专家") for _ in range(number)]
        body = {"employer": self.elsewhere, "specialty": SPECIALTY, "since": "2010-07-01"}
        for one in persons:
            await good(one.post("intake", f"/v1/persons/{one.person}/employments", body))
        self.titles |= {one.person: f"title-{uuid4()}" for one in persons}
        await self.tell_all("certificate", {self.titles[one.person]: (self._title(one.person),) for one in persons})
        for one in persons:
            await self.seen_in("review", "titles", self.titles[one.person], 1)
            await self.seen_in("review", "persons", f"person-{one.person}", 2)
        return [await self.someone("expert", person=one.person) for one in persons]

    @staticmethod
    def _title(person: str) -> TitleImported:
        return TitleImported(
            person=person,
            series=SERIES,
            specialty=SPECIALTY,
            level=Level.FULL_SENIOR,
            scope="",
            obtained_on=date(2018, 12, 20),
            issuer="北京市人力资源和社会保障局",
            certificate_no="旧",
            provenance="导入",
            confirmed=True,
        )

    async def revoked(self, person: str) -> None:
        """The city revokes a person's title, as integrity and certificate tell it."""
        decided, voided = self.revocation(person)
        await self.tell_all("certificate", voided)
        await self.tell_all("integrity", decided)

    def revocation(self, person: str) -> tuple[dict[str, tuple[Payload, ...]], dict[str, tuple[Payload, ...]]]:
        """The revocation of a person's title: what integrity tells, and what certificate tells because of it."""
        title, case, now = self.titles[person].partition("-")[2], f"case-{uuid4()}", self.clock.now()
        revoked = TitleRevoked(
            title=title,
            person=person,
            ground="false_material",
            decision_no="1",
            decided_at=now,
            reasons=Unsealed(person, "十七"),
            evidence=(),
            seen=(),
        )
        voided = TitleVoided(
            person=person,
            case=case.partition("-")[2],
            decision_no="1",
            ground="false_material",
            decided_at=now,
            decided_by_role=Role.CITY,
            seen=(),
        )
        return {case: (revoked,)}, {self.titles[person]: (voided,)}

    async def banned(self, person: str, from_day: date) -> None:
        """A ban on a person, as integrity tells it."""
        until = from_day.replace(year=from_day.year + 3)
        ban = BanImposed(
            case=str(uuid4()),
            person=person,
            kinds=("TITLE",),
            basis="SERIOUS_FRAUD_NOTICE17",
            from_day=from_day,
            until=until,
            seen=(),
        )
        stream = f"ban-{uuid4()}"
        await self.tell_all("integrity", {stream: (ban,)})
        await self.seen_in("review", "bans", stream, 1)

    async def ended(self, application: str, reason: str) -> None:
        """An application is over, as intake tells it."""
        end = ApplicationEnded(applicant=str(uuid4()), agency=self.agency, series=SERIES, reason=reason)
        await self.tell_all("intake", {f"application-{application}": (end,)})

    async def appointed(self, officer: Someone, committee: str, person: str) -> None:
        """Admit a person as an expert and appoint to a committee."""
        admission = {"person": person, "series": SERIES, "specialty": SPECIALTY, "level": "full_senior"}
        await good(officer.post("review", "/v1/experts", admission))
        term = {"committee": committee, "from_day": "2026-03-01", "until": "2028-12-31"}
        await good(officer.post("review", f"/v1/experts/{person}/appointments", term))

    def draft(self, applicant: str, **changes: Any) -> DraftStarted:
        draft = {
            "applicant": applicant,
            "employer": str(uuid4()),
            "campaign": self.agency,
            "agency": self.agency,
            "series": SERIES,
            "specialty": SPECIALTY,
            "level": Level.ASSOCIATE_SENIOR,
            "route": Route.ORDINARY,
            "year": 2026,
            "ruleset": self.ruleset,
            "district": "海淀区",
            "freeing": (),
            "seen": (),
        }
        return DraftStarted(**{**draft, **changes})

    @staticmethod
    def taken(draft: DraftStarted, endorsements: Sequence[str] = ()) -> ApplicationAccepted:
        common = {name: getattr(draft, name) for name in _OF_FILE}
        due = datetime(2026, 4, 1, tzinfo=UTC)
        return ApplicationAccepted(**common, endorsements=tuple(endorsements), due=due, calendar="-", seen=())

    @staticmethod
    def fee_paid(draft: DraftStarted, endorsements: Sequence[str] = ()) -> ApplicationPaid:
        common = {name: getattr(draft, name) for name in _OF_FILE}
        return ApplicationPaid(**common, endorsements=tuple(endorsements), amount_fen=70_000, payment=str(uuid4()))

    async def files(self, number: int, **changes: Any) -> list[str]:
        """Applications of so many people that were accepted and paid."""
        told: dict[str, tuple[Payload, ...]] = {}
        for _ in range(number):
            draft = self.draft((await self.citizen()).person, **changes)
            told[f"application-{uuid4()}"] = (draft, self.taken(draft), self.fee_paid(draft))
        await self.tell_all("intake", told)
        for stream in told:
            await self.seen_in("review", "applications", stream, 3)
        return [stream.partition("-")[2] for stream in told]

    async def planned(self, officer: Someone, applications: list[str], **changes: Any) -> httpx2.Response:
        """Ask for a session in two hours."""
        held_at = self.clock.now().astimezone(BEIJING).replace(microsecond=0)
        plan = {
            "committee": self.committee,
            "candidates": applications,
            "level": "associate_senior",
            "held_at": held_at.replace(hour=23).isoformat(),
        }
        return await officer.post("review", "/v1/sessions", {**plan, **changes})

    async def drawn(self, number: int, also: Sequence[str] = ()) -> tuple[str, list[str], Someone]:
        """A session for so many candidates, and those named, whose experts were drawn; give its officer too."""
        await self.formed()
        officer, applications = await self.officer(), [*await self.files(number), *also]
        session = (await good(self.planned(officer, applications))).json()["id"]
        seed, path = secrets.token_hex(32), f"/v1/sessions/{session}"
        await good(officer.post("review", f"{path}/seeds", {"commitment": commitment_of(seed)}))
        await good(officer.post("review", f"{path}/draws", {"seed": seed}))
        return session, applications, officer

    async def seats(self, session: str) -> dict[str, Someone]:
        """The experts drawn, each with a fresh token."""
        drawn = next(one for one in await self.events("review", f"session-{session}") if one.type == "ExpertDrawn")
        return {one: await self.someone("expert", person=one) for one in drawn.data["drawn"]}

    async def opened(self, number: int = 1, also: Sequence[str] = ()) -> Hall:
        """A session with all its experts in the room, none of whom stands in a relation to a candidate."""
        session, applications, officer = await self.drawn(number, also)
        seated = await self.seats(session)
        answers = [{"application": one, "relations": "none"} for one in applications]
        for expert in seated.values():
            await good(expert.post("review", f"/v1/sessions/{session}/declarations", {"answers": answers}))
        return await self.seat(session, applications, officer, seated, list(seated))

    async def seat(
        self, session: str, applications: list[str], officer: Someone, seated: dict[str, Someone], room: list[str]
    ) -> Hall:
        """Assign a supervisor and open, with the first in the room in the chair and the second as vice-chair."""
        path = f"/v1/sessions/{session}"
        watching = await self.citizen("监督委员")
        await self.seen_in("review", "persons", f"person-{watching.person}", 1)
        await good(officer.post("review", f"{path}/supervisors", {"supervisor": watching.person}))
        chair = await self.someone("chair", "expert", person=room[0])
        supervisor = await self.someone("supervisor", person=watching.person)
        await good(supervisor.post("review", f"{path}/presences", {"person": watching.person, "present": True}))
        opening = {"chair": room[0], "vice_chairs": [room[1]], "present": room}
        await good(chair.post("review", f"{path}/openings", opening))
        return Hall(self, session, applications, {one: seated[one] for one in room}, chair, supervisor)

    async def tell_all(self, service: str, told: Mapping[str, Sequence[Payload]]) -> None:
        """Append events to streams of another service, as that service would."""
        async with self.voice(service) as bus:
            for stream, payloads in told.items():
                kind = stream.partition("-")[0]
                saying = Aggregate(
                    kind, None, lambda _, payloads, __: Decision(events=tuple(payloads)), lambda *_: None
                )
                await bus.execute(saying, stream, payloads, Meta(uuid4(), b"", Actor("someone", "city")))

    def to_day(self, day: date) -> None:
        """Move the clock to 09:00 of a day in Beijing."""
        self.clock.move_to(datetime.combine(day, BEGIN.timetz()).astimezone(UTC))

    def restart(self, kill_at: str = "") -> None:
        """Start review again, after its end or in place of the one that runs; let it die at a point if told so."""
        if self.house.running("review"):
            self.house.kill_service("review")
        self.house.environment["review"] = {"ZHICHENG_KILL_AT": kill_at}
        self.house.start_service("review")

    @property
    def armed(self) -> bool:
        """Whether review was told to die."""
        return bool(self.house.environment["review"].get("ZHICHENG_KILL_AT"))

    async def died(self) -> None:
        """Wait until review has killed itself."""
        for _ in range(600):
            if not self.house.running("review"):
                return
            await asyncio.sleep(0.02)
        raise AssertionError("review is alive")

    @property
    def keys_held(self) -> list[str]:
        """The ballots whose keys lie in review's folder."""
        return sorted(path.stem for path in (self.house.root / "review" / "ballot-keys").glob("*.key"))

    async def boxes(self, ballot: str) -> int:
        rows = await self.fetch("review", "select count(*) as n from ballot_box where ballot = $1::uuid", ballot)
        return rows[0]["n"]


def running(stack: StackInfo, outside: OutsideInfo) -> Iterator[Council]:
    """Run intake and review."""
    with state_folder() as folder:
        # Held, or a session that begins meanwhile would clear the folder away as an abandoned one.
        held = Lock.take(folder)
        prefix = f"t{secrets.token_hex(3)}"
        # Not a line of a log is left in a buffer: they are looked at.
        environment = {"": {"PYTHONUNBUFFERED": "1"}, "review": {}}
        house = House(folder, stack, outside, prefix=prefix, profile="test", environment=environment)
        try:
            asyncio.run(house.prepare())
            council = Council(house, stack, prefix)
            council.clock.move_to(BEGIN.astimezone(UTC))
            for name in SERVED:
                house.start_service(name, wait=False)
            for name in SERVED:
                house._wait(name)
            yield council
        finally:
            house.stop()
            held.release()
