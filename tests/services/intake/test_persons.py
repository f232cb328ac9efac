"""Persons' keys: asked by our own services alone, and destroyed with an erasure."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx2
import pytest

from cli.demo.files import pdf
from libs.kernel.terms import Role
from libs.web.credentials import ServiceCredentials
from tests.services.bureau import RULES
from tests.services.intake.files import PDF, drafted

if TYPE_CHECKING:
    from tests.services.bureau import Bureau, Someone

REASON = "本人申请"


async def keys(bureau: Bureau, *persons: str) -> dict[str, str]:
    settings = bureau.house.settings("review")
    async with httpx2.AsyncClient(timeout=30) as http:
        ours = ServiceCredentials(
            settings["ZHICHENG_ISSUER"], settings["ZHICHENG_CLIENT_ID"], Path(settings["ZHICHENG_CLIENT_KEY"]), http
        )
        url = f"{bureau.url('intake')}/internal/keys"
        answer = await http.post(url, json={"persons": persons}, headers=await ours.headers())
    assert answer.status_code == 200, answer.text
    return answer.json()["keys"]


async def erase(city: Someone, person: str, id_number: str) -> tuple[int, str]:
    body = {"reason": REASON, "id_number": id_number}
    answer = await city.post("intake", f"/v1/persons/{person}/erasures", body)
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PUBLIC])
async def test_the_keys_of_persons_are_given_to_nobody_but_our_own_services(bureau: Bureau, role: Role) -> None:
    holder = await bureau.citizen()
    asking = await bureau.someone(role.value, unit=str(uuid4()), person=holder.person)
    answer = await asking.post("intake", "/internal/keys", {"persons": [holder.person]})
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN_ACTOR")
    assert "keys" not in answer.json()


async def test_the_keys_of_persons_are_not_given_without_a_token(bureau: Bureau) -> None:
    holder = await bureau.citizen()
    answer = await bureau.stranger().post("intake", "/internal/keys", {"persons": [holder.person]})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert list(await keys(bureau, holder.person, str(uuid4()))) == [holder.person]


async def test_an_erasure_destroys_the_key_and_with_it_every_field_and_file_that_it_sealed(bureau: Bureau) -> None:
    file, city = await drafted(bureau), await bureau.city()
    who = file.applicant
    path = f"{file.path}/materials/works"
    assert (await who.send("PUT", "intake", path, pdf("works"), **PDF)).status_code == 200
    await bureau.seen_in("intake", "applications", file.stream, 2)
    assert await erase(city, who.person, who.id_number) == (422, "RETENTION_REQUIRED")
    assert (await who.post("intake", f"{file.path}/withdrawals")).status_code == 200
    await bureau.seen_in("intake", "applications", file.stream, 4)
    assert (await city.get("intake", path)).content == pdf("works")
    assert await erase(city, who.person, who.id_number) == (200, "")
    async with asyncio.timeout(15):
        while await keys(bureau, who.person):
            await asyncio.sleep(0.05)
    # The service that destroyed the key has not kept it either; another keeps one for a minute at most.
    assert (await city.get("intake", path)).json()["code"] == "NOT_FOUND"
    assert await bureau.fetch("intake", "select from erasures where person = $1", who.person)
    answer = await who.send(
        "POST", "intake", f"/v1/persons/{who.person}/departures", {"employer": str(uuid4()), "until": "2026-01-01"}
    )
    assert answer.json()["code"] == "ILLEGAL_TRANSITION"


async def test_an_erasure_frees_the_number_of_the_person_erased_and_never_anothers(bureau: Bureau) -> None:
    city, mine, other = await bureau.city(), await bureau.citizen(), await bureau.citizen()
    assert await erase(city, mine.person, other.id_number) == (400, "ID_INVALID")
    assert await erase(city, mine.person, "11010519491231002X") == (400, "ID_INVALID")
    assert list(await keys(bureau, mine.person)) == [mine.person]
    assert await erase(city, mine.person, mine.id_number) == (200, "")
    for number, status in ((mine.id_number, 201), (other.id_number, 422)):
        someone = await bureau.someone("applicant", person=str(uuid4()))
        body = {"name": "王五", "id_kind": "resident_id", "id_number": number, "phone": "13800000000"}
        assert (await someone.post("intake", "/v1/persons", body)).status_code == status


async def test_a_text_that_no_table_can_hold_is_refused_before_anything_is_stored(bureau: Bureau) -> None:
    citizen, city = await bureau.citizen(), await bureau.city()
    work = {"employer": citizen.person, "specialty": "a\x00b", "since": "2020-01-01"}
    rules = (RULES / "engineering-2023.json").read_text("utf-8")
    told = [
        await citizen.post("intake", f"/v1/persons/{citizen.person}/employments", work),
        await city.post("intake", "/v1/rulesets", {"document": rules.replace('"title": "', '"title": "\\u0000')}),
    ]
    assert [(one.status_code, one.json()["code"]) for one in told] == [(400, "ENCODING_INVALID")] * 2
