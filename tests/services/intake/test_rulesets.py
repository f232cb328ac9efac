"""Rule sets over HTTP: two officials, one in force a day, and an end that lets another follow."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.services.bureau import RULES

if TYPE_CHECKING:
    from datetime import date

    from tests.services.bureau import Bureau

SERIES = "statistics"
"""A series of these tests' own."""


def document(code: str, effective_from: date) -> dict[str, Any]:
    rules = json.loads((RULES / "notice-2023-10.json").read_text("utf-8"))
    changes = {"code": code, "series": SERIES, "effective_from": effective_from.isoformat()}
    return {"document": json.dumps({**rules, **changes}, ensure_ascii=False)}


async def test_a_rule_set_follows_another_only_from_the_day_after_its_last(bureau: Bureau) -> None:
    drafter, publisher, today = await bureau.city(), await bureau.city(), bureau.today()

    async def drafted(code: str, effective_from: date) -> str:
        answer = await drafter.post("intake", "/v1/rulesets", document(code, effective_from))
        assert answer.status_code == 201, answer.text
        return f"/v1/rulesets/{answer.json()['id']}"

    async def said(path: str, act: str, body: Any = None) -> tuple[int, str]:
        answer = await publisher.post("intake", f"{path}/{act}", body)
        return answer.status_code, answer.json().get("code", "")

    first, second = await drafted("first", today), await drafted("second", today + timedelta(days=2))
    own = await drafter.post("intake", f"{first}/publications")
    assert own.json()["code"] == "SEPARATION_OF_DUTIES"
    assert await said(first, "publications") == (200, "")
    assert await said(second, "publications") == (409, "RULESET_OVERLAP")
    past = {"until": (today - timedelta(days=1)).isoformat()}
    assert (await said(first, "endings", past))[1] == "DATE_INVALID"
    assert await said(first, "endings", {"until": (today + timedelta(days=1)).isoformat()}) == (200, "")
    await bureau.seen_in("intake", "rulesets", f"ruleset-{first.rpartition('/')[2]}", 3)
    assert await said(second, "publications") == (200, "")
    edited = await drafter.send("PUT", "intake", first, document("edited", today), **{"If-Match": "*"})
    assert edited.json()["code"] == "IMMUTABLE_HISTORY"


async def test_a_rule_set_that_nobody_drafted_is_replaced_by_nobody(bureau: Bureau) -> None:
    drafter = await bureau.city()
    path = f"/v1/rulesets/{uuid4()}"
    for matching in ("*", '"0.x"'):
        answer = await drafter.send("PUT", "intake", path, document("mine", bureau.today()), **{"If-Match": matching})
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
