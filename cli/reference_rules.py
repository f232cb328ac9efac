"""The reference page of rule sets: every number and condition of those that are shipped, with its source."""

from __future__ import annotations

from pathlib import Path

from cli.rules_page import page
from libs.kernel.rulesets import Leaf, Node, Parameter, RuleSet, parse

FOLDER = Path(__file__).resolve().parents[1] / "services" / "intake" / "data" / "rulesets"

_HEAD = """# Rule sets

Generated from `services/intake/data/rulesets` by `python -m cli.reference write`.

The rule sets that are shipped, each number and condition with its clause, source and tag. Their format, and what keeps a document from being published, is in [规则文件格式](rule-set-format.md).

Tags: **S** stated in the notice · **F** read in the instrument · **F2** reported by a copy · **R** recalled · **I** stated nowhere: configuration of this deployment, and said to be so.
"""


SHIPPED = sorted(FOLDER.glob("*.json"))
"""The documents that are shipped."""


def rulesets() -> str:
    """Write the page."""
    return "\n".join([_HEAD, *(_document(parse(path.read_text("utf-8"))) for path in SHIPPED)])


def applicants_page(file: Path) -> str:
    """Write the page of a shipped rule set that an applicant can read."""
    return page(parse(file.read_text("utf-8")))


def _document(rules: RuleSet) -> str:
    lines = [
        f"## {rules.code}",
        "",
        f"{rules.title}. Series `{rules.series}`, in force from {rules.effective_from}. SHA-256 `{rules.hash}`."
        f" For applicants, in Chinese: [{rules.code}](rules/{rules.code}.md).",
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
