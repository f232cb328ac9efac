"""Tokens that the issuer took back: a list of their `jti`, fetched again and again (DESIGN §6).

A token lives for five minutes, so the list is short. Until it was first fetched the service is not ready; while the
issuer is away later, the list last fetched counts.
"""

from __future__ import annotations

import time

import httpx2


class Revocations:
    """Knows `{"revoked": ["jti", ...]}` at an address."""

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

    async def fetch(self) -> None:
        """Fetch the list; whatever the issuer answers instead of one is an error, and the list last fetched stays."""
        answer = (await self._http.get(self._address)).raise_for_status()
        self._revoked = frozenset(str(one) for one in answer.json()["revoked"])
        self.fetched_at = time.monotonic()
