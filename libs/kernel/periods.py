"""Years, months and segments of work by the civil code (民法典 200-203, 1259), on plain dates of Beijing.

The first day of a period is not counted; a period of months or years ends on the corresponding day, or on
the month's last day where there is none. The roll-over of a last day that is a holiday applies only where
somebody has to act (§10.3), and so not here.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

DAY = timedelta(days=1)
MONTHS = 12
LEAP_SLACK = 3
"""So many years are longer or shorter by at most this many days, depending on where they begin."""


class Span(NamedTuple):
    """Days from `first` to `last`, both included; `date.max` means: still going on."""

    first: date
    last: date = date.max


def corresponding_day(start: date, *, years: int = 0, months: int = 0) -> date:
    """Give the last day of a period that begins after `start` (民法典 202).

    Also backwards, with negative numbers: the corresponding day that many years or months before.

    Examples
    --------
    Three years from 29 February 2024 end on 28 February 2027: no corresponding day, so the month's last.
    """
    index = start.year * MONTHS + start.month - 1 + years * MONTHS + months
    year, month = divmod(index, MONTHS)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def last_day(start: date, *, years: int = 0, months: int = 0, first_day_counted: bool = False) -> date:
    """Give the last day of a ban, record or sanction.

    `first_day_counted` is a parameter of the sanction's kind: where the law counts the day on which the
    decision takes effect, the period ends one day earlier (政务处分法 8).
    """
    end = corresponding_day(start, years=years, months=months)
    return end - DAY if first_day_counted else end


def free_from(last: date) -> date:
    """Give the first day after a period whose last day is `last`."""
    return last + DAY


def full_years(start: date, on: date) -> int:
    """Count the full years from `start` to `on`; a year is full on the corresponding day itself (1259)."""
    years = on.year - start.year
    return max(years if corresponding_day(start, years=years) <= on else years - 1, 0)


def counted(spans: Iterable[Span], since: date, without: Iterable[Span] = ()) -> tuple[Span, ...]:
    """Give the days of `spans` that count from a day on, that day included, as ordered, separate spans.

    What overlaps counts once, gaps never; the days of `without` (full-time study) are taken out (§11.29).
    """
    kept: list[Span] = []
    for span in sorted(spans):
        first = max(span.first, since)
        if first > span.last:
            continue
        if kept and (kept[-1].last == date.max or first <= kept[-1].last + DAY):
            kept[-1] = Span(kept[-1].first, max(kept[-1].last, span.last))
        else:
            kept.append(Span(first, span.last))
    for hole in without:
        kept = [piece for span in kept for piece in _cut(span, hole)]
    return tuple(kept)


def _cut(span: Span, hole: Span) -> list[Span]:
    if hole.first > span.last or hole.last < span.first:
        return [span]
    pieces = [Span(span.first, hole.first - DAY)] if hole.first > span.first else []
    return [*pieces, Span(hole.last + DAY, span.last)] if hole.last < span.last else pieces


def years_of_work(spans: Sequence[Span], on: date) -> int:
    """Count the full years of work in separate, ordered spans on a day (§11.29).

    N years are full on a day when the counted days up to it reach the number of days from the
    corresponding day N years before. The very first day is not counted (民法典 201): what begins on 1 July
    fills its year on 1 July. Years that were full once stay full: without that, who has stopped working would
    lose one on a 29 February.
    """
    years = 0
    while _lacking(spans, years + 1, on) <= 0:
        years += 1
    first = _first_full(spans, years + 1)
    return years + 1 if first is not None and first <= on else years


def full_on(spans: Sequence[Span], years: int, on: date) -> date | None:
    """Give the first day from `on` with so many full years, if the present work goes on; None for never."""
    if _lacking(spans, years, on) <= 0:
        return on
    first = _first_full(spans, years)
    return None if first is None else max(first, on)


def _first_full(spans: Sequence[Span], years: int) -> date | None:
    """Give the first day of all on which so many years are full; None when the work ends before."""
    if not spans:
        return None
    day = spans[0].first
    while (lacking := _lacking(spans, years, day)) > 0:
        day += timedelta(days=max(lacking - LEAP_SLACK, 1))
        if day > spans[-1].last:
            return None
    return day


def _lacking(spans: Sequence[Span], years: int, on: date) -> int:
    worked = sum(max((min(span.last, on) - span.first).days + 1, 0) for span in spans)
    return (on - _begun(on, years)).days - max(worked - 1, 0)


def _begun(on: date, years: int) -> date:
    """Give the last day on which so many years that end on a day can have begun: 29 February ends on the 28th too."""
    before = corresponding_day(on, years=-years)
    return before + DAY if corresponding_day(before + DAY, years=years) == on else before
