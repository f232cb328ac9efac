"""A rule set as a document: parameters and condition trees, each number with its source and tag.

Code holds predicates, never numbers: what a decision compares with is asked here, by name. A rule set that
does not state a parameter makes the answer unknown and refuses; there are no defaults.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Annotated, Any, Literal, NoReturn, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from libs.kernel.refusals import Refused
from libs.kernel.rules_faults import misfits, unstorable
from libs.kernel.terms import Level, Route

Tag = Literal["S", "F", "F2", "R", "I"]
"""How sure the source is: stated in the notice, read in the instrument, reported, recalled, inferred."""

EVERY_SERIES = "*"
"""The scope of a rule set that applies to each series which has none of its own."""


class Strict(BaseModel):
    """The base of every part of a rule-set document."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Parameter(Strict):
    """One number, share or list that a decision uses, with its clause, its source and the source's tag.

    `in_force_from` is the first day of what it judges, where its source is younger than the rule set.
    """

    value: int | str | tuple[int, int] | tuple[str, ...]
    unit: str
    clause: str
    source: str
    tag: Tag
    in_force_from: date | None = None


class Wording(Strict):
    """What an official reads, one sentence a verdict; ``{name}`` stands for a compared fact."""

    met: str
    unmet: str
    unknown: str


class Leaf(Strict):
    """One condition: a named predicate with its own numbers, its source, and the code of its failure.

    `entry` marks the leaf that opens an alternative (the degree of a row): of an unmet `any`, only the
    alternatives that are open to the applicant are given as reasons (§11.31).
    """

    kind: Literal["leaf"]
    id: str
    predicate: str
    parameters: dict[str, int | str | tuple[str, ...]] = {}
    entry: bool = False
    code: str
    clause: str
    source: str
    tag: Tag
    zh: Wording
    en: Wording


class Group(Strict):
    """Conditions joined by `all` or `any`."""

    kind: Literal["all", "any"]
    id: str
    of: tuple[Node, ...] = Field(min_length=1)


Node = Annotated[Leaf | Group, Field(discriminator="kind")]


class Standard(Strict):
    """A tree of conditions and the levels and routes to which it applies."""

    levels: tuple[Level, ...]
    routes: tuple[Route, ...]
    conditions: Node


class RuleSet(Strict):
    """A rule-set document: what holds for a series and its levels from a day on.

    Parameters
    ----------
    code
        The short name that people cite, unique to the document (`engineering-2023`).
    series
        The series it governs, or `EVERY_SERIES`.
    effective_from
        The first day on which it is in force, a date of Beijing.
    parameters
        Every number that a decision under this rule set may use; a decision cites exactly one rule set
        (invariant 21), so the document carries all of them itself.
    standards
        Condition trees; those of one level and route are joined by `all`.
    """

    code: str
    title: str
    series: str
    levels: tuple[Level, ...]
    effective_from: date
    parameters: dict[str, Parameter]
    standards: tuple[Standard, ...]

    @cached_property
    def canonical(self) -> str:
        """The canonical JSON text of the document (sorted ASCII keys, UTF-8, no spaces: RFC 8785)."""
        return json.dumps(
            self.model_dump(mode="json", exclude_none=True), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical text, in hexadecimal."""
        return sha256(self.canonical.encode()).hexdigest()

    def integer(self, name: str) -> int:
        """Give a whole number; `SOURCE_MISSING` when the rule set does not state it."""
        value = self._stated(name, "a whole number")
        return value if isinstance(value, int) else self._mistyped(name, "a whole number")

    def share(self, name: str) -> tuple[int, int]:
        """Give a share as numerator and denominator, to be compared in integers only (§10.1)."""
        match self._stated(name, "a share"):
            case (int() as part, int() as whole) if whole > 0:
                return part, whole
            case _:
                return self._mistyped(name, "a share")

    def text(self, name: str) -> str:
        """Give a text, such as the name of a way of counting."""
        value = self._stated(name, "a text")
        return value if isinstance(value, str) else self._mistyped(name, "a text")

    def texts(self, name: str) -> tuple[str, ...]:
        """Give a list of texts; it may be empty."""
        value = self._stated(name, "a list of texts")
        if not isinstance(value, tuple):
            self._mistyped(name, "a list of texts")
        return tuple(text for text in value if isinstance(text, str))

    def reaches(self, name: str, on: date) -> bool:
        """Whether a parameter judges what happened on a day; `SOURCE_MISSING` when the rule set does not state it."""
        self._stated(name, "a parameter")
        first = self.parameters[name].in_force_from
        return first is None or first <= on

    def covers(self, level: Level, route: Route) -> bool:
        """Whether any standard applies to a level and route."""
        return any(level in one.levels and route in one.routes for one in self.standards)

    def conditions(self, level: Level, route: Route) -> Group:
        """Give the tree of a level and route; `ROUTE_NOT_OPEN_FOR_SERIES` when no standard covers them."""
        found = tuple(
            standard.conditions for standard in self.standards if level in standard.levels and route in standard.routes
        )
        if not found:
            raise Refused.one(
                "ROUTE_NOT_OPEN_FOR_SERIES",
                "附六.3",
                facts={"series": self.series, "level": level.value, "route": route.value},
                change={"open": sorted(self._open())},
                ruleset=self.code,
            )
        return Group(kind="all", id=f"{level.value}.{route.value}", of=found)

    def _open(self) -> set[str]:
        return {f"{level}/{route}" for one in self.standards for level in one.levels for route in one.routes}

    def _stated(self, name: str, wanted: str) -> int | str | tuple[int, int] | tuple[str, ...]:
        if name not in self.parameters:
            self._mistyped(name, wanted)
        return self.parameters[name].value

    def _mistyped(self, name: str, wanted: str) -> NoReturn:
        raise Refused.one(
            "SOURCE_MISSING",
            facts={"parameter": name, "stated": name in self.parameters},
            change={"publish": f"a rule set that states {name} as {wanted}, with clause, source and tag"},
            ruleset=self.code,
        )


@lru_cache(maxsize=64)
def parse(document: str) -> RuleSet:
    """Read a rule-set document from JSON text; `SCHEMA_INVALID` names every place that does not fit."""
    if unusable := unstorable(document):
        raise Refused(unusable)
    try:
        return RuleSet.model_validate_json(document)
    except ValidationError as error:
        raise Refused(misfits(document, error)) from None


Needs = Mapping[str, Mapping[str, Callable[[Any], object]]]
"""For each predicate the parameters that it needs, and the reader that raises ValueError on a wrong one.

The error says what it would take, in Chinese and English with a bar between them.
"""


def whole(value: object) -> int:
    """Read a condition's whole number."""
    if not isinstance(value, int):
        msg = "整数|a whole number"
        raise ValueError(msg)  # noqa: TRY004 - a reader's one error
    return value


def names(value: object) -> tuple[str, ...]:
    """Read a condition's list of names."""
    if not isinstance(value, tuple):
        msg = "名称的列表|a list of names"
        raise ValueError(msg)  # noqa: TRY004 - a reader's one error
    return tuple(str(name) for name in cast("tuple[object, ...]", value))
