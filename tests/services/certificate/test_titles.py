from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from libs.events.contracts.intake import Seen
from libs.kernel.terms import Level
from services.certificate.domain.certificate import certificate_identity
from services.integrity.domain.consequences import ban_identity
from tests.services.bureau import Bureau, Granted, Someone


def imported(person: str, **changes: Any) -> dict[str, Any]:
    return {
        "person": person,
        "series": "engineering",
        "specialty": "software",
        "level": "intermediate",
        "scope": "",
        "obtained_on": "2015-11-01",
        "issuer": "北京市人力资源和社会保障局",
        "certificate_no": f"ZG-{uuid4()}",
        "provenance": "2003年以来电子职称证书库",
        "confirmed": True,
        **changes,
    }


async def take_over(city: Someone, person: str, **changes: Any) -> str:
    answer = await city.post("certificate", "/v1/titles", imported(person, **changes))
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def test_the_city_imports_a_title_as_its_source_has_it_unknowns_included(bureau: Bureau) -> None:
    city, person = await bureau.city(), str(uuid4())
    title = await take_over(city, person, level=None, obtained_on=None, certificate_no="")
    (event,) = await bureau.events("certificate", f"title-{title}")
    assert event.type == "TitleImported"
    assert (event.data["level"], event.data["obtained_on"], event.data["certificate_no"]) == (None, None, "")


async def test_an_import_without_provenance_or_out_of_order_names_every_fault(bureau: Bureau) -> None:
    city = await bureau.city()
    body = imported(str(uuid4()), provenance=" ", obtained_on="2199-01-01")
    answer = await city.post("certificate", "/v1/titles", body)
    assert [error["code"] for error in answer.json()["errors"]] == ["SOURCE_MISSING", "DATE_INVALID"]


@pytest.mark.parametrize("role", ["agency_officer", "district", "applicant", "auditor"])
async def test_nobody_but_the_city_imports_titles(bureau: Bureau, role: str) -> None:
    other = await bureau.someone(role, person=str(uuid4()))
    answer = await other.post("certificate", "/v1/titles", imported(str(uuid4())))
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN_ACTOR")


async def test_one_number_and_one_live_title_are_imported_once(bureau: Bureau) -> None:
    city, person = await bureau.city(), str(uuid4())
    first = imported(person)
    assert (await city.post("certificate", "/v1/titles", first)).status_code == 201
    again = await city.post("certificate", "/v1/titles", first)
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_ISSUED")
    other = await city.post("certificate", "/v1/titles", {**first, "person": str(uuid4())})
    assert (other.status_code, other.json()["code"]) == (409, "DUPLICATE_CERT_NO")


async def test_a_title_of_another_province_counts_once_it_is_confirmed(bureau: Bureau) -> None:
    city = await bureau.city()
    title = await take_over(city, str(uuid4()), issuer="河北省人力资源和社会保障厅", confirmed=False)
    path = f"/v1/titles/{title}/confirmations"
    assert (await city.post("certificate", path, {"reasons": "已函询"})).status_code == 200
    assert (await city.post("certificate", path, {"reasons": "已函询"})).json()["code"] == "ILLEGAL_TRANSITION"
    unknown = await city.post("certificate", f"/v1/titles/{uuid4()}/confirmations", {"reasons": "x"})
    assert unknown.json()["code"] == "UNKNOWN_CERTIFICATE"


async def test_an_imported_title_that_is_revoked_has_no_certificate_here(bureau: Bureau) -> None:
    await bureau.rules("notice-2023-10")
    city, person = await bureau.city(), await bureau.citizen()
    title = await take_over(city, person.person)
    await bureau.revoke(city, person.person, title)
    target = f"certificate-{certificate_identity(title)}"
    rows = await bureau.fetch("certificate", "select * from reactions where target = $1", target)
    assert rows == []


async def test_titles_that_rested_on_a_revoked_one_are_put_before_a_person(bureau: Bureau) -> None:
    await bureau.rules("notice-2023-10")
    city, person = await bureau.city(), await bureau.citizen()
    basis = await take_over(city, person.person)
    granted = await bureau.confirmed(person.person, [Seen(stream=f"title-{basis}", version=1)])
    await bureau.until("certificate", f"title-{granted.title}", "TitleGranted")

    await bureau.revoke(city, person.person, basis)
    (_, listed) = await bureau.until("certificate", f"title-{granted.title}", "RelianceListed")
    assert listed.data["relied_on"] == basis

    path = f"/v1/titles/{granted.title}/decisions"
    blank = await city.post("certificate", path, {"stands": True, "reasons": " "})
    assert blank.json()["code"] == "GROUND_REQUIRED"
    kept = await city.post("certificate", path, {"stands": True, "reasons": "业绩独立成立"})
    assert kept.status_code == 200
    again = await city.post("certificate", path, {"stands": False, "reasons": "再议"})
    assert again.json()["code"] == "ILLEGAL_TRANSITION"


async def test_a_result_whose_basis_was_revoked_meanwhile_is_granted_by_the_city_with_reasons_only(
    bureau: Bureau,
) -> None:
    await bureau.rules("notice-2023-10")
    city, person = await bureau.city(), await bureau.citizen()
    basis = await take_over(city, person.person)
    await bureau.revoke(city, person.person, basis)
    granted: Granted = await bureau.confirmed(person.person, [Seen(stream=f"title-{basis}", version=1)])
    outcome = await bureau.outcome("certificate", "grant", f"title-{granted.title}")
    assert outcome == ("refused", ["PRIOR_TITLE_REVOKED"])

    body = {"application": granted.application, "reasons": "破格条件独立成立"}
    wrong = await city.post("certificate", f"/v1/titles/{uuid4()}/grants", body)
    assert wrong.json()["code"] == "UNKNOWN_APPLICATION"
    answer = await city.post("certificate", f"/v1/titles/{granted.title}/grants", body)
    assert answer.status_code == 201, answer.text
    events = await bureau.until("certificate", f"certificate-{granted.certificate}", "CertificateIssued")
    assert len(events) == 1
    title = await bureau.events("certificate", f"title-{granted.title}")
    assert [event.type for event in title] == ["TitleGranted", "RelianceDecided"]


async def test_no_title_is_granted_on_one_that_was_found_to_be_no_basis_since_it_was_read(bureau: Bureau) -> None:
    await bureau.rules("notice-2023-10")
    city, person = await bureau.city(), await bureau.citizen()
    basis = await take_over(city, person.person)
    second = await bureau.confirmed(person.person, [Seen(stream=f"title-{basis}", version=1)])
    await bureau.until("certificate", f"title-{second.title}", "TitleGranted")
    await bureau.revoke(city, person.person, basis)
    await bureau.until("certificate", f"title-{second.title}", "RelianceListed")
    verdict = {"stands": False, "reasons": "条件不再满足"}
    decided = await city.post("certificate", f"/v1/titles/{second.title}/decisions", verdict)
    assert decided.status_code == 200

    third = await bureau.confirmed(person.person, [Seen(stream=f"title-{second.title}", version=1)])
    outcome = await bureau.outcome("certificate", "grant", f"title-{third.title}")
    assert outcome == ("refused", ["PRIOR_TITLE_REVOKED"])


async def test_a_title_that_was_gone_when_the_application_read_it_is_no_basis(bureau: Bureau) -> None:
    await bureau.rules("notice-2023-10")
    city, person = await bureau.city(), await bureau.citizen()
    gone = await take_over(city, person.person)
    await bureau.revoke(city, person.person, gone)
    granted = await bureau.confirmed(person.person, [Seen(stream=f"title-{gone}", version=2)])
    (event,) = await bureau.until("certificate", f"title-{granted.title}", "TitleGranted")
    assert event.data["relied_on"] == []


async def test_a_banned_person_is_granted_nothing(bureau: Bureau) -> None:
    await bureau.rules("notice-2023-10")
    city, person = await bureau.city(), await bureau.citizen()
    case, _ = await bureau.case_on(city, person.person, "grave")
    rows = await bureau.until("integrity", f"ban-{ban_identity(case)}", "BanImposed")
    await bureau.seen_in("certificate", "bans", rows[0].stream, 1)
    granted = await bureau.confirmed(person.person, level=Level.INTERMEDIATE)
    assert await bureau.outcome("certificate", "grant", f"title-{granted.title}") == ("refused", ["BANNED"])
