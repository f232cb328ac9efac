"""Who and what a case is made of, and how its streams are written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from libs.events.contracts import certificate, intake, review, review_bodies
from libs.events.contracts import review_session as hall
from libs.events.contracts.base import Payload, Unsealed
from libs.events.envelope import GENESIS, Cause, Event, write
from libs.events.sealing import EventSealer, persons_in
from libs.kernel.terms import Degree, Level, Route

NOON = datetime(2025, 3, 3, 4, 0, tzinfo=UTC)
NAME, NUMBER = "张𠅤三", "11010519491231002X"
DAY = timedelta(days=1)


def key_of(person: str) -> bytes:
    """Give a person's key."""
    return hashlib.sha256(person.encode()).digest()


@dataclass
class Stream:
    """A stream as its service writes it."""

    name: str
    last: Event | None = None

    @property
    def id(self) -> str:
        return self.name.partition("-")[2]

    def say(self, *payloads: Payload, at: datetime = NOON, actor: str = "actor-1", role: str = "city") -> list[Event]:
        """Write the next events of the stream."""
        said: list[Event] = []
        for payload in payloads:
            version = self.last.version + 1 if self.last else 1
            keys = {person: key_of(person) for person in persons_in([payload])}
            self.last = write(
                payload,
                stream=self.name,
                version=version,
                time=at,
                recorded=at,
                prev_hash=self.last.hash if self.last else GENESIS,
                cause=Cause(str(uuid4()), actor, role, "", str(uuid4()), str(uuid4()), ""),
                ruleset="",
                sealer=lambda event_id, keys=keys: EventSealer(event_id, keys),
            )
            said.append(self.last)
        return said


@dataclass
class Cast:
    """Everyone and everything that has a part in a case, each with a stream."""

    person: str = field(default_factory=lambda: str(uuid4()))
    district: str = "海淀区"
    told: list[Event] = field(default_factory=list[Event])
    streams: dict[str, Stream] = field(default_factory=dict[str, Stream])

    def __getitem__(self, name: str) -> Stream:
        kind = name.rstrip("0123456789")
        kinds = {
            "judge": "expert",
            "seat": "person",
            "endorser": "person",
            "supervisor": "person",
            "stranger": "person",
        }
        if name not in self.streams:
            identity = self.person if name == "person" else str(uuid4())
            self.streams[name] = Stream(f"{kinds.get(kind, kind)}-{identity}")
        return self.streams[name]

    def id(self, name: str) -> str:
        """Give the identity of somebody or something of the story."""
        return self[name].id

    def tell(self, name: str, *payloads: Payload, **how: Any) -> list[Event]:
        """Let something happen in a stream."""
        events = self[name].say(*payloads, **how)
        self.told += events
        return events

    def words(self, text: str) -> Unsealed:
        """Say something of the applicant, to be sealed under the applicant's key."""
        return Unsealed(self.person, text)

    def registered(self, person: str, name: str) -> intake.PersonRegistered:
        return intake.PersonRegistered(
            name=Unsealed(person, name),
            id_kind="resident_id",
            id_number=Unsealed(person, NUMBER),
            birth_date=Unsealed(person, "1949-12-31"),
            phone=Unsealed(person, "13800000000"),
        )

    def education(self) -> intake.EducationRecorded:
        return intake.EducationRecorded(
            degree=Degree.BACHELOR,
            major="给水排水工程",
            specialty="给排水",
            enrolled_on=date(2011, 9, 1),
            graduated_on=date(2015, 7, 1),
            full_time=True,
            certificate_no=Unsealed(self.person, "100001201505000001"),
        )

    def agency_filed(self) -> review_bodies.AgencyFiled:
        return review_bodies.AgencyFiled(
            name="某评审服务机构",
            credit_code="91110000MA0000001X",
            district=self.district,
            series=("engineering",),
            filed_from=date(2025, 1, 1),
            filed_until=date(2027, 12, 31),
        )

    def rules(self) -> dict[str, Any]:
        return {
            "code": "engineering-2023",
            "title": "工程系列",
            "series": "engineering",
            "levels": (Level.ASSOCIATE_SENIOR,),
            "effective_from": date(2023, 10, 1),
            "document": "{}",
            "document_hash": "f" * 64,
        }

    def notice_published(self) -> intake.CampaignNoticePublished:
        return intake.CampaignNoticePublished(
            agency=self.id("agency"),
            series="engineering",
            specialties=("给排水",),
            levels=(Level.ASSOCIATE_SENIOR,),
            routes=(Route.ORDINARY,),
            year=2025,
            opens_at=NOON,
            closes_at=NOON + 30 * DAY,
            ruleset=self.id("ruleset"),
            conditions="一",
            procedure="二",
            method="三",
            time_and_place="四",
            materials="五",
        )

    def what(self, without: tuple[str, ...] = ()) -> dict[str, Any]:
        what = {
            "applicant": self.person,
            "employer": self.id("employer"),
            "campaign": self.id("campaign"),
            "agency": self.id("agency"),
            "series": "engineering",
            "specialty": "给排水",
            "level": Level.ASSOCIATE_SENIOR,
            "route": Route.ORDINARY,
            "year": 2025,
            "ruleset": self.id("ruleset"),
            "district": self.district,
        }
        return {name: value for name, value in what.items() if name not in without}

    def result(self, without: tuple[str, ...] = ()) -> dict[str, Any]:
        what = self.what(without=("campaign", "year", "district"))
        result = {
            **what,
            "application": self.id("application"),
            "session": self.id("session"),
            "committee": self.id("committee"),
            "scope": "",
        }
        return {name: value for name, value in result.items() if name not in without}

    def committee_filed(self) -> review_bodies.CommitteeFiled:
        return review_bodies.CommitteeFiled(
            agency=self.id("agency"),
            name="工程高评委",
            committee_kind="series",
            series="engineering",
            specialty="",
            level=Level.ASSOCIATE_SENIOR,
            size=3,
            filed_from=date(2025, 1, 1),
            filed_until=date(2027, 12, 31),
            ruleset=self.id("ruleset"),
            seen=(),
        )

    def admitted(self) -> review_bodies.ExpertAdmitted:
        return review_bodies.ExpertAdmitted(
            agency=self.id("agency"),
            series="engineering",
            specialty="给排水",
            level=Level.ASSOCIATE_SENIOR,
            title=str(uuid4()),
            ruleset=self.id("ruleset"),
            seen=(),
        )

    def appointed(self) -> review_bodies.ExpertAppointed:
        return review_bodies.ExpertAppointed(
            committee=self.id("committee"),
            agency=self.id("agency"),
            term=1,
            from_day=date(2025, 1, 1),
            until=date(2027, 12, 31),
            ruleset=self.id("ruleset"),
            seen=(),
        )

    def planned(self) -> review.SessionPlanned:
        candidate = hall.Candidate(
            application=self.id("application"),
            applicant=self.person,
            employer=self.id("employer"),
            specialty="给排水",
            route=Route.ORDINARY,
            scope="",
            endorsers=(self.id("endorser"),),
        )
        return review.SessionPlanned(
            committee=self.id("committee"),
            agency=self.id("agency"),
            campaign=self.id("campaign"),
            ruleset=self.id("ruleset"),
            level=Level.ASSOCIATE_SENIOR,
            candidates=(self.id("application"),),
            held_at=NOON + 30 * DAY,
            series="engineering",
            session_kind="ordinary",
            committee_size=3,
            committee_until=date(2027, 12, 31),
            files=(candidate,),
            seen=(),
        )

    def issued(self) -> certificate.CertificateIssued:
        return certificate.CertificateIssued(
            title=self.id("title"),
            person=self.person,
            number="BJ2025",
            template="1",
            code="0123456789ABCDEF",
            name=Unsealed(self.person, NAME),
            id_number=Unsealed(self.person, NUMBER),
            series="engineering",
            specialty="给排水",
            level=Level.ASSOCIATE_SENIOR,
            title_name="高级工程师",
            scope="",
            obtained_on=date(2025, 4, 2),
            issued_on=date(2025, 4, 20),
            issuer="北京市人力资源和社会保障局",
            document=intake.BlobRef(hash="9" * 64, size=50_000, media_type="application/pdf"),
            seen=(),
        )
