"""One case as its services tell it, event after event: what the gateway folds, and what its viewers may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import uuid4

from libs.events.contracts import certificate, gateway, intake, integrity, review, review_bodies, review_notice
from libs.events.contracts import review_session as hall
from libs.events.contracts.base import Unsealed
from libs.events.envelope import Event
from libs.kernel.terms import Check, EmployerKind, EndorsementKind, GreenCategory, Level, MaterialKind, Role
from tests.domain.gateway.cast import DAY, NAME, NOON, NUMBER, Cast, Stream, key_of

__all__ = ["DAY", "NAME", "NOON", "NUMBER", "Story", "Stream", "key_of"]


@dataclass
class Story(Cast):
    """One applicant's way from registration to revocation, step by step."""

    def begin(self) -> None:
        """Register everyone and everything, up to the campaign's notice."""
        for name in ("person", "endorser", "seat1", "seat2", "seat3", "supervisor"):
            self.tell(name, self.registered(self.id(name), NAME if name == "person" else f"{name} 李"))
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
        self.tell("person", since, self.education())
        self.tell("agency", self.agency_filed(), review_bodies.AgencyListed(year=2025, listed_until=date(2025, 12, 31)))
        self.tell("ruleset", intake.RuleSetDrafted(**self.rules()))
        self.tell("ruleset", intake.RuleSetPublished(**self.rules(), drafted_by="official-1"))
        self.tell("campaign", self.notice_published())

    def draft(self) -> None:
        """Begin the application and ask a peer."""
        self.tell("application", intake.DraftStarted(**self.what(), freeing=(), seen=()), role="applicant")
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
            seal="",
            statement=self.words("同行推荐"),
            seen=(),
        )
        form = intake.BlobRef(hash="a" * 64, size=1234, media_type="application/pdf")
        attached = intake.MaterialAttached(kind=MaterialKind.FORM, blob=form, plain_hash="b" * 64, replaces=None)
        claim = intake.GreenChannelClaimed(category=GreenCategory.BREAKTHROUGH, grounds=self.words("重大突破"))
        self.tell("application", asked, attached, claim, role="applicant")
        self.tell("endorsement", invited, given)

    def submit(self) -> None:
        """Submit: from here the employer has the file."""
        submitted = intake.ApplicationSubmitted(
            **self.what(),
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
            intake.EmployerReviewed(opinion=self.words("属实"), in_service=True),
            intake.EmployerPublicityStarted(
                working_days=5, ends_at=end, calendar="2025", ruleset=self.id("ruleset"), place="公告栏"
            ),
            intake.EmployerObjectionReceived(objection=objection, summary=self.words("有人反映"), real_name=False),
            intake.EmployerObjectionDecided(objection=objection, founded=False, answer=self.words("不属实")),
            intake.EmployerPublicityResumed(working_days=3, ends_at=end, calendar="2025"),
            intake.EmployerPublicityEnded(ended_at=end),
            intake.EmployerRecommended(statement=self.words("同意推荐"), publicity_ended_at=end),
            role="employer_head",
        )

    def receive(self) -> None:
        """Let the agency take the file in."""
        self.tell("application", intake.ApplicationReceived(agency=self.id("agency")), role="agency_officer")

    def qualify(self) -> None:
        """Accept, check, assess, qualify, bill and pay."""
        what = self.what(without=("applicant", "district", "year"))
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
            intake.ApplicationQualified(level=Level.ASSOCIATE_SENIOR, decided_by="officer-1", note=self.words("")),
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
            self.tell(f"judge{name[-1]}", self.admitted(), self.appointed())
        self.tell("committee", self.committee_filed())
        self.tell(
            "session",
            self.planned(),
            hall.ExpertDrawSeeded(
                commitment="c" * 64, nonce="d" * 64, seats=3, pool=seats, excluded=(), replaces="", reason=None, seen=()
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
                opinion=self.words("水平较高"),
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
            **self.result(), ends_at=end, calendar="2025", passed_at=NOON + 30 * DAY, seen=()
        )
        self.tell("notice", started, at=NOON + 33 * DAY)
        self.tell("application", intake.ReviewPublished(ends_at=end, seen=()), role="system")

    def object(self) -> str:
        """Object to the result by real name, look into it, and find nothing."""
        objection = str(uuid4())
        words = self.words("论文有问题")
        received = review_notice.ObjectionReceived(
            objection=objection, real_name=True, objector=self.id("stranger"), words=words
        )
        decided = review_notice.InquiryDecided(
            objection=objection, founded=False, reasons=self.words("查无实据"), decided_by="official-1"
        )
        self.tell("notice", received, review_notice.InquiryOpened(objection=objection), decided)
        return objection

    def certify(self) -> None:
        """End the publicity, confirm, grant the title, issue the certificate."""
        confirmed = review.ResultConfirmed(**self.result(), passed_at=NOON + 30 * DAY, confirmed_by="official-1")
        self.tell("notice", review_notice.ResultPublicityEnded(), confirmed)
        self.tell("application", intake.ReviewConfirmed(seen=()))
        granted = certificate.TitleGranted(
            person=self.person,
            obtained_on=date(2025, 4, 2),
            relied_on=(),
            **self.result(without=("applicant", "session", "agency")),
        )
        self.tell("title", granted)
        self.tell("certificate", self.issued())
        self.tell("application", intake.ApplicationCertified(title=self.id("title"), seen=()))
        ended = intake.ApplicationEnded(
            applicant=self.person, agency=self.id("agency"), series="engineering", reason="certified"
        )
        self.tell("application", ended)

    def open_case(self) -> None:
        """Open an integrity case on the applicant."""
        opened = integrity.IntegrityCaseOpened(
            subject_kind=integrity.SubjectKind.APPLICANT,
            subject=self.person,
            allegation=self.words("业绩不实"),
            lead=self.words("举报"),
        )
        self.tell("case", opened)

    def revoke(self) -> None:
        """Serve the facts, hear, decide, revoke, ban and record."""
        decision = {"decision_no": "京人社撤〔2025〕1号", "evidence": ()}
        self.tell("case", integrity.FactsServed(facts=self.words("合同系伪造"), evidence=()))
        self.tell("case", integrity.SubjectHeard(declined=True, note=self.words("放弃"), minutes=None))
        self.tell(
            "case",
            integrity.IntegrityCaseDecided(
                subject_kind=integrity.SubjectKind.APPLICANT,
                subject=self.person,
                founded=True,
                severity=integrity.Severity.GRAVE,
                severity_reasons=self.words("伪造合同"),
                findings=self.words("属实"),
                ban_basis=integrity.BanBasis.SERIOUS_FRAUD_NOTICE17,
                effective_on=date(2025, 6, 1),
                **decision,
            ),
            integrity.TitleRevoked(
                title=self.id("title"),
                person=self.person,
                ground="false_material",
                decided_at=NOON,
                reasons=self.words("伪造合同"),
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
                facts=self.words("合同系伪造"),
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
        self.tell(
            "client", gateway.ClientRegistered(client_id="bureau-1", roles=("district",), unit="", district="海淀区")
        )
        return self.told
