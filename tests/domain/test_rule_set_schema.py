"""The JSON Schema of rule sets takes what the code takes, and refuses what it cannot read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest

from libs.kernel.refusals import Refused
from libs.kernel.rulesets import parse

ROOT: Final = Path(__file__).parents[2]
SCHEMA: Final = jsonschema_rs.validator_for(
    json.loads((ROOT / "docs/reference/rule-set.schema.json").read_text("utf-8")), validate_formats=True
)
CASES: Final = sorted(
    file for file in (ROOT / "tests/domain/cases/rules-lint").glob("*.json") if not file.stem.endswith(".expected")
)


def document(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


@pytest.mark.parametrize(
    "file", sorted((ROOT / "services/intake/data/rulesets").glob("*.json")), ids=lambda one: one.stem
)
def test_the_shipped_documents_fit_the_schema(file: Path) -> None:
    SCHEMA.validate(document(file))


@pytest.mark.parametrize("file", [one for one in CASES if one.stem != "not-json"], ids=lambda one: one.stem)
def test_what_the_schema_refuses_the_lint_refuses_and_what_cannot_be_parsed_the_schema_refuses(file: Path) -> None:
    expected = json.loads(file.with_name(f"{file.stem}.expected.json").read_text("utf-8"))
    if not SCHEMA.is_valid(document(file)):
        assert expected
    try:
        parse(file.read_text("utf-8"))
    except Refused as refused:
        # A character that no table can hold fits every schema.
        assert "ENCODING_INVALID" in str(refused) or not SCHEMA.is_valid(document(file))


def test_the_schema_points_where_the_lint_points() -> None:
    (case,) = [one for one in CASES if one.stem == "format"]
    expected = json.loads(case.with_name("format.expected.json").read_text("utf-8"))
    said = {"".join(f"/{step}" for step in error.instance_path) for error in SCHEMA.iter_errors(document(case))}
    assert {"/levels/0", "/effective_from"} <= said & {one["place"] for one in expected}
