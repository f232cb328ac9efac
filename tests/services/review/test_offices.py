"""Agencies, committees and experts over HTTP: who may be filed, approved, admitted, appointed."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from tests.services.review.hall import codes, good
from tests.services.review.world import Council

AGENCY = {
    "name": "第二评审服务中心",
    "credit_code": "91110000MA0000003T",
    "district": "东城区",
    "series": ["engineering"],
    "filed_from": "2026-01-01",
    "filed_until": "2026-12-31",
}


async def test_an_agency_is_filed_once_by_the_city_and_acts_only_while_it_is_listed(council: Council) -> None:
    await council.formed()
    city, path = await council.city(), "/v1/agencies"
    assert (await (await council.officer()).post("review", path, AGENCY)).status_code == 403
    wrong = {**AGENCY, "credit_code": "91110000MA0000003X", "name": " "}
    assert codes(await city.post("review", path, wrong)) == ["SCHEMA_INVALID"]
    assert codes(await city.post("review", path, {**wrong, "name": "中心"})) == ["ID_INVALID"]
    agency = (await good(city.post("review", path, AGENCY))).json()["id"]
    assert codes(await city.post("review", path, AGENCY)) == ["ILLEGAL_TRANSITION"]
    officer = await council.someone("agency_officer", unit=agency)
    assert codes(await officer.post("review", "/v1/committees", council.filing())) == ["AGENCY_NOT_LISTED"]
    late = {"year": 2026, "listed_until": "2027-06-30"}
    assert codes(await city.post("review", f"{path}/{agency}/listings", late)) == ["FILING_EXPIRED"]
    await good(city.post("review", f"{path}/{agency}/listings", {**late, "listed_until": "2026-12-31"}))
    await good(officer.post("review", "/v1/committees", council.filing()))
    await good(city.post("review", f"{path}/{agency}/suspensions", {"reason": "整改"}))
    assert codes(await officer.post("review", "/v1/committees", council.filing())) == ["AGENCY_NOT_LISTED"]
    await good(city.post("review", f"{path}/{agency}/reinstatements", {"reason": "已整改"}))
    await good(city.post("review", f"{path}/{agency}/delistings", {"reason": "退出"}))
    await good(city.post("review", f"{path}/{agency}/filings", AGENCY))
    assert codes(await city.post("review", f"{path}/{uuid4()}/filings", AGENCY)) == ["NOT_FOUND"]


async def test_a_committee_is_odd_large_enough_and_approved_by_another_unit(council: Council) -> None:
    await council.formed()
    officer, city = await council.officer(), await council.city()
    even = council.filing(size=10)
    assert codes(await officer.post("review", "/v1/committees", even)) == ["COMMITTEE_NOT_ODD", "COMMITTEE_TOO_SMALL"]
    long = council.filing(filed_until="2030-12-31")
    assert codes(await officer.post("review", "/v1/committees", long)) == ["FILING_EXPIRED"]
    committee = (await good(officer.post("review", "/v1/committees", council.filing()))).json()["id"]
    path = f"/v1/committees/{committee}"
    inside = await council.someone("city", unit=council.agency)
    assert codes(await inside.post("review", f"{path}/approvals")) == ["SEPARATION_OF_DUTIES"]
    await good(city.post("review", f"{path}/approvals"))
    assert codes(await city.post("review", f"{path}/approvals")) == ["ILLEGAL_TRANSITION"]
    await good(city.post("review", f"{path}/cancellations", {"reason": "超出范围"}))
    other = await council.someone("agency_officer", unit=str(uuid4()))
    assert codes(await other.post("review", f"{path}/filings", council.filing())) == ["FORBIDDEN_ACTOR"]
    await good(officer.post("review", f"{path}/filings", council.filing()))
    assert codes(await city.post("review", f"/v1/committees/{uuid4()}/approvals")) == ["NOT_FOUND"]


async def test_an_expert_needs_a_live_title_and_falls_with_it_or_with_a_ban_on_its_first_day(council: Council) -> None:
    await council.formed()
    officer = await council.officer()
    stranger = {"person": str(uuid4()), "series": "engineering", "specialty": "software", "level": "full_senior"}
    assert codes(await officer.post("review", "/v1/experts", stranger)) == ["UNKNOWN_EXPERT"]
    untitled = await council.citizen("无职称")
    await council.seen_in("review", "persons", f"person-{untitled.person}", 1)
    answer = await officer.post("review", "/v1/experts", {**stranger, "person": untitled.person})
    assert codes(answer) == ["EXPERT_CONDITIONS_UNMET"]
    assert untitled.id_number not in answer.text

    by_title, by_ban = await council.titled(2)
    for one in (by_title, by_ban):
        await council.appointed(officer, council.committee, one.person)
    again = {"committee": council.committee, "from_day": "2026-03-01", "until": "2027-02-28"}
    answer = await officer.post("review", f"/v1/experts/{by_ban.person}/appointments", again)
    assert codes(answer) == ["ILLEGAL_TRANSITION"]
    await council.revoked(by_title.person)
    removed = (await council.until("review", f"expert-{by_title.person}", "ExpertRemoved"))[-1]
    assert (removed.data["cause"], removed.data["seen"][0]["stream"]) == (
        "title_revoked",
        council.titles[by_title.person],
    )

    today = council.today()
    await council.seen_in("review", "experts", f"expert-{by_ban.person}", 2)
    first_day = date.fromordinal(today.toordinal() + 3)
    await council.banned(by_ban.person, first_day)
    assert (await council.events("review", f"expert-{by_ban.person}"))[-1].type == "ExpertAppointed"
    council.to_day(first_day)
    removed = (await council.until("review", f"expert-{by_ban.person}", "ExpertRemoved"))[-1]
    assert removed.data["cause"] == "banned"
    answer = await (await council.officer()).post("review", "/v1/experts", {**stranger, "person": by_ban.person})
    assert codes(answer) == ["BANNED"]
