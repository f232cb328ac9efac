"""An enquiry: what it says comes true on the day that it names, and what nobody told neither refuses nor passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.kernel.refusals import Refused
from libs.kernel.terms import Degree, Level, Route
from libs.kernel.verdicts import Verdict
from services.intake.domain.enquiry import alternatives, enquire
from services.intake.domain.facts import Candidate, Education, Employment
from tests.domain.intake import stories as s
from tests.domain.intake.test_eligibility import GRADUATED, ROWS, RULES, candidate, degree, title

DAY = timedelta(days=1)
DAYS = st.dates(date(1995, 1, 1), date(2030, 12, 31))


def on_day(facts: Candidate, day: date) -> Candidate:
    return replace(facts, on=day, today=day)


@pytest.mark.parametrize(("level", "held", "base", "years"), [row for row in ROWS if row[3]])
def test_each_row_names_its_day_and_what_time_alone_will_change(
    level: Level, held: Degree, base: Level | None, years: int
) -> None:
    titles = (title(base, GRADUATED),) if base else ()
    opens = date(GRADUATED.year + years, 7, 1)
    facts = candidate(opens - DAY, degree(held, GRADUATED), titles=titles)
    before = enquire(facts, level, Route.ORDINARY, RULES)
    assert (before.if_confirmed, before.eligible_on) == (Verdict.UNMET, opens)
    assert [one.change["eligible_on"] for one in before.lacking] == [opens.isoformat()]
    for day in (opens, opens + DAY):
        after = enquire(on_day(facts, day), level, Route.ORDINARY, RULES)
        assert (after.outcome, after.eligible_on, after.lacking) == (Verdict.MET, None, ())


@st.composite
def careers(draw: Any) -> Candidate:
    """Give careers with gaps, overlaps, part-time study and titles of several levels."""
    educations: list[Education] = []
    for of in draw(st.lists(st.sampled_from(list(Degree)), min_size=1, max_size=3)):
        graduated = draw(DAYS)
        enrolled = graduated - timedelta(days=draw(st.integers(200, 1600)))
        educations.append(Education(of, "software", enrolled, graduated, draw(st.booleans())))
    past: list[Employment] = []
    for since in draw(st.lists(DAYS, max_size=3)):
        until = since + timedelta(days=draw(st.integers(0, 3000)))
        past.append(replace(s.JOB, since=since, until=until, specialty=draw(st.sampled_from(["software", "civil"]))))
    present = replace(s.JOB, since=draw(st.dates(date(2005, 1, 1), date(2023, 12, 31))), until=None)
    titles = tuple(title(level, draw(DAYS)) for level in draw(st.lists(st.sampled_from(list(Level)), max_size=2)))
    on = draw(st.dates(date(2024, 1, 1), date(2028, 12, 31)))
    return candidate(on, *educations, employments=(*past, present), titles=titles)


@given(careers(), st.sampled_from(list(Level)))
def test_on_the_day_that_it_names_it_is_met_and_on_the_day_before_it_is_not(facts: Candidate, level: Level) -> None:
    asked = enquire(facts, level, Route.ORDINARY, RULES)
    if asked.eligible_on is None:
        return
    assert asked.eligible_on > facts.on
    then = enquire(on_day(facts, asked.eligible_on), level, Route.ORDINARY, RULES)
    assert then.if_confirmed is Verdict.MET
    just_before = enquire(on_day(facts, asked.eligible_on - DAY), level, Route.ORDINARY, RULES)
    assert just_before.if_confirmed is Verdict.UNMET


def test_a_degree_and_a_title_that_lie_ahead_are_waited_for() -> None:
    ahead = date(2026, 7, 1)
    doctor = enquire(
        candidate(date(2026, 1, 1), degree(Degree.DOCTOR, ahead)), Level.INTERMEDIATE, Route.ORDINARY, RULES
    )
    assert (doctor.if_confirmed, doctor.eligible_on) == (Verdict.UNMET, ahead)
    facts = candidate(date(2026, 1, 1), degree(Degree.MASTER, GRADUATED), titles=(title(Level.INTERMEDIATE, ahead),))
    senior = enquire(facts, Level.ASSOCIATE_SENIOR, Route.ORDINARY, RULES)
    assert (senior.if_confirmed, senior.eligible_on) == (Verdict.UNMET, date(2031, 7, 1))


@given(careers(), st.sampled_from(list(Level)), st.integers(0, 2000))
def test_time_alone_never_takes_a_route_away(facts: Candidate, level: Level, days: int) -> None:
    if enquire(facts, level, Route.ORDINARY, RULES).if_confirmed is Verdict.MET:
        later = on_day(facts, facts.on + timedelta(days=days))
        assert enquire(later, level, Route.ORDINARY, RULES).if_confirmed is Verdict.MET


def test_what_nobody_told_neither_refuses_nor_passes() -> None:
    facts = candidate(date(2025, 7, 1), degree(Degree.DOCTOR, GRADUATED), checks={}, in_service=None)
    asked = enquire(facts, Level.INTERMEDIATE, Route.ORDINARY, RULES)
    assert (asked.outcome, asked.if_confirmed) == (Verdict.UNKNOWN, Verdict.MET)
    common = [one.id for one in asked.unknown if "." not in one.id]
    assert common == ["in_service", "education_checked", "insurance_checked"]
    assert asked.reasons(RULES.code) == ()


def test_every_failing_condition_is_said_at_once() -> None:
    facts = candidate(
        date(2016, 7, 1),
        degree(Degree.BACHELOR, GRADUATED),
        specialty="civil",
        bans=(s.ban(GRADUATED, date(2017, 1, 31)),),
    )
    asked = enquire(facts, Level.INTERMEDIATE, Route.ORDINARY, RULES)
    assert {one.code for one in asked.reasons(RULES.code)} == {"NOT_LONG_PRACTISED", "BANNED", "YEARS_SHORT"}


def test_the_other_routes_come_the_nearest_first_with_what_each_lacks() -> None:
    facts = candidate(
        date(2025, 7, 1), degree(Degree.COLLEGE, GRADUATED), titles=(title(Level.INTERMEDIATE, GRADUATED),)
    )
    others = alternatives(facts, Level.ASSOCIATE_SENIOR, Route.ORDINARY, RULES)
    assert [one.if_confirmed for one in others] == [Verdict.UNMET] * len(others)
    assert [len(one.lacking) for one in others] == sorted(len(one.lacking) for one in others)
    assert (others[0].route, [one.change for one in others[0].lacking]) == (Route.EXCEPTIONAL_PEERS, [{"missing": 2}])
    peers = (s.endorsement("one"), s.endorsement("two"))
    now = alternatives(replace(facts, endorsements=peers), Level.ASSOCIATE_SENIOR, Route.ORDINARY, RULES)[0]
    assert (now.route, now.outcome) == (Route.EXCEPTIONAL_PEERS, Verdict.UNKNOWN)
    assert now.if_confirmed is Verdict.MET


def test_a_route_that_no_standard_opens_is_refused_with_those_that_are_open() -> None:
    with pytest.raises(Refused) as refused:
        enquire(candidate(date(2025, 7, 1)), Level.ASSISTANT, Route.DIRECTED, RULES)
    (reason,) = refused.value.reasons
    assert reason.code == "ROUTE_NOT_OPEN_FOR_SERIES"
    assert "assistant/ordinary" in reason.change["open"]
