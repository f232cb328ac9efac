"""What officials read about rule sets: the words for their members, predicates and terms, `rules_words.json`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

Words = dict[str, list[str]]
"""By name: the Chinese and the English."""

_WORDS: Final = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))

MEMBERS: Final[dict[str, Words]] = _WORDS["members"]
PARTS: Final[Words] = _WORDS["parts"]
PREDICATES: Final[Words] = _WORDS["predicates"]
TAGS: Final[Words] = _WORDS["tags"]
TERMS: Final[dict[str, Words]] = {
    name: _WORDS[name] for name in ("levels", "routes", "degrees", "employer_kinds", "green_categories", "checks")
}
PARAMETERS: Final[Words] = _WORDS["parameters"]
LABELS: Final[Words] = _WORDS["labels"]
ASKED: Final[Words] = _WORDS["asked"]
_UNITS: Final[Words] = _WORDS["units"]
_VALUES: Final[Words] = _WORDS["values"]
_OF: Final = {
    "degree": "degrees",
    "level": "levels",
    "kinds": "employer_kinds",
    "check": "checks",
    "categories": "green_categories",
}
"""Which terms the parameter of a condition takes."""
_CATALOGUE: Final = Path(__file__).resolve().parents[1] / "services" / "certificate" / "data" / "catalogue.json"

GREGORIAN: Final = 1900
"""From here on a number of years is a year."""


def said(words: Words, name: str, language: str = "zh") -> str:
    """Say a word in Chinese (`zh`) or English (`en`); what has no word is said as it is written."""
    return words.get(name, [name, name])[1 if language == "en" else 0]


def listed(texts: Iterable[str], language: str = "zh") -> str:
    """Join words to a list."""
    return (", " if language == "en" else "、").join(texts)


def number(name: str, value: Any, unit: str, language: str = "zh") -> str:
    """Say the value of a parameter with its unit; a few have a word of their own for it."""
    if isinstance(value, list | tuple):
        parts = [str(one) for one in value]
        return "/".join(parts) if unit == "share" else listed((said(_VALUES, one, language) for one in parts), language)
    if not isinstance(value, int):
        return said(_VALUES, str(value), language)
    if unit == "fen":
        yuan, fen = divmod(value, 100)
        return f"{yuan}{f'.{fen:02}' if fen else ''}" + (" yuan" if language == "en" else "元")
    unit = name if name in _UNITS else unit
    word = said(_UNITS, unit, language)
    if language == "en":
        return str(value) if unit == "year" and value > GREGORIAN else f"{value} {word}"
    return f"{value}{word if unit in _UNITS else f' {word}'}"


def asked(name: str, value: Any, language: str = "zh") -> str:
    """Say the value that a condition asks for."""
    words = TERMS.get(_OF.get(name, ""), CATALOGUED.get(name, {}))
    if isinstance(value, list | tuple):
        return listed((said(words, str(one), language) for one in value), language)
    return said(words, str(value), language)


def scope(levels: Iterable[str], routes: Iterable[str], language: str = "zh") -> str:
    """Say for which levels and routes something holds, the highest level first."""
    held = (set(levels), set(routes))
    here = [
        [said(words, one, language) for one in words if one in wanted]
        for words, wanted in zip((TERMS["levels"], TERMS["routes"]), held, strict=True)
    ]
    return " · ".join(listed(one, language) for one in here)


def _series() -> Words:
    known = json.loads(_CATALOGUE.read_text("utf-8"))["series"]
    return {"*": ["所有没有单独规则的系列", "every series that has none of its own"]} | {
        name: [one["name"], name] for name, one in known.items()
    }


SERIES: Final[Words] = _series()
"""The names of the series."""
CATALOGUED: Final[dict[str, Words]] = {"series": SERIES, "designations": _WORDS["designations"]}
"""The names that the city adds to; one that has no word here is said as it is written."""
