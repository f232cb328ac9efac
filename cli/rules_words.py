"""What officials read about rule sets: the words for their members, predicates and terms, `rules_words.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

Words = dict[str, list[str]]
"""By name: the Chinese and the English."""

_WORDS: Final = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))

MEMBERS: Final[dict[str, Words]] = _WORDS["members"]
PARTS: Final[Words] = _WORDS["parts"]
PREDICATES: Final[Words] = _WORDS["predicates"]
TAGS: Final[Words] = _WORDS["tags"]
TERMS: Final[dict[str, Words]] = {
    name: _WORDS[name] for name in ("levels", "routes", "degrees", "employer_kinds", "checks")
}


def term(kind: str, word: str, language: str = "zh") -> str:
    """Say a term in Chinese (`zh`) or English (`en`)."""
    return TERMS[kind][word][1 if language == "en" else 0]
