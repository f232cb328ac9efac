"""The engineering rule set, row by row (rules §4.3), and the boundaries of §10.5 and §11.28 to 31."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from libs.kernel.refusals import Refused
from libs.kernel.rules_lint import lint
from libs.kernel.terms import Check, Degree, EmployerKind, Level, Route
from libs.kernel.verdicts import Verdict, conditions
from services.intake.domain.eligibility import assess, years_count_to
from services.intake.domain.facts import Candidate, CheckAnswer, Education, Employment, Standing, TitleHeld
from services.intake.domain.predicates import CHOICES, NEEDS
from tests.domain.intake import stories as s

RULES = s.RULES.rules
CHECKED = {name: CheckAnswer(Check.MATCH) for name in ("education", "insurance", "title")}
DAY = timedelta(days=1)


def candidate(on: date, *educations: Education, titles: tuple[TitleHeld, ...] = (), **changes: object) -> Candidate:
    facts = Candidate(
        on=on,
        today=on,
        applicant=s.PERSON,
        specialty="software",
        employer=s.EMPLOYER,
        educations=educations,
        employments=(s.JOB,),
        titles=titles,
        bans=(),
        endorsements=(),
        in_service=True,
        exceptional=None,
        checks=CHECKED,
    )
    return replace(facts, **changes)


def degree(of: Degree, graduated_on: date, *, full_time: bool = True) -> Education:
    return Education(of, "software", graduated_on - timedelta(days=1000), graduated_on, full_time)


def title(level: Level, obtained_on: date, **changes: object) -> TitleHeld:
    return replace(s.ENGINEER, level=level, obtained_on=obtained_on, **changes)


GRADUATED = date(2015, 7, 1)
ROWS = [
    (Level.TECHNICIAN, Degree.BACHELOR, None, 0),
    (Level.TECHNICIAN, Degree.COLLEGE, None, 1),
    (Level.TECHNICIAN, Degree.SECONDARY, None, 1),
    (Level.ASSISTANT, Degree.MASTER, None, 0),
    (Level.ASSISTANT, Degree.BACHELOR, None, 1),
    (Level.ASSISTANT, Degree.COLLEGE, None, 3),
    (Level.ASSISTANT, Degree.SECONDARY, None, 5),
    (Level.INTERMEDIATE, Degree.DOCTOR, None, 0),
    (Level.INTERMEDIATE, Degree.MASTER, None, 2),
    (Level.INTERMEDIATE, Degree.BACHELOR, None, 5),
    (Level.INTERMEDIATE, Degree.COLLEGE, None, 7),
    (Level.INTERMEDIATE, Degree.COLLEGE, Level.ASSISTANT, 4),
    (Level.ASSOCIATE_SENIOR, Degree.DOCTOR, Level.INTERMEDIATE, 2),
    (Level.ASSOCIATE_SENIOR, Degree.MASTER, Level.INTERMEDIATE, 5),
    (Level.ASSOCIATE_SENIOR, Degree.BACHELOR, Level.INTERMEDIATE, 5),
    (Level.FULL_SENIOR, Degree.BACHELOR, Level.ASSOCIATE_SENIOR, 5),
]


@pytest.mark.parametrize(("level", "held", "base", "years"), ROWS)
def test_each_row_of_the_standard_opens_on_its_day_and_not_before(
    level: Level, held: Degree, base: Level | None, years: int
) -> None:
    titles = (title(base, GRADUATED),) if base else ()
    on = date(GRADUATED.year + years, 7, 1)
    education = degree(held, GRADUATED)
    assert assess(candidate(on, education, titles=titles), level, Route.ORDINARY, RULES).outcome is Verdict.MET
    before = assess(candidate(on - DAY, education, titles=titles), level, Route.ORDINARY, RULES)
    assert before.outcome is Verdict.UNMET
    if years:
        assert before.tree.eligible_on == on
        assert {reason.code for reason in before.reasons} == {"TITLE_YEARS_SHORT" if base else "YEARS_SHORT"} | (
            {"YEARS_SHORT"} if level is Level.INTERMEDIATE and base else set()
        )


@pytest.mark.parametrize(
    ("level", "held"),
    [
        (Level.ASSOCIATE_SENIOR, Degree.COLLEGE),
        (Level.FULL_SENIOR, Degree.COLLEGE),
        (Level.INTERMEDIATE, Degree.SECONDARY),
    ],
)
def test_education_below_every_alternative_has_its_own_code(level: Level, held: Degree) -> None:
    facts = candidate(date(2025, 7, 1), degree(held, GRADUATED), titles=(title(Level.ASSOCIATE_SENIOR, GRADUATED),))
    outcome = assess(facts, level, Route.ORDINARY, RULES)
    assert [reason.code for reason in outcome.reasons] == ["EDUCATION_BELOW"]


def test_a_higher_degree_includes_the_rows_of_the_lower_ones() -> None:
    master = degree(Degree.MASTER, date(2024, 7, 1), full_time=False)
    bachelor = degree(Degree.BACHELOR, date(2018, 7, 1))
    on = date(2023, 7, 1)
    assert assess(candidate(on, bachelor, master), Level.INTERMEDIATE, Route.ORDINARY, RULES).outcome is Verdict.MET


def test_full_time_study_counts_for_no_clock_and_part_time_study_does() -> None:
    bachelor = degree(Degree.BACHELOR, date(2018, 7, 1))
    for full_time, met in ((True, Verdict.UNMET), (False, Verdict.MET)):
        master = Education(Degree.MASTER, "software", date(2020, 9, 1), date(2022, 7, 1), full_time)
        facts = candidate(date(2023, 7, 1), bachelor, master)
        outcome = assess(facts, Level.INTERMEDIATE, Route.ORDINARY, RULES)
        assert outcome.outcome is met


def test_work_in_another_specialty_does_not_count() -> None:
    elsewhere = replace(s.JOB, specialty="civil", until=date(2020, 6, 30))
    here = replace(s.JOB, since=date(2020, 7, 1))
    facts = candidate(date(2022, 7, 1), degree(Degree.BACHELOR, GRADUATED), employments=(elsewhere, here))
    outcome = assess(facts, Level.INTERMEDIATE, Route.ORDINARY, RULES)
    assert [reason.code for reason in outcome.reasons] == ["YEARS_SHORT"]
    assert outcome.tree.eligible_on == date(2025, 7, 1)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (EmployerKind.GOVERNMENT, "NOT_ELIGIBLE_CIVIL_SERVANT"),
        (EmployerKind.CENTRAL, "ENTRUSTMENT_MISSING"),
    ],
)
def test_an_employer_out_of_scope_has_its_reason(kind: EmployerKind, code: str) -> None:
    job: Employment = replace(s.JOB, employer_kind=kind)
    facts = candidate(date(2025, 7, 1), degree(Degree.DOCTOR, GRADUATED), employments=(job,))
    outcome = assess(facts, Level.INTERMEDIATE, Route.ORDINARY, RULES)
    assert [reason.code for reason in outcome.reasons] == [code]


def test_a_retired_person_may_not_apply_and_silence_is_unknown() -> None:
    for in_service, verdict in ((False, Verdict.UNMET), (None, Verdict.UNKNOWN)):
        facts = candidate(date(2025, 7, 1), degree(Degree.DOCTOR, GRADUATED), in_service=in_service)
        outcome = assess(facts, Level.INTERMEDIATE, Route.ORDINARY, RULES)
        assert outcome.outcome is verdict
        assert [reason.code for reason in outcome.reasons] == ["RETIRED"]


def test_a_directed_title_is_no_basis_for_an_ordinary_application() -> None:
    directed = title(Level.INTERMEDIATE, GRADUATED, scope="110108")
    facts = candidate(date(2025, 7, 1), degree(Degree.DOCTOR, GRADUATED), titles=(directed,))
    outcome = assess(facts, Level.ASSOCIATE_SENIOR, Route.ORDINARY, RULES)
    assert {reason.code for reason in outcome.reasons} == {
        "SCOPED_TITLE_NOT_USABLE", "LEVEL_SKIP", "TITLE_YEARS_SHORT",
    }  # fmt: skip


def test_a_title_of_another_series_is_no_basis() -> None:
    other = title(Level.INTERMEDIATE, GRADUATED, series="economics")
    facts = candidate(date(2025, 7, 1), degree(Degree.DOCTOR, GRADUATED), titles=(other,))
    outcome = assess(facts, Level.ASSOCIATE_SENIOR, Route.ORDINARY, RULES)
    assert {reason.code for reason in outcome.reasons} == {"LEVEL_SKIP", "TITLE_YEARS_SHORT"}


def test_a_live_title_beside_a_revoked_one_is_enough() -> None:
    titles = (
        title(Level.INTERMEDIATE, GRADUATED, standing=Standing.REVOKED),
        title(Level.INTERMEDIATE, date(2020, 7, 1)),
    )
    facts = candidate(date(2025, 7, 1), degree(Degree.BACHELOR, GRADUATED), titles=titles)
    assert assess(facts, Level.ASSOCIATE_SENIOR, Route.ORDINARY, RULES).outcome is Verdict.MET


def test_what_is_not_in_the_rule_set_is_not_open() -> None:
    with pytest.raises(Refused, match="ROUTE_NOT_OPEN_FOR_SERIES"):
        assess(candidate(date(2025, 7, 1)), Level.INTERMEDIATE, Route.SKILL, RULES)


def test_every_verdict_can_be_said_in_both_languages() -> None:
    for level in Level:
        for route in (Route.ORDINARY, Route.EXCEPTIONAL_PEERS):
            for facts in (
                candidate(date(2025, 7, 1)),
                candidate(date(2025, 7, 1), degree(Degree.DOCTOR, GRADUATED)),
            ):
                for one in conditions(assess(facts, level, route, RULES).tree):
                    assert one.text("zh")
                    assert one.text("en")
                    assert "{" not in one.text("zh") + one.text("en")


def test_years_are_counted_to_the_day_unless_the_rule_set_says_the_years_end() -> None:
    day = date(2025, 3, 3)
    assert years_count_to(RULES, day, 2025) == day
    parameter = RULES.parameters["years_cutoff"].model_copy(update={"value": "review_year_end"})
    rules = RULES.model_copy(update={"parameters": {**RULES.parameters, "years_cutoff": parameter}})
    assert years_count_to(rules, day, 2025) == date(2025, 12, 31)


def test_the_published_documents_are_clean_and_every_number_is_sourced() -> None:
    for name in ("engineering-2023", "notice-2023-10"):
        rules = s.parse(s.document(name))
        assert lint(rules, NEEDS, CHOICES) == ()
        assert all(parameter.source and parameter.clause for parameter in rules.parameters.values())
