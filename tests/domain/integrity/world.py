"""Who and what the tests of integrity are about: a case, its evidence, a title to be revoked."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import BlobRef, Seen
from libs.events.contracts.integrity import BanBasis, Evidence, Severity, SubjectKind
from libs.kernel.decisions import Actor
from libs.kernel.rulesets import Parameter, parse
from services.integrity.domain.case import (
    CASE,
    DecideCase,
    HearSubject,
    OpenCase,
    RevokeTitle,
    ServeFacts,
    TitleFacts,
)
from services.integrity.domain.consequences import CaseFacts, RulesFact
from tests.domain.harness import Story, given, uid

DATA = Path(__file__).parents[3] / "services/intake/data/rulesets/engineering-2023.json"

NOW = datetime(2025, 3, 3, 1, 0, tzinfo=UTC)
TODAY = date(2025, 3, 3)
CITY = Actor("city-1", "city")
PERSON = uid("person")
TITLE = uid("title")
CASE_ID = uid("case")
DECISION = "京人社职诚〔2025〕7号"

DOCUMENT = BlobRef(hash="cd" * 32, size=120_000, media_type="application/pdf")
FOUND = Unsealed(PERSON, "提供虚假专利证书取得职称")
EVIDENCE = (Evidence(title=Unsealed(PERSON, "论文查重报告"), document=DOCUMENT),)

OPEN = OpenCase(
    subject_kind=SubjectKind.APPLICANT,
    subject=PERSON,
    allegation="申报材料所附专利证书系伪造",
    lead="实名举报 2025-017",
)
SERVE = ServeFacts(facts="专利号与国家知识产权局登记不符", evidence=EVIDENCE)
HEAR = HearSubject(declined=False, note="本人到场陈述", minutes=DOCUMENT)
DECIDE = DecideCase(
    founded=True,
    severity=Severity.GRAVE,
    severity_reasons="伪造国家机关证件，且为取得职称的主要依据",
    false_commitment_on=None,
    findings=FOUND.value,
    evidence=EVIDENCE,
    decision_no=DECISION,
    effective_on=TODAY,
)
HELD_TITLE = TitleFacts(title=TITLE, person=PERSON, revoked_by=None, seen=Seen(stream=f"title-{TITLE}", version=1))
REVOKE = RevokeTitle(
    title=HELD_TITLE,
    ground="false_material",
    evidence=EVIDENCE,
    reasons="以虚假材料取得职称，依第十七条撤销",
    decision_no=DECISION,
)

DECIDED = CaseFacts(
    case=CASE_ID,
    subject_kind=SubjectKind.APPLICANT,
    subject=PERSON,
    founded=True,
    ban_basis=BanBasis.SERIOUS_FRAUD_NOTICE17,
    findings=FOUND,
    effective_on=TODAY,
    seen=Seen(stream=f"case-{CASE_ID}", version=4),
)


def rules(**changes: int) -> RulesFact:
    """Give the engineering rule set, with some parameters stated otherwise."""
    document = parse(DATA.read_text())
    parameters = {
        **document.parameters,
        **{
            name: Parameter(value=value, unit="year", clause="-", source="the test", tag="I")
            for name, value in changes.items()
        },
    }
    return RulesFact(
        identity=uid("rules"),
        rules=document.model_copy(update={"parameters": parameters}),
        seen=Seen(stream=f"ruleset-{uid('rules')}", version=1),
    )


def case_up_to(*commands: object, opening: OpenCase = OPEN) -> Story:
    """Give a case in which these commands have been done after its opening."""
    story = given(CASE, identity=CASE_ID).go(opening, CITY, NOW)
    for command in commands:
        story.go(command, CITY, NOW)
    return story


def founded(decision: DecideCase = DECIDE, opening: OpenCase = OPEN) -> Story:
    """Give a decided case."""
    return case_up_to(SERVE, HEAR, decision, opening=opening)
