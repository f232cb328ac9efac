"""Calling outside systems: time-outs, retries, a circuit breaker, and a third answer: unavailable."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx2
import structlog

log = structlog.get_logger(__name__)

ATTEMPTS = 2
FAILURES_TO_OPEN = 5
OPEN_SECONDS = 10.0


class UnavailableError(Exception):
    """The system did not answer usably. Never read as a match or a mismatch."""


@dataclass(slots=True)
class Breaker:
    """Opens after so many failures in a row; then one call is let through every so often."""

    failures: int = 0
    opened_at: float = 0.0

    def closed(self) -> bool:
        """Tell whether a call may go out now."""
        if self.failures < FAILURES_TO_OPEN:
            return True
        if time.monotonic() - self.opened_at < OPEN_SECONDS:
            return False
        self.opened_at = time.monotonic()
        return True

    def note(self, *, good: bool) -> None:
        """Take note of a call's end."""
        self.failures = 0 if good else self.failures + 1
        if not good and self.failures == FAILURES_TO_OPEN:
            self.opened_at = time.monotonic()


class Outside:
    """One outside system behind its address."""

    def __init__(self, name: str, base: str, http: httpx2.AsyncClient) -> None:
        self.name = name
        self._base = base
        self._http = http
        self.breaker = Breaker()

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask; a body is never logged.

        Raises
        ------
        UnavailableError
            When the system is down, slow, or answers anything but JSON with a success status.
        """
        for attempt in range(ATTEMPTS):
            if not self.breaker.closed():
                break
            try:
                answer = await self._http.post(f"{self._base}{path}", json=body)
                answer.raise_for_status()
                members = answer.json()
                if not isinstance(members, dict):
                    raise UnavailableError(self.name)  # noqa: TRY301 - counts as a failure of the system
            except (httpx2.HTTPError, ValueError, UnavailableError) as error:
                self.breaker.note(good=False)
                log.warning("outside system failed", system=self.name, error=type(error).__name__)
                await asyncio.sleep(0.1 * attempt)
            else:
                self.breaker.note(good=True)
                return members
        raise UnavailableError(self.name)
