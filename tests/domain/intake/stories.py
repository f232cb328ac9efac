"""A case of intake in Beijing, step by step, for tests to branch from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from libs.events.contracts.intake import BlobRef, Seen
from libs.kernel.calendars import published_calendar
from libs.kernel.decisions import Actor
from libs.kernel.rulesets import parse
from libs.kernel.terms import Check, Degree, EmployerKind, Level, MaterialKind, Route
from services.intake.domain.application import APPLICATION
from services.intake.domain.application.acceptance import Accept, Receive
from services.intake.domain.application.drafting import AttachMaterial, SignCommitment, StartDraft, Submit
from services.intake.domain.application.employer import (
    RecommendAsHead,
    ReviewAsEmployer,
    StartEmployerPublicity,
)
from services.intake.domain.application.fees import AssessFee, RecordPayment
from services.intake.domain.application.qualification import Assess, DecideCheck, Qualify, RecordCheck
from services.intake.domain.application.recognition import ClaimGreenChannel
from services.intake.domain.facts import (
    Ban,
    CampaignFact,
    Education,
    Employment,
    Endorsement,
    Rules,
    Standing,
    TitleHeld,
    Upload,
)
from tests.domain.harness import SYSTEM, Story, given, uid

DATA: Final = Path(__file__).parents[3] / "services/intake/data/rulesets"
CALENDAR: Final = published_calendar()
PERSON: Final = uid("person")
EMPLOYER: Final = uid("employer")
AGENCY: Final = uid("agency")
APPLICANT: Final = Actor(id="a", role="applicant", person=PERSON)
CLERK: Final = Actor(id="c", role="employer_clerk", unit=EMPLOYER, person=uid("clerk"))
HEAD: Final = Actor(id="h", role="employer_head", unit=EMPLOYER, person=uid("head"))
OFFICER: Final = Actor(id="o", role="agency_officer", unit=AGENCY, person=uid("officer"))
DRAFTED: Final = datetime(2025, 3, 3, 1, tzinfo=UTC)


def seen(stream: str, version: int = 1) -> Seen:
    return Seen(stream=stream, version=version)


def document(name: str) -> str:
    return (DATA / f"{name}.json").read_text("utf-8")


RULES: Final = Rules(uid("rules"), parse(document("engineering-2023")), seen(f"ruleset-{uid('rules')}"))
CAMPAIGN: Final = CampaignFact(
    identity=uid("campaign"),
    agency=AGENCY,
    series="engineering",
    specialties=("software", "civil"),
    levels=tuple(Level),
    routes=(Route.ORDINARY, Route.EXCEPTIONAL_PEERS),
    year=2025,
    opens_at=datetime(2025, 3, 1, tzinfo=UTC),
    closes_at=datetime(2025, 4, 1, tzinfo=UTC),
    ruleset=RULES.identity,
    seen=seen(f"campaign-{uid('campaign')}"),
)
JOB: Final = Employment(
    EMPLOYER,
    EmployerKind.NON_PUBLIC,
    "110108",
    "software",
    date(2015, 7, 1),
    None,
    seen(f"person-{PERSON}", 2),
)
BACHELOR: Final = Education(Degree.BACHELOR, "software", date(2011, 9, 1), date(2015, 7, 1), full_time=True)
COLLEGE: Final = replace(BACHELOR, degree=Degree.COLLEGE)
ENGINEER: Final = TitleHeld(
    uid("title"),
    "engineering",
    Level.INTERMEDIATE,
    date(2019, 12, 1),
    Standing.LIVE,
    "",
    seen(f"title-{uid('title')}"),
)


def ban(first: date, last: date) -> Ban:
    return Ban(uid("ban"), "SERIOUS_FRAUD_NOTICE17", first, last, seen(f"ban-{uid('ban')}"))


def upload(name: str) -> Upload:
    digest = (uid(name) + uid(name)).replace("-", "")[:64]
    return Upload(BlobRef(hash=digest, size=9, media_type="application/pdf"), digest, readable=True)


def endorsement(name: str, **changes: Any) -> Endorsement:
    given_by = Endorsement(
        identity=uid(f"endorsement {name}"),
        endorser=uid(name),
        employer=uid(f"employer of {name}"),
        full_senior=Standing.LIVE,
        same_series=True,
        peer_specialty=True,
        barred=False,
        seen=(seen(f"title-{uid(f'title of {name}')}"),),
    )
    return replace(given_by, **changes)


def start(**changes: Any) -> StartDraft:
    command = StartDraft("software", Level.ASSOCIATE_SENIOR, Route.ORDINARY, EMPLOYER, CAMPAIGN, RULES, (JOB,), ())
    return replace(command, **changes)


def submit(**changes: Any) -> Submit:
    return replace(Submit(CAMPAIGN, RULES, (), ()), **changes)


def assess(**changes: Any) -> Assess:
    command = Assess(RULES, (BACHELOR,), (JOB,), (ENGINEER,), (), (), seen(f"person-{PERSON}", 3))
    return replace(command, **changes)


def draft(**changes: Any) -> Story:
    return given(APPLICATION).go(start(**changes), APPLICANT, DRAFTED)


def ready(claim: ClaimGreenChannel | None = None, **changes: Any) -> Story:
    story = draft(**changes)
    if claim:
        story.go(claim, APPLICANT)
    story.go(SignCommitment("a" * 64), APPLICANT)
    story.go(AttachMaterial(MaterialKind.FORM, upload("form")), APPLICANT)
    return story.go(AttachMaterial(MaterialKind.WORKS, upload("works")), APPLICANT)


def submitted(**changes: Any) -> Story:
    return ready(**changes).go(submit(campaign=changes.get("campaign", CAMPAIGN)), APPLICANT)


def publicised(**changes: Any) -> Story:
    story = submitted(**changes).go(ReviewAsEmployer("属实", in_service=True), CLERK)
    return story.go(StartEmployerPublicity("公告栏", RULES, CALENDAR), CLERK)


def recommended(**changes: Any) -> Story:
    story = publicised(**changes)
    return story.go(RecommendAsHead("推荐", upload("proof")), HEAD, story.state.publicity.ends_at)


def received(**changes: Any) -> Story:
    return recommended(**changes).go(Receive(), OFFICER)


def accept(*endorsements: Endorsement, **changes: Any) -> Accept:
    return replace(Accept(RULES, CALENDAR, (), endorsements), **changes)


def accepted(*endorsements: Endorsement, **changes: Any) -> Story:
    return received(**changes).go(accept(*endorsements), OFFICER)


def checked(*endorsements: Endorsement, **changes: Any) -> Story:
    story = accepted(*endorsements, **changes)
    for check in ("education", "insurance", "title"):
        story.go(RecordCheck(check, Check.MATCH, "stand-in"), SYSTEM)
    return story


def assessed(**changes: Any) -> Story:
    return checked().go(assess(**changes), OFFICER)


def qualified() -> Story:
    return assessed().go(Qualify("符合"), OFFICER)


def billed() -> Story:
    return qualified().go(AssessFee(RULES, CALENDAR), SYSTEM)


def payment(story: Story, **changes: Any) -> RecordPayment:
    bill = story.state.bill
    return replace(RecordPayment(bill.payment, bill.amount_fen, story.now), **changes)


def paid() -> Story:
    story = billed()
    return story.go(payment(story), SYSTEM)


PEERS: Final = (endorsement("first peer"), endorsement("second peer"))


def exceptional() -> Story:
    story = checked(*PEERS, route=Route.EXCEPTIONAL_PEERS)
    return story.go(DecideCheck("exceptional_conditions", stands=True, reasons="主持重大工程"), OFFICER)


HOUR: Final = timedelta(hours=1)
