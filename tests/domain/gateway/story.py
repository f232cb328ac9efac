"""One case as its services tell it, event after event: what the gateway folds, and what its viewers may see."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from libs.events.contracts import certificate, gateway, intake, integrity, review, review_bodies, review_notice
from libs.events.contracts import review_session as hall
from libs.events.contracts.base import Payload, Unsealed
from libs.events.envelope import GENESIS, Cause, Event, write
from libs.events.sealing import EventSealer
from libs.kernel.terms import Check, Degree, EmployerKind, EndorsementKind, Level, MaterialKind, Role, Route

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
            keys = {one.person: key_of(one.person) for one in vars(payload).values() if isinstance(one, Unsealed)}
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
class Story:
    """One applicant's way from registration to revocation, and everyone who has a part in it."""

    person: str = field(default_factory=lambda: str(uuid4()))
    district: str = "海淀区"
    told: list[Event] = field(default_factory=list[Event])
    streams: dict[str, Stream] = field(default_factory=dict[str, Stream])

    def __getitem__(self, name: str) -> Stream:
        kind = name.rstrip("0123456789")
        kinds = {"judge": "expert", "seat": "person", "endorser": "person", "supervisor": "person", "stranger": "person"}
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

    def begin(self) -> None:
        """Register everyone and everything, up to the campaign's notice."""
        for name in ("person", "endorser", "seat1", "seat2", "seat3", "supervisor"):
            self.tell(name, self._registered(self.id(name), NAME if name == "person" else f"{name} 李"))
        self.tell(
            "employer",
            intake.EmployerRegistered(
                name="某设计院",
                credit_code="91110000MA0000000X",
                kind=EmployerKind.STATE_ENTERPRISE,
                district=self.district,
                superior="",
            ),
        )
        since = intake.EmploymentStarted(employer=self.id("employer"), specialty="给排水", since=date(2015, 7, 1))
        self.tell("person", since, self._education())
        self.tell("agency", self._agency(), review_bodies.AgencyListed(year=2025, listed_until=date(2025, 12, 31)))
        self.tell("ruleset", intake.RuleSetDrafted(**self._rules()))
        self.tell("ruleset", intake.RuleSetPublished(**self._rules(), drafted_by="official-1"))
        self.tell("campaign", self._notice())

    def draft(self) -> None:
        """Begin the application and ask a peer."""
        self.tell("application", intake.DraftStarted(**self._what(), freeing=(), seen=()), role="applicant")
        asked = intake.EndorsementRequested(
            applicant=self.person,
            endorser=self.id("endorser"),
            kind=EndorsementKind.EXPERT,
            series="engineering",
            specialty="给排水",
            employer=self.id("employer"),
        )
        invited = review.EndorsementInvited(**asked.model_dump(), application=self.id("application"))
        given = review.EndorsementGiven(
            **asked.model_dump(exclude={"employer"}),
            application=self.id("application"),
            endorser_unit=str(uuid4()),
            statement=Unsealed(self.person, "同行推荐"),
            seen=(),
        )
        form = intake.BlobRef(hash="a" * 64, size=1234, media_type="application/pdf")
        attached = intake.MaterialAttached(kind=MaterialKind.FORM, blob=form, plain_hash="b" * 64, replaces=None)
        self.tell("application", asked, attached, role="applicant")
        self.tell("endorsement", invited, given)

    def submit(self) -> None:
        """Submit: from here the employer has the file."""
        submitted = intake.ApplicationSubmitted(
            **self._what(),
            materials=(MaterialKind.FORM,),
            endorsements=(self.id("endorsement"),),
            warnings=(),
            seen=(),
        )
        self.tell("application", submitted, role="applicant")

    def recommend(self) -> None:
        """Let the employer publicise, hear an objection, and recommend."""
        objection = str(uuid4())
        end = NOON + 7 * DAY
        self.tell(
            "application",
            intake.EmployerReviewed(opinion="属实", in_service=True),
            intake.EmployerPublicityStarted(
                working_days=5, ends_at=end, calendar="2025", ruleset=self.id("ruleset"), place="公告栏"
            ),
            intake.EmployerObjectionReceived(objection=objection, summary="有人反映", real_name=False),
            intake.EmployerObjectionDecided(objection=objection, founded=False, answer="不属实"),
            intake.EmployerPublicityResumed(working_days=3, ends_at=end, calendar="2025"),
            intake.EmployerPublicityEnded(ended_at=end),
            intake.EmployerRecommended(statement="同意推荐", publicity_ended_at=end),
            role="employer_head",
        )

    def receive(self) -> None:
        """Let the agency take the file in."""
        self.tell("application", intake.ApplicationReceived(agency=self.id("agency")), role="agency_officer")

    def qualify(self) -> None:
        """Accept, check, assess, qualify, bill and pay."""
        what = self._what(without=("applicant", "district", "year"))
        due = {"working_days": 10, "due": NOON + 14 * DAY, "calendar": "2025", "ruleset": self.id("ruleset")}
        self.tell(
            "application",
            intake.ApplicationAccepted(
                applicant=self.person, endorsements=(), due=NOON, calendar="2025", seen=(), **what
            ),
            intake.CheckResult(check="education", answer=Check.MATCH, source="chsi", seen=()),
            intake.EligibilityAssessed(
                ruleset=self.id("ruleset"),
                on=date(2025, 3, 3),
                outcome="met",
                conditions=(),
                warnings=(),
                seen=(),
            ),
            intake.ApplicationQualified(level=Level.ASSOCIATE_SENIOR, decided_by="officer-1", note=""),
            intake.FeeAssessed(
                applicant=self.person,
                payment=self.id("payment"),
                level=Level.ASSOCIATE_SENIOR,
                amount_fen=70000,
                **due,
            ),
            role="agency_officer",
        )
        bill = {"application": self.id("application"), "applicant": self.person, "amount_fen": 70000}
        self.tell("payment", intake.BillOpened(**bill, due=NOON + 14 * DAY))
        self.tell("payment", intake.PaymentReported(channel_id="CH1", amount="70000", paid_at=NOON))
        self.tell("payment", intake.PaymentReceived(**bill, channel_id="CH1"))
        paid = intake.ApplicationPaid(
            applicant=self.person, amount_fen=70000, payment=self.id("payment"), endorsements=(), **what
        )
        self.tell("application", paid)

    def convene(self) -> None:
        """Plan the session, draw, assign the supervisor, open, recuse one, call the vote."""
        seats = tuple(self.id(name) for name in ("seat1", "seat2", "seat3"))
        for name in ("seat1", "seat2", "seat3"):
            self.streams[f"judge{name[-1]}"] = Stream(f"expert-{self.id(name)}")
            self.tell(f"judge{name[-1]}", self._admitted(), self._appointed())
        self.tell("committee", self._committee())
        self.tell(
            "session",
            self._planned(),
            hall.ExpertDrawSeeded(
                commitment="c" * 64, nonce="d" * 64, seats=3, pool=seats, excluded=(), replaces="", reason="", seen=()
            ),
            hall.ExpertDrawn(seed="e" * 64, drawn=seats),
            hall.SupervisorAssigned(supervisor=self.id("supervisor"), seen=()),
            hall.RecusalGranted(expert=seats[2], application=self.id("application")),
            hall.SessionOpened(
                chair=seats[0],
                vice_chairs=(),
                supervisor=self.id("supervisor"),
                present=seats,
                size=3,
                ruleset=self.id("ruleset"),
            ),
            hall.OpinionFiled(
                expert=seats[1],
                application=self.id("application"),
                opinion=Unsealed(self.person, "水平较高"),
            ),
            hall.IrregularityRaised(
                supervisor=self.id("supervisor"), words=Unsealed(self.id("supervisor"), "迟到一人")
            ),
            role="agency_officer",
        )
        session = {"session": self.id("session"), "seen": ()}
        self.tell("application", intake.ReviewScheduled(held_at=NOON + 30 * DAY, **session), role="system")
        self.tell(
            "ballot",
            review.BallotOpened(
                session=self.id("session"),
                application=self.id("application"),
                applicant=self.person,
                public_key="k" * 43,
                voters=seats[:2],
                committee_size=3,
                present=2,
                recused=(seats[2],),
                absent=(),
            ),
            hall.VoterMarked(voter=seats[0]),
        )
        self.tell("application", intake.ReviewVoteOpened(**session), role="system")

    def vote(self) -> None:
        """Close the ballot: passed."""
        session = {"session": self.id("session"), "seen": ()}
        self.tell(
            "ballot",
            hall.VoterMarked(voter=self.id("seat2")),
            review.BallotClosed(
                session=self.id("session"),
                application=self.id("application"),
                agree=2,
                against=0,
                abstain=0,
                invalid=0,
                receipts=("1" * 64, "2" * 64),
            ),
        )
        self.tell("application", intake.ReviewPassed(**session), role="system")

    def publish(self) -> None:
        """Show the result for five working days, and receive an objection."""
        end = NOON + 40 * DAY
        started = review.ResultPublicityStarted(
            **self._result(), ends_at=end, calendar="2025", passed_at=NOON + 30 * DAY, seen=()
        )
        self.tell("notice", started, at=NOON + 33 * DAY)
        self.tell("application", intake.ReviewPublished(ends_at=end, seen=()), role="system")

    def object(self) -> str:
        """Object to the result by real name, look into it, and find nothing."""
        objection = str(uuid4())
        words = Unsealed(self.person, "论文有问题")
        received = review_notice.ObjectionReceived(
            objection=objection, real_name=True, objector=self.id("stranger"), words=words
        )
        decided = review_notice.InquiryDecided(
            objection=objection, founded=False, reasons=Unsealed(self.person, "查无实据"), decided_by="official-1"
        )
        self.tell("notice", received, review_notice.InquiryOpened(objection=objection), decided)
        return objection

    def certify(self) -> None:
        """End the publicity, confirm, grant the title, issue the certificate."""
        confirmed = review.ResultConfirmed(
            **self._result(), passed_at=NOON + 30 * DAY, confirmed_by="official-1"
        )
        self.tell("notice", review_notice.ResultPublicityEnded(), confirmed)
        self.tell("application", intake.ReviewConfirmed(seen=()))
        granted = certificate.TitleGranted(
            person=self.person,
            obtained_on=date(2025, 4, 2),
            relied_on=(),
            **self._result(without=("applicant", "session", "agency")),
        )
        self.tell("title", granted)
        self.tell("certificate", self._issued())
        self.tell("application", intake.ApplicationCertified(title=self.id("title"), seen=()))
        ended = intake.ApplicationEnded(
            applicant=self.person, agency=self.id("agency"), series="engineering", reason="certified"
        )
        self.tell("application", ended)

    def open_case(self) -> None:
        """Open an integrity case on the applicant."""
        opened = integrity.IntegrityCaseOpened(
            subject_kind=integrity.SubjectKind.APPLICANT, subject=self.person, allegation="业绩不实", lead="举报"
        )
        self.tell("case", opened)

    def revoke(self) -> None:
        """Serve the facts, hear, decide, revoke, ban and record."""
        decision = {"decision_no": "京人社撤〔2025〕1号", "evidence": ()}
        self.tell("case", integrity.FactsServed(facts="合同系伪造", evidence=()))
        self.tell("case", integrity.SubjectHeard(declined=True, note="放弃", minutes=None))
        self.tell(
            "case",
            integrity.IntegrityCaseDecided(
                subject_kind=integrity.SubjectKind.APPLICANT,
                subject=self.person,
                founded=True,
                severity=integrity.Severity.GRAVE,
                severity_reasons="伪造合同",
                findings="属实",
                ban_basis=integrity.BanBasis.SERIOUS_FRAUD_NOTICE17,
                effective_on=date(2025, 6, 1),
                **decision,
            ),
            integrity.TitleRevoked(
                title=self.id("title"),
                person=self.person,
                ground="false_material",
                decided_at=NOON,
                reasons="伪造合同",
                seen=(),
                **decision,
            ),
        )
        case = {"case": self.id("case"), "seen": ()}
        self.tell(
            "ban",
            integrity.BanImposed(
                person=self.person,
                kinds=("TITLE",),
                basis="SERIOUS_FRAUD_NOTICE17",
                from_day=date(2025, 6, 1),
                until=date(2028, 5, 31),
                **case,
            ),
        )
        self.tell(
            "record",
            integrity.IntegrityRecorded(
                subject_kind="applicant",
                subject=self.person,
                facts="合同系伪造",
                recorded_on=date(2025, 6, 1),
                expires_on=date(2028, 5, 31),
                **case,
            ),
        )
        revoked = {"person": self.person, "ground": "false_material", "decided_by_role": Role.CITY, **case}
        number = {"decision_no": "京人社撤〔2025〕1号"}
        self.tell("title", certificate.TitleVoided(decided_at=NOON, **number, **revoked))
        self.tell(
            "certificate",
            certificate.CertificateRevoked(
                title=self.id("title"), number="BJ2025", revoked_on=date(2025, 6, 1), **number, **revoked
            ),
        )

    def all(self) -> list[Event]:
        """Tell everything, up to the revocation."""
        self.begin()
        self.draft()
        self.submit()
        self.recommend()
        self.receive()
        self.qualify()
        self.convene()
        self.vote()
        self.publish()
        self.object()
        self.certify()
        self.open_case()
        self.revoke()
        self.tell("client", gateway.ClientRegistered(client_id="bureau-1", roles=("district",), unit="", district="海淀区"))
        return self.told

    def _registered(self, person: str, name: str) -> intake.PersonRegistered:
        return intake.PersonRegistered(
            name=Unsealed(person, name),
            id_kind="resident_id",
            id_number=Unsealed(person, NUMBER),
            birth_date=Unsealed(person, "1949-12-31"),
            phone=Unsealed(person, "13800000000"),
        )

    def _education(self) -> intake.EducationRecorded:
        return intake.EducationRecorded(
            degree=Degree.BACHELOR,
            major="给水排水工程",
            specialty="给排水",
            enrolled_on=date(2011, 9, 1),
            graduated_on=date(2015, 7, 1),
            full_time=True,
            certificate_no=Unsealed(self.person, "100001201505000001"),
        )

    def _agency(self) -> review_bodies.AgencyFiled:
        return review_bodies.AgencyFiled(
            name="某评审服务机构",
            credit_code="91110000MA0000001X",
            district=self.district,
            series=("engineering",),
            filed_from=date(2025, 1, 1),
            filed_until=date(2027, 12, 31),
        )

    def _rules(self) -> dict[str, Any]:
        return {
            "code": "engineering-2023",
            "title": "工程系列",
            "series": "engineering",
            "levels": (Level.ASSOCIATE_SENIOR,),
            "effective_from": date(2023, 10, 1),
            "document": "{}",
            "document_hash": "f" * 64,
        }

    def _notice(self) -> intake.CampaignNoticePublished:
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

    def _what(self, without: tuple[str, ...] = ()) -> dict[str, Any]:
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

    def _result(self, without: tuple[str, ...] = ()) -> dict[str, Any]:
        what = self._what(without=("campaign", "year", "district"))
        result = {
            **what,
            "application": self.id("application"),
            "session": self.id("session"),
            "committee": self.id("committee"),
            "scope": "",
        }
        return {name: value for name, value in result.items() if name not in without}

    def _committee(self) -> review_bodies.CommitteeFiled:
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

    def _admitted(self) -> review_bodies.ExpertAdmitted:
        return review_bodies.ExpertAdmitted(
            agency=self.id("agency"),
            series="engineering",
            specialty="给排水",
            level=Level.ASSOCIATE_SENIOR,
            title=str(uuid4()),
            ruleset=self.id("ruleset"),
            seen=(),
        )

    def _appointed(self) -> review_bodies.ExpertAppointed:
        return review_bodies.ExpertAppointed(
            committee=self.id("committee"),
            agency=self.id("agency"),
            term=1,
            from_day=date(2025, 1, 1),
            until=date(2027, 12, 31),
            ruleset=self.id("ruleset"),
            seen=(),
        )

    def _planned(self) -> review.SessionPlanned:
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

    def _issued(self) -> certificate.CertificateIssued:
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
