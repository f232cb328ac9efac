"""Which characters the certificate's font can show; what it cannot is never dropped in silence.

Typst would stop at such a character (PDF/A allows none without a glyph), or another writer leave a blank: in
a person's name on a certificate neither will do. So it is printed as its code point, and reported.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from noto_cjk_sans_otc import FONT_PATH

FONT = Path(str(FONT_PATH))
"""Noto Sans CJK, Regular: 44,810 characters."""

COLLECTION = b"ttcf"
UNICODE_FULL = (3, 10)
"""Platform and encoding of the table that covers every plane."""
SEGMENTED = 12


@dataclass(frozen=True, slots=True)
class Coverage:
    """The code points of a font, as ordered ranges with both ends included."""

    firsts: tuple[int, ...]
    lasts: tuple[int, ...]

    def has(self, character: str) -> bool:
        """Say whether the font shows a character."""
        place = bisect_right(self.firsts, ord(character)) - 1
        return place >= 0 and ord(character) <= self.lasts[place]


@dataclass(frozen=True, slots=True)
class MissingGlyph:
    """A character that the font cannot show: in which field, and which."""

    field: str
    code_point: str
    """As Unicode writes it: ``U+E123``."""


@lru_cache(maxsize=1)
def coverage() -> Coverage:
    """Read what the font covers; the faces of the collection differ in shapes, not in characters."""
    with FONT.open("rb") as font:
        table = _character_map(font)
        return _segments(font, table)


def shown(field: str, text: str) -> tuple[str, tuple[MissingGlyph, ...]]:
    """Give a text as it can be printed, and what had to be written as a code point."""
    font = coverage()
    missing = [character for character in text if not font.has(character)]
    if not missing:
        return text, ()
    written = "".join(character if font.has(character) else f"〔{_code_point(character)}〕" for character in text)
    return written, tuple(MissingGlyph(field, _code_point(character)) for character in missing)


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"


def _read(font: IO[bytes], offset: int, form: str) -> tuple[Any, ...]:
    _ = font.seek(offset)
    return struct.unpack(form, font.read(struct.calcsize(form)))


def _character_map(font: IO[bytes]) -> int:
    """Find where the first face's character map of all planes begins."""
    start = 0
    if font.read(4) == COLLECTION:
        (start,) = _read(font, 12, ">I")
    (tables,) = _read(font, start + 4, ">H")
    for entry in range(tables):
        tag, _, offset, _ = _read(font, start + 12 + 16 * entry, ">4sIII")
        if tag == b"cmap":
            (count,) = _read(font, offset + 2, ">H")
            for row in range(count):
                platform, encoding, inner = _read(font, offset + 4 + 8 * row, ">HHI")
                if (platform, encoding) == UNICODE_FULL:
                    return offset + inner
    msg = f"{FONT.name} has no character map of all planes"
    raise ValueError(msg)


def _segments(font: IO[bytes], table: int) -> Coverage:
    (form,) = _read(font, table, ">H")
    if form != SEGMENTED:
        msg = f"{FONT.name} has a character map of form {form}; {SEGMENTED} is read here"
        raise ValueError(msg)
    (groups,) = _read(font, table + 12, ">I")
    numbers = _read(font, table + 16, f">{3 * groups}I")
    return Coverage(firsts=numbers[0::3], lasts=numbers[1::3])
