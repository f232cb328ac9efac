"""Enquiries over HTTP: open to anyone, explained, the same for ever, and nothing is kept of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import asyncpg

from tests.services.intake.test_rulesets import document

if TYPE_CHECKING:
    from tests.services.bureau import Bureau

PATH = "/v1/assessments"
ENGINEER: dict[str, Any] = {
    "series": "engineering",
    "level": "associate_senior",
    "specialty": "software",
    "employer": "us",
    "as_of": "2024-11-30",
    "educations": [
        {"degree": "bachelor", "specialty": "software", "enrolled_on": "2010-09-01", "graduated_on": "2014-07-01"}
    ],
    "employments": [{"employer": "us", "kind": "non_public", "specialty": "software", "since": "2014-07-01"}],
    "titles": [{"series": "engineering", "level": "intermediate", "obtained_on": "2019-12-01"}],
}


async def events(bureau: Bureau) -> int:
    connection = await asyncpg.connect(bureau.stack.dsn(f"{bureau.prefix}_intake"))
    try:
        return await connection.fetchval("select count(*) from events")
    finally:
        await connection.close()


async def test_a_stranger_learns_from_which_day_on_and_nothing_is_stored(bureau: Bureau) -> None:
    ruleset = await bureau.rules("engineering-2023")
    await bureau.seen_in("intake", "rulesets", f"ruleset-{ruleset}", 2)
    before, stranger = await events(bureau), bureau.stranger()
    early = await stranger.post("intake", PATH, ENGINEER)
    assert early.status_code == 200, early.text
    said = early.json()
    assert (said["outcome"], said["if_confirmed"], said["eligible_on"]) == ("unmet", "unmet", "2024-12-01")
    assert [(one["code"], one["clause"]) for one in said["reasons"]] == [("TITLE_YEARS_SHORT", "§4.3")]
    assert said["ruleset"] | {"hash": "", "until": None} == {
        "id": ruleset,
        "code": "engineering-2023",
        "title": "北京市工程技术系列职称评审规则（2023）",
        "hash": "",
        "version": 2,
        "effective_from": "2023-06-14",
        "until": None,
    }
    for one in said["conditions"]:
        assert one["clause"]
        assert one["source"]
        assert one["zh"]
        assert one["en"]
    on_the_day = (await stranger.post("intake", PATH, ENGINEER | {"as_of": "2024-12-01"})).json()
    assert (on_the_day["outcome"], on_the_day["if_confirmed"]) == ("unknown", "met")
    assert on_the_day["unknown"][:3] == ["in_service", "education_checked", "insurance_checked"]
    matching = {"checks": dict.fromkeys(("education", "insurance", "title"), "match"), "in_service": True}
    proved = await stranger.post("intake", PATH, ENGINEER | {"as_of": "2024-12-01", **matching})
    assert proved.json()["outcome"] == "met"
    assert await events(bureau) == before


async def test_the_same_enquiry_has_the_same_bytes_whoever_asks_and_whenever(bureau: Bureau) -> None:
    ruleset = await bureau.rules("engineering-2023")
    await bureau.seen_in("intake", "rulesets", f"ruleset-{ruleset}", 2)
    asked = ENGINEER | {"ruleset": ruleset}
    first = await bureau.stranger().post("intake", PATH, asked)
    citizen = await bureau.citizen()
    assert (await citizen.post("intake", PATH, asked)).content == first.content


async def test_a_day_before_every_rule_set_a_route_that_is_not_open_and_a_bad_form_are_said(bureau: Bureau) -> None:
    ruleset = await bureau.rules("engineering-2023")
    await bureau.seen_in("intake", "rulesets", f"ruleset-{ruleset}", 2)

    async def refused(**changes: Any) -> tuple[int, list[tuple[str, str]]]:
        answer = await bureau.stranger().post("intake", PATH, ENGINEER | changes)
        return answer.status_code, [(one["code"], one.get("pointer", "")) for one in answer.json()["errors"]]

    assert await refused(as_of="2023-06-13") == (422, [("RULESET_NOT_IN_FORCE", "")])
    assert (await refused(as_of="2023-06-14", ruleset="00000000-0000-4000-8000-000000000000"))[1] == [
        ("RULESET_NOT_IN_FORCE", "")
    ]
    assert await refused(route="directed") == (422, [("ROUTE_NOT_OPEN_FOR_SERIES", "")])
    status, errors = await refused(level="emperor", as_of="0001-01-01", titles=[{"series": "engineering"}])
    assert status == 400
    assert {pointer for _, pointer in errors} >= {"/level", "/as_of", "/titles/0/level", "/titles/0/obtained_on"}


async def test_a_draft_answers_no_enquiry(bureau: Bureau) -> None:
    draft = document("not-published", date(2023, 6, 14))
    answer = await (await bureau.city()).post("intake", "/v1/rulesets", draft)
    assert answer.status_code == 201, answer.text
    unpublished = ENGINEER | {"series": "statistics", "as_of": "2024-01-01", "ruleset": answer.json()["id"]}
    refused = await bureau.stranger().post("intake", PATH, unpublished)
    assert refused.json()["code"] == "RULESET_NOT_IN_FORCE"


async def test_a_person_asks_on_what_is_recorded_and_about_nobody_else(bureau: Bureau) -> None:
    ruleset = await bureau.rules("engineering-2023")
    await bureau.seen_in("intake", "rulesets", f"ruleset-{ruleset}", 2)
    one, other = await bureau.citizen(), await bureau.citizen()
    degree = {"major": "软件", "full_time": True, "certificate_no": "1000120140500001", **ENGINEER["educations"][0]}
    stated = await one.post("intake", f"/v1/persons/{one.person}/educations", degree)
    assert stated.status_code == 200, stated.text
    wish = {name: ENGINEER[name] for name in ("series", "specialty", "as_of")} | {"level": "intermediate"}
    asked = wish | {"employer": one.person}
    answer = await one.post("intake", f"/v1/persons/{one.person}/assessments", asked)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["facts_are"], said["if_confirmed"], said["eligible_on"]) == ("recorded", "unmet", None)
    assert {reason["code"] for reason in said["reasons"]} == {"NO_EMPLOYMENT", "YEARS_SHORT"}
    assert said["seen"] == [f"person-{one.person}@2"]
    for path in (f"/v1/persons/{other.person}/assessments", f"/v1/persons/{one.person}/assessments"):
        refused = await (one if other.person in path else other).post("intake", path, asked)
        assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN_ACTOR")
