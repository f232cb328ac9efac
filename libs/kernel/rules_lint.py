"""The lint of rule sets: what keeps a document from being published, all at once, each at its very place.

It knows no number of its own. What makes a criterion a gate, a menu impossible or a number unsourced is said in the
notice (六, 七.4) and in rules §11.42; every finding says what would mend it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from string import Formatter
from types import MappingProxyType
from typing import Any, Final

from libs.kernel.codes import CODES
from libs.kernel.refusals import Reason, Refused
from libs.kernel.rules_faults import fault, joined, unread
from libs.kernel.rulesets import Leaf, Needs, Node, Parameter, RuleSet, Standard, parse
from libs.kernel.terms import Level

BANNED_GATES: Final[Mapping[str, str]] = {
    "paper_required": "paper_gate",
    "paper_count": "paper_number_gate",
    "impact_factor": "paper_number_gate",
    "research_projects": "restrictive_gate",
    "research_funds": "restrictive_gate",
    "awards": "restrictive_gate",
    "journal_tier": "restrictive_gate",
    "honours": "restrictive_gate",
}
"""What 六.4, 六.6 and 七.4 allow as one choice among many and never as a gate, with the fault that it is."""

INSTRUMENT: Final = re.compile(r"[^，。；、（(\s]*[〔\[［]((?:19|20)\d{2})[〕\]］]\s*\d+\s*号")
"""An instrument cited by its number, with its year: 京人社事业发〔2023〕10号."""

_SAID: Final = {"met": "-", "unmet": "-", "unknown": "-"}
EMPTY: Final[dict[str, Any]] = {
    "code": "",
    "title": "-",
    "series": "-",
    "levels": [level.value for level in Level],
    "effective_from": date.max.isoformat(),
    "parameters": {},
    "standards": [],
}
"""What stands for a member that is missing or does not fit, so that the others can be judged: it finds nothing."""
NO_STANDARD: Final[dict[str, Any]] = {
    "levels": [],
    "routes": [],
    "conditions": {
        "kind": "leaf",
        "id": " ",
        "predicate": "-",
        "code": "-",
        "clause": "-",
        "source": "-",
        "tag": "I",
        "zh": _SAID,
        "en": _SAID,
    },
}
"""What stands for a standard that does not fit."""

Placed = tuple[str, Leaf]
"""A condition with its JSON Pointer."""


def examine(text: str, predicates: Needs, choices: Mapping[str, str] = MappingProxyType({})) -> tuple[Reason, ...]:
    """Find everything that is wrong with a document as it was written.

    Where the whole does not fit the format, its parts that do are judged all the same.
    """
    try:
        twice = tuple(_written_twice(text))
    except (ValueError, RecursionError) as error:
        return (unread(error),)
    try:
        return (*twice, *lint(parse(text), predicates, choices))
    except Refused as refused:
        misfits = tuple(one.pointer for one in refused.reasons)
        rest = _fitting(text, misfits)
        found = lint(parse(rest), predicates, choices) if rest else ()
        return (*twice, *refused.reasons, *(one for one in found if not _under(one.pointer, misfits)))


def _under(pointer: str, misfits: tuple[str, ...]) -> bool:
    """Whether a pointer lies in a part of the document that does not fit."""
    return _part(pointer) in {_part(one) for one in misfits}


def _part(pointer: str) -> str:
    """Give the part of a document in which a pointer lies: a parameter, a standard, or a member of its own."""
    steps = pointer.split("/")[1:]
    return "/".join(steps[: 2 if steps[:1] in (["parameters"], ["standards"]) else 1])


def _fitting(text: str, misfits: tuple[str, ...]) -> str:
    """Write a document again without its parts that do not fit; a standard leaves its place, so that none moves."""
    document = json.loads(text)
    if not isinstance(document, dict) or "" in misfits:
        return ""
    given = {name: value for name, value in document.items() if name in EMPTY and not _under(f"/{name}", misfits)}
    parameters, standards = given.get("parameters", {}), given.get("standards", [])
    fitting = (
        EMPTY
        | given
        | {
            "parameters": {
                name: one for name, one in parameters.items() if not _under(joined("/parameters", name), misfits)
            },
            "standards": [
                NO_STANDARD if _under(joined("/standards", position), misfits) else one
                for position, one in enumerate(standards)
            ],
        }
    )
    return json.dumps(fitting)


def lint(rules: RuleSet, predicates: Needs, choices: Mapping[str, str] = MappingProxyType({})) -> tuple[Reason, ...]:
    """Find what keeps a rule set from being published.

    Parameters
    ----------
    predicates
        The predicates that the code can evaluate, with the parameters that each needs.
    choices
        The predicates that hold for one fact of a person, with the parameter that lists what it may be: two of
        them that have nothing in common cannot both be met.

    Returns
    -------
    tuple of Reason
        `SOURCE_MISSING` and `DATE_INVALID` for numbers without source or day, `CRITERION_BANNED` for each banned
        criterion that nobody could pass by another choice (invariant 22), `MENU_IMPOSSIBLE` for what nobody can
        meet, `SCHEMA_INVALID` for what the code cannot read; each with a JSON Pointer to the member itself.
    """
    found = [
        *_document(rules),
        *(one for name, parameter in rules.parameters.items() for one in _parameter(rules, name, parameter)),
    ]
    seen: dict[str, str] = {}
    for position, standard in enumerate(rules.standards):
        at = joined("/standards", position)
        found += _scope(rules, standard, at)
        for pointer, leaf in _leaves(standard.conditions, f"{at}/conditions"):
            found += _leaf(rules, leaf, pointer, predicates)
            if leaf.id in seen:
                found.append(fault("id_twice", f"{pointer}/id", rules.code, name=leaf.id, first=seen[leaf.id]))
            seen.setdefault(leaf.id, pointer)
        found += [
            fault(BANNED_GATES[leaf.predicate], pointer, rules.code, name=leaf.id, predicate=leaf.predicate)
            for pointer, leaf in _gates(standard.conditions, f"{at}/conditions")
        ]
    return (*found, *_Contradictions(rules, choices).find())


def _written_twice(text: str) -> Iterator[Reason]:
    """Find members that stand twice in one object: of them only the last would be read, and nobody would know."""
    twice: dict[int, list[str]] = {}
    kept: list[dict[str, Any]] = []

    def read(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        kept.append(members)  # so that no identity is used again while it is a key
        names = [name for name, _ in pairs]
        twice[id(members)] = sorted({name for name in names if names.count(name) > 1})
        return members

    def walk(here: Any, pointer: str) -> Iterator[Reason]:
        if isinstance(here, dict):
            yield from (fault("member_twice", joined(pointer, name), name=name) for name in twice[id(here)])
        steps = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
        for step, member in steps:
            yield from walk(member, joined(pointer, step))

    yield from walk(json.loads(text, object_pairs_hook=read), "")


def _document(rules: RuleSet) -> Iterator[Reason]:
    for name in ("code", "title", "series"):
        if not getattr(rules, name).strip():
            yield fault("text_empty", joined("", name), rules.code, name=name)
    if not rules.levels:
        yield fault("list_empty", "/levels", rules.code, name="levels")


def _parameter(rules: RuleSet, name: str, parameter: Parameter) -> Iterator[Reason]:
    pointer = joined("/parameters", name)
    yield from _sourced(rules, parameter, name, pointer, dated=parameter.in_force_from is not None)
    instruments = [(int(one[1]), one[0]) for one in INSTRUMENT.finditer(parameter.source)]
    first = parameter.in_force_from
    if first and instruments and first.year < min(instruments)[0]:
        facts = {"name": name, "in_force_from": first.isoformat(), "instrument": min(instruments)[1]}
        yield fault("date_before_source", f"{pointer}/in_force_from", rules.code, **facts)
    if not parameter.unit.strip():
        yield fault("text_empty", f"{pointer}/unit", rules.code, name="unit")
    match parameter.value:
        case (int() as part, int() as whole):
            usable = parameter.unit == "share" and 0 < part <= whole
        case str() as text if re.fullmatch(r"\s*[-+]?\d+(\.\d+)?\s*", text):
            yield fault("number_as_text", f"{pointer}/value", rules.code, name=name, value=text)
            return
        case int() as number if number < 0:
            yield fault("number_negative", f"{pointer}/value", rules.code, name=name, value=number)
            return
        case _:
            usable = parameter.unit != "share"
    if not usable:
        yield fault("share_unreadable", f"{pointer}/value", rules.code, name=name, value=_shown(parameter.value))


def _sourced(rules: RuleSet, one: Parameter | Leaf, name: str, pointer: str, *, dated: bool) -> Iterator[Reason]:
    for member in ("clause", "source"):
        if not getattr(one, member).strip():
            yield fault(f"{member}_missing", f"{pointer}/{member}", rules.code, name=name)
    youngest = max(((int(found[1]), found[0]) for found in INSTRUMENT.finditer(one.source)), default=(0, ""))
    if youngest[0] > rules.effective_from.year and not dated:
        facts = {"name": name, "instrument": youngest[1], "effective_from": rules.effective_from.isoformat()}
        yield fault("date_missing", f"{pointer}/source", rules.code, **facts)


def _scope(rules: RuleSet, standard: Standard, pointer: str) -> Iterator[Reason]:
    for name in ("levels", "routes"):
        if not getattr(standard, name):
            yield fault("list_empty", f"{pointer}/{name}", rules.code, name=name)
    for position, level in enumerate(standard.levels):
        if level not in rules.levels:
            yield fault("level_outside", joined(f"{pointer}/levels", position), rules.code, level=level.value)


def _leaf(rules: RuleSet, leaf: Leaf, pointer: str, predicates: Needs) -> Iterator[Reason]:
    if not leaf.id.strip():
        yield fault("text_empty", f"{pointer}/id", rules.code, name="id")
    yield from _sourced(rules, leaf, leaf.id, pointer, dated=False)
    if leaf.code not in CODES:
        yield fault("code_unknown", f"{pointer}/code", rules.code, name=leaf.id, code=leaf.code)
    needs = predicates.get(leaf.predicate)
    if needs is None:
        facts = {"name": leaf.id, "predicate": leaf.predicate, "known": ", ".join(sorted(predicates))}
        yield fault("predicate_unknown", f"{pointer}/predicate", rules.code, **facts)
    else:
        yield from _asked(rules, leaf, f"{pointer}/parameters", needs)
    for language in ("zh", "en"):
        for verdict in ("met", "unmet", "unknown"):
            text: str = getattr(getattr(leaf, language), verdict)
            place = f"{pointer}/{language}/{verdict}"
            if not text.strip():
                yield fault("text_empty", place, rules.code, name=f"{language}.{verdict}")
            elif not _formats(text):
                yield fault("wording_unreadable", place, rules.code, name=leaf.id, value=text)


def _asked(rules: RuleSet, leaf: Leaf, pointer: str, needs: Mapping[str, Any]) -> Iterator[Reason]:
    """Find what is wrong with a condition's own parameters."""
    facts = {"name": leaf.id, "predicate": leaf.predicate}
    for name in sorted(needs.keys() - leaf.parameters.keys()):
        yield fault("parameter_missing", joined(pointer, name), rules.code, **facts, parameter=name)
    for name, value in leaf.parameters.items():
        place = joined(pointer, name)
        if name not in needs:
            yield fault("parameter_unknown", place, rules.code, **facts, parameter=name)
        elif value == ():
            yield fault("menu_empty", place, rules.code, **facts, parameter=name)
        else:
            try:
                needs[name](value)
            except ValueError as error:
                zh, _, en = str(error).partition("|")
                said = {"expected_zh": zh, "expected_en": en or zh, "value": _shown(value)}
                yield fault("parameter_unreadable", place, rules.code, **facts, parameter=name, **said)


def _formats(text: str) -> bool:
    """Whether a wording can be shown: its braces hold names of facts, and nothing that reaches into them."""
    try:
        fields = list(Formatter().parse(text))
    except ValueError:
        return False
    return all(
        name is None or (name.isidentifier() and not asked and conversion is None)
        for _, name, asked, conversion in fields
    )


def _shown(value: object) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, tuple) else str(value)


def _leaves(node: Node, pointer: str) -> Iterator[Placed]:
    """Walk every condition of a tree."""
    if isinstance(node, Leaf):
        yield pointer, node
        return
    for position, child in enumerate(node.of):
        yield from _leaves(child, f"{pointer}/of/{position}")


def _gates(node: Node, pointer: str) -> tuple[Placed, ...]:
    """Give the banned criteria without which a tree cannot be met."""
    if isinstance(node, Leaf):
        return ((pointer, node),) if node.predicate in BANNED_GATES else ()
    children = [_gates(child, f"{pointer}/of/{position}") for position, child in enumerate(node.of)]
    if node.kind == "any" and not all(children):
        return ()
    return tuple(placed for gates in children for placed in gates)


Allowed = Mapping[str, frozenset[str]]
"""For each fact that conditions choose among, what the conditions so far leave of it."""


@dataclass(frozen=True, slots=True)
class _Contradictions:
    """Finds conditions that no one can meet together; the standards of a level and route hold together."""

    rules: RuleSet
    choices: Mapping[str, str]
    found: dict[str, Reason] = field(default_factory=dict[str, Reason])

    def find(self) -> Iterator[Reason]:
        standards = self.rules.standards
        for level, route in sorted(
            {(level, route) for one in standards for level in one.levels for route in one.routes}
        ):
            allowed: Allowed = {}
            for position, standard in enumerate(standards):
                if level in standard.levels and route in standard.routes:
                    allowed = self._after(standard.conditions, f"/standards/{position}/conditions", allowed)
        yield from self.found.values()

    def _after(self, node: Node, pointer: str, allowed: Allowed) -> Allowed:
        """Give what a tree leaves of each fact."""
        if isinstance(node, Leaf):
            return self._chosen(node, pointer, allowed)
        children = [(child, f"{pointer}/of/{position}") for position, child in enumerate(node.of)]
        if node.kind == "all":
            # What holds for all comes first: an alternative that it rules out is then seen, wherever it stands.
            for child, place in sorted(children, key=lambda one: not isinstance(one[0], Leaf)):
                allowed = self._after(child, place, allowed)
            return allowed
        ways = [self._after(child, place, allowed) for child, place in children]
        common = set(ways[0]).intersection(*ways[1:])
        return {fact: frozenset[str]().union(*(way[fact] for way in ways)) for fact in common}

    def _chosen(self, leaf: Leaf, pointer: str, allowed: Allowed) -> Allowed:
        """Narrow one fact; a condition that would leave nothing of it is found, and passed over."""
        parameter = self.choices.get(leaf.predicate, "")
        asked = leaf.parameters.get(parameter)
        if not isinstance(asked, tuple) or not asked:
            return allowed
        before = allowed.get(leaf.predicate, frozenset(asked))
        left = before & frozenset(asked)
        if left:
            return {**allowed, leaf.predicate: left}
        place = f"{pointer}/parameters/{parameter}"
        words = {"name": leaf.id, "asked": _shown(asked), "allowed": ", ".join(sorted(before))}
        self.found.setdefault(place, fault("menu_contradicts", place, self.rules.code, **words))
        return allowed
