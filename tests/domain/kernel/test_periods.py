"""Years, months and segments by the civil code, against rules §10.3, §10.5 and §11.29."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libs.kernel.periods import (
    Span,
    corresponding_day,
    counted,
    free_from,
    full_on,
    full_years,
    last_day,
    years_of_work,
)

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("decided", "years", "months", "last"),
    [
        (date(2024, 2, 29), 3, 0, date(2027, 2, 28)),
        (date(2023, 6, 14), 3, 0, date(2026, 6, 14)),
        (date(2024, 8, 31), 0, 12, date(2025, 8, 31)),
        (date(2024, 8, 31), 0, 18, date(2026, 2, 28)),
        (date(2024, 1, 31), 0, 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 4, 0, date(2028, 2, 29)),
    ],
)
def test_a_period_ends_on_the_corresponding_day_or_the_months_last(
    decided: date, years: int, months: int, last: date
) -> None:
    assert last_day(decided, years=years, months=months) == last
    assert free_from(last) == last + DAY
    assert last_day(decided, years=years, months=months, first_day_counted=True) == last - DAY


def test_a_ban_of_three_years_from_leap_day_is_free_from_the_first_of_march() -> None:
    assert free_from(last_day(date(2024, 2, 29), years=3)) == date(2027, 3, 1)


@pytest.mark.parametrize(
    ("start", "on", "years"),
    [
        (date(2019, 7, 1), date(2024, 7, 1), 5),
        (date(2019, 7, 1), date(2024, 6, 30), 4),
        (date(1994, 9, 1), date(2024, 9, 1), 30),
        (date(1994, 9, 1), date(2024, 8, 31), 29),
        (date(2014, 9, 2), date(2024, 9, 1), 9),
        (date(2014, 9, 2), date(2024, 9, 2), 10),
        (date(2020, 2, 29), date(2021, 2, 28), 1),
        (date(1980, 6, 15), date(2026, 6, 14), 45),
        (date(1980, 6, 15), date(2026, 6, 15), 46),
        (date(2025, 1, 1), date(2024, 1, 1), 0),
    ],
)
def test_a_year_is_full_on_the_corresponding_day(start: date, on: date, years: int) -> None:
    assert full_years(start, on) == years


def test_overlaps_count_once_gaps_never_and_adjacent_spans_join() -> None:
    spans = [
        Span(date(2020, 1, 1), date(2020, 6, 30)),
        Span(date(2020, 4, 1), date(2020, 9, 30)),
        Span(date(2020, 10, 1), date(2020, 12, 31)),
        Span(date(2021, 2, 1)),
    ]
    assert counted(spans, date(2020, 3, 1)) == (
        Span(date(2020, 3, 1), date(2020, 12, 31)),
        Span(date(2021, 2, 1)),
    )


def test_study_is_cut_out() -> None:
    work = [Span(date(2018, 7, 1))]
    study = [Span(date(2020, 9, 1), date(2022, 6, 30)), Span(date(2010, 9, 1), date(2018, 6, 30))]
    assert counted(work, date(2018, 7, 1), study) == (
        Span(date(2018, 7, 1), date(2020, 8, 31)),
        Span(date(2022, 7, 1)),
    )
    assert counted(work, date(2018, 7, 1), [Span(date(2018, 7, 1))]) == ()


def test_unbroken_work_fills_its_years_on_the_corresponding_day() -> None:
    spans = counted([Span(date(2019, 7, 1))], date(2019, 7, 1))
    assert years_of_work(spans, date(2024, 7, 1)) == 5
    assert years_of_work(spans, date(2024, 6, 30)) == 4
    assert full_on(spans, 5, date(2021, 1, 1)) == date(2024, 7, 1)


def test_a_gap_puts_the_day_off_by_its_length() -> None:
    spans = counted([Span(date(2019, 7, 1), date(2020, 6, 30)), Span(date(2020, 8, 1))], date(2019, 7, 1))
    assert full_on(spans, 5, date(2024, 7, 1)) == date(2024, 8, 1)


def test_who_no_longer_works_reaches_no_further_year() -> None:
    spans = counted([Span(date(2019, 7, 1), date(2021, 6, 30))], date(2019, 7, 1))
    assert full_on(spans, 5, date(2025, 1, 1)) is None
    assert full_on((), 1, date(2025, 1, 1)) is None
    assert full_on((), 0, date(2025, 1, 1)) == date(2025, 1, 1)


DATES = st.dates(date(1990, 1, 1), date(2030, 1, 1))


@given(DATES, st.integers(0, 40))
@example(date(2000, 2, 29), 1)
@example(date(2000, 2, 29), 4)
def test_unbroken_segments_agree_with_the_calendar(start: date, years: int) -> None:
    spans = counted([Span(start)], start)
    on = corresponding_day(start, years=years)
    assert years_of_work(spans, on) == full_years(start, on) == years
    assert years_of_work(spans, on - DAY) == full_years(start, on - DAY)


@given(st.lists(st.tuples(DATES, st.integers(0, 3000)), max_size=6), DATES)
def test_counted_spans_are_ordered_separate_and_hold_exactly_the_days_worked(
    work: list[tuple[date, int]], since: date
) -> None:
    spans = [Span(first, first + timedelta(days=days)) for first, days in work]
    found = counted(spans, since)
    assert all(a.last + DAY < b.first for a, b in pairwise(found))
    days = {
        first + at * DAY for first, last in spans for at in range((last - first).days + 1) if first + at * DAY >= since
    }
    assert sum((span.last - span.first).days + 1 for span in found) == len(days)


@given(st.lists(st.tuples(DATES, st.integers(1, 2000)), min_size=1, max_size=4), DATES, st.integers(1, 10), DATES)
def test_the_day_given_is_the_first_on_which_the_years_are_full(
    work: list[tuple[date, int]], last: date, years: int, on: date
) -> None:
    spans = counted([*(Span(first, first + timedelta(days=days)) for first, days in work), Span(last)], date.min)
    day = full_on(spans, years, on)
    assert day is not None
    assert day >= on
    assert years_of_work(spans, day) >= years
    if day > on:
        assert years_of_work(spans, day - DAY) < years


@given(st.lists(st.tuples(DATES, st.integers(1, 2000)), min_size=1, max_size=4), DATES, st.integers(1, 500))
@example([(date(2018, 2, 28), 1826)], date(2024, 2, 28), 1)
def test_years_that_were_full_once_stay_full(work: list[tuple[date, int]], on: date, later: int) -> None:
    spans = counted([Span(first, first + timedelta(days=days)) for first, days in work], date.min)
    assert years_of_work(spans, on + timedelta(days=later)) >= years_of_work(spans, on)
