"""How often one client may ask: enough to verify, too little to try codes and numbers."""

from __future__ import annotations

import time
from collections import OrderedDict

REMEMBERED_CLIENTS = 50_000
MINUTE = 60.0


class Throttle:
    """A bucket for each client, filled evenly; a full one holds a minute's worth."""

    def __init__(self, per_minute: int) -> None:
        self._capacity = float(per_minute)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, now: float | None = None) -> float:
        """Take one for a client; give 0, or the seconds after which there will be one."""
        at = time.monotonic() if now is None else now
        left, filled = self._buckets.pop(client, (self._capacity, at))
        left = min(self._capacity, left + (at - filled) * self._capacity / MINUTE)
        granted = left >= 1
        self._buckets[client] = (left - granted, at)
        if len(self._buckets) > REMEMBERED_CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if granted else (1 - left) * MINUTE / self._capacity
