"""验证: a revoked certificate is never unknown; the unknown and the mismatched cannot be told apart."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from libs.kernel.terms import Level
from services.certificate.domain.verification import (
    Answer,
    Comparison,
    Found,
    Outcome,
    ScopeStanding,
    answer,
    masked_name,
)

FOUND = Found(
    number="1120250520000428",
    holder="***远",
    title_name="高级工程师",
    series="engineering",
    specialty="artificial_intelligence",
    level=Level.ASSOCIATE_SENIOR,
    scope="",
    obtained_on=date(2025, 2, 21),
    issued_on=date(2025, 3, 3),
    issuer="北京市人力资源和社会保障局",
)
REVOKED = replace(FOUND, revoked_on=date(2025, 6, 1), decision_no="京人社职撤〔2025〕3号")
HELPFUL = [Comparison.NOT_GIVEN, Comparison.MATCH]


@pytest.mark.parametrize("comparison", HELPFUL)
def test_a_certificate_that_stands_is_valid(comparison: Comparison) -> None:
    assert answer(FOUND, comparison).outcome is Outcome.VALID


@pytest.mark.parametrize("comparison", HELPFUL)
def test_a_revoked_certificate_is_revoked_and_never_unknown(comparison: Comparison) -> None:
    given = answer(REVOKED, comparison)
    assert given.outcome is Outcome.REVOKED
    assert given.certificate is not None
    assert given.certificate.decision_no == "京人社职撤〔2025〕3号"


@for_all(
    st.sampled_from([None, FOUND, REVOKED, replace(FOUND, scope="东城区")]),
    st.sampled_from(Comparison),
    st.sampled_from(["", "东城区", "西城区"]),
)
def test_unknown_and_mismatched_get_the_very_same_answer(
    found: Found | None, comparison: Comparison, district: str
) -> None:
    given = answer(found, comparison, district)
    hidden = found is None or comparison is Comparison.MISMATCH
    assert (given == answer(None, Comparison.NOT_GIVEN)) is hidden
    assert (given.outcome is Outcome.NOT_FOUND) is hidden
    assert given.hotline == "12333"
    assert {field.name for field in fields(Answer)} == {"outcome", "certificate", "scope", "hotline"}


@pytest.mark.parametrize(
    ("scope", "district", "expected"),
    [
        ("", "", ScopeStanding.WHOLE_CITY),
        ("", "东城区", ScopeStanding.WHOLE_CITY),
        ("东城区", "东城区", ScopeStanding.IN_SCOPE),
        ("东城区", "西城区", ScopeStanding.OUT_OF_SCOPE),
        ("东城区", "", ScopeStanding.DISTRICT_ONLY),
    ],
)
def test_a_directed_title_has_effect_in_its_district_alone(scope: str, district: str, expected: ScopeStanding) -> None:
    assert answer(replace(FOUND, scope=scope), Comparison.NOT_GIVEN, district).scope is expected


@pytest.mark.parametrize(
    ("name", "shown"), [("欧阳明远", "***远"), ("张三", "*三"), ("𠅤", "*"), ("王𠅤", "*𠅤"), ("", "*")]
)
def test_a_masked_name_shows_its_last_character_at_most(name: str, shown: str) -> None:
    assert masked_name(name) == shown
