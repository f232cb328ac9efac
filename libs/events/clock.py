"""The domain's clock. Real everywhere but in the local profile, where one offset moves the whole stack."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Domain time; tokens, caches, retries and UUIDs never use it."""

    def now(self) -> datetime:
        """Give the domain's present, in UTC."""
        ...


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Give the machine's time in UTC."""
        return datetime.now(UTC)


class FileClock:
    """The machine's time plus the seconds that a file holds, so that every process moves together.

    The file is read whenever its modification time changes. Only the profiles `local` and `test` may have one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = 0
        self._offset = timedelta()

    def now(self) -> datetime:
        """Give the moved time in UTC."""
        try:
            changed = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return datetime.now(UTC)
        if changed != self._read_at:
            self._offset = timedelta(seconds=int(self._path.read_text() or "0"))
            self._read_at = changed
        return datetime.now(UTC) + self._offset

    def move_to(self, instant: datetime) -> None:
        """Make `instant` (aware) the present of the whole stack: up to a second later, never earlier."""
        seconds = math.ceil((instant - datetime.now(UTC)).total_seconds())
        partial = self._path.with_suffix(".partial")
        partial.write_text(str(seconds))
        partial.replace(self._path)
