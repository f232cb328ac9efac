"""The difference of two rule sets: parameter by parameter, condition by condition, wording apart from numbers.

Order has no meaning in a rule set, so it makes no difference here; everything else that is written does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from libs.kernel.rulesets import Leaf, Node, Parameter, RuleSet

Part = Literal["scope", "parameter", "condition", "wording", "place", "group"]
"""What differs: the document's own scope and dates, a number, a condition, its wording, where it applies, a group."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, with the members that differ before and after; plain JSON values.

    Conditions that moved together are one difference: its name lists their ids.
    """

    part: Part
    change: Literal["added", "changed", "removed"]
    name: str
    clause: str = ""
    before: Mapping[str, Any] = field(default_factory=dict[str, Any])
    after: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class _Placed:
    """A condition, the levels and routes for which it holds, and the groups around it."""

    leaf: Leaf
    scope: list[str]
    groups: tuple[str, ...]


@dataclass(slots=True)
class _Outline:
    """The conditions of a rule set by id, and the kind of each group by the groups around it."""

    conditions: dict[str, _Placed] = field(default_factory=dict[str, _Placed])
    groups: dict[tuple[str, ...], str] = field(default_factory=dict[tuple[str, ...], str])


def differences(old: RuleSet, new: RuleSet) -> tuple[Difference, ...]:
    """Give everything in which two rule sets differ."""
    return (*_scope(old, new), *_parameters(old, new), *_conditions(_outline(old), _outline(new)))


def _scope(old: RuleSet, new: RuleSet) -> Iterator[Difference]:
    before, after = (_plain(one, ("code", "title", "series", "levels", "effective_from")) for one in (old, new))
    for name, value in after.items():
        if name == "levels" and set(value) == set(before[name]):
            continue
        if before[name] != value:
            yield Difference("scope", "changed", name, before={name: before[name]}, after={name: value})


def _parameters(old: RuleSet, new: RuleSet) -> Iterator[Difference]:
    for name, one in new.parameters.items():
        known = old.parameters.get(name)
        if known is None:
            yield Difference("parameter", "added", name, one.clause, after=_plain(one))
        elif known != one:
            before, after = _apart(_plain(known), _plain(one))
            if "value" in after:  # which says little without its unit
                before, after = before | {"unit": known.unit}, after | {"unit": one.unit}
            yield Difference("parameter", "changed", name, one.clause, before, after)
    for name, one in old.parameters.items():
        if name not in new.parameters:
            yield Difference("parameter", "removed", name, one.clause, before=_plain(one))


def _conditions(old: _Outline, new: _Outline) -> Iterator[Difference]:
    moved: dict[str, list[Difference]] = {}
    for name, one in new.conditions.items():
        known = old.conditions.get(name)
        if known is None:
            yield Difference("condition", "added", name, one.leaf.clause, after=_whole(one, new))
            continue
        yield from _changed("condition", name, one.leaf.clause, _facts(known), _facts(one))
        yield from _changed("wording", name, one.leaf.clause, _wording(known), _wording(one))
        if (known.scope, known.groups) != (one.scope, one.groups):
            for move in _changed("place", name, one.leaf.clause, _place(known, old), _place(one, new)):
                moved.setdefault(repr((move.before, move.after)), []).append(move)
    for name, one in old.conditions.items():
        if name not in new.conditions:
            yield Difference("condition", "removed", name, one.leaf.clause, before=_whole(one, old))
    for together in moved.values():
        first = together[0]
        clauses = dict.fromkeys(one.clause for one in together)
        yield replace(first, name=", ".join(one.name for one in together), clause=" ".join(clauses))
    for group, kind in new.groups.items():
        before = old.groups.get(group, kind)
        yield from _changed("group", group[-1], "", {"kind": before}, {"kind": kind})


def _changed(
    part: Part, name: str, clause: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Difference]:
    one, other = _apart(before, after)
    if one or other:
        yield Difference(part, "changed", name, clause, one, other)


def _plain(one: RuleSet | Parameter | Leaf, members: tuple[str, ...] = ()) -> dict[str, Any]:
    return one.model_dump(mode="json", include=set(members) or None, exclude_none=True)


def _apart(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keep of two objects the members that are not the same in both."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before[name] for name in names if name in before}, {
        name: after[name] for name in names if name in after
    }


def _facts(one: _Placed) -> dict[str, Any]:
    """Give what a condition compares and cites; its own parameters by their names."""
    facts = _plain(one.leaf, ("predicate", "entry", "code", "clause", "source", "tag"))
    parameters = _plain(one.leaf, ("parameters",))["parameters"]
    return facts | {f"parameters.{name}": value for name, value in parameters.items()}


def _wording(one: _Placed) -> dict[str, Any]:
    said = _plain(one.leaf, ("zh", "en"))
    return {f"{language}.{verdict}": text for language in ("zh", "en") for verdict, text in said[language].items()}


def _place(one: _Placed, outline: _Outline) -> dict[str, Any]:
    """Give where a condition stands: for which levels and routes, and in which groups of which kind."""
    around = [one.groups[: depth + 1] for depth in range(len(one.groups))]
    return {"scope": one.scope, "groups": [f"{outline.groups[group]}:{group[-1]}" for group in around]}


def _whole(one: _Placed, outline: _Outline) -> dict[str, Any]:
    return _facts(one) | _wording(one) | _place(one, outline)


def _outline(rules: RuleSet) -> _Outline:
    made = _Outline()
    for standard in rules.standards:
        scope = sorted({f"{level}/{route}" for level in standard.levels for route in standard.routes})
        _sketch(standard.conditions, scope, (), made)
    return made


def _sketch(node: Node, scope: list[str], groups: tuple[str, ...], made: _Outline) -> None:
    if isinstance(node, Leaf):
        made.conditions.setdefault(node.id, _Placed(node, scope, groups))
        return
    inner = (*groups, node.id)
    made.groups[inner] = node.kind
    for child in node.of:
        _sketch(child, scope, inner, made)
