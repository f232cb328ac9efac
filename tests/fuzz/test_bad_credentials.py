"""Tokens that are none: each is refused by the gateway and by the service behind it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from cli.demo.world import World
from tests.fuzz.people import Callers
from tests.fuzz.problems import check_answer


def encoded(*parts: Any) -> str:
    texts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in parts]
    return ".".join(base64.urlsafe_b64encode(text).rstrip(b"=").decode() for text in texts)


async def test_an_expired_token_is_no_token(world: World, callers: Callers) -> None:
    await refused_everywhere(world, callers.mint("city", lifetime_s=-60))


async def test_a_token_that_nobody_signed_is_no_token(world: World, callers: Callers) -> None:
    head, claims, signature = callers.token("city").split(".")
    for algorithm in ("none", "None", "HS256"):
        await refused_everywhere(world, f"{encoded({'alg': algorithm, 'typ': 'at+jwt'})}.{claims}.")
    await refused_everywhere(world, f"{head}.{claims}.")
    await refused_everywhere(world, f"{head}.{claims}.{signature[:-4]}AAAA")


async def test_a_token_whose_claims_were_changed_is_no_token(world: World, callers: Callers) -> None:
    head, claims, signature = callers.token("applicant").split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    await refused_everywhere(world, f"{head}.{encoded({**said, 'roles': ['city']})}.{signature}")


async def test_a_token_of_a_foreign_key_is_no_token(world: World, callers: Callers) -> None:
    from joserfc import jwt  # noqa: PLC0415 - here only
    from joserfc.jwk import ECKey  # noqa: PLC0415

    head, claims, _ = callers.token("city").split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    for kid in (header.get("kid"), "another", None):
        mine = {key: value for key, value in {**header, "alg": "ES256", "kid": kid}.items() if value}
        await refused_everywhere(world, jwt.encode(mine, said, ECKey.generate_key("P-256"), algorithms=["ES256"]))


@pytest.mark.parametrize(
    "head",
    [b"null", b"[]", b"1", b'"x"', b"\xff", b"{", b"[" * 2_000, b'{"alg": 1}', b'{"alg": "ES256", "crit": ["b64"]}'],
)
async def test_a_token_whose_header_is_none_is_no_token(world: World, head: bytes) -> None:
    await refused_everywhere(world, f"{encoded(head, {'sub': 'x'}, b'sig')}")


async def refused_everywhere(world: World, token: str) -> None:
    """Check that gateway and service refuse a token, each by itself."""
    for base in (world.info.gateway, world.info.urls["intake"]):
        answer = await world.http.post(
            f"{base}/v1/campaigns", json={}, headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
        )
        check_answer(answer)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"] == "Bearer"
