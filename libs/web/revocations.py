"""Tokens that the issuer took back: a list of their `jti`, fetched again and again (DESIGN §6).

A token lives for five minutes, so the list is short. Until it was first fetched the service is not ready; while the
issuer is away later, the list last fetched counts.
"""

from __future__ import annotations

import asyncio
import time

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
        self.fetched_at = 0.0
        """When it was last fetched, on the monotonic clock; 0 before the first time."""

    @property
    def missing(self) -> bool:
        """Whether there should be a list and never was one."""
        return bool(self._address) and not self.fetched_at

    def has(self, jti: str) -> bool:
        """Tell whether a token was taken back."""
        return jti in self._revoked

    async def follow(self) -> None:
        """Fetch the list for ever."""
        while True:
            try:
                answer = (await self._http.get(self._address)).raise_for_status()
                self._revoked = frozenset(str(one) for one in answer.json()["revoked"])
                self.fetched_at = time.monotonic()
            except Exception as error:  # noqa: BLE001 - whatever the issuer answers, it is asked again
                log.warning("no list of revoked tokens", error=repr(error))
            await asyncio.sleep(EVERY_SECONDS)
