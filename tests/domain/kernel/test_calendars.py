"""Working days of Beijing, against the table of rules §10.2."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.kernel.calendars import beijing_date, end_of_day, published_calendar
from libs.kernel.refusals import Refused

CALENDAR = published_calendar()


@pytest.mark.parametrize(
    ("published", "five", "twenty"),
    [
        ("2023-06-14", "2023-06-21", "2023-07-13"),
        ("2023-06-20", "2023-06-28", "2023-07-19"),
        ("2023-09-27", "2023-10-10", "2023-10-31"),
        ("2024-02-05", "2024-02-18", "2024-03-08"),
        ("2024-09-29", "2024-10-11", "2024-10-31"),
        ("2025-01-22", "2025-02-05", "2025-02-25"),
        ("2025-09-26", "2025-10-10", "2025-10-30"),
        ("2026-02-10", "2026-02-24", "2026-03-16"),
        ("2026-09-28", "2026-10-10", "2026-10-30"),
    ],
)
def test_a_period_ends_on_the_working_day_that_the_rules_name(published: str, five: str, twenty: str) -> None:
    start = date.fromisoformat(published)
    assert CALENDAR.ends_on(start, 5).isoformat() == five
    assert CALENDAR.ends_on(start, 20).isoformat() == twenty
    assert CALENDAR.period_end(datetime.combine(start, datetime.min.time(), UTC), 5) == end_of_day(
        date.fromisoformat(five)
    )


MAKEUPS = {
    2023: ["01-28", "01-29", "04-23", "05-06", "06-25", "10-07", "10-08"],
    2024: ["02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"],
    2025: ["01-26", "02-08", "04-27", "09-28", "10-11"],
    2026: ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
}


@pytest.mark.parametrize("year", MAKEUPS)
def test_weekends_that_are_worked_are_those_of_the_published_tables(year: int) -> None:
    first = date(year, 1, 1)
    days = [first + timedelta(days=at) for at in range(365)]
    worked = [day.strftime("%m-%d") for day in days if day.weekday() >= 5 and CALENDAR.day(day).works]
    assert worked == MAKEUPS[year]


def test_a_day_ends_at_midnight_in_beijing() -> None:
    assert end_of_day(date(2023, 6, 21)) == datetime(2023, 6, 21, 16, tzinfo=UTC)
    assert beijing_date(datetime(2023, 6, 21, 16, tzinfo=UTC)) == date(2023, 6, 22)
    assert beijing_date(datetime(2023, 6, 21, 15, 59, 59, tzinfo=UTC)) == date(2023, 6, 21)


def test_a_period_explains_itself_day_by_day() -> None:
    days = CALENDAR.explain(date(2023, 6, 20), 5)
    assert [(day.on.day, day.number) for day in days] == [
        (21, 1), (22, 0), (23, 0), (24, 0), (25, 2), (26, 3), (27, 4), (28, 5),
    ]  # fmt: skip
    assert days[4].why == "端午调休上班"
    assert days[1].why == "端午放假"
    assert days[-1].why == "工作日"


def test_a_year_without_a_table_is_refused_and_never_guessed() -> None:
    with pytest.raises(Refused, match="CALENDAR_YEAR_MISSING") as refused:
        CALENDAR.ends_on(date(2026, 12, 28), 20)
    assert refused.value.reasons[0].facts["year"] == 2027
    assert refused.value.status == 503


def test_overrides_change_days_and_the_version_but_add_no_year_by_themselves() -> None:
    changed = published_calendar(((date(2025, 3, 5), False, "停工"), (date(2027, 1, 1), False, "元旦")))
    assert not changed.day(date(2025, 3, 5)).works
    assert changed.version != CALENDAR.version
    with pytest.raises(Refused):
        changed.day(date(2027, 1, 4))
    whole = published_calendar(((date(2027, 1, 1), False, "元旦"),), frozenset({2027}))
    assert whole.day(date(2027, 1, 4)).works
    assert not whole.day(date(2027, 1, 1)).works


@given(st.dates(date(2005, 1, 1), date(2025, 12, 1)), st.integers(1, 20))
def test_a_period_has_exactly_its_working_days_and_ends_on_one(start: date, days: int) -> None:
    explained = CALENDAR.explain(start, days)
    assert sum(day.works for day in explained) == days
    assert explained[-1].on == CALENDAR.ends_on(start, days)
    assert explained[-1].works
    begins = datetime.combine(start, datetime.min.time(), UTC)
    assert CALENDAR.working_days_between(begins, CALENDAR.period_end(begins, days)) == days
