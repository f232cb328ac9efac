"""Who calls: JWT access tokens (RFC 9068), checked at the gateway and again in every service."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.jwk import KeySet

from libs.kernel.decisions import Actor
from libs.kernel.refusals import Refused

ALGORITHMS = ["ES256", "EdDSA", "Ed25519"]
REMEMBERED_SECONDS = 60
REMEMBERED_TOKENS = 20_000
KEYS_AGAIN_SECONDS = 5
LEEWAY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a token speaks for."""

    subject: str
    client: str
    roles: frozenset[str]
    unit: str
    district: str
    person: str
    expires: float

    def actor(self, allowed: frozenset[str]) -> Actor:
        """Act in the one role that the policy allows here.

        Raises
        ------
        Refused
            FORBIDDEN_ACTOR when the token carries none of them.
        """
        for role in sorted(self.roles & allowed):
            return Actor(self.subject, role, self.unit, self.district, self.person)
        raise Refused.one(
            "FORBIDDEN_ACTOR", "§7", facts={"roles": sorted(self.roles)}, change={"allowed": sorted(allowed)}
        )


ANYONE = Principal("anonymous", "", frozenset({"public"}), "", "", "", 0)


class Tokens:
    """Checks access tokens; a verified one is remembered by its hash for a minute at most, unless it is taken back."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        http: httpx2.AsyncClient,
        revoked: Callable[[str], bool] = lambda _jti: False,
    ) -> None:
        self._issuer = issuer
        self._http = http
        self._revoked = revoked
        self._keys = KeySet([])
        self._fetched = 0.0
        self._remembered: OrderedDict[bytes, tuple[float, str, Principal]] = OrderedDict()
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def check(self, authorization: str | None) -> Principal:
        """Check an Authorization header; without one, the caller is the public.

        Raises
        ------
        Refused
            UNAUTHENTICATED for anything but a good token.
        """
        if not authorization:
            return ANYONE
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused.one("UNAUTHENTICATED")
        hashed = hashlib.sha256(token.encode()).digest()
        now = time.time()
        known = self._remembered.get(hashed)
        if known is not None and known[0] > now:
            if self._revoked(known[1]):
                raise Refused.one("UNAUTHENTICATED")
            return known[2]
        claims = await self._verify(token)
        if self._revoked(str(claims.get("jti", ""))):
            raise Refused.one("UNAUTHENTICATED")
        principal = _principal(claims)
        self._remembered[hashed] = (
            min(now + REMEMBERED_SECONDS, principal.expires),
            str(claims.get("jti", "")),
            principal,
        )
        if len(self._remembered) > REMEMBERED_TOKENS:
            self._remembered.popitem(last=False)
        return principal

    async def _verify(self, token: str) -> dict[str, Any]:
        for attempt in (1, 2):
            try:
                decoded = jwt.decode(token, self._keys, algorithms=ALGORITHMS)
                self._claims.validate(decoded.claims)
                kind = str(decoded.header.get("typ", "")).lower()
            except Exception as error:
                # The issuer may have turned its keys over; ask it, but not on every bad token.
                if attempt == 1 and await self._fetch_keys():
                    continue
                raise Refused.one("UNAUTHENTICATED") from error
            if kind not in {"at+jwt", "application/at+jwt"}:
                raise Refused.one("UNAUTHENTICATED")
            return decoded.claims
        raise Refused.one("UNAUTHENTICATED")

    async def _fetch_keys(self) -> bool:
        if time.monotonic() - self._fetched < KEYS_AGAIN_SECONDS and self._keys.keys:
            return False
        self._fetched = time.monotonic()
        try:
            found = (await self._http.get(f"{self._issuer}/.well-known/openid-configuration")).raise_for_status()
            answer = (await self._http.get(found.json()["jwks_uri"])).raise_for_status()
        except httpx2.HTTPError as error:
            raise Refused.one("UPSTREAM_UNAVAILABLE", facts={"system": "issuer"}) from error
        self._keys = KeySet.import_key_set(answer.json())
        return True


def _principal(claims: dict[str, Any]) -> Principal:
    """Read who a verified token speaks for; UNAUTHENTICATED where its claims are not what they should be."""
    texts = {name: claims.get(name) or "" for name in ("sub", "client_id", "unit", "district", "person")}
    roles, expires = claims.get("roles", []), claims["exp"]
    if (
        not all(isinstance(text, str) and text.isprintable() for text in texts.values())
        or not isinstance(roles, list)
        or not all(isinstance(role, str) for role in roles)
        or not isinstance(expires, int | float)
    ):
        raise Refused.one("UNAUTHENTICATED")
    return Principal(
        subject=texts["sub"],
        client=texts["client_id"],
        roles=frozenset(roles),
        unit=texts["unit"],
        district=texts["district"],
        person=texts["person"],
        expires=float(expires),
    )
