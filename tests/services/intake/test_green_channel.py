"""The green channel on the real stack: nominated by 3+1, recognised by the city, a title without fee or vote (十)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from libs.events.contracts.base import Unsealed
from libs.events.contracts.certificate import TitleImported
from libs.events.contracts.intake import (
    ApplicationQualified,
    ApplicationSubmitted,
    DraftStarted,
    EligibilityAssessed,
    GreenChannelClaimed,
)
from libs.events.contracts.review import EndorsementGiven
from libs.kernel.decisions import Claim
from libs.kernel.terms import EndorsementKind, GreenCategory, Level, MaterialKind, Route
from services.certificate.domain.certificate import certificate_identity
from services.certificate.domain.title import title_identity

if TYPE_CHECKING:
    from tests.services.bureau import Bureau

DECISION = {"decision_no": "京人社认〔2025〕3号", "reasons": "经考核，予以认定"}


async def qualified(bureau: Bureau, applicant: str) -> str:
    """An application on the green channel that has passed the qualification check."""
    application, ruleset = str(uuid4()), await bureau.rules("engineering-2023")
    what: dict[str, Any] = {
        "applicant": applicant,
        "employer": str(uuid4()),
        "campaign": str(uuid4()),
        "agency": str(uuid4()),
        "series": "engineering",
        "specialty": "software",
        "level": Level.FULL_SENIOR,
        "route": Route.GREEN_CHANNEL,
        "year": 2026,
        "ruleset": ruleset,
        "district": "110108",
        "seen": (),
    }
    stream = f"application-{application}"
    await bureau.tell(
        "intake",
        stream,
        DraftStarted(**what, freeing=()),
        GreenChannelClaimed(category=GreenCategory.BREAKTHROUGH, grounds=Unsealed(applicant, "重大突破")),
        ApplicationSubmitted(**what, materials=(MaterialKind.FORM, MaterialKind.WORKS), endorsements=(), warnings=()),
        EligibilityAssessed(ruleset=ruleset, on=bureau.today(), outcome="met", conditions=(), warnings=(), seen=()),
        ApplicationQualified(level=Level.FULL_SENIOR, decided_by="officer", note=Unsealed(applicant, "")),
        claims=(Claim("application", f"{applicant}/engineering/2026"),),
    )
    return application


async def nominate(bureau: Bureau, application: str, applicant: str, kind: EndorsementKind) -> None:
    """An endorsement that stands: an expert's with the title on which it rests."""
    endorser, endorsement = str(uuid4()), str(uuid4())
    if kind is EndorsementKind.EXPERT:
        title = TitleImported(
            person=endorser,
            series="engineering",
            specialty="software",
            level=Level.FULL_SENIOR,
            scope="",
            obtained_on=date(2015, 1, 1),
            issuer="北京市人力资源和社会保障局",
            certificate_no="",
            provenance="2015年名册",
            confirmed=True,
        )
        identity = f"title-{uuid4()}"
        await bureau.tell("certificate", identity, title)
        await bureau.seen_in("intake", "titles", identity, 1)
    given = EndorsementGiven(
        application=application,
        applicant=applicant,
        endorser=endorser,
        kind=kind,
        series="engineering",
        specialty="software",
        endorser_unit=str(uuid4()),
        seal="电子签章" if kind is EndorsementKind.INSTITUTION else "",
        statement=Unsealed(applicant, "实名举荐"),
        seen=(),
    )
    await bureau.tell("review", f"endorsement-{endorsement}", given)
    await bureau.seen_in("intake", "endorsements", f"endorsement-{endorsement}", 1)


async def test_three_experts_one_institution_and_the_city_make_a_title_without_a_fee_or_a_vote(bureau: Bureau) -> None:
    holder, city = await bureau.citizen(), await bureau.city()
    application = await qualified(bureau, holder.person)
    path = f"/v1/applications/{application}/recognitions"
    for _ in range(3):
        await nominate(bureau, application, holder.person, EndorsementKind.EXPERT)
    lacking = await city.post("intake", path, DECISION)
    (reason,) = lacking.json()["errors"]
    assert (lacking.status_code, reason["code"]) == (422, "NOMINATION_INCOMPLETE")
    assert reason["change"] == {"institution_missing": 1}
    await nominate(bureau, application, holder.person, EndorsementKind.INSTITUTION)
    assert (await holder.post("intake", path, DECISION)).status_code == 403
    assert (await city.post("intake", path, DECISION)).status_code == 200

    title = str(title_identity(application))
    (granted,) = await bureau.until("certificate", f"title-{title}", "TitleGranted")
    assert (granted.data["level"], granted.data["committee"]) == ("full_senior", None)
    assert granted.data["obtained_on"] == bureau.today().isoformat()
    await bureau.until("certificate", f"certificate-{certificate_identity(title)}", "CertificateIssued")
    told = await bureau.until("intake", f"application-{application}", "ApplicationCertified")
    assert "FeeAssessed" not in {event.type for event in told}


async def test_a_refused_recognition_ends_the_application_and_a_second_decision_is_refused(bureau: Bureau) -> None:
    holder, city = await bureau.citizen(), await bureau.city()
    application = await qualified(bureau, holder.person)
    path = f"/v1/applications/{application}/recognition-refusals"
    assert (await city.post("intake", path, {**DECISION, "reasons": " "})).json()["errors"][0][
        "code"
    ] == "GROUND_REQUIRED"
    assert (await city.post("intake", path, DECISION)).status_code == 200
    (*_, ended) = await bureau.events("intake", f"application-{application}")
    assert (ended.type, ended.data["reason"]) == ("ApplicationEnded", "not_recognised")
    assert (await city.post("intake", path, DECISION)).json()["errors"][0]["code"] == "ILLEGAL_TRANSITION"
