"""Who is who: resident ID numbers, unified social credit codes, names. Pure checks; nothing is looked up."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from stdnum.cn import ric, uscc

from libs.kernel.refusals import Reason, Refused

RESIDENT_NUMBER: Final = re.compile(r"[0-9]{17}[0-9X]")
CREDIT_CODE: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
NAME_LENGTH: Final = 100
"""Characters, not bytes: a rare character is one (𠅤 is a single code point)."""
MASKED: Final = re.compile(r"(?<=.{6}).(?=.{4})")
UNFIT: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029"  # categories Cc, Cs, Zl and Zp, which no version of Unicode extends
    # marks that nobody sees; not the variation selectors, which are part of a rare character
    "\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e00ff"
    "\ufdd0-\ufdef\ufffe\uffff"  # no characters at all, in this plane and in every other
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(1, 17))
    + "]"
)


def resident_number(text: str, pointer: str = "/id_number") -> str:
    """Check a resident ID number (GB 11643) and give it in standard form; `ID_INVALID` otherwise.

    Length, characters, a birth date that exists, and the check digit. The place is not compared with
    today's divisions: numbers keep the code of a place that has since been renamed or merged.
    """
    number = text.strip().upper()
    try:
        if not RESIDENT_NUMBER.fullmatch(number):
            failing = "form"
        elif ric.calc_check_digit(number) != number[-1]:
            failing = "check_digit"
        else:
            ric.get_birth_date(number)
            return number
    except ValueError:
        failing = "birth_date"
    raise Refused.one("ID_INVALID", "附四", facts={"failing": failing}, pointer=pointer)


def birth_date(number: str) -> date:
    """Give the birth date in a checked resident ID number."""
    return ric.get_birth_date(number)


def credit_code(text: str, pointer: str = "/credit_code") -> str:
    """Check a unified social credit code (GB 32100) and give it in standard form; `ID_INVALID` otherwise.

    The first two characters may be letters: the rural bodies' codes begin with N, others' with Y.
    """
    code = text.strip().upper()
    if not CREDIT_CODE.fullmatch(code):
        raise Refused.one("ID_INVALID", "八.1", facts={"failing": "form"}, pointer=pointer)
    if uscc.calc_check_digit(code) != code[-1]:
        raise Refused.one("ID_INVALID", "八.1", facts={"failing": "check_digit"}, pointer=pointer)
    return code


def masked(number: str) -> str:
    """Show an ID number as people may see it: the first six and the last four characters."""
    return MASKED.sub("*", number)


def name_reasons(text: str, pointer: str = "/name", limit: int = NAME_LENGTH) -> tuple[Reason, ...]:
    """Give what is wrong with a name or another short text, all at once.

    Rare characters of any plane are kept as they are, also those that are newer than this Python's tables:
    nothing is normalised, since that would replace a person's own character by a look-alike.
    `ENCODING_INVALID` for control characters, lone surrogates and invisible marks, which make two different
    names look like one;
    `FIELD_TOO_LONG` over the limit in characters; `SCHEMA_INVALID` for an empty text.
    """
    found: list[Reason] = []
    if not text.strip():
        found.append(Reason("SCHEMA_INVALID", facts={"failing": "empty"}, pointer=pointer))
    if len(text) > limit:
        found.append(Reason("FIELD_TOO_LONG", facts={"length": len(text), "limit": limit}, pointer=pointer))
    if UNFIT.search(text):
        found.append(Reason("ENCODING_INVALID", facts={"failing": "character"}, pointer=pointer))
    return tuple(found)
