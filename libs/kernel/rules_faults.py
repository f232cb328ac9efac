"""What can be wrong with a rule-set document, in words: the code, the clause, the fault, and what would mend it.

The faults are data, `rules_faults.json` beside this file, in Chinese and English: those who write rule sets read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any, Final, NamedTuple, cast

from pydantic import ValidationError

from libs.kernel.refusals import Reason


class Fault(NamedTuple):
    """One kind of fault: its refusal code and clause, what is wrong, and what would mend it."""

    code: str
    clause: str
    wrong_zh: str
    mend_zh: str
    wrong_en: str
    mend_en: str


FAULTS: Final[dict[str, Fault]] = {
    name: Fault(*entry)
    for name, entry in json.loads(files("libs.kernel").joinpath("rules_faults.json").read_text("utf-8")).items()
}

EXPECTED: Final = {
    "string_type": ("文字", "a text"),
    "int_type": ("整数", "a whole number"),
    "bool_type": ("true 或 false", "true or false"),
    "bool_parsing": ("true 或 false", "true or false"),
    "dict_type": ("带花括号的一组项目", "an object"),
    "model_type": ("带花括号的一组项目", "an object"),
    "model_attributes_type": ("带花括号的一组项目", "an object"),
    "tuple_type": ("带方括号的列表", "a list"),
    "too_short": ("至少一项", "at least one"),
    "date_type": ("日期，如 2023-06-14", "a date, as 2023-06-14"),
    "date_parsing": ("日期，如 2023-06-14", "a date, as 2023-06-14"),
    "date_from_datetime_parsing": ("日期，如 2023-06-14", "a date, as 2023-06-14"),
    "date_from_datetime_inexact": ("日期，如 2023-06-14", "a date, as 2023-06-14"),
    "union_tag_not_found": ("kind 为 leaf、all 或 any 的条件", "a condition whose `kind` is leaf, all or any"),
    "union_tag_invalid": ("kind 为 leaf、all 或 any 的条件", "a condition whose `kind` is leaf, all or any"),
}
"""What the format wants, by the name that pydantic gives to a failure."""

VALUE: Final = (
    "整数、文字，或全为文字的列表；参数的比例写作 [分子, 分母]",
    "a whole number, a text, or a list of texts; a parameter's share as [part, whole]",
)
"""What the value of a parameter may be."""


def fault(sort: str, pointer: str, ruleset: str = "", /, **facts: Any) -> Reason:
    """Give one finding: what is wrong is told by its facts, what would mend it by `change`, in both languages."""
    kind = FAULTS[sort]
    change = {"zh": kind.mend_zh.format(**facts), "en": kind.mend_en.format(**facts)}
    return Reason(kind.code, kind.clause, {"fault": sort, **facts}, change, pointer, ruleset)


def wrong(finding: Reason, language: str = "zh") -> str:
    """Say what is wrong in Chinese (`zh`) or English (`en`)."""
    kind = FAULTS[finding.facts["fault"]]
    return (kind.wrong_en if language == "en" else kind.wrong_zh).format(**finding.facts)


def joined(pointer: str, *steps: object) -> str:
    """Go on from a JSON Pointer (RFC 6901)."""
    return pointer + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def unread(error: Exception) -> Reason:
    """Say where a text stops being JSON; at its beginning, where it is nested or long beyond reading."""
    return fault("not_json", "", line=getattr(error, "lineno", 1), column=getattr(error, "colno", 1))


def unstorable(text: str) -> tuple[Reason, ...]:
    """Name every place that holds U+0000, which no table can hold; a text that is no JSON is looked at elsewhere."""
    if "\\u0000" not in text:
        return ()
    try:
        return tuple(_unstorable(json.loads(text), ""))
    except (ValueError, RecursionError):
        return ()


def _unstorable(here: Any, pointer: str, name: str = "/") -> Iterator[Reason]:
    if isinstance(here, str) and "\x00" in here:
        yield fault("character_unusable", pointer, name=name)
    steps = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
    for step, one in steps:
        at = joined(pointer, step)
        if "\x00" in str(step):
            yield fault("character_unusable", at, name=name)
        else:
            yield from _unstorable(one, at, str(step))


def misfits(text: str, error: ValidationError) -> Iterator[Reason]:
    """Name every place at which a document does not fit the format, each once."""
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as broken:
        yield unread(broken)
        return
    found: dict[str, Reason] = {}
    for one in error.errors(include_url=False, include_input=False):
        place, name, here = _place(document, one["loc"])
        kind = {"missing": "member_missing", "extra_forbidden": "member_unknown"}.get(one["type"])
        if kind:
            found[place] = fault(kind, place, name=name)
        elif one["type"] == "too_short" and here:
            continue  # something stands there, and what is wrong with it has been said
        else:
            # The branches of a union fail each for itself, at one place.
            zh, en = VALUE if place in found else _expected(one["type"], one["msg"], one.get("ctx", {}))
            found[place] = fault("member_unreadable", place, name=name, expected_zh=zh, expected_en=en)
    yield from found.values()


def _expected(kind: str, message: str, context: dict[str, Any]) -> tuple[str, str]:
    if kind in ("enum", "literal_error"):
        said = str(context["expected"]).replace("'", "")
        return said.replace(" or ", "、").replace(", ", "、"), said
    return EXPECTED.get(kind, (message, message))


def _place(document: Any, location: Iterable[int | str]) -> tuple[str, str, Any]:
    """Give the JSON Pointer of a failure, with the name of what stands there and its value.

    What names a branch of a union is no part of the document: the kind of a condition is passed over, and at the
    branches of a value the walk ends.
    """
    pointer, name, here = "", "/", document
    for step in location:
        if isinstance(here, dict):
            members = cast("dict[str, Any]", here)
            if step not in members and step == members.get("kind"):
                continue
            here = members.get(str(step))
        elif isinstance(here, list) and isinstance(step, int) and step < len(cast("list[Any]", here)):
            here = cast("list[Any]", here)[step]
        else:
            break
        pointer = joined(pointer, step)
        name = f"{name}/{step}" if isinstance(step, int) else str(step)
    return pointer, name, here
