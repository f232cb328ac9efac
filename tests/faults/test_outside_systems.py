"""Outside systems that are slow, wrong or down: nothing is passed or refused on their account, and money is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from cli.bootstrap import name_officials
from cli.demo import entry
from cli.demo.cast import Cast, assemble, beijing, open_campaign
from cli.demo.entry import Case
from cli.demo.world import OFFICIALS, World
from deploy.local.house import House
from deploy.local.outside_process import OutsideInfo
from deploy.local.stack import StackInfo
from tests.house_fixture import open_house

pytestmark = pytest.mark.asyncio(loop_scope="module")
SLOW_MS = 1_500
"""Slower than a good day, and within the time that a register has."""
TOO_SLOW_MS = 8_000
PATIENCE = 60


@pytest.fixture(scope="module")
def own_house(stack: StackInfo, outside: OutsideInfo) -> Iterator[House]:
    with open_house(stack, outside) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def cast(own_house: House) -> AsyncIterator[Cast]:
    """Set the house up to the day on which employers have recommended."""
    world = World(own_house.info, patience=PATIENCE)
    try:
        assert await name_officials(own_house, [*OFFICIALS]) == []
        world.at(beijing("2026-03-02 09:00"))
        one = await assemble(world)
        await open_campaign(one)
        world.at(beijing("2026-03-03 10:00"))
        yield one
    finally:
        await world.close()


@asynccontextmanager
async def behaving(cast: Cast, system: str, mode: str, delay_ms: int = 0) -> AsyncIterator[None]:
    """Tell an outside system how to behave, and to behave well again."""
    address = f"{getattr(cast.world.info, system)}/control"
    (await cast.world.http.put(address, json={"mode": mode, "delay_ms": delay_ms})).raise_for_status()
    try:
        yield
    finally:
        (await cast.world.http.put(address, json={"mode": "ok", "delay_ms": 0})).raise_for_status()


async def received(cast: Cast, name: str) -> Case:
    """Bring a new applicant's file to the agency."""
    cast.world.at(beijing("2026-03-03 10:00"))
    who = cast.people.somebody(name, 1986)
    member = await entry.introduce(cast, who, "bachelor", "2009-07-01", "2017-12-01")
    case = await entry.draft(cast, member, "ordinary")
    await entry.submit(case)
    await entry.employer_publicity(cast, case)
    cast.world.at(beijing("2026-03-11 09:00"))
    await entry.recommend(cast, case)
    await cast.officer.does("takes the file in", "POST", f"{case.path}/receipts", {})
    return case


async def accepted_without(cast: Cast, name: str, missing: str) -> Case:
    """Accept a file while one register gives no answer; the other two checks come in."""
    case = await received(cast, name)
    await cast.officer.does("accepts", "POST", f"{case.path}/acceptances", {})
    others = set(entry.CHECKS) - {missing}
    body = await cast.world.until(
        "the others have answered", cast.officer, case.path, lambda body: others <= (body.get("checks") or {}).keys()
    )
    assert missing not in body["checks"]
    return case


async def assert_waits(cast: Cast, case: Case) -> None:
    """Nothing is passed and nothing is refused while a check waits."""
    assessed = await cast.officer.send("POST", f"{case.path}/assessments", {})
    assert assessed.body["outcome"] == "unknown"
    # Once and not again and again: here 503 is the answer, not an outage.
    patience, cast.world.patience = cast.world.patience, 0.0
    try:
        passed = await cast.officer.send("POST", f"{case.path}/qualifications", {"note": ""})
        refused = await cast.officer.send("POST", f"{case.path}/disqualifications", {"note": ""})
    finally:
        cast.world.patience = patience
    assert (passed.status, passed.codes) == (503, ["UPSTREAM_UNAVAILABLE"])
    assert refused.codes == ["GROUND_REQUIRED"]
    shown = await cast.officer.get(case.path)
    assert shown.body["status"] in {"accepted", "qualification_review"}


async def assert_completes(cast: Cast, case: Case) -> None:
    """The check that waited comes in by itself, and the file goes on."""
    await cast.world.until(
        "the check has come in",
        cast.officer,
        case.path,
        lambda body: (body.get("checks") or {}).get("education", {}).get("answer") == "match",
    )
    await entry.assess_and_qualify(cast, case)


async def test_a_check_waits_while_the_register_is_down_and_completes_when_it_is_back(cast: Cast) -> None:
    async with behaving(cast, "education", "down"):
        case = await accepted_without(cast, "周海燕", "education")
        await assert_waits(cast, case)
    await assert_completes(cast, case)


async def test_a_check_waits_while_the_register_takes_too_long(cast: Cast) -> None:
    async with behaving(cast, "education", "slow", TOO_SLOW_MS):
        case = await accepted_without(cast, "吴文博", "education")
        await assert_waits(cast, case)
    await assert_completes(cast, case)


async def test_a_slow_register_is_waited_for(cast: Cast) -> None:
    async with behaving(cast, "education", "slow", SLOW_MS):
        case = await received(cast, "徐思远")
        await entry.accept(cast, case)
    await assert_completes(cast, case)


async def test_a_mismatch_is_decided_by_a_person_and_never_by_the_register(cast: Cast) -> None:
    async with behaving(cast, "education", "wrong"):
        case = await received(cast, "孙静怡")
        await entry.accept(cast, case)
    shown = await cast.officer.get(case.path)
    assert shown.body["checks"]["education"]["answer"] == "mismatch"
    assessed = await cast.officer.send("POST", f"{case.path}/assessments", {})
    assert assessed.body["outcome"] == "unknown"
    await cast.officer.is_refused(
        "qualification on a mismatch", "HUMAN_DECISION_REQUIRED", "POST", f"{case.path}/qualifications", {"note": ""}
    )
    finding = {"check": "education", "stands": True, "reasons": "已核验纸质证书原件，属实。"}
    await cast.officer.does("decides by hand", "POST", f"{case.path}/decisions", finding)
    await entry.assess_and_qualify(cast, case)


async def billed(cast: Cast, name: str) -> Case:
    """Bring a new applicant's file to its bill."""
    case = await received(cast, name)
    await entry.accept(cast, case)
    await entry.assess_and_qualify(cast, case)
    body = await cast.world.until("billed", case.member.actor, case.path, lambda body: bool(body.get("fee")))
    case.payment = body["fee"]["payment"]
    await payment(cast, case, lambda body: body["status"] == "open")
    return case


async def payment(cast: Cast, case: Case, good: Any) -> dict[str, Any]:
    path = f"/v1/payments/{case.payment}"
    return await cast.world.until("the bill is as it should be", case.member.actor, path, good)


async def order(case: Case) -> str:
    reply = await case.member.actor.send("POST", f"/v1/payments/{case.payment}/orders", {})
    assert reply.status == 200, reply.body
    return reply.body["pay_url"]


async def pay(cast: Cast, url: str, **how: Any) -> None:
    (await cast.world.http.post(url, json=how)).raise_for_status()


def reasons(body: dict[str, Any]) -> list[str]:
    return [one["reason"] for one in body.get("refunds") or ()]


async def test_an_order_while_the_channel_is_down_is_an_unavailable_upstream_and_works_when_it_is_back(
    cast: Cast,
) -> None:
    case = await billed(cast, "朱慧")
    async with behaving(cast, "payment", "down"):
        patience, cast.world.patience = cast.world.patience, 0.0
        try:
            reply = await case.member.actor.send("POST", f"/v1/payments/{case.payment}/orders", {})
        finally:
            cast.world.patience = patience
        assert (reply.status, reply.body["code"]) == (503, "UPSTREAM_UNAVAILABLE")
        assert reply.headers["retry-after"]
    await pay(cast, await order(case))
    await payment(cast, case, lambda body: body["status"] == "paid")


async def test_a_wrong_amount_is_owed_back_and_the_bill_stays_open_for_the_right_one(cast: Cast) -> None:
    case = await billed(cast, "林明哲")
    url = await order(case)
    await pay(cast, url, amount_fen=69_999)
    body = await payment(cast, case, lambda body: bool(reasons(body)))
    assert (body["status"], reasons(body)) == ("open", ["AMOUNT_MISMATCH"])
    await pay(cast, url)
    body = await payment(cast, case, lambda body: body["status"] == "paid")
    assert reasons(body) == ["AMOUNT_MISMATCH"]


async def test_a_callback_that_is_repeated_counts_once_and_nothing_is_owed_back(cast: Cast) -> None:
    case = await billed(cast, "何若兰")
    url = await order(case)
    await pay(cast, url, copies=5)
    await payment(cast, case, lambda body: body["status"] == "paid")
    await taken(cast, case)
    body = (await case.member.actor.get(f"/v1/payments/{case.payment}")).body
    assert (len(body["reports"]), reasons(body)) == (1, [])


async def test_a_callback_that_the_channel_did_not_sign_is_refused_and_leaves_no_trace(cast: Cast) -> None:
    case = await billed(cast, "高一鸣")
    await order(case)
    keys = (await cast.world.http.get(f"{cast.world.info.payment}/v1/keys")).json()["keys"]
    told = {"channel_id": "CH1", "order_id": case.payment, "amount_fen": 70_000, "paid_at": "2026-03-11T02:00:00Z"}
    forged = [
        {},
        {"Payment-Key-Id": "unknown", "Payment-Signature": "AAAA"},
        {"Payment-Key-Id": keys[0]["kid"]},
        {"Payment-Key-Id": keys[0]["kid"], "Payment-Signature": "A" * 86},
        {"Payment-Key-Id": keys[0]["kid"], "Payment-Signature": "no base64 at all"},
    ]
    for headers in forged:
        answer = await cast.world.http.post(
            f"{cast.world.info.gateway}/v1/payments/{case.payment}/callbacks", json=told, headers=headers
        )
        assert answer.json()["code"] == "SIGNATURE_INVALID", headers
    body = (await case.member.actor.get(f"/v1/payments/{case.payment}")).body
    assert (body["status"], body.get("reports") or []) == ("open", [])


async def test_a_payment_after_the_due_time_is_recorded_and_owed_back(cast: Cast) -> None:
    case = await billed(cast, "罗子昂")
    url = await order(case)
    cast.world.at(beijing("2026-06-30 09:00"))
    await payment(cast, case, lambda body: body["status"] == "lapsed")
    await pay(cast, url)
    body = await payment(cast, case, lambda body: bool(reasons(body)))
    assert (body["status"], reasons(body)) == ("lapsed", ["PAYMENT_LATE"])


async def taken(cast: Cast, case: Case) -> None:
    """Wait until the channel has got rid of every callback."""
    async with httpx2.AsyncClient() as http:
        address = f"{cast.world.info.payment}/v1/orders/{case.payment}"
        while (await http.get(address)).json()["pending_callbacks"]:
            await asyncio.sleep(0.05)
