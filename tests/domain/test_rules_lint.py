"""The lint of rule sets, on a table of documents that an official can read: tests/domain/cases/rules-lint."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.kernel.refusals import Reason
from libs.kernel.rules_faults import FAULTS, wrong
from libs.kernel.rules_lint import examine
from services.intake.domain.predicates import CHOICES, NEEDS

CASES: Final = Path(__file__).parent / "cases" / "rules-lint"
NAMES: Final = sorted(file.stem for file in CASES.glob("*.json") if not file.name.endswith(".expected.json"))
SHIPPED: Final = sorted((Path(__file__).parents[2] / "services/intake/data/rulesets").glob("*.json"))


def found(text: str) -> tuple[Reason, ...]:
    return examine(text, NEEDS, CHOICES)


def text_of(name: str) -> str:
    return (CASES / f"{name}.json").read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_document_has_the_findings_that_stand_beside_it_all_at_once(name: str) -> None:
    expected = json.loads(
        (CASES / f"{name}.expected.json").read_text("utf-8").replace("{predicates}", ", ".join(sorted(NEEDS)))
    )
    assert [
        {
            "code": one.code,
            "clause": one.clause,
            "place": one.pointer,
            "wrong": wrong(one),
            "mend": one.change["zh"],
        }
        for one in found(text_of(name))
    ] == expected


def test_every_fault_has_a_case_and_every_case_is_in_the_list_for_officials() -> None:
    assert {one.facts["fault"] for name in NAMES for one in found(text_of(name))} == set(FAULTS)
    listed = (CASES / "README.md").read_text("utf-8")
    assert [name for name in NAMES if f"| `{name}` |" not in listed] == []


def test_every_fault_speaks_both_languages() -> None:
    for name in NAMES:
        for one in found(text_of(name)):
            assert wrong(one, "en").isprintable()
            assert one.change["en"] != one.change["zh"]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_shipped_documents_are_clean(file: Path) -> None:
    assert found(file.read_text("utf-8")) == ()


def test_a_text_that_is_long_or_deep_beyond_reading_is_a_finding_and_no_crash() -> None:
    for text in (
        "[" * 100_000,
        '{"code": ' + "9" * 5_000 + "}",
        "",
        "\ufeff{}",
        "null",
        "[]",
        '"a"',
        '{"code": "\\ud800"}',
    ):
        assert {one.code for one in found(text)} == {"SCHEMA_INVALID"}


def _resolves(document: Any, pointer: str) -> bool:
    """Whether a pointer names a member, or the place in an object where one is missing."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    here = document
    for at, step in enumerate(steps):
        if isinstance(here, dict):
            if step not in here:
                return at == len(steps) - 1
            here = here[step]
        elif isinstance(here, list) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        else:
            return False
    return True


def _places(here: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
    return [at, *(place for step, one in steps for place in _places(one, (*at, step)))]


WHOLE: Final = json.loads(SHIPPED[0].read_text("utf-8"))
JSON: Final = st.sampled_from([None, True, -1, 0, 2.5, "", "x", [], ["x"], [1, 2], {}, {"kind": "any", "of": []}])


@given(place=st.sampled_from(_places(WHOLE)[1:]), value=JSON)
def test_whatever_is_wrong_is_pointed_at_where_it_is(place: tuple[Any, ...], value: Any) -> None:
    document = copy.deepcopy(WHOLE)
    here = document
    for step in place[:-1]:
        here = here[step]
    here[place[-1]] = value
    for one in found(json.dumps(document)):
        assert _resolves(document, one.pointer), one.pointer


@given(place=st.sampled_from([place for place in _places(WHOLE)[1:] if isinstance(place[-1], str)]))
def test_what_is_left_out_is_found_at_the_place_where_it_is_missing(place: tuple[Any, ...]) -> None:
    document = copy.deepcopy(WHOLE)
    here = document
    for step in place[:-1]:
        here = here[step]
    del here[place[-1]]
    pointers = {one.pointer for one in found(json.dumps(document))}
    optional = (place[0] == "parameters" and len(place) == 2) or place[-1] in ("in_force_from", "entry")
    if not optional and place[-1] not in ("parameters", "kind"):
        assert "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place) in pointers
