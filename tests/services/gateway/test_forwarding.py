"""Commands go to their service and their answers come back as they are; what is down is said to be down."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from starlette.responses import JSONResponse, Response, StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from deploy.local.info import StackInfo
    from deploy.local.outside_process import OutsideInfo
    from tests.services.gateway.world import Upstream

from libs.kernel.refusals import Refused
from services.gateway.forward import Forwarder, open_session
from tests.services.gateway.world import World, running

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEY = {"Idempotency-Key": "k-1", "Content-Type": "application/json"}


@pytest.fixture
def intake(world: World) -> Upstream:
    """Intake behind the gateway, with nothing asked yet."""
    upstream = world.upstreams["intake"]
    upstream.asked.clear()
    upstream.answer = None
    return upstream


async def test_a_command_arrives_with_its_end_to_end_headers_and_no_others(world, intake):
    sent = {
        **KEY,
        "If-Match": '"1.ab"',
        "Accept-Language": "en",
        "Correlation-Id": "c-1",
        "Payment-Signature": "s",
        "X-Forwarded-For": "1.2.3.4",
        "Cookie": "a=b",
        "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-00",
    }
    answer = await world.send("POST", "/v1/persons?x=1", "applicant", headers=sent, content=b'{"a": 1}')
    assert answer.status_code == 201
    (asked,) = intake.asked
    assert (asked["method"], asked["path"], asked["query"], asked["body"]) == (
        "POST",
        "/v1/persons",
        "x=1",
        b'{"a": 1}',
    )
    headers = asked["headers"]
    assert headers["authorization"].startswith("Bearer ")
    assert headers["traceparent"].split("-")[1] == "a" * 32
    assert {"idempotency-key", "if-match", "accept-language", "correlation-id", "payment-signature"} <= set(headers)
    assert not {"cookie", "user-agent", "accept-encoding"} & set(headers)
    assert headers["x-forwarded-for"] == "127.0.0.1"


async def test_an_answer_comes_back_with_its_status_bytes_and_headers(world, intake):
    async def refuse(_request, _body):
        headers = {"ETag": '"7.cd"', "Consistency-Token": "person-1@7", "Location": "/v1/persons/1", "X-Inner": "1"}
        return Response(b'{"code": "BANNED"}', 422, {**headers, "Set-Cookie": "a=b"}, "application/problem+json")

    intake.answer = refuse
    answer = await world.send("POST", "/v1/persons", "applicant", headers=KEY)
    assert (answer.status_code, answer.content) == (422, b'{"code": "BANNED"}')
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert (answer.headers["etag"], answer.headers["consistency-token"]) == ('"7.cd"', "person-1@7")
    assert "x-inner" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert answer.headers["api-version"]


async def test_without_a_token_the_service_decides(world, intake):
    answer = await world.send("POST", "/v1/payments/1/callbacks", content=b"{}")
    assert answer.status_code == 201
    assert "authorization" not in intake.asked[0]["headers"]


@pytest.mark.parametrize("token", ["Bearer x", "Bearer a.b.c", "Basic abc", "Bearer"])
async def test_a_bad_token_goes_no_further_than_the_gateway(world, intake, token):
    answer = await world.send("POST", "/v1/persons", headers={**KEY, "Authorization": token})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert not intake.asked


async def test_a_path_that_nobody_owns_is_a_problem_in_the_callers_language(world):
    for language, word in (("en", "Not found"), ("zh-CN", "没有找到")):
        answer = await world.send("POST", "/v1/unknown", headers={"Accept-Language": language})
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
        assert answer.json()["title"].startswith(word)
        assert answer.json()["instance"] == "/v1/unknown"


async def test_the_internal_paths_of_a_service_are_out_of_reach(world, intake):
    for path in ("/internal/keys", "/v1/persons/%2e%2e/%2e%2e/internal/keys", "/v1/internal/keys"):
        answer = await world.send("POST", path, "city", headers=KEY, json={"persons": []})
        assert answer.status_code == 404
    assert not intake.asked


async def test_a_large_upload_is_streamed_whole(world, intake):
    content = bytes(range(256)) * 4096 * 15

    async def measure(_request, body):
        return JSONResponse({"sha256": hashlib.sha256(body).hexdigest()})

    intake.answer = measure
    path = f"/v1/applications/{uuid4()}/materials/works"
    answer = await world.send("PUT", path, "applicant", headers=KEY, content=content)
    assert answer.json()["sha256"] == hashlib.sha256(content).hexdigest()


async def test_a_body_over_the_limit_is_refused_whether_it_is_announced_or_not(world, intake):
    path = f"/v1/applications/{uuid4()}/materials/works"
    answer = await world.send("PUT", path, "applicant", headers=KEY, content=b"x" * (21 * 1024 * 1024))
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(21):
            yield b"x" * 1024 * 1024

    answer = await world.send("PUT", path, "applicant", headers=KEY, content=unannounced())
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
    answer = await world.send("POST", "/v1/persons", "applicant", headers=KEY, content=b"x" * (2 * 1024 * 1024))
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_document_is_streamed_from_its_service(world):
    content = b"%PDF-" + bytes(range(256)) * 2048

    async def document(_request, _body):
        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(content), 10_000):
                yield content[start : start + 10_000]

        headers = {"Content-Disposition": "attachment", "ETag": '"x"'}
        return StreamingResponse(pieces(), headers=headers, media_type="application/pdf")

    world.upstreams["certificate"].answer = document
    answer = await world.get(f"/v1/certificates/{uuid4()}/document", "applicant")
    assert answer.content == content
    assert (answer.headers["content-type"], answer.headers["content-disposition"]) == ("application/pdf", "attachment")


async def test_the_pages_behind_a_qr_code_are_answered_by_their_service_for_anyone(world):
    async def page(_request, _body):
        headers = {"X-Robots-Tag": "noindex", "Content-Security-Policy": "default-src 'none'"}
        return Response("<p>有效</p>", 200, headers, "text/html; charset=utf-8")

    world.upstreams["certificate"].answer = page
    world.upstreams["certificate"].asked.clear()
    for path in ("/verify", "/verify/0123-4567", "/verify/%E4%BD%A0?x=1"):
        answer = await world.get(path)
        assert (answer.text, answer.headers["x-robots-tag"]) == ("<p>有效</p>", "noindex")
        assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert [asked["path"] for asked in world.upstreams["certificate"].asked][-1] == "/verify/你"


async def test_not_modified_has_no_body(world):
    async def unchanged(request, _body):
        return Response(status_code=304 if request.headers.get("if-none-match") == '"x"' else 200)

    world.upstreams["certificate"].answer = unchanged
    path = f"/v1/certificates/{uuid4()}/document"
    answer = await world.get(path, "applicant", headers={"If-None-Match": '"x"'})
    assert (answer.status_code, answer.content) == (304, b"")


@asynccontextmanager
async def hanging_up(times: int) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A service that is killed under its first requests: it takes them and hangs up."""
    taken: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        taken.append(head.partition(b" ")[0])
        if len(taken) > times:
            writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", taken


@pytest.mark.parametrize(
    ("headers", "times", "status", "sent"),
    [
        ([(b"idempotency-key", b"k")], 1, 201, 2),
        ([(b"idempotency-key", b"k")], 2, None, 2),
        ([], 1, None, 1),
    ],
)
async def test_what_was_cut_off_is_sent_again_once_and_only_under_its_key(headers, times, status, sent):
    async def receive():
        return {"type": "http.request", "body": b"{}", "more_body": False}

    answered: list[dict[str, Any]] = []

    async def send(message):
        answered.append(message)

    async with hanging_up(times) as (base, taken):
        session = open_session(5)
        scope = {
            "method": "POST",
            "raw_path": b"/v1/persons",
            "query_string": b"",
            "headers": headers,
            "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-00",
        }
        try:
            if status is None:
                with pytest.raises(Refused):
                    await Forwarder(session, {"intake": base})("intake", scope, receive, send)
            else:
                await Forwarder(session, {"intake": base})("intake", scope, receive, send)
                assert answered[0]["status"] == status
        finally:
            await session.close()
        assert len(taken) == sent


async def test_a_service_that_is_down_is_said_to_be_down_and_the_others_go_on(
    stack: StackInfo, outside: OutsideInfo, tmp_path: Path
):
    async with running(stack, outside, tmp_path, review_url="http://127.0.0.1:9") as world:
        answer = await world.send("POST", "/v1/sessions", "agency_officer", headers=KEY)
        assert (answer.status_code, answer.json()["code"]) == (503, "UPSTREAM_UNAVAILABLE")
        assert answer.json()["errors"][0]["facts"] == {"service": "review"}
        assert answer.headers["retry-after"]
        assert (await world.send("POST", "/v1/persons", "applicant", headers=KEY)).status_code == 201
        assert (await world.get("/v1/campaigns")).status_code == 200


async def test_a_service_that_is_silent_is_given_up_in_time(stack: StackInfo, outside: OutsideInfo, tmp_path: Path):
    async with running(stack, outside, tmp_path, upstream_seconds=0.3) as world:

        async def sleep(_request, _body):
            await asyncio.sleep(5)
            return Response()

        world.upstreams["intake"].answer = sleep
        answer = await world.send("POST", "/v1/persons", "applicant", headers=KEY)
        assert (answer.status_code, answer.json()["code"]) == (503, "UPSTREAM_UNAVAILABLE")
