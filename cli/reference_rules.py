"""The reference page of rule sets: their format, and every number of those that are shipped, with its source."""

from __future__ import annotations

from pathlib import Path

from libs.kernel.rulesets import Leaf, Node, Parameter, RuleSet, parse

FOLDER = Path(__file__).resolve().parents[1] / "services" / "intake" / "data" / "rulesets"

_FORMAT = """# Rule sets

Generated from `services/intake/data/rulesets` by `python -m cli.reference write`.

A rule set is a JSON document. Two officials of the city are needed for it, one drafts, another publishes; it is never edited after that, and every decision cites exactly one.

| member | what it is |
|---|---|
| `code`, `title` | how people cite it |
| `series` | the series it governs; `*` for every series that has none of its own |
| `levels` | the levels it covers |
| `effective_from` | its first day, a date of Beijing |
| `parameters` | every number that a decision under it may use: `value`, `unit`, `clause`, `source`, `tag`; `in_force_from` where its source is younger than the rule set |
| `standards` | condition trees for levels and routes: groups `all` and `any`, and leaves |

A leaf names a `predicate` (`services/intake/domain/predicates.py`) with its own `parameters`, the refusal `code` of its failure, its `clause`, `source` and `tag`, and its wording in Chinese and English for `met`, `unmet` and `unknown`. A document without a source for a number is refused with `SOURCE_MISSING`; one that makes papers, projects, funds, awards or titles of honour a gate, with `CRITERION_BANNED` (六, 七.4).

Tags: **S** stated in the notice · **F** read in the instrument · **F2** reported by a copy · **R** recalled · **I** stated nowhere: configuration of this deployment, and said to be so.
"""


def rulesets() -> str:
    """Write the page."""
    return "\n".join([_FORMAT, *(_document(parse(path.read_text("utf-8"))) for path in sorted(FOLDER.glob("*.json")))])


def _document(rules: RuleSet) -> str:
    lines = [
        f"## {rules.code}",
        "",
        f"{rules.title}. Series `{rules.series}`, in force from {rules.effective_from}. SHA-256 `{rules.hash}`.",
        "",
        "| parameter | value | clause | tag | source |",
        "|---|---|---|---|---|",
    ]
    lines += [_parameter(name, one) for name, one in sorted(rules.parameters.items())]
    lines.append("")
    for standard in rules.standards:
        levels, routes = (", ".join(one) for one in (standard.levels, standard.routes))
        lines += [f"### {levels} · {routes}", "", *_node(standard.conditions, 0), ""]
    return "\n".join(lines).rstrip() + "\n"


def _parameter(name: str, one: Parameter) -> str:
    value = "/".join(map(str, one.value)) if isinstance(one.value, tuple) and one.unit == "share" else one.value
    shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"| `{name}` | {shown} {one.unit if one.unit not in ('text', 'share') else ''} | {one.clause} | {one.tag} | {one.source} |"


def _node(node: Node, depth: int) -> list[str]:
    indent = "  " * depth
    if isinstance(node, Leaf):
        parameters = ", ".join(f"{name} = {value}" for name, value in node.parameters.items())
        return [
            f"{indent}- {node.zh.met} ({node.clause}, {node.tag}) `{node.predicate}` {parameters} → `{node.code}`".rstrip()
        ]
    head = f"{indent}- {'全部' if node.kind == 'all' else '任一'}:"
    return [head, *(line for member in node.of for line in _node(member, depth + 1))]
