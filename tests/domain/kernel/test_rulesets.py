"""Rule sets, verdicts and codes: nothing by default, everything explained."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.kernel.codes import CODES
from libs.kernel.refusals import Refused
from libs.kernel.rules_lint import lint
from libs.kernel.rulesets import Group, Leaf, RuleSet, Standard, Wording, parse
from libs.kernel.terms import Level, Route
from libs.kernel.verdicts import Finding, Verdict, decisive, evaluate, reasons

DATA = Path(__file__).parents[3] / "services/intake/data/rulesets"
RULES = parse((DATA / "notice-2023-10.json").read_text("utf-8"))
SAID = Wording(met="是 {fact}", unmet="否 {fact}", unknown="未知 {other}")


def leaf(name: str, *, entry: bool = False, predicate: str = "says", code: str = "YEARS_SHORT") -> Leaf:
    return Leaf(
        kind="leaf",
        id=name,
        predicate=predicate,
        entry=entry,
        code=code,
        clause="§4.3",
        source="test",
        tag="I",
        zh=SAID,
        en=SAID,
    )


def group(kind: Any, *of: Any) -> Group:
    return Group(kind=kind, id=kind, of=of)


def says(facts: dict[str, Finding], one: Leaf, _rules: RuleSet) -> Finding:
    return facts[one.id]


def judge(node: Any, **facts: Finding) -> Any:
    return evaluate(node, facts, {"says": says}, RULES)


def with_standard(node: Any) -> RuleSet:
    standard = Standard(levels=(Level.TECHNICIAN,), routes=(Route.ORDINARY,), conditions=node)
    return RULES.model_copy(update={"standards": (standard,)})


MET, UNMET, UNKNOWN = Finding(Verdict.MET), Finding(Verdict.UNMET), Finding(Verdict.UNKNOWN)


def test_parameters_have_their_types() -> None:
    assert RULES.integer("peers_required") == 2
    assert RULES.share("pass_share") == (2, 3)
    assert RULES.text("years_cutoff") == "submission_day"
    assert "withdrawn" in RULES.texts("endings_that_free_the_place")


def test_a_parameter_that_is_not_stated_is_unknown_and_never_a_default() -> None:
    for ask in (RULES.integer, RULES.share, RULES.text, RULES.texts):
        with pytest.raises(Refused, match="SOURCE_MISSING") as refused:
            ask("young_share")
        assert refused.value.reasons[0].facts == {"parameter": "young_share", "stated": False}
    with pytest.raises(Refused, match="SOURCE_MISSING"):
        RULES.integer("pass_share")


def test_a_document_is_the_same_after_its_canonical_text() -> None:
    assert parse(RULES.canonical) == RULES
    assert parse(RULES.canonical).hash == RULES.hash


def test_numbers_the_law_does_not_give_say_so() -> None:
    for name in ("correction_working_days", "payment_working_days"):
        assert RULES.parameters[name].tag == "I"
        assert "未规定" in RULES.parameters[name].source


V = st.sampled_from([MET, UNMET, UNKNOWN])


@given(st.lists(V, min_size=1, max_size=5))
def test_three_values_join_as_kleene_says(values: list[Finding]) -> None:
    facts = {str(at): value for at, value in enumerate(values)}
    found = {value.verdict for value in values}
    parts = [leaf(name) for name in facts]
    every, some = judge(group("all", *parts), **facts), judge(group("any", *parts), **facts)
    assert every.verdict is (
        Verdict.UNMET if Verdict.UNMET in found else Verdict.UNKNOWN if Verdict.UNKNOWN in found else Verdict.MET
    )
    assert some.verdict is (
        Verdict.MET if Verdict.MET in found else Verdict.UNKNOWN if Verdict.UNKNOWN in found else Verdict.UNMET
    )
    assert (every.verdict is Verdict.MET) == (not list(decisive(every)))


def later(day: int) -> Finding:
    return Finding(Verdict.UNMET, eligible_on=date(2026, 1, day))


def test_the_day_of_all_is_the_latest_and_of_any_the_earliest() -> None:
    assert judge(group("all", leaf("a"), leaf("b")), a=later(1), b=later(2)).eligible_on == date(2026, 1, 2)
    assert judge(group("any", leaf("a"), leaf("b")), a=later(1), b=later(2)).eligible_on == date(2026, 1, 1)
    assert judge(group("all", leaf("a"), leaf("b")), a=later(1), b=UNMET).eligible_on is None
    assert judge(group("any", leaf("a"), leaf("b")), a=later(1), b=UNMET).eligible_on == date(2026, 1, 1)
    assert judge(group("any", leaf("a"), leaf("b")), a=later(1), b=MET).eligible_on is None


def test_only_open_alternatives_are_reasons() -> None:
    row_a = group("all", leaf("a.degree", entry=True, code="EDUCATION_BELOW"), leaf("a.years"))
    row_b = group("all", leaf("b.degree", entry=True, code="EDUCATION_BELOW"), leaf("b.years"))
    tree = judge(
        group("any", row_a, row_b),
        **{"a.degree": UNMET, "a.years": UNMET, "b.degree": MET, "b.years": later(1)},
    )
    (reason,) = reasons(tree, "r")
    assert reason.code == "YEARS_SHORT"
    assert reason.change == {"eligible_on": "2026-01-01"}
    shut = judge(
        group("any", row_a, row_b),
        **{"a.degree": UNMET, "a.years": UNMET, "b.degree": UNMET, "b.years": UNMET},
    )
    assert [reason.code for reason in reasons(shut, "r")] == ["EDUCATION_BELOW"]


def test_a_sentence_shows_the_facts_and_what_is_not_known() -> None:
    assert judge(leaf("a"), a=Finding(Verdict.MET, {"fact": 5})).text() == "是 5"
    assert judge(leaf("a"), a=UNKNOWN).text("en") == "未知 ?"


def test_a_banned_criterion_is_a_gate_unless_another_choice_passes_it() -> None:
    paper = leaf("paper", predicate="paper_count")
    needs = {"says": {}, "paper_count": {}}
    assert [r.code for r in lint(with_standard(paper), needs)] == ["CRITERION_BANNED"]
    assert [r.code for r in lint(with_standard(group("all", leaf("a"), paper)), needs)] == ["CRITERION_BANNED"]
    other = paper.model_copy(update={"id": "other", "predicate": "impact_factor"})
    both = lint(with_standard(group("any", paper, other)), needs | {"impact_factor": {}})
    assert [r.code for r in both] == ["CRITERION_BANNED", "CRITERION_BANNED"]
    assert lint(with_standard(group("any", leaf("a"), paper)), needs) == ()


def test_every_code_has_a_status_and_says_something_in_both_languages() -> None:
    for name, code in CODES.items():
        assert code.status in {
            400,
            401,
            403,
            404,
            405,
            406,
            409,
            410,
            412,
            413,
            415,
            422,
            428,
            429,
            500,
            503,
        }, name
        assert len(code.zh) >= 6, name
        assert len(code.en) >= 15, name
