from __future__ import annotations

from typing import Any
from uuid import uuid4

from cli.bootstrap import name_officials
from services.integrity.domain.office import CITY_OFFICE
from tests.services.bureau import Bureau

PATH = f"/v1/offices/{CITY_OFFICE}"
STREAM = f"office-{CITY_OFFICE}"


async def test_the_first_two_officials_are_named_once_and_people_appoint_the_others(bureau: Bureau) -> None:
    first, second, third = [await bureau.someone("city", subject=f"official-{uuid4()}") for _ in range(3)]
    nobody = await first.post("integrity", f"{PATH}/appointments", {"official": "x"})
    assert nobody.json()["code"] == "FORBIDDEN_ACTOR"
    by_hand = await first.post("integrity", "/internal/bootstrap", {"officials": [first.subject, second.subject]})
    assert by_hand.json()["code"] == "FORBIDDEN_ACTOR"

    assert await name_officials(bureau.house, [first.subject, first.subject]) == ["DISTINCT_PERSONS_REQUIRED"]
    assert await name_officials(bureau.house, [first.subject]) == ["SCHEMA_INVALID"]
    assert await name_officials(bureau.house, [first.subject, second.subject]) == []
    assert await name_officials(bureau.house, [first.subject, second.subject]) == []  # the same command
    assert await name_officials(bureau.house, [first.subject, third.subject]) == ["ILLEGAL_TRANSITION"]

    async def does(who: Any, act: str, **body: str) -> str:
        answer = await who.post("integrity", f"{PATH}/{act}", body)
        return answer.json().get("code", "done")

    stranger = await bureau.city()
    assert await does(stranger, "appointments", official=third.subject) == "FORBIDDEN_ACTOR"
    assert await does(first, "appointments", official=third.subject) == "done"
    assert await does(first, "appointments", official=third.subject) == "ILLEGAL_TRANSITION"
    assert await does(third, "dismissals", official=third.subject, reasons="辞职") == "SEPARATION_OF_DUTIES"
    assert await does(third, "dismissals", official=first.subject, reasons=" ") == "GROUND_REQUIRED"
    assert await does(third, "dismissals", official=first.subject, reasons="调离") == "done"
    assert await does(first, "appointments", official="x") == "FORBIDDEN_ACTOR"
    elsewhere = await third.post("integrity", f"/v1/offices/{uuid4()}/appointments", {"official": "x"})
    assert elsewhere.json()["code"] == "NOT_FOUND"
    kinds = [event.type for event in await bureau.events("integrity", STREAM)]
    assert kinds == ["OfficialsNamed", "OfficialAppointed", "OfficialDismissed"]
