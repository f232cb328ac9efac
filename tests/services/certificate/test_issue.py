from __future__ import annotations

import asyncio
from io import BytesIO
from uuid import uuid4

import pytest
from pypdf import PdfReader

from libs.kernel.terms import Route
from services.certificate.domain.verification_codes import shown_code
from tests.services.bureau import NAME, Bureau, Granted


async def test_a_confirmed_result_becomes_one_title_and_one_certificate_that_can_be_read(bureau: Bureau) -> None:
    holder, granted, issued = await bureau.issued()

    title = await bureau.events("certificate", f"title-{granted.title}")
    certificate = await bureau.events("certificate", f"certificate-{granted.certificate}")
    assert [event.type for event in title] == ["TitleGranted"]
    assert [event.type for event in certificate] == ["CertificateIssued"]
    assert NAME not in certificate[0].record.decode()
    assert holder.id_number not in certificate[0].record.decode()

    path = f"/v1/certificates/{granted.certificate}/document"
    answer = await holder.get("certificate", path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert "filename*=UTF-8''%E5%8C%97%E4%BA%AC" in answer.headers["content-disposition"]
    assert issued["number"] in answer.headers["content-disposition"]
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    for shown in (NAME, holder.id_number, issued["number"], shown_code(issued["code"]), "高级工程师", "工程技术人员"):
        assert shown in text

    same = await holder.get("certificate", path, **{"If-None-Match": answer.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


async def test_nobody_but_the_holder_and_the_city_gets_the_document(bureau: Bureau) -> None:
    _, granted, _ = await bureau.issued()
    path = f"/v1/certificates/{granted.certificate}/document"
    other = await bureau.citizen("路人")

    assert (await (await bureau.city()).get("certificate", path)).status_code == 200
    assert (await other.get("certificate", path)).json()["code"] == "NOT_FOUND"
    assert (await bureau.stranger().get("certificate", path)).json()["code"] == "UNAUTHENTICATED"
    assert (await (await bureau.someone("agency_officer")).get("certificate", path)).status_code == 403
    missing = await other.get("certificate", f"/v1/certificates/{uuid4()}/document")
    assert missing.json()["code"] == "NOT_FOUND"


async def test_a_rare_character_of_a_name_is_on_the_certificate(bureau: Bureau) -> None:
    holder, granted, _ = await bureau.issued("欧阳𠅤")
    answer = await holder.get("certificate", f"/v1/certificates/{granted.certificate}/document")
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    assert "欧阳𠅤" in text or "U+20164" in text


async def test_certificates_issued_together_have_numbers_and_codes_of_their_own(bureau: Bureau) -> None:
    issued = await asyncio.gather(*(bureau.issued() for _ in range(4)))
    assert len({data["number"] for _, _, data in issued}) == len(issued)
    assert len({data["code"] for _, _, data in issued}) == len(issued)


@pytest.mark.parametrize("where", ["before-append:2", "after-append:2"])
async def test_a_certificate_is_issued_once_though_the_service_is_killed_on_the_way(bureau: Bureau, where: str) -> None:
    holder = await bureau.citizen()
    bureau.house.kill_service("certificate")
    environment = bureau.house.environment["certificate"]
    environment["ZHICHENG_KILL_AT"] = where
    bureau.house.start_service("certificate")
    granted = await bureau.confirmed(holder.person)
    for _ in range(300):
        if not bureau.house.running("certificate"):
            break
        await asyncio.sleep(0.1)
    assert not bureau.house.running("certificate")
    planned = await bureau.fetch("certificate", "select * from issues where title = $1::uuid", granted.title)

    del environment["ZHICHENG_KILL_AT"]
    bureau.house.start_service("certificate")
    events = await bureau.until("certificate", f"certificate-{granted.certificate}", "CertificateIssued")
    await bureau.outcome("certificate", "issue", f"certificate-{granted.certificate}")
    events = await bureau.events("certificate", f"certificate-{granted.certificate}")

    assert [event.type for event in events] == ["CertificateIssued"]
    assert len(await bureau.events("certificate", f"title-{granted.title}")) == 1
    after = await bureau.fetch("certificate", "select * from issues where title = $1::uuid", granted.title)
    for row in planned:
        assert (row["serial"], row["token"], row["issued_on"]) == (
            after[0]["serial"],
            after[0]["token"],
            after[0]["issued_on"],
        )
        assert row["document"] in (None, after[0]["document"])


async def test_a_result_that_comes_before_its_application_waits_for_it(bureau: Bureau) -> None:
    holder = await bureau.citizen()
    granted = Granted(str(uuid4()), holder.person, await bureau.rules("engineering-2023"))
    await bureau.passed(granted)
    await asyncio.sleep(2)
    assert await bureau.events("certificate", f"title-{granted.title}") == []

    await bureau.paid(granted)
    (event,) = await bureau.until("certificate", f"title-{granted.title}", "TitleGranted")
    assert event.data["obtained_on"] == bureau.today().isoformat()
    await bureau.until("certificate", f"certificate-{granted.certificate}", "CertificateIssued")


async def test_a_directed_title_is_limited_to_its_district(bureau: Bureau) -> None:
    holder = await bureau.citizen()
    granted = await bureau.confirmed(holder.person, route=Route.DIRECTED, scope="密云区")
    (event,) = await bureau.until("certificate", f"certificate-{granted.certificate}", "CertificateIssued")
    await bureau.seen_in("certificate", "verification", f"certificate-{granted.certificate}", 1)
    for district, scope in (("", "district_only"), ("密云区", "in_scope"), ("海淀区", "out_of_scope")):
        body = {"code": event.data["code"], "district": district}
        told = await bureau.stranger().post("certificate", "/v1/verifications", body)
        assert (told.json()["outcome"], told.json()["scope"]) == ("valid", scope)
