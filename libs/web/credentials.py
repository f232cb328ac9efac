"""A service's own credentials: `client_credentials` with `private_key_jwt` (RFC 7523)."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import uuid4

import httpx2
import orjson
from joserfc import jwt
from joserfc.jwk import JWKRegistry

RENEW_BEFORE_SECONDS = 30
ASSERTION_SECONDS = 60


class ServiceCredentials:
    """Fetches and keeps this service's access token."""

    def __init__(self, issuer: str, client_id: str, key_file: Path, http: httpx2.AsyncClient) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._key_file = key_file
        self._http = http
        self._token = ""
        self._expires = 0.0

    async def headers(self) -> dict[str, str]:
        """Give the Authorization header for a call to another service."""
        if time.time() > self._expires - RENEW_BEFORE_SECONDS:
            await self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    async def _renew(self) -> None:
        found = (await self._http.get(f"{self._issuer}/.well-known/openid-configuration")).raise_for_status()
        endpoint = found.json()["token_endpoint"]
        key = JWKRegistry.import_key(orjson.loads(self._key_file.read_bytes()))
        now = int(time.time())
        assertion = jwt.encode(
            {"alg": "ES256"},
            {
                "iss": self._client_id,
                "sub": self._client_id,
                "aud": endpoint,
                "iat": now,
                "exp": now + ASSERTION_SECONDS,
                "jti": str(uuid4()),
            },
            key,
        )
        answer = await self._http.post(
            endpoint,
            data={
                "grant_type": "client_credentials",
                "client_id": self._client_id,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": assertion,
            },
        )
        grant = answer.raise_for_status().json()
        self._token = grant["access_token"]
        self._expires = time.time() + grant["expires_in"]
