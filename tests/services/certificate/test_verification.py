from __future__ import annotations

import time
from typing import Any

import asyncpg
import pytest

from libs.events.database import Database, open_pool
from services.certificate.adapters.records import Records
from services.certificate.domain.verification_codes import code_of, shown_code
from tests.services.bureau import VERIFICATIONS, Bureau

CODE = "0000-0000-0000-0000"
UNKNOWN = code_of(b"somewhere!")


async def ask(bureau: Bureau, **body: Any) -> tuple[int, bytes, dict[str, Any]]:
    # Each as a client of its own, so that no test throttles another.
    headers = {"X-Forwarded-For": f"10.0.0.{time.monotonic_ns()}"}
    answer = await bureau.stranger().post("certificate", "/v1/verifications", body, **headers)
    return answer.status_code, answer.content, answer.json()


async def test_a_stranger_verifies_a_certificate_by_its_code_however_it_is_typed(bureau: Bureau) -> None:
    _, _, issued = await bureau.issued("欧阳明远")
    code = issued["code"]
    status, _, told = await ask(bureau, code=f" {shown_code(code).lower()} ")
    assert status == 200
    assert told == {
        "outcome": "valid",
        "certificate": {
            "number": issued["number"],
            "holder": "***远",
            "title_name": "高级工程师",
            "series": "engineering",
            "specialty": "software",
            "level": "associate_senior",
            "scope": "",
            "obtained_on": issued["obtained_on"],
            "issued_on": issued["issued_on"],
            "issuer": "北京市人力资源和社会保障局",
            "revoked_on": None,
            "decision_no": None,
        },
        "scope": "whole_city",
        "hotline": "12333",
    }
    assert (await ask(bureau, code=code))[2] == told


async def test_unknown_mistyped_and_mismatched_are_answered_with_the_same_bytes(bureau: Bureau) -> None:
    holder, _, issued = await bureau.issued()
    answers = [
        await ask(bureau, code=UNKNOWN),
        await ask(bureau, code="no code at all"),
        await ask(bureau, code=issued["code"], name="欧阳明月"),
        await ask(bureau, code=issued["code"], id_number_last4="0000"),
        await ask(bureau, number=issued["number"], name="路人", id_number_last4=holder.id_number[-4:]),
        await ask(bureau, number="1", name="路人", id_number_last4="1234"),
    ]
    assert {(status, content) for status, content, _ in answers} == {
        (200, b'{"outcome":"not_found","certificate":null,"scope":null,"hotline":"12333"}')
    }
    _, _, told = await ask(bureau, code=issued["code"], name="欧阳明远", id_number_last4=holder.id_number[-4:])
    assert told["outcome"] == "valid"


async def test_a_number_is_answered_only_with_the_holders_data(bureau: Bureau) -> None:
    holder, _, issued = await bureau.issued()
    bare, _, problem = await ask(bureau, number=issued["number"])
    assert (bare, problem["code"]) == (400, "SCHEMA_INVALID")
    _, _, told = await ask(
        bureau, number=issued["number"], name="欧阳明远", id_number_last4=holder.id_number[-4:].lower()
    )
    assert told["outcome"] == "valid"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": ""},
        {"code": CODE, "number": "1"},
        {"code": 7},
        {"code": "x" * 201},
        {"code": CODE, "id_number_last4": "12"},
        {"code": CODE, "unknown": True},
    ],
)
async def test_what_is_no_question_is_refused_with_its_place(bureau: Bureau, body: dict[str, Any]) -> None:
    status, _, problem = await ask(bureau, **body)
    assert (status, problem["code"]) == (400, "SCHEMA_INVALID")
    assert all(error["pointer"] for error in problem["errors"])


async def test_a_revoked_certificate_is_revoked_and_never_unknown(bureau: Bureau) -> None:
    holder, granted, issued = await bureau.issued()
    await bureau.revoke(await bureau.city(), granted.person, granted.title)
    await bureau.seen_in("certificate", "verification", f"certificate-{granted.certificate}", 2)
    _, _, told = await ask(bureau, code=issued["code"])
    assert told["outcome"] == "revoked"
    assert told["certificate"]["revoked_on"] == bureau.today().isoformat()
    assert told["certificate"]["decision_no"].startswith("京人社撤")
    refused = await holder.get("certificate", f"/v1/certificates/{granted.certificate}/document")
    assert refused.json()["code"] == "ALREADY_REVOKED"


async def test_a_client_who_asks_without_end_is_throttled_and_others_are_not(bureau: Bureau) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7"}
    stranger = bureau.stranger()
    answers = [
        await stranger.post("certificate", "/v1/verifications", {"code": CODE}, **headers)
        for _ in range(2 * VERIFICATIONS)
    ]
    assert {answer.status_code for answer in answers[:VERIFICATIONS]} == {200}
    refused = answers[-1]
    assert (refused.status_code, refused.json()["code"]) == (429, "VERIFICATION_THROTTLED")
    assert int(refused.headers["retry-after"]) >= 1
    page = await stranger.get("certificate", f"/verify/{CODE}", **headers)
    assert (page.status_code, "查询过于频繁" in page.text) == (429, True)
    assert (await ask(bureau, code=CODE))[0] == 200


async def test_verification_reads_with_a_role_that_sees_its_table_alone(bureau: Bureau) -> None:
    database: Database = bureau.house.database("certificate")
    connection = await asyncpg.connect(**database.arguments())
    try:
        await connection.execute(f'set role "{database.reader}"')
        assert await connection.fetchval("select count(*) >= 0 from verification")
        for table in ("events", "persons", "issues", "commands", "titles"):
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedTableError)):
                await connection.fetch(f"select * from {table}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("delete from verification")
    finally:
        await connection.close()
    own = await open_pool(database, 1)
    records = Records(database, own)
    try:
        pool = await records._open()
        assert await pool.fetchval("select current_user") == database.reader
    finally:
        await records.close()
        await own.close()


async def test_nobody_is_told_anything_while_the_table_is_built_anew_or_the_certificate_is_parked(
    bureau: Bureau,
) -> None:
    _, granted, issued = await bureau.issued()
    stream = f"certificate-{granted.certificate}"
    await bureau.fetch("certificate", "insert into views (view, state) values ('verification', 'emptying')")
    for code in (issued["code"], UNKNOWN):
        status, _, problem = await ask(bureau, code=code)
        assert (status, problem["code"]) == (503, "PROJECTION_LAG")
    await bureau.fetch("certificate", "update views set state = 'building', goals = '[]' where view = 'verification'")
    assert (await ask(bureau, code=issued["code"]))[2]["outcome"] == "valid"

    await bureau.fetch(
        "certificate",
        "insert into letters (view, stream, version, hash, kind, error, record)"
        " values ('verification', $1, 2, '', 'parked', 'poison', '')",
        stream,
    )
    assert (await ask(bureau, code=issued["code"]))[2]["code"] == "PROJECTION_PARKED"
    await bureau.fetch("certificate", "delete from letters where stream = $1", stream)
    assert (await ask(bureau, code=issued["code"]))[2]["outcome"] == "valid"


async def test_the_page_behind_the_qr_code_says_the_same_without_a_script(bureau: Bureau) -> None:
    _, granted, issued = await bureau.issued()
    stranger = bureau.stranger()
    page = await stranger.get("certificate", f"/verify/{issued['code']}")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for shown in ("证书有效", issued["number"], "***远", "高级工程师", "12333", shown_code(issued["code"])):
        assert shown in page.text
    assert "<script" not in page.text
    assert "欧阳" not in page.text
    assert "style=" not in page.text

    unknown = await stranger.get("certificate", f"/verify/{UNKNOWN}")
    assert (unknown.status_code, "未查到该证书" in unknown.text) == (200, True)
    hostile = await stranger.get("certificate", "/verify/%3Cscript%3Ealert(1)")
    assert "<script" not in hostile.text

    typed = await stranger.get("certificate", f"/verify?code={shown_code(issued['code']).lower()}")
    assert (typed.status_code, typed.headers["location"]) == (303, f"/verify/{issued['code']}")
    assert "请输入证书上的验证码" in (await stranger.get("certificate", "/verify")).text
    style = await stranger.get("certificate", "/verify/assets/verify.css")
    assert style.headers["content-type"] == "text/css; charset=utf-8"

    await bureau.revoke(await bureau.city(), granted.person, granted.title)
    await bureau.seen_in("certificate", "verification", f"certificate-{granted.certificate}", 2)
    revoked = await stranger.get("certificate", f"/verify/{issued['code']}")
    assert "证书已撤销" in revoked.text
    assert "证书有效" not in revoked.text


async def test_validity_is_told_while_the_keys_are_away_and_no_comparison_is_guessed(bureau: Bureau) -> None:
    _, _, issued = await bureau.issued()
    bureau.house.kill_service("intake")
    # Keys are remembered for a minute at most: a service that starts anew remembers none.
    bureau.house.kill_service("certificate")
    bureau.house.start_service("certificate")
    try:
        status, _, told = await ask(bureau, code=issued["code"])
        assert status == 200, told
        assert (told["outcome"], told["certificate"]["holder"]) == ("valid", None)
        status, _, problem = await ask(bureau, code=issued["code"], name="欧阳明远")
        assert (status, problem["code"]) == (503, "UPSTREAM_UNAVAILABLE")
    finally:
        bureau.house.start_service("intake")
