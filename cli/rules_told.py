"""The difference of two rule sets in words, as an official reads them: one sentence a difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cli.rules_words import (
    ASKED,
    LABELS,
    PARAMETERS,
    PREDICATES,
    SERIES,
    TAGS,
    TERMS,
    asked,
    listed,
    number,
    said,
    scope,
)
from libs.kernel.rules_diff import Difference

_SENTENCES: Final = {
    ("scope", "changed"): ("{changes}。", "The rule set's {changes}."),
    ("parameter", "added"): ("新增参数{named}：{whole}。", "Parameter added, {named}: {whole}."),
    ("parameter", "changed"): ("修改参数{named}：{changes}。", "Parameter changed, {named}: {changes}."),
    ("parameter", "removed"): ("删去参数{named}：{whole}。", "Parameter removed, {named}: {whole}."),
    ("condition", "added"): ("新增条件{named}：{whole}。", "Condition added, {named}: {whole}."),
    ("condition", "changed"): ("修改条件{named}：{changes}。", "Condition changed, {named}: {changes}."),
    ("condition", "removed"): ("删去条件{named}：{whole}。", "Condition removed, {named}: {whole}."),
    ("wording", "changed"): ("修改条件{named}的表述：{changes}。", "Wording changed of condition {named}: {changes}."),
    ("place", "changed"): ("移动条件{named}：{changes}。", "Condition moved, {named}: {changes}."),
    ("group", "changed"): ("修改组{named}：{changes}。", "Group changed, {named}: {changes}."),
}
_KINDS: Final = {"all": ["须全部符合", "all must hold"], "any": ["符合任一即可", "any is enough"]}
_NOTHING: Final = {"zh": "（没有）", "en": "(none)"}


def told(one: Difference, language: str = "zh") -> str:
    """Say a difference in Chinese (`zh`) or English (`en`)."""
    words = {"named": _named(one, language), "changes": _changes(one, language), "whole": ""}
    if one.change != "changed":
        words["whole"] = _whole(one, one.after or one.before, language)
    return _SENTENCES[one.part, one.change][1 if language == "en" else 0].format(**words)


def _named(one: Difference, language: str) -> str:
    """Name what differs, with its clause."""
    shown = said(PARAMETERS, one.name, language) if one.part == "parameter" else one.name
    also = [one.name] if shown != one.name else []
    also += [one.clause] if one.clause else []
    return _noted(f"“{shown}”", (", " if language == "en" else "，").join(also), language) if also else f"“{shown}”"


def _changes(one: Difference, language: str) -> str:
    """Say each member before and after."""
    parts: list[str] = []
    for name in {**one.before, **one.after}:
        before, after = (_value(one, members, name, language) for members in (one.before, one.after))
        if before == after:
            continue  # a unit that was kept beside a value
        label = _label(one, name, language)
        parts.append(f"{label} {before} → {after}" if language == "en" else f"{label}由{before}改为{after}")
    return ("; " if language == "en" else "；").join(parts)


def _whole(one: Difference, members: Mapping[str, Any], language: str) -> str:
    """Say what was added or removed: its number or sentence, and where it comes from."""
    if one.part == "parameter":
        parts = [_value(one, members, "value", language)]
        parts += (
            [f"{_label(one, 'in_force_from', language)} {members['in_force_from']}"]
            if "in_force_from" in members
            else []
        )
    else:
        parts = [
            members[f"{language}.met"],
            f"{_label(one, 'scope', language)} {_value(one, members, 'scope', language)}",
        ]
        parts += [
            f"{_label(one, name, language)} {_value(one, members, name, language)}"
            for name in members
            if name.startswith("parameters.")
        ]
    parts.append(f"{_label(one, 'source', language)} {members['source']} [{members['tag']}]")
    return ("; " if language == "en" else "；").join(parts)


def _label(one: Difference, name: str, language: str) -> str:
    if name.startswith("parameters."):
        return said(ASKED, name.removeprefix("parameters."), language)
    return said(LABELS, f"{one.part}.{name}" if f"{one.part}.{name}" in LABELS else name, language)


def _value(one: Difference, members: Mapping[str, Any], name: str, language: str) -> str:
    """Say one member's value."""
    if name not in members:
        return _NOTHING[language]
    value = members[name]
    if name.startswith("parameters."):
        return asked(name.removeprefix("parameters."), value, language)
    if name == "value":
        return number(one.name, value, members["unit"], language)
    if name in _SAID:
        return _SAID[name](value, language)
    return f"“{value}”" if name in ("title", "source") or "." in name else str(value)


def _scope(value: list[str], language: str) -> str:
    places = [one.partition("/") for one in value]
    return scope((level for level, _, _ in places), (route for _, _, route in places), language)


def _groups(value: list[str], language: str) -> str:
    kinds = (group.partition(":") for group in value)
    return (
        " ▸ ".join(_noted(name, said(_KINDS, kind, language), language) for kind, _, name in kinds)
        or _NOTHING[language]
    )


def _noted(word: str, note: str, language: str) -> str:
    return f"{word} ({note})" if language == "en" else f"{word}（{note}）"


_SAID: Final[dict[str, Callable[[Any, str], str]]] = {
    "levels": lambda value, language: listed((said(TERMS["levels"], one, language) for one in value), language),
    "series": lambda value, language: said(SERIES, value, language),
    "scope": _scope,
    "groups": _groups,
    "kind": lambda value, language: said(_KINDS, value, language),
    "predicate": lambda value, language: _noted(value, said(PREDICATES, value, language), language),
    "tag": lambda value, language: _noted(value, said(TAGS, value, language), language),
    "entry": lambda value, language: said({"True": ["是", "yes"], "False": ["否", "no"]}, str(value), language),
}
"""How the members are said that are not said as they are written."""
