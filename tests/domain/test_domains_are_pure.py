"""A domain decides on what it is given: it imports nothing that reads, writes, waits, draws or looks at a clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
STANDARD: Final = frozenset(
    {
        "__future__",
        "calendar",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "hmac",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "string",
        "types",
        "typing",
        "unicodedata",
        "uuid",
    }
)
"""What of the standard library computes and does nothing else."""
OF_A_DOMAIN: Final = ("pydantic", "libs.events.contracts", "libs.kernel")
OF_THE_KERNEL: Final = ("pydantic", "libs.kernel", "zoneinfo", "stdnum", "importlib")
"""Beside it the kernel reads the data that lie in its own package, and knows the time zone of Beijing."""
UNSTEADY: Final = frozenset({"now", "today", "utcnow", "uuid1", "uuid4", "getenv", "environ", "open"})

FILES: Final = sorted(
    [*(ROOT / "libs" / "kernel").rglob("*.py"), *(ROOT / "services").glob("*/domain/**/*.py")],
    key=lambda file: str(file.relative_to(ROOT)),
)


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name what they mean"
            yield str(node.module)


def allowed(name: str, file: Path) -> bool:
    place = file.relative_to(ROOT).parts
    own = OF_THE_KERNEL if place[0] == "libs" else (*OF_A_DOMAIN, ".".join(place[:3]))
    return name.partition(".")[0] in STANDARD or any(name == one or name.startswith(f"{one}.") for one in own)


def test_every_domain_is_looked_at() -> None:
    places = {file.relative_to(ROOT).parts[:2] for file in FILES}
    services = {("services", one.parent.name) for one in (ROOT / "services").glob("*/app.py")}
    assert places == {("libs", "kernel"), *services}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_domain_imports_the_kernel_the_contracts_and_what_only_computes(file: Path) -> None:
    tree = ast.parse(file.read_text("utf-8"))
    assert [name for name in imported(tree) if not allowed(name, file)] == []
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    names = {one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "") for one in called}
    assert names & UNSTEADY == set()
