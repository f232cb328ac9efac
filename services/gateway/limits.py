"""How much a client may ask: a token bucket for each, in this process, told in the RateLimit headers.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

Header = tuple[bytes, bytes]
BUCKETS: Final = 50_000
"""How many callers are remembered; the one that was silent longest is forgotten, and starts anew with a full bucket."""


class Verdict(NamedTuple):
    """Whether a request may go on, and the headers that say how many more may."""

    allowed: bool
    headers: list[Header]


class Limits:
    """Buckets of `quota` requests that fill evenly in `window` seconds."""

    def __init__(self, quota: int, window: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._quota = quota
        self._rate = quota / window
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._policy = (b"ratelimit-policy", f'"default";q={quota};w={math.ceil(window)}'.encode())

    def take(self, caller: str) -> Verdict:
        """Take one request out of the caller's bucket, if there is one."""
        now = self._clock()
        left, at = self._buckets.pop(caller, (float(self._quota), now))
        left = min(self._quota, left + (now - at) * self._rate)
        allowed = left >= 1
        if allowed:
            left -= 1
        self._buckets[caller] = (left, now)
        if len(self._buckets) > BUCKETS:
            self._buckets.popitem(last=False)
        full = math.ceil((self._quota - left) / self._rate)
        headers = [self._policy, (b"ratelimit", f'"default";r={int(left)};t={full}'.encode())]
        if not allowed:
            headers.append((b"retry-after", str(math.ceil((1 - left) / self._rate)).encode()))
        return Verdict(allowed, headers)
