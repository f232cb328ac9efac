"""Money is integer fen; nothing is rounded, and nothing is parsed but whole numbers (§10.4)."""

from __future__ import annotations

import re
from typing import Final

from libs.kernel.terms import Level

WHOLE: Final = re.compile(r"[0-9]{1,15}")


def fen(text: str) -> int | None:
    """Read an amount in fen as an outside system wrote it; None for anything but a plain whole number.

    ``"700元"``, ``"7e2"``, ``"-700"``, ``"699.99"`` and full-width digits are never counted as money,
    whatever they seem to mean.
    """
    return int(text) if WHOLE.fullmatch(text) else None


def price_parameter(level: Level) -> str:
    """Name the rule-set parameter that holds the fee of a level, in fen."""
    return f"price_{level.value}_fen"


def yuan(amount_fen: int) -> str:
    """Write an amount for people, in yuan with two digits: 70000 fen is 700.00."""
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"
