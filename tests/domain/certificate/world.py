"""Who and what the tests of certificate are about: a confirmed result, its title, its certificate, a revocation."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import BlobRef, Seen
from libs.kernel.decisions import Actor
from libs.kernel.rulesets import Parameter, parse
from libs.kernel.terms import Level, Role, Route
from services.certificate.domain.certificate import (
    FIRST_YEAR,
    IssueCertificate,
    RulesFact,
    TitleFacts,
)
from services.certificate.domain.issuer import ISSUER
from services.certificate.domain.revocation import Revocation
from services.certificate.domain.title import title_identity
from services.certificate.domain.title_commands import GrantTitle, ImportTitle
from tests.domain.harness import uid

DATA = Path(__file__).parents[3] / "services/intake/data/rulesets/engineering-2023.json"

NOW = datetime(2025, 3, 3, 1, 0, tzinfo=UTC)
TODAY = date(2025, 3, 3)
CITY = Actor("city-1", "city")
APPLICANT = Actor("applicant-1", "applicant")
PERSON = uid("person")
APPLICATION = uid("application")
TITLE = str(title_identity(APPLICATION))
OTHER_TITLE = uid("an earlier title")
CASE = uid("case")

DOCUMENT = BlobRef(hash="ab" * 32, size=38_000, media_type="application/pdf")

GRANT = GrantTitle(
    application=APPLICATION,
    person=PERSON,
    employer=uid("employer"),
    committee=uid("committee"),
    series="engineering",
    specialty="artificial_intelligence",
    level=Level.ASSOCIATE_SENIOR,
    route=Route.ORDINARY,
    scope="",
    ruleset=uid("rules"),
    passed_at=datetime(2025, 2, 20, 17, 30, tzinfo=UTC),
    relied_on=(),
    bans=(),
)

IMPORT = ImportTitle(
    person=PERSON,
    series="engineering",
    specialty="artificial_intelligence",
    level=Level.INTERMEDIATE,
    scope="",
    obtained_on=date(2015, 11, 1),
    issuer=ISSUER,
    certificate_no="ZG-2015-0042",
    provenance="市人社局 2003-2020 年电子职称证书库",
    confirmed=True,
)

TITLE_FACTS = TitleFacts(
    title=TITLE,
    person=PERSON,
    series="engineering",
    specialty="artificial_intelligence",
    level=Level.ASSOCIATE_SENIOR,
    route=Route.ORDINARY,
    scope="",
    obtained_on=date(2025, 2, 21),
    granted_on=date(2025, 3, 1),
    revoked=False,
    seen=Seen(stream=f"title-{TITLE}", version=1),
)


def rules(first_year: int = 2021) -> RulesFact:
    """Give the engineering rule set, stating since when the city issues electronic certificates."""
    document = parse(DATA.read_text())
    since = Parameter(
        value=first_year, unit="year", clause="说二", source="京人社事业发〔2023〕10号附件3说明（二）", tag="S"
    )
    return RulesFact(
        identity=uid("rules"),
        rules=document.model_copy(update={"parameters": {**document.parameters, FIRST_YEAR: since}}),
        seen=Seen(stream=f"ruleset-{uid('rules')}", version=1),
    )


ISSUE = IssueCertificate(
    title=TITLE_FACTS,
    title_name="高级工程师",
    series_number=5,
    name=Unsealed(PERSON, "欧阳明远"),
    id_number=Unsealed(PERSON, "110101199003071233"),
    issuer=ISSUER,
    issued_on=TODAY,
    template="2021-1",
    serial=123,
    token=bytes(range(10)),
    document=DOCUMENT,
    rules=rules(),
)

REVOCATION = Revocation(
    case=CASE,
    decision_no="京人社职撤〔2025〕3号",
    ground="false_material",
    decided_at=datetime(2025, 6, 1, 2, 0, tzinfo=UTC),
    decided_by_role=Role.CITY,
    seen=Seen(stream=f"case-{CASE}", version=5),
)
