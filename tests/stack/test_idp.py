"""The development identity provider: codes need their verifier, assertions are good once, tokens are RFC 9068."""

from __future__ import annotations

import re
import secrets
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, KeySet, OKPKey

from deploy.local.errors import StackError
from deploy.local.idp import app as idp
from deploy.local.idp.authorize import s256
from deploy.local.idp.tokens import ASSERTION_TYPE
from deploy.local.outside_process import OutsideInfo, OutsideProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REDIRECT = "http://127.0.0.1:5173/back"


@pytest.fixture
def client(outside: OutsideInfo) -> Iterator[httpx2.Client]:
    """Give a client of the provider that follows no redirects."""
    with httpx2.Client(base_url=outside.issuer) as one:
        yield one


def _admin(outside: OutsideInfo) -> dict[str, str]:
    return {"Authorization": f"Bearer {outside.admin_secret}"}


def _put_user(client: httpx2.Client, outside: OutsideInfo, sub: str) -> dict[str, Any]:
    body = {"roles": ["officer"], "district": "110108", "person": str(uuid.uuid4())}
    answer = client.put(f"/dev/users/{sub}", json=body, headers=_admin(outside))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _put_front_end(client: httpx2.Client, outside: OutsideInfo) -> str:
    answer = client.put("/dev/clients/front-end", json={"redirect_uris": [_REDIRECT]}, headers=_admin(outside))
    assert answer.status_code == 200, answer.text
    return "front-end"


def _claims(client: httpx2.Client, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    keys = KeySet.import_key_set(client.get("/jwks").json())
    decoded = jwt.decode(token, keys, algorithms=["ES256"])
    return dict(decoded.header), decoded.claims


def _query(verifier: str, **changes: str) -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": "front-end",
        "redirect_uri": _REDIRECT,
        "scope": "openid",
        "state": "opaque",
        "nonce": "n-1",
        "code_challenge": s256(verifier),
        "code_challenge_method": "S256",
    } | changes


def _log_in(client: httpx2.Client, user: dict[str, Any], query: dict[str, str]) -> str:
    page = client.get("/authorize", params=query)
    assert page.status_code == 200
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    assert hidden == query
    answer = client.post("/authorize", data=hidden | {"username": user["sub"], "password": user["password"]})
    assert answer.status_code == 303
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == ["opaque"]
    return back["code"][0]


def _exchange(client: httpx2.Client, code: str, verifier: str) -> httpx2.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": "front-end",
        "redirect_uri": _REDIRECT,
        "code": code,
        "code_verifier": verifier,
    }
    return client.post("/token", data=form)


def test_a_person_signs_in_with_pkce_and_gets_an_access_token(client: httpx2.Client, outside: OutsideInfo) -> None:
    user, verifier = _put_user(client, outside, "li.na"), secrets.token_urlsafe(48)
    _put_front_end(client, outside)
    answer = _exchange(client, _log_in(client, user, _query(verifier)), verifier)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    header, claims = _claims(client, body["access_token"])
    assert header["typ"] == "at+jwt"
    assert claims.pop("exp") - claims.pop("iat") == body["expires_in"] == 300
    assert uuid.UUID(claims.pop("jti"))
    assert claims == {
        "iss": outside.issuer,
        "aud": "zhicheng",
        "sub": "li.na",
        "client_id": "front-end",
        "scope": "openid",
        "roles": ["officer"],
        "district": "110108",
        "person": user["person"],
    }
    _, identity = _claims(client, body["id_token"])
    assert (identity["aud"], identity["nonce"]) == ("front-end", "n-1")


def test_a_wrong_verifier_gets_no_token_and_uses_the_code_up(client: httpx2.Client, outside: OutsideInfo) -> None:
    user, verifier = _put_user(client, outside, "li.na"), secrets.token_urlsafe(48)
    _put_front_end(client, outside)
    code = _log_in(client, user, _query(verifier))
    assert _exchange(client, code, verifier + "x").json()["error"] == "invalid_grant"
    assert _exchange(client, code, verifier).json()["error"] == "invalid_grant"


def test_a_code_is_good_once(client: httpx2.Client, outside: OutsideInfo) -> None:
    user, verifier = _put_user(client, outside, "li.na"), secrets.token_urlsafe(48)
    _put_front_end(client, outside)
    code = _log_in(client, user, _query(verifier))
    assert [_exchange(client, code, verifier).status_code for _ in range(2)] == [200, 400]


@pytest.mark.parametrize("changes", [{"code_challenge_method": "plain"}, {"code_challenge": ""}])
def test_a_sign_in_without_pkce_is_refused(
    client: httpx2.Client, outside: OutsideInfo, changes: dict[str, str]
) -> None:
    _put_front_end(client, outside)
    answer = client.get("/authorize", params=_query("verifier", **changes))
    assert answer.status_code == 303
    assert "error=invalid_request" in answer.headers["Location"]


def test_an_address_that_nobody_registered_is_never_redirected_to(client: httpx2.Client, outside: OutsideInfo) -> None:
    _put_front_end(client, outside)
    answer = client.get("/authorize", params=_query("verifier", redirect_uri=_REDIRECT + "/elsewhere"))
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_wrong_password_shows_the_page_again_in_chinese(client: httpx2.Client, outside: OutsideInfo) -> None:
    _put_user(client, outside, "li.na")
    _put_front_end(client, outside)
    answer = client.post("/authorize", data=_query("verifier") | {"username": "li.na", "password": "guess"})
    assert answer.status_code == 401
    assert "用户名或密码不正确" in answer.text
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def _put_system(client: httpx2.Client, outside: OutsideInfo, key: ECKey | OKPKey, roles: list[str]) -> str:
    client_id = f"system-{secrets.token_hex(4)}"
    body = {"jwk": key.as_dict(private=False), "roles": roles, "unit": "91110108MA00000000"}
    answer = client.put(f"/dev/clients/{client_id}", json=body, headers=_admin(outside))
    assert answer.status_code == 200, answer.text
    return client_id


def _assertion(key: ECKey | OKPKey, client_id: str, audience: str, **changes: object) -> dict[str, str]:
    claims = {"iss": client_id, "sub": client_id, "aud": audience, "exp": int(time.time()) + 60} | changes
    claims.setdefault("jti", str(uuid.uuid4()))
    algorithm = "ES256" if isinstance(key, ECKey) else "Ed25519"
    signed = jwt.encode({"alg": algorithm}, claims, key, algorithms=[algorithm])
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed,
    }


@pytest.mark.parametrize("key", [ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")])
def test_a_system_proves_itself_with_private_key_jwt(
    client: httpx2.Client, outside: OutsideInfo, key: ECKey | OKPKey
) -> None:
    client_id = _put_system(client, outside, key, ["service"])
    answer = client.post("/token", data=_assertion(key, client_id, f"{outside.issuer}/token"))
    assert answer.status_code == 200, answer.text
    _, claims = _claims(client, answer.json()["access_token"])
    assert (claims["sub"], claims["client_id"], claims["roles"]) == (client_id, client_id, ["service"])
    assert claims["unit"] == "91110108MA00000000"
    assert "person" not in claims


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 60},
        {"exp": int(time.time()) + 86_400},
        {"aud": "https://elsewhere.example"},
        {"aud": ["https://elsewhere.example", "http://127.0.0.1"]},
        {"sub": "somebody-else"},
        {"jti": ""},
    ],
    ids=["expired", "a day long", "elsewhere", "two audiences", "another subject", "no id"],
)
def test_an_assertion_that_does_not_fit_is_refused(
    client: httpx2.Client, outside: OutsideInfo, changes: dict[str, object]
) -> None:
    key = ECKey.generate_key("P-256")
    client_id = _put_system(client, outside, key, [])
    answer = client.post("/token", data=_assertion(key, client_id, outside.issuer, **changes))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_replayed_assertion_is_refused(client: httpx2.Client, outside: OutsideInfo) -> None:
    key = ECKey.generate_key("P-256")
    form = _assertion(key, _put_system(client, outside, key, []), outside.issuer)
    assert [client.post("/token", data=form).status_code for _ in range(2)] == [200, 401]


def test_an_assertion_signed_by_another_key_is_refused(client: httpx2.Client, outside: OutsideInfo) -> None:
    client_id = _put_system(client, outside, ECKey.generate_key("P-256"), [])
    forged = _assertion(ECKey.generate_key("P-256"), client_id, outside.issuer)
    assert client.post("/token", data=forged).status_code == 401


def test_a_private_key_is_not_taken(client: httpx2.Client, outside: OutsideInfo) -> None:
    body = {"jwk": ECKey.generate_key("P-256").as_dict(private=True)}
    assert client.put("/dev/clients/careless", json=body, headers=_admin(outside)).status_code == 400


def test_the_dev_endpoints_need_the_admin_secret(client: httpx2.Client, outside: OutsideInfo) -> None:
    for headers in ({}, {"Authorization": "Bearer guess"}):
        assert client.put("/dev/users/eve", json={"roles": ["officer"]}, headers=headers).status_code == 401
        assert client.put("/dev/clients/eve", json={}, headers=headers).status_code == 401
        assert client.post("/dev/tokens", json={"sub": "li.na"}, headers=headers).status_code == 401
    assert client.post("/dev/tokens", json={"sub": "eve"}, headers=_admin(outside)).status_code == 404


def test_a_token_for_a_curl_line_can_be_made_also_an_expired_one(client: httpx2.Client, outside: OutsideInfo) -> None:
    _put_user(client, outside, "li.na")
    body = {"sub": "li.na", "lifetime_s": -10}
    answer = client.post("/dev/tokens", json=body, headers=_admin(outside))
    _, claims = _claims(client, answer.json()["access_token"])
    assert claims["exp"] < time.time()


def test_users_keys_and_used_assertions_survive_a_restart(tmp_path: Path) -> None:
    process, key = OutsideProcess(tmp_path), ECKey.generate_key("P-256")
    process.start()
    before = process.info
    with httpx2.Client(base_url=before.issuer) as client:
        user = _put_user(client, before, "li.na")
        form = _assertion(key, _put_system(client, before, key, []), before.issuer)
        token = client.post("/token", data=form).json()["access_token"]
    process.stop()
    process.start()
    try:
        assert process.info == before
        with httpx2.Client(base_url=before.issuer) as client:
            _claims(client, token)
            assert client.post("/token", data=form).status_code == 401
            assert _put_user(client, before, "li.na")["password"] == user["password"]
    finally:
        process.stop()


def test_a_token_of_another_provider_does_not_verify(
    client: httpx2.Client, outside: OutsideInfo, tmp_path: Path
) -> None:
    _put_user(client, outside, "li.na")
    token = client.post("/dev/tokens", json={"sub": "li.na"}, headers=_admin(outside)).json()["access_token"]
    other = OutsideProcess(tmp_path)
    other.start()
    try:
        keys = httpx2.get(f"{other.info.issuer}/jwks").json()
    finally:
        other.stop()
    # Not by `kid`, which would already fail: by the key itself.
    with pytest.raises(BadSignatureError):
        jwt.decode(token, ECKey.import_key(keys["keys"][0]), algorithms=["ES256"])


def test_what_discovery_names_is_there(client: httpx2.Client, outside: OutsideInfo) -> None:
    found = client.get("/.well-known/openid-configuration").json()
    assert found["issuer"] == outside.issuer
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert client.get(found["jwks_uri"]).json()["keys"][0].keys().isdisjoint({"d"})
    assert client.post(found["token_endpoint"]).json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("profile", ["", "production", "Local"])
def test_it_refuses_to_start_outside_the_local_and_test_profiles(
    profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHICHENG_PROFILE", profile)
    with pytest.raises(StackError):
        idp.build(tmp_path, "http://127.0.0.1:1")
    assert list(tmp_path.iterdir()) == []
