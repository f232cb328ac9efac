"""Three-valued verdicts: met, unmet, unknown; each condition with its facts and what would change it.

`unknown` is an answer of its own: an outside source that is down, a title that nobody has confirmed. It is
never read as met or as unmet.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from libs.kernel.refusals import Reason
from libs.kernel.rulesets import Leaf, Node, RuleSet

Facts = TypeVar("Facts")


class Verdict(StrEnum):
    """What came out of one condition."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a predicate says: the verdict, the facts that it compared, and what would change it.

    `eligible_on` is the first day on which time alone would make the condition met; `code` replaces the
    condition's own code where the law names a more exact reason; `also` are further codes beside it.
    """

    verdict: Verdict
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    change: Mapping[str, Any] = field(default_factory=dict[str, Any])
    eligible_on: date | None = None
    code: str = ""
    also: tuple[str, ...] = ()


Predicate = Callable[[Facts, Leaf, RuleSet], Finding]


@dataclass(frozen=True, slots=True)
class Judged:
    """One condition with what came out of it."""

    leaf: Leaf
    finding: Finding

    @property
    def id(self) -> str:
        """The condition's id in its rule set."""
        return self.leaf.id

    @property
    def verdict(self) -> Verdict:
        """Met, unmet or unknown."""
        return self.finding.verdict

    @property
    def eligible_on(self) -> date | None:
        """The first day on which time alone makes it met."""
        return self.finding.eligible_on

    @property
    def change(self) -> dict[str, Any]:
        """What would change the verdict, as plain JSON values."""
        change = dict(self.finding.change)
        if self.eligible_on and self.verdict is not Verdict.MET:
            change["eligible_on"] = self.eligible_on.isoformat()
        return change

    def text(self, language: str = "zh") -> str:
        """Say the verdict in Chinese (`zh`) or English (`en`), with the facts compared."""
        wording = self.leaf.en if language == "en" else self.leaf.zh
        pattern: str = getattr(wording, self.verdict.value)
        return pattern.format_map(_Shown(self.finding.facts))


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions joined by `all` or `any`, with their common verdict."""

    id: str
    kind: str
    verdict: Verdict
    eligible_on: date | None
    of: tuple[Judged | Joined, ...]


Explained = Judged | Joined


class _Shown(dict[str, Any]):
    """Facts in a sentence; what is not known is shown as such."""

    def __missing__(self, key: str) -> str:
        return "?"


def evaluate(node: Node, facts: Facts, predicates: Mapping[str, Predicate[Facts]], rules: RuleSet) -> Explained:
    """Evaluate a condition tree against facts; every condition is looked at, none is skipped.

    `all` is unmet when any part is unmet, and met when all are; `any` is met when any part is met, and unmet
    when all are unmet; otherwise unknown. `eligible_on` of an `all` is the latest of its parts' days and only
    exists when time alone would do; of an `any` it is the earliest.
    """
    if isinstance(node, Leaf):
        return Judged(node, predicates[node.predicate](facts, node, rules))
    parts = tuple(evaluate(child, facts, predicates, rules) for child in node.of)
    return _join(node.id, node.kind, parts)


def _join(name: str, kind: str, parts: tuple[Explained, ...]) -> Joined:
    return Joined(name, kind, _joined(kind, parts), _day(kind, parts), parts)


def _joined(kind: str, parts: tuple[Explained, ...]) -> Verdict:
    verdicts = {part.verdict for part in parts}
    deciding = Verdict.UNMET if kind == "all" else Verdict.MET
    if deciding in verdicts:
        return deciding
    return verdicts.pop() if len(verdicts) == 1 else Verdict.UNKNOWN


def _day(kind: str, parts: tuple[Explained, ...]) -> date | None:
    waiting = [part for part in parts if part.verdict is not Verdict.MET]
    days = [part.eligible_on for part in waiting if part.eligible_on]
    if kind == "any":
        return min(days, default=None) if len(waiting) == len(parts) else None
    return max(days) if days and len(days) == len(waiting) else None


def conditions(explained: Explained) -> Iterator[Judged]:
    """Walk every condition of an evaluated tree."""
    if isinstance(explained, Judged):
        yield explained
        return
    for part in explained.of:
        yield from conditions(part)


def supposed(explained: Explained) -> Explained:
    """Give the tree as it would be if everything unknown in it turned out well: met or unmet, and from which day."""
    if isinstance(explained, Judged):
        unknown = explained.verdict is Verdict.UNKNOWN
        return replace(explained, finding=replace(explained.finding, verdict=Verdict.MET)) if unknown else explained
    return _join(explained.id, explained.kind, tuple(supposed(part) for part in explained.of))


def smallest(explained: Explained) -> tuple[Judged, ...]:
    """Give the fewest conditions that would have to change for a tree to be met; of equals, those that are met first.

    The tree has nothing unknown in it: see `supposed`.
    """
    if explained.verdict is Verdict.MET:
        return ()
    if isinstance(explained, Judged):
        return (explained,)
    ways = [smallest(part) for part in explained.of]
    if explained.kind == "any":
        return min(ways, key=lambda way: (len(way), max(one.eligible_on or date.max for one in way)))
    return tuple(one for way in ways for one in way)


def decisive(explained: Explained) -> Iterator[Judged]:
    """Walk the conditions because of which a tree is not met, whether unmet or unknown.

    Of an `any`, only the alternatives that are open to the person count: those whose entry conditions hold
    or are unknown. When none is open, the entry conditions themselves are the reason (§11.31:
    EDUCATION_BELOW when no alternative has the education).
    """
    if explained.verdict is Verdict.MET:
        return
    if isinstance(explained, Judged):
        yield explained
        return
    failing = [part for part in explained.of if part.verdict is not Verdict.MET]
    if explained.kind == "any":
        yield from _nearest(failing)
        return
    for part in failing:
        yield from decisive(part)


def _nearest(alternatives: list[Explained]) -> Iterator[Judged]:
    """Walk what an unmet `any` lacks; of several conditions with one code, the one that is met first."""
    open_to = [part for part in alternatives if not any(_shut(part))]
    lacking = [one for part in open_to for one in decisive(part)]
    if not open_to:
        lacking = [one for part in alternatives for one in _shut(part)]
    nearest: dict[str, Judged] = {}
    for one in lacking:
        known = nearest.setdefault(one.leaf.code, one)
        if (one.eligible_on or date.max) < (known.eligible_on or date.max):
            nearest[one.leaf.code] = one
    yield from nearest.values()


def _shut(explained: Explained) -> Iterator[Judged]:
    """Walk the entry conditions that shut an alternative."""
    return (one for one in conditions(explained) if one.leaf.entry and one.verdict is Verdict.UNMET)


def reasons(explained: Explained, ruleset: str) -> tuple[Reason, ...]:
    """Give every reason for which a tree is not met, with code, clause, facts and what would change it."""
    return tuple(
        Reason(
            code,
            one.leaf.clause,
            {"condition": one.id, "verdict": one.verdict.value, **one.finding.facts},
            one.change,
            ruleset=ruleset,
        )
        for one in decisive(explained)
        for code in (*one.finding.also, one.finding.code or one.leaf.code)
    )


def canonical(value: Mapping[str, Any]) -> str:
    """Write compared facts as canonical JSON text, as a record keeps them."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
