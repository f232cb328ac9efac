"""The reference pages that are generated, so that they cannot lie: events, refusal codes, rule sets and their format.

``python -m cli.reference check`` fails when a page is not what the code says; ``write`` writes them.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

from cli import reference_format
from cli.reference_rules import SHIPPED, applicants_page, rulesets
from libs.events.contracts.base import Payload, registry
from libs.events.schemas import schema_of
from libs.kernel.codes import CODES

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
SERVICES = ("intake", "review", "certificate", "integrity", "gateway")


def events() -> str:
    """Write the event catalogue."""
    lines = [
        "# Events",
        "",
        "Generated from `libs/events/contracts` by `python -m cli.reference write`. Every event is a CloudEvents 1.0"
        " JSON object in canonical form; below is its `data`. *Sealed* fields are encrypted under the person's own key."
        " The JSON Schema of every version is in `libs/events/schemas`.",
        "",
    ]
    for service in SERVICES:
        models = sorted(
            (model for model in registry.current.values() if model.service == service), key=lambda one: one.__name__
        )
        lines += [f"## {service} (`zhicheng.{service}`)", ""]
        for model in models:
            lines += _event(model)
    return "\n".join(lines).rstrip() + "\n"


def _event(model: type[Payload]) -> list[str]:
    schema = schema_of(model)
    clauses = f", clauses {model.clauses}" if model.clauses else ""
    document = " ".join((model.__doc__ or "").split())
    lines = [f"### {model.__name__}", "", f"Version {model.version}{clauses}. {document}", ""]
    members: dict[str, Any] = schema.get("properties", {})
    if members:
        lines += ["| field | type |", "|---|---|"]
        lines += [f"| `{name}` | {_type(member)} |" for name, member in members.items()]
        lines.append("")
    return lines


def _type(member: dict[str, Any]) -> str:
    if member.get("x-sealed"):
        return "*sealed* text"
    if "$ref" in member:
        return member["$ref"].rpartition("/")[2]
    if "anyOf" in member:
        return " or ".join(_type(one) for one in member["anyOf"])
    if member.get("type") == "array":
        return f"list of {_type(member.get('items') or {})}"
    said = member.get("format") or member.get("type", "any")
    if member.get("pattern", "").startswith("^[0-9a-f-]{36}"):
        said = "UUID"
    elif member.get("pattern", "").startswith("^[0-9a-f]{64}"):
        said = "SHA-256, hexadecimal"
    return str(said)


def refusals() -> str:
    """Write the list of refusal codes."""
    lines = [
        "# Refusal codes",
        "",
        "Generated from `libs/kernel/codes.json` by `python -m cli.reference write`. Codes are stable. A problem lists"
        " every failing condition at once, each with its code, clause, the facts compared, and what would change it.",
        "",
        "| code | status | 中文 | English |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {code.status} | {code.zh} | {code.en} |"
        for name, code in sorted(CODES.items(), key=lambda item: (item[1].status, item[0]))
    ]
    return "\n".join(lines) + "\n"


PAGES = {
    "events.md": events,
    "refusals.md": refusals,
    "rulesets.md": rulesets,
    "rule-set-format.md": reference_format.page,
    "rule-set.schema.json": reference_format.schema,
    **{f"rules/{file.stem}.md": partial(applicants_page, file) for file in SHIPPED},
}


def main(arguments: list[str]) -> int:
    """Run `check` or `write`."""
    stale = [name for name, make in PAGES.items() if _read(FOLDER / name) != make()]
    if arguments == ["write"]:
        for name in stale:
            (FOLDER / name).parent.mkdir(exist_ok=True)
            (FOLDER / name).write_text(PAGES[name](), encoding="utf-8")
        return 0
    for name in stale:
        sys.stdout.write(f"docs/reference/{name} is not what the code says: run `python -m cli.reference write`\n")
    return 1 if stale else 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
