"""The head's route over HTTP (八.3): what the city lists, who may be asked, and what an enquiry says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.services.intake.test_enquiries import ENGINEER, PATH

if TYPE_CHECKING:
    from tests.services.bureau import Bureau

LISTED = {"kind": "sci_tech_leader", "document": "京科发〔2024〕1号", "from_day": "2024-06-01"}


async def test_the_city_lists_a_unit_and_an_employee_of_it_learns_that_the_route_is_open(bureau: Bureau) -> None:
    ruleset = await bureau.rules("engineering-2023")
    await bureau.seen_in("intake", "rulesets", f"ruleset-{ruleset}", 2)
    city, lead = await bureau.city(), await bureau.citizen()
    unit = {"name": "某科技公司", "credit_code": "91110108MA01A1B2C7", "kind": "non_public", "district": "110108"}
    registered = await city.post("intake", "/v1/employers", unit)
    assert registered.status_code == 201, registered.text
    employer = registered.json()["id"]
    path = f"/v1/employers/{employer}/designations"
    work = {"employer": employer, "specialty": "software", "since": "2020-07-01"}
    assert (await lead.post("intake", f"/v1/persons/{lead.person}/employments", work)).status_code == 200

    async def condition() -> dict[str, Any]:
        wish = {name: ENGINEER[name] for name in ("series", "level", "specialty")} | {
            "employer": employer,
            "route": "exceptional_head",
            "as_of": "2024-11-30",
        }
        answer = await lead.post("intake", f"/v1/persons/{lead.person}/assessments", wish)
        assert answer.status_code == 200, answer.text
        return {one["id"]: one for one in answer.json()["conditions"]}["unit_designated"]

    assert (await condition())["verdict"] == "unmet"
    assert (await lead.post("intake", path, LISTED)).status_code == 403
    assert (await city.post("intake", path, LISTED)).status_code == 200
    assert (await condition())["verdict"] == "met"
    assert (await city.post("intake", path, LISTED)).json()["errors"][0]["code"] == "ILLEGAL_TRANSITION"
    ended = await city.post(
        "intake", f"{path}/sci_tech_leader/endings", {"until": "2024-11-29", "reasons": "复评未通过"}
    )
    assert ended.status_code == 200, ended.text
    assert (await condition())["verdict"] == "unmet"


async def test_a_stranger_tells_of_a_head_and_the_answer_waits_for_nothing_else_of_the_route(bureau: Bureau) -> None:
    ruleset = await bureau.rules("engineering-2023")
    await bureau.seen_in("intake", "rulesets", f"ruleset-{ruleset}", 2)
    asked = ENGINEER | {
        "route": "exceptional_head",
        "educations": [],
        "employments": [ENGINEER["employments"][0] | {"designations": ["state_key_laboratory"]}],
    }
    without = (await bureau.stranger().post("intake", PATH, asked)).json()
    assert [one["code"] for one in without["reasons"]] == ["RECOMMENDERS_SHORT"]
    head = {"name": "head", "employer": "us", "kind": "head"}
    told = (await bureau.stranger().post("intake", PATH, asked | {"peers": [head]})).json()
    assert (told["outcome"], told["if_confirmed"]) == ("unknown", "met")
