"""`zhicheng rules`, as those who write rule sets call it: no stack, plain words, exit codes for scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner, Result

from cli.main import app

CASES: Final = Path(__file__).parent / "cases" / "rules-lint"
SHIPPED: Final = Path(__file__).parents[2] / "services/intake/data/rulesets"
NAMES: Final = sorted(file.name for file in CASES.glob("*.json") if not file.name.endswith(".expected.json"))


def call(*words: object) -> Result:
    return CliRunner().invoke(app, ["rules", *map(str, words)])


@pytest.mark.parametrize("name", NAMES)
def test_lint_ends_with_one_exactly_when_it_finds_something(name: str) -> None:
    expected = json.loads((CASES / name.replace(".json", ".expected.json")).read_text("utf-8"))
    assert call("lint", CASES / name).exit_code == (1 if expected else 0)


def test_lint_says_code_clause_place_what_is_wrong_and_what_would_mend_it_in_both_languages() -> None:
    said = call("lint", CASES / "papers-required.json").output
    for words in (
        "CRITERION_BANNED · 六.6 · /standards/0/conditions/of/1",
        "条件“paper”以论文（paper_required）为必备条件",
        "改正：删去该条件",
        "makes papers (paper_required) a gate",
        "To mend it: Remove it",
        "发现 2 处问题。Findings: 2.",
    ):
        assert words in said


def test_lint_gives_scripts_one_finding_a_line() -> None:
    lines = call("lint", CASES / "papers-required.json", "--json").output.splitlines()
    expected = json.loads((CASES / "papers-required.expected.json").read_text("utf-8"))
    assert [(one["code"], one["place"]) for one in map(json.loads, lines)] == [
        (one["code"], one["place"]) for one in expected
    ]
    assert set(json.loads(lines[0])["en"]) == {"wrong", "mend"}
    assert call("lint", CASES / "clean.json", "--json").output == ""


def test_a_shipped_rule_set_is_said_to_be_clean() -> None:
    for file in sorted(SHIPPED.glob("*.json")):
        assert call("lint", file).output == f"{file.name}：没有发现问题。Nothing to mend.\n"


def test_what_cannot_be_read_is_one_sentence_and_ends_with_two(tmp_path: Path) -> None:
    other = tmp_path / "gbk.json"
    other.write_bytes('{"title": "规则"}'.encode("gbk"))
    for file in (tmp_path / "missing.json", tmp_path, other):
        assert call("lint", file).exit_code == 2
    assert call("lint").exit_code == 2


def test_a_byte_order_mark_of_an_editor_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "marked.json"
    file.write_bytes(b"\xef\xbb\xbf" + (CASES / "clean.json").read_bytes())
    assert call("lint", file).exit_code == 0
