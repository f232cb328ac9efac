"""What a careless or hostile client may send, by name: each gets its own code, and nothing of it is kept."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from cli.demo.files import pdf
from cli.demo.people import People, Somebody
from cli.demo.world import Actor, Reply, World
from deploy.local.house import House
from libs.web.server import MAX_BODY, MAX_UPLOAD
from tests.fuzz.problems import check_answer

PEOPLE = People(7)
RARE = "李\U00020145"
JSON = {"Content-Type": "application/json"}
PDF = {"Content-Type": "application/pdf"}


async def newcomer(world: World, name: str = "") -> tuple[Actor, Somebody]:
    """Give an applicant whom the house does not know yet."""
    who = PEOPLE.somebody(name)
    return await world.actor(who.name, ["applicant"], person=who.person), who


def form(who: Somebody, **other: Any) -> dict[str, Any]:
    return {"name": who.name, "id_kind": "resident_id", "id_number": who.id_number, "phone": who.phone, **other}


async def raw(world: World, actor: Actor, method: str, path: str, content: Any, **headers: str) -> httpx2.Response:
    """Send bytes as they are, with a key unless one is given."""
    sent = {"Authorization": f"Bearer {await actor.token()}", "Idempotency-Key": str(uuid4()), **JSON, **headers}
    kept = {name: value.encode("latin-1") for name, value in sent.items() if value}
    answer = await world.http.request(method, f"{world.info.gateway}{path}", content=content, headers=kept)
    check_answer(answer)
    return answer


def codes(answer: httpx2.Response) -> list[str]:
    return [error["code"] for error in answer.json()["errors"]]


async def draft(world: World, fuzzed: House) -> tuple[Actor, str]:
    """Give an applicant and a draft of theirs."""
    actor, who = await newcomer(world)
    assert (await actor.send("POST", "/v1/persons", form(who))).status == 201
    city = await world.official()
    employer = (await city.get("/v1/employers")).body["items"][0]["id"]
    campaign = (await city.get("/v1/campaigns")).body["items"][0]["id"]
    work = {"employer": employer, "specialty": "software", "since": "2012-07-01"}
    assert (await actor.send("POST", f"/v1/persons/{who.person}/employments", work)).status == 200
    body = {"campaign": campaign, "specialty": "software", "level": "associate_senior", "route": "ordinary"}
    reply = await actor.send("POST", "/v1/applications", {**body, "employer": employer})
    assert reply.status == 201, reply.body
    return actor, reply.id


# forms


async def test_all_failures_of_a_form_come_at_once_each_with_its_pointer(world: World) -> None:
    actor, _ = await newcomer(world)
    body = {"name": 1, "id_kind": None, "phone": [], "more": True, "and/or~": 2}
    answer = await raw(world, actor, "POST", "/v1/persons", json.dumps(body))
    assert answer.status_code == 400
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {"/name", "/id_kind", "/id_number", "/phone", "/more", "/and~1or~0"}
    assert set(codes(answer)) == {"SCHEMA_INVALID"}


async def test_all_failures_of_the_rules_come_at_once_too(world: World) -> None:
    actor, who = await newcomer(world)
    wrong = form(who, name="王\u200b国", id_number=flipped(who.id_number), phone="no phone")
    reply = await actor.send("POST", "/v1/persons", wrong)
    assert {(error["code"], error["pointer"]) for error in reply.body["errors"]} == {
        ("ENCODING_INVALID", "/name"),
        ("ID_INVALID", "/id_number"),
        ("SCHEMA_INVALID", "/phone"),
    }


def flipped(number: str) -> str:
    """Give an ID number with another check digit."""
    return number[:-1] + ("0" if number[-1] != "0" else "1")


async def test_an_id_number_with_a_wrong_check_digit_is_refused_and_not_repeated(world: World) -> None:
    actor, who = await newcomer(world)
    wrong = flipped(who.id_number)
    reply = await actor.send("POST", "/v1/persons", form(who, id_number=wrong))
    assert (reply.status, reply.codes) == (400, ["ID_INVALID"])
    assert reply.body["errors"][0]["facts"] == {"failing": "check_digit"}
    assert wrong not in json.dumps(reply.body)


async def test_a_name_with_rare_characters_comes_back_as_it_was_sent(world: World) -> None:
    for name in (RARE, "\U00031350\U0002a6d6", "古丽·阿卜杜", "⺀禮"):
        actor, who = await newcomer(world, name)
        reply = await actor.send("POST", "/v1/persons", form(who))
        assert reply.status == 201, reply.body
        shown = await actor.get(f"/v1/persons/{who.person}", reply)
        assert shown.body["name"] == name


async def test_an_id_number_that_is_known_is_refused_to_a_second_person(world: World) -> None:
    actor, who = await newcomer(world)
    other, somebody = await newcomer(world)
    assert (await actor.send("POST", "/v1/persons", form(who))).status == 201
    reply = await other.send("POST", "/v1/persons", form(somebody, id_number=who.id_number))
    assert (reply.status, reply.codes) == (422, ["POSSIBLE_DUPLICATE_PERSON"])
    assert who.person not in json.dumps(reply.body)


# bodies


@pytest.mark.parametrize(
    "content", [b'{"name": "\xff\xfe"}', b"\xff", '{"name": "王"}'.encode("gb18030"), b"\xed\xa0\x80"]
)
async def test_a_body_that_is_no_utf_8_is_refused_as_badly_encoded(world: World, content: bytes) -> None:
    actor, _ = await newcomer(world)
    answer = await raw(world, actor, "POST", "/v1/persons", content)
    assert (answer.status_code, codes(answer)) == (400, ["ENCODING_INVALID"])


async def test_a_lone_surrogate_in_an_escape_is_refused(world: World) -> None:
    actor, who = await newcomer(world)
    text = json.dumps(form(who, name="X")).replace('"X"', '"\\ud800"')
    answer = await raw(world, actor, "POST", "/v1/persons", text)
    assert answer.status_code == 400
    assert set(codes(answer)) <= {"SCHEMA_INVALID", "ENCODING_INVALID"}


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"name":' * 50_000 + b"1" + b"}" * 50_000,
        b"9" * 500_000,
        b'{"name": 1e999999}',
        b'{"name": NaN}',
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"a": 1} trailing',
        b"\xef\xbb\xbf{}",
        b"\x00",
    ],
    ids=[
        "deep-list",
        "deep-object",
        "long-number",
        "huge-number",
        "nan",
        "null",
        "list",
        "text",
        "cut",
        "more",
        "bom",
        "nul",
    ],
)
async def test_json_that_is_no_form_is_refused_however_it_is_built(world: World, content: bytes) -> None:
    actor, _ = await newcomer(world)
    answer = await raw(world, actor, "POST", "/v1/persons", content)
    assert (answer.status_code, set(codes(answer))) == (400, {"SCHEMA_INVALID"})


async def test_a_member_that_is_given_twice_counts_as_it_was_given_last(world: World) -> None:
    actor, who = await newcomer(world)
    text = json.dumps(form(who))
    answer = await raw(world, actor, "POST", "/v1/persons", text[:-1] + ', "name": "赵慧"}')
    assert answer.status_code == 201
    shown = await actor.get(f"/v1/persons/{who.person}", Reply(201, answer.json(), answer.headers))
    assert shown.body["name"] == "赵慧"


async def test_a_json_body_over_the_limit_is_too_large_announced_or_not(world: World) -> None:
    actor, who = await newcomer(world)
    large = json.dumps(form(who, name="王" * MAX_BODY)).encode()

    async def unannounced() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    for content in (large, unannounced()):
        answer = await raw(world, actor, "POST", "/v1/persons", content)
        assert (answer.status_code, codes(answer)) == (413, ["PAYLOAD_TOO_LARGE"])


# files


async def test_an_upload_of_30_mb_is_too_large(world: World, fuzzed: House) -> None:
    actor, application = await draft(world, fuzzed)
    content = b"%PDF-" + bytes(30 * 1024 * 1024)
    answer = await raw(world, actor, "PUT", f"/v1/applications/{application}/materials/works", content, **PDF)
    assert (answer.status_code, codes(answer)) == (413, ["PAYLOAD_TOO_LARGE"])
    assert answer.json()["errors"][0]["change"] == {"max_bytes": MAX_UPLOAD}


@pytest.mark.parametrize("content", [b"", b"%PDF-", b"MZ" + bytes(100), b"%PDF-1.4 cut off", pdf("x")[5:]])
async def test_a_pdf_that_is_none_is_not_electronic(world: World, fuzzed: House, content: bytes) -> None:
    actor, application = await draft(world, fuzzed)
    answer = await raw(world, actor, "PUT", f"/v1/applications/{application}/materials/works", content, **PDF)
    assert "NOT_ELECTRONIC" in codes(answer)


@pytest.mark.parametrize(
    "digest",
    [
        base64.b64encode(hashlib.sha256(b"another").digest()).decode(),
        "=" * 44,
        "A" * 43,
        "A" * 44,
        "not base64 at all!",
        "",
    ],
)
async def test_a_content_digest_that_does_not_fit_is_tampering(world: World, fuzzed: House, digest: str) -> None:
    actor, application = await draft(world, fuzzed)
    path = f"/v1/applications/{application}/materials/works"
    answer = await raw(world, actor, "PUT", path, pdf("x"), **PDF, **{"Content-Digest": f"sha-256=:{digest}:"})
    assert "MATERIAL_TAMPERED" in codes(answer)


async def test_a_content_digest_that_fits_is_no_tampering(world: World, fuzzed: House) -> None:
    actor, application = await draft(world, fuzzed)
    path = f"/v1/applications/{application}/materials/works"
    digest = base64.b64encode(hashlib.sha256(pdf("x")).digest()).decode()
    answer = await raw(world, actor, "PUT", path, pdf("x"), **PDF, **{"Content-Digest": f"sha-256=:{digest}:"})
    assert "MATERIAL_TAMPERED" not in answer.text


@pytest.mark.parametrize("kind", ["text/html", "application/json", "", "image/svg+xml", "application/pdfx"])
async def test_a_file_of_another_kind_is_an_unsupported_media_type(world: World, fuzzed: House, kind: str) -> None:
    actor, application = await draft(world, fuzzed)
    path = f"/v1/applications/{application}/materials/works"
    answer = await raw(world, actor, "PUT", path, pdf("x"), **{"Content-Type": kind})
    assert (answer.status_code, codes(answer)) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


# headers


@pytest.mark.parametrize("key", ["", "x" * 201, "\xe9", "a\tb"])
async def test_a_command_needs_a_key_of_1_to_200_printable_ascii_characters(world: World, key: str) -> None:
    actor, who = await newcomer(world)
    answer = await raw(world, actor, "POST", "/v1/persons", json.dumps(form(who)), **{"Idempotency-Key": key})
    assert (answer.status_code, codes(answer)) == (400, ["IDEMPOTENCY_KEY_REQUIRED"])


async def test_a_key_that_was_used_for_another_body_is_refused(world: World) -> None:
    actor, who = await newcomer(world)
    key = {"Idempotency-Key": str(uuid4())}
    assert (await actor.send("POST", "/v1/persons", form(who), **key)).status == 201
    reply = await actor.send("POST", "/v1/persons", form(who, phone="13900000000"), **key)
    assert (reply.status, reply.codes) == (422, ["IDEMPOTENCY_KEY_REUSED"])


@pytest.mark.parametrize("match", ["x", '"abc.def"', '"999999999999999999999.a"', "²", '"-1.a"', '"0.a"', '"7.zz"'])
async def test_an_if_match_that_names_no_present_version_is_stale(world: World, fuzzed: House, match: str) -> None:
    actor, application = await draft(world, fuzzed)
    body = {"campaign": str(uuid4()), "specialty": "software", "level": "associate_senior", "route": "ordinary"}
    text = json.dumps({**body, "employer": str(uuid4())})
    answer = await raw(world, actor, "POST", f"/v1/applications/{application}/withdrawals", "{}", **{"If-Match": match})
    assert (answer.status_code, codes(answer)) == (412, ["STALE_VERSION"])
    answer = await raw(world, actor, "PUT", f"/v1/applications/{application}", text)
    assert (answer.status_code, codes(answer)) == (428, ["IF_MATCH_REQUIRED"])


async def test_unknown_and_repeated_query_keys_and_impossible_values_are_named_all_at_once(world: World) -> None:
    city = await world.official()
    reply = await city.send("GET", "/v1/applications?limit=0&who=1&status=x&status=y&year=abc")
    assert reply.status == 400
    assert {error["pointer"] for error in reply.body["errors"]} >= {"/limit", "/who", "/status", "/year"}


@pytest.mark.parametrize("cursor", ["x", "AAAA", "W10", "bnVsbA", "%FF", "a" * 400, "WyJ4IiwxLCIyMDI2Il0", ""])
async def test_a_cursor_that_is_none_is_refused(world: World, cursor: str) -> None:
    city = await world.official()
    for path in ("/v1/applications", "/v1/events"):
        reply = await city.send("GET", f"{path}?cursor={cursor}")
        assert (reply.status, reply.body["errors"][0]["pointer"]) == (400, "/cursor")


async def test_a_cursor_of_another_list_is_refused(world: World) -> None:
    city = await world.official()
    page = await city.get("/v1/persons?limit=1")
    reply = await city.send("GET", f"/v1/applications?cursor={page.body['next']}")
    assert (reply.status, reply.body["errors"][0]["pointer"]) == (400, "/cursor")


# the way


async def test_one_key_from_50_clients_at_once_has_one_effect_and_one_answer(world: World) -> None:
    actor, who = await newcomer(world)
    key = {"Idempotency-Key": str(uuid4())}
    token = await actor.token()
    content = json.dumps(form(who)).encode()

    async def client() -> httpx2.Response:
        async with httpx2.AsyncClient(timeout=60) as http:
            headers = {"Authorization": f"Bearer {token}", **JSON, **key}
            return await http.post(f"{world.info.gateway}/v1/persons", content=content, headers=headers)

    answers = await asyncio.gather(*(client() for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    last = Reply(201, answers[0].json(), answers[0].headers)
    await actor.get(f"/v1/persons/{who.person}", last)
    history = await actor.send("GET", f"/v1/persons/{who.person}/events")
    assert [event["type"] for event in history.body["items"]] == ["PersonRegistered"]


async def test_every_answer_under_v1_tells_how_many_requests_are_left(world: World) -> None:
    city = await world.official()
    replies = [
        await city.send("GET", "/v1/campaigns"),
        await city.send("GET", "/v1/nothing"),
        await city.send("POST", "/v1/campaigns", {}),
    ]
    left = []
    for reply in replies:
        assert reply.headers["ratelimit-policy"].startswith('"default";q=')
        left.append(int(reply.headers["ratelimit"].partition("r=")[2].partition(";")[0]))
    assert all(one >= 0 for one in left)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 10\r\nContent-Length: 11\r\n\r\n{}",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: abc\r\n\r\n",
        b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"Content-Length: 100\r\n\r\n{}",
    ],
)
async def test_a_body_that_is_not_as_long_as_it_says_has_no_effect(world: World, head: bytes) -> None:
    actor, who = await newcomer(world)
    host, _, port = world.info.gateway.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    start = (
        f"POST /v1/persons HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {await actor.token()}\r\n"
        "Content-Type: application/json\r\nIdempotency-Key: k\r\n"
    )
    writer.write(start.encode() + head)
    writer.write_eof()
    answered = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert not answered or b" 4" in answered.partition(b"\r\n")[0], answered
    assert (await actor.send("GET", f"/v1/persons/{who.person}")).status == 404
    # And the gateway is as well as before.
    assert (await actor.send("POST", "/v1/persons", form(who))).status == 201


# what is kept


async def test_no_id_number_and_no_name_stands_in_any_log_or_trace_of_the_run(world: World, fuzzed: House) -> None:
    actor, who = await newcomer(world, RARE)
    for path in (f"/v1/persons/{who.id_number}", f"/v1/persons/{who.name}", f"/v1/{who.id_number}"):
        await actor.send("GET", path)
        await actor.send("GET", f"{path}/events?name={who.name}&id={who.id_number}")
        await actor.send("POST", path, form(who), traceparent=f"00-{'1' * 32}-{'2' * 16}-01")
    await actor.send("POST", "/v1/persons", form(who, id_number=flipped(who.id_number)))
    await raw(world, actor, "POST", "/v1/persons", json.dumps(form(who, phone=who.id_number))[:-1])
    await asyncio.sleep(1.5)  # what traces are written is written half a second later
    kept = [*fuzzed.root.glob("*.log"), *fuzzed.root.glob("traces*.jsonl")]
    assert kept
    for one in (*PEOPLE.made, *world.people.made):
        for value in (one.name, one.id_number, flipped(one.id_number), one.phone):
            for written in (value.encode(), json.dumps(value)[1:-1].encode()):
                for file in kept:
                    lines = [line for line in file.read_bytes().splitlines() if written in line]
                    assert lines == [], file.name
