"""A decision reads what was folded from topics only where a rebuild is noticed."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "review", "certificate", "integrity")


def reads(call: ast.Call) -> str:
    """Give the SQL of a query that goes to a pool, past the views; nothing for any other call."""
    called = call.func
    if not isinstance(called, ast.Attribute) or called.attr not in {"fetch", "fetchrow", "fetchval"}:
        return ""
    if not ast.unparse(called.value).endswith("pool"):
        return ""
    return " ".join(one.value for one in ast.walk(call) if isinstance(one, ast.Constant) and isinstance(one.value, str))


@pytest.mark.parametrize("service", SERVICES)
def test_no_decision_reads_a_view_past_the_check_for_a_rebuild(service: str) -> None:
    views = {view.name for view in import_module(f"services.{service}.app").PARTS.views}
    assert views
    for file in (ROOT / "services" / service).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (query := reads(node)):
                found = set(re.findall(r"\b(?:from|join) ([a-z_]+)", query))
                assert not found & views, f"{file.relative_to(ROOT)}: {query}"
