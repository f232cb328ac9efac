"""The notice's own words, clause by clause: `services/intake/data/notices`, copied from its published text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).resolve().parents[1] / "services" / "intake" / "data" / "notices" / "notice-2023-10.json"
NOTICE: Final[dict[str, Any]] = json.loads(FILE.read_text("utf-8"))


def words_of(clause: str) -> str:
    """Give what the notice says at a clause: its sentence where the clause is one (`七.1`), else the whole of it.

    Empty for what is no clause of the notice: a section of the rules (`§11.12`), an article of another instrument.
    """
    article = NOTICE["clauses"].get(clause.partition(".")[0])
    if article is None:
        return ""
    numbers: list[int] = NOTICE["sentences"].get(clause, [])
    sentences = [one + "。" for one in article["text"].split("。") if one]
    return "".join(sentences[number - 1] for number in numbers) or article["text"]


def quoted(clauses: str) -> dict[str, str]:
    """Give the notice's words for each of the clauses that a rule cites; those that it does not have are left out."""
    return {clause: words for clause in clauses.split() if (words := words_of(clause))}
