"""The verifiable draw of experts: a pure function that anyone can redo from two events (十三.5, §16.3).

The agency publishes the hash of its seed; only then does the service give its nonce, and fixes the pool with
everyone left out and why; then the agency discloses the seed. Neither side can try seeds until the draw suits it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID

from libs.events.contracts.review_session import ExpertDrawn, ExpertDrawSeeded, ExpertReplaced


def commitment_of(seed: str) -> str:
    """Give the commitment to a seed: SHA-256 of its 32 bytes, both in hexadecimal."""
    return sha256(bytes.fromhex(seed)).hexdigest()


def draw(seed: str, nonce: str, pool: Iterable[str], seats: int) -> tuple[str, ...]:
    """Draw experts for `seats` seats out of a pool, in the order drawn.

    Each expert's ticket is HMAC-SHA-256 of the 16 bytes of the expert's UUID under the key ``seed || nonce``
    (32 bytes each); the lowest tickets are drawn. The order in which the pool is given does not matter, and
    leaving out someone who was not drawn changes nothing.
    """
    key = bytes.fromhex(seed) + bytes.fromhex(nonce)
    tickets = sorted((hmac.digest(key, UUID(expert).bytes, "sha256"), expert) for expert in set(pool))
    return tuple(expert for _, expert in tickets[:seats])


def reproduces(seeded: ExpertDrawSeeded, outcome: ExpertDrawn | ExpertReplaced) -> bool:
    """Say whether a recorded draw follows from what was fixed before it; for auditors and `zhicheng replay`."""
    expected = draw(outcome.seed, seeded.nonce, seeded.pool, seeded.seats)
    recorded = (outcome.drawn,) if isinstance(outcome, ExpertReplaced) else outcome.drawn
    return commitment_of(outcome.seed) == seeded.commitment and expected == recorded
