from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from cli.demo.files import pdf
from services.integrity.domain.consequences import ban_identity, record_identity
from tests.services.bureau import Bureau, Someone

PDF = {"Content-Type": "application/pdf"}
OPENING = {"subject_kind": "applicant", "allegation": "涉嫌虚假材料", "lead": "实名举报"}


async def opened(city: Someone, subject: str, **changes: Any) -> str:
    answer = await city.post("integrity", "/v1/cases", {**OPENING, "subject": subject, **changes})
    assert answer.status_code == 201, answer.text
    return f"/v1/cases/{answer.json()['id']}"


async def test_a_founded_case_revokes_the_title_and_its_certificate_answers_revoked(bureau: Bureau) -> None:
    _, granted, issued = await bureau.issued()
    case = await bureau.revoke(await bureau.city(), granted.person, granted.title)

    kinds = [event.type for event in await bureau.events("integrity", f"case-{case}")]
    assert kinds == ["IntegrityCaseOpened", "FactsServed", "SubjectHeard", "IntegrityCaseDecided", "TitleRevoked"]
    title = await bureau.until("certificate", f"title-{granted.title}", "TitleVoided")
    assert title[-1].data["decided_by_role"] == "city"
    await bureau.seen_in("certificate", "verification", f"certificate-{granted.certificate}", 2)
    told = await bureau.stranger().post("certificate", "/v1/verifications", {"code": issued["code"]})
    assert told.json()["outcome"] == "revoked"
    assert await bureau.events("integrity", f"ban-{ban_identity(case)}") == []


async def test_a_title_is_revoked_once(bureau: Bureau) -> None:
    _, granted, _ = await bureau.issued()
    city = await bureau.city()
    case = await bureau.revoke(city, granted.person, granted.title)
    (*_, told) = await bureau.events("integrity", f"case-{case}")
    body = {name: told.data[name] for name in ("title", "ground", "reasons", "decision_no", "evidence")}
    again = await city.post("integrity", f"/v1/cases/{case}/revocations", body)
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_REVOKED")
    assert again.json()["errors"][0]["facts"]["same_decision"] is True


async def test_a_title_is_revoked_once_though_two_cases_revoke_it_at_the_same_time(bureau: Bureau) -> None:
    _, granted, _ = await bureau.issued()
    await bureau.seen_in("integrity", "titles", f"title-{granted.title}", 1)
    cases: list[str] = []

    async def revoke(city: Someone, case: str, evidence: list[Any]) -> Any:
        number = f"京人社撤〔{uuid4()}〕号"
        said = {"title": granted.title, "ground": "false_material", "reasons": "依据第十七条", "decision_no": number}
        return await city.post("integrity", f"/v1/cases/{case}/revocations", {**said, "evidence": evidence})

    asked: list[Any] = []
    for _ in range(2):
        city = await bureau.city()
        case, evidence = await bureau.case_on(city, granted.person)
        cases.append(case)
        asked.append(revoke(city, case, evidence))
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert [answer.json()["code"] for answer in answers if answer.status_code == 409] == ["ALREADY_REVOKED"]
    told = [event.type for case in cases for event in await bureau.events("integrity", f"case-{case}")]
    assert told.count("TitleRevoked") == 1


async def test_a_grave_case_bars_for_three_years_and_names_the_last_day(bureau: Bureau) -> None:
    await bureau.rules("notice-2023-10")
    city, person = await bureau.city(), await bureau.citizen()
    case, _ = await bureau.case_on(city, person.person, "grave")
    (ban,) = await bureau.until("integrity", f"ban-{ban_identity(case)}", "BanImposed")
    today = bureau.today()
    assert ban.data["from_day"] == today.isoformat()
    assert ban.data["until"] == today.replace(year=today.year + 3).isoformat()
    assert ban.data["kinds"] == ["TITLE", "POST"]
    assert ban.attributes["ruleset"] == bureau.rulesets["notice-2023-10"]
    (record,) = await bureau.until("integrity", f"record-{record_identity(case)}", "IntegrityRecorded")
    assert record.data["expires_on"] == today.replace(year=today.year + 3).isoformat()


async def test_a_revocation_without_a_case_ground_title_or_evidence_is_refused_for_all_of_it(bureau: Bureau) -> None:
    city, person = await bureau.city(), await bureau.citizen()
    path = await opened(city, person.person)
    body = {"title": str(uuid4()), "ground": "spite", "evidence": [], "reasons": " ", "decision_no": ""}
    answer = await city.post("integrity", f"{path}/revocations", body)
    assert sorted(error["code"] for error in answer.json()["errors"]) == [
        "CASE_REQUIRED",
        "EVIDENCE_REQUIRED",
        "GROUND_REQUIRED",
        "GROUND_REQUIRED",
        "SCHEMA_INVALID",
        "UNKNOWN_CERTIFICATE",
    ]


@pytest.mark.parametrize("role", ["applicant", "agency_officer", "district", "auditor", "expert"])
async def test_nobody_but_the_city_opens_a_case(bureau: Bureau, role: str) -> None:
    other = await bureau.someone(role, person=str(uuid4()))
    answer = await other.post("integrity", "/v1/cases", {**OPENING, "subject": str(uuid4())})
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN_ACTOR")


async def test_a_case_goes_its_steps_in_their_order(bureau: Bureau) -> None:
    city, person = await bureau.city(), await bureau.citizen()
    path = await opened(city, person.person)
    early = await city.post("integrity", f"{path}/hearings", {"declined": True, "note": "不到场"})
    assert early.json()["code"] == "ILLEGAL_TRANSITION"
    bare = await city.post("integrity", f"{path}/servings", {"facts": "属实", "evidence": []})
    assert bare.json()["code"] == "EVIDENCE_REQUIRED"
    unknown = await city.post("integrity", f"/v1/cases/{uuid4()}/hearings", {"declined": True, "note": "x"})
    assert unknown.json()["code"] == "ILLEGAL_TRANSITION"


async def test_evidence_is_what_was_stored_for_this_subject_and_nothing_else(bureau: Bureau) -> None:
    city, person, other = await bureau.city(), await bureau.citizen(), await bureau.citizen()
    path, others = await opened(city, person.person), await opened(city, other.person)
    fake = await city.post("integrity", f"{path}/uploads", b"no pdf", **PDF)
    assert fake.json()["code"] == "NOT_ELECTRONIC"
    text = await city.post("integrity", f"{path}/uploads", b"text", **{"Content-Type": "text/plain"})
    assert text.json()["code"] == "UNSUPPORTED_MEDIA_TYPE"
    huge = await city.post("integrity", f"{path}/uploads", b"%PDF-" + bytes(30_000_000), **PDF)
    assert huge.json()["code"] == "PAYLOAD_TOO_LARGE"
    stored = (await city.post("integrity", f"{others}/uploads", pdf("other"), **PDF)).json()
    evidence = [{"title": "证明", "document": stored}]
    answer = await city.post("integrity", f"{path}/servings", {"facts": "属实", "evidence": evidence})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/evidence/0/document/hash"]
    assert answer.json()["code"] == "MATERIAL_MISSING"


async def test_the_subject_reads_the_evidence_once_it_is_served_and_others_never(bureau: Bureau) -> None:
    city, person, other = await bureau.city(), await bureau.citizen(), await bureau.citizen()
    path = await opened(city, person.person)
    content = pdf("evidence")
    stored = (await city.post("integrity", f"{path}/uploads", content, **PDF)).json()
    document = f"{path}/documents/{stored['hash']}"
    assert (await person.get("integrity", document)).status_code == 404
    evidence = [{"title": "证明", "document": stored}]
    served = await city.post("integrity", f"{path}/servings", {"facts": "属实", "evidence": evidence})
    assert served.status_code == 200
    assert (await person.get("integrity", document)).content == content
    assert (await city.get("integrity", document)).content == content
    assert (await other.get("integrity", document)).status_code == 404
    assert (await person.get("integrity", f"{path}/documents/{'0' * 64}")).status_code == 404


async def test_a_case_on_a_unit_has_evidence_too(bureau: Bureau) -> None:
    city, unit = await bureau.city(), str(uuid4())
    path = await opened(city, unit, subject_kind="agency")
    stored = (await city.post("integrity", f"{path}/uploads", pdf("unit"), **PDF)).json()
    evidence = [{"title": "会议记录", "document": stored}]
    served = await city.post("integrity", f"{path}/servings", {"facts": "属实", "evidence": evidence})
    assert served.status_code == 200
    officer = await bureau.someone("agency_officer", unit=unit)
    assert (await officer.get("integrity", f"{path}/documents/{stored['hash']}")).content == pdf("unit")


async def test_one_decision_number_serves_one_case(bureau: Bureau) -> None:
    city, number = await bureau.city(), f"京人社诚决〔{uuid4()}〕号"
    codes: list[str] = []
    for _ in range(2):
        person = await bureau.citizen()
        path = await opened(city, person.person)
        stored = (await city.post("integrity", f"{path}/uploads", pdf("proof"), **PDF)).json()
        evidence = [{"title": "证明", "document": stored}]
        await city.post("integrity", f"{path}/servings", {"facts": "属实", "evidence": evidence})
        await city.post("integrity", f"{path}/hearings", {"declined": True, "note": "书面放弃"})
        body = {
            "founded": False,
            "findings": "不成立",
            "decision_no": number,
            "effective_on": bureau.today().isoformat(),
        }
        early = {**body, "effective_on": (bureau.today() - timedelta(days=1)).isoformat()}
        assert (await city.post("integrity", f"{path}/decisions", early)).json()["code"] == "DATE_INVALID"
        answer = await city.post("integrity", f"{path}/decisions", body)
        codes.append(answer.json().get("code", "done"))
    assert codes == ["done", "SCHEMA_INVALID"]
