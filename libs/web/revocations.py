"""Tokens that the issuer took back: a list of their `jti`, fetched again and again (DESIGN §6).

A token lives for five minutes, so the list is short. It is empty until it was first fetched, and while the issuer is
away the list last fetched counts.
"""

from __future__ import annotations

import asyncio

import httpx2
import structlog

log = structlog.get_logger(__name__)

EVERY_SECONDS = 2.0


class Revocations:
    """Follows `{"revoked": ["jti", ...]}` at an address."""

    def __init__(self, address: str, http: httpx2.AsyncClient) -> None:
        self._address = address
        self._http = http
        self._revoked: frozenset[str] = frozenset()

    def has(self, jti: str) -> bool:
        """Tell whether a token was taken back."""
        return jti in self._revoked

    async def follow(self) -> None:
        """Fetch the list for ever."""
        while True:
            try:
                answer = (await self._http.get(self._address)).raise_for_status()
                self._revoked = frozenset(str(one) for one in answer.json()["revoked"])
            except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
                log.warning("no list of revoked tokens", error=repr(error))
            await asyncio.sleep(EVERY_SECONDS)
