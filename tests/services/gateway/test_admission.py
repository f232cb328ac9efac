"""A token says what somebody may act as; the registers say for whom that is true."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from deploy.local.outside_process import OutsideInfo
from deploy.local.stack import StackInfo
from libs.events.contracts.base import Unsealed
from libs.events.contracts.integrity import OfficialAppointed, OfficialDismissed
from libs.kernel.refusals import Refused
from libs.web.auth import Principal
from services.gateway.admission import Admission
from tests.services.gateway.world import OFFICIAL, World, running

pytestmark = pytest.mark.asyncio(loop_scope="module")


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def token_of(world: World, subject: str, **claims: Any) -> str:
    admin = {"Authorization": f"Bearer {world.outside.admin_secret}"}
    made = await world.http.put(f"{world.outside.issuer}/dev/users/{subject}", json=claims, headers=admin)
    made.raise_for_status()
    minted = await world.http.post(f"{world.outside.issuer}/dev/tokens", json={"sub": subject}, headers=admin)
    return minted.raise_for_status().json()["access_token"]


async def test_the_role_of_the_city_counts_only_for_its_officials_and_only_until_they_are_dismissed(
    world: World,
) -> None:
    subject = f"official-{uuid4()}"
    headers = {"Authorization": f"Bearer {await token_of(world, subject, roles=['city'])}"}

    async def answers() -> list[tuple[int, str]]:
        read = await world.http.get(f"{world.base}/v1/rulesets?status=draft", headers=headers)
        path = f"{world.base}/v1/agencies/{uuid4()}/suspensions"
        told = await world.http.post(path, json={}, headers={**headers, **key()})
        return [(one.status_code, one.json().get("code", "")) for one in (read, told)]

    refused = [(403, "FORBIDDEN_ACTOR")] * 2
    before = len(world.upstreams["review"].asked)
    assert await answers() == refused
    assert len(world.upstreams["review"].asked) == before
    await world.tell_officials(OfficialAppointed(official=subject))
    assert (await answers())[0] == (200, "")
    assert len(world.upstreams["review"].asked) == before + 1
    await world.tell_officials(OfficialDismissed(official=subject, reasons=Unsealed(str(uuid4()), "调离")))
    assert await answers() == refused
    assert (await world.get("/v1/rulesets?status=draft", "city")).status_code == 200
    assert subject != OFFICIAL


async def test_a_system_comes_in_only_with_the_roles_and_the_unit_that_the_city_registered(world: World) -> None:
    client, unit = f"bureau-{uuid4().hex[:8]}", str(uuid4())
    admission = Admission(world.spine)

    async def comes_in(*roles: str, unit: str = "") -> bool:
        try:
            await admission.check(Principal(client, client, frozenset(roles), unit, "", "", 0))
        except Refused as refusal:
            assert [reason.code for reason in refusal.reasons] == ["FORBIDDEN_ACTOR"]
            return False
        return True

    assert not await comes_in("employer_clerk", unit=unit)
    body = {"client_id": client, "roles": ["employer_clerk"], "unit": unit}
    assert (await world.send("POST", "/v1/clients", "city", json=body, headers=key())).status_code == 201
    assert await comes_in("employer_clerk", unit=unit)
    assert not await comes_in("employer_clerk", unit=str(uuid4()))
    assert not await comes_in("employer_clerk", "city", unit=unit)
    assert not await comes_in("system")


async def test_a_token_that_the_issuer_took_back_is_refused_though_it_was_good_a_moment_ago(world: World) -> None:
    token = await token_of(world, f"somebody-{uuid4()}", roles=["auditor"])
    headers = {"Authorization": f"Bearer {token}"}

    async def answered() -> tuple[int, str]:
        answer = await world.http.get(f"{world.base}/v1/campaigns", headers=headers)
        return answer.status_code, answer.json().get("code", "")

    assert await answered() == (200, "")
    claims = orjson.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    admin = {"Authorization": f"Bearer {world.outside.admin_secret}"}
    back = await world.http.put(f"{world.outside.issuer}/dev/revocations/{claims['jti']}", json={}, headers=admin)
    assert back.raise_for_status().json()["revoked"] == [claims["jti"]]
    async with asyncio.timeout(10):
        while await answered() != (401, "UNAUTHENTICATED"):
            await asyncio.sleep(0.1)
    other = await token_of(world, f"somebody-{uuid4()}", roles=["auditor"])
    assert (await world.http.get(f"{world.base}/v1/campaigns", headers={"Authorization": f"Bearer {other}"})).is_success


async def test_a_service_without_a_list_of_revoked_tokens_is_not_ready(
    stack: StackInfo, outside: OutsideInfo, tmp_path: Path
) -> None:
    async with running(stack, outside, tmp_path, revocations="http://127.0.0.1:9/revocations") as blind:
        ready = await blind.get("/readyz")
        assert (ready.status_code, ready.json()["faults"]) == (503, ["no list of revoked tokens yet"])


async def test_with_the_list_it_is_ready(world: World) -> None:
    async with asyncio.timeout(10):
        while (await world.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.1)


async def test_a_header_that_counts_once_is_refused_when_it_comes_twice(world: World) -> None:
    stranger = f"Bearer {await token_of(world, f'stranger-{uuid4()}', roles=['city'])}"
    other = f"Bearer {await token_of(world, f'applicant-{uuid4()}', roles=['applicant'], person=str(uuid4()))}"
    for second in (other, ""):
        for pair in ([stranger, second], [second, stranger]):
            sent = [("Authorization", one) for one in pair]
            for method, path in (
                ("GET", "/v1/cases"),
                ("POST", "/v1/clients"),
                ("POST", f"/v1/titles/{uuid4()}/grants"),
            ):
                answer = await world.http.request(method, f"{world.base}{path}", headers=sent, json={})
                assert (answer.status_code, answer.json()["code"]) == (400, "SCHEMA_INVALID"), (method, path)
    twice = [("Idempotency-Key", "one"), ("Idempotency-Key", "two")]
    answer = await world.http.post(f"{world.base}/v1/titles", headers=twice, json={})
    assert answer.json()["errors"][0]["facts"] == {"header": "idempotency-key", "failing": "repeated"}


@pytest.mark.parametrize(
    "head",
    [{"alg": "ES256", "crit": 5}, {"alg": "ES256", "crit": [[]]}, {"alg": "ES256", "crit": None}, {"alg": 1}, []],
)
async def test_whatever_a_forged_token_holds_it_is_unauthenticated(world: World, head: Any) -> None:
    parts = [base64.urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=") for part in (head, {"sub": "x"}, {})]
    answer = await world.http.get(f"{world.base}/v1/campaigns", headers={"Authorization": f"Bearer {'.'.join(parts)}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("claims", [{"person": "\x00"}, {"unit": "a\nb"}, {"district": "\u2028"}])
async def test_a_token_whose_claims_are_no_plain_texts_is_unauthenticated(world: World, claims: dict[str, str]) -> None:
    token = await token_of(world, f"odd-{uuid4()}", roles=["applicant"], **claims)
    answer = await world.http.get(f"{world.base}/v1/applications", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


async def test_while_a_dismissal_could_be_among_what_is_parked_nobody_is_an_official(world: World) -> None:
    pool, admission = world.spine.pool, Admission(world.spine)
    official = Principal(OFFICIAL, "house", frozenset({"city"}), "", "", "", 0)
    await admission.check(official)
    await pool.execute(
        "insert into letters (view, stream, version, hash, kind, error, record)"
        " values ('officials', 'office-x', 9, '\\x00', 'parked', 'no table can hold it', '\\x00')"
    )
    try:
        with pytest.raises(Refused) as refused:
            await admission.check(official)
        assert [reason.code for reason in refused.value.reasons] == ["PROJECTION_PARKED"]
    finally:
        await pool.execute("delete from letters where stream = 'office-x'")
    await admission.check(official)
