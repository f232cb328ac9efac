"""Working days of Beijing: published tables as data, periods that explain themselves (§10.2).

The tables are those of `chinesecalendar`, with a deployment's own overrides for what was published later. A
year without a table is refused, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from libs.kernel.refusals import Refused

BEIJING = ZoneInfo("Asia/Shanghai")
SATURDAY = 5


class Day(NamedTuple):
    """A day and what it is: why it counts as a working day, or why not."""

    on: date
    works: bool
    why: str
    number: int = 0
    """The how-manieth working day of a period it is; 0 when it does not count."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working-day tables of whole years, as a value that is handed to a decision.

    Parameters
    ----------
    version
        Names the tables; it goes into every event whose due instant they gave.
    years
        The years whose arrangement has been published.
    holidays
        Days off with the holiday's name; plain weekends need none.
    makeups
        Days that are worked though they would be off (调休), each with the holiday they make up for.
    """

    version: str
    years: frozenset[int]
    holidays: Mapping[date, str] = field(hash=False)
    makeups: Mapping[date, str] = field(hash=False)

    def day(self, on: date) -> Day:
        """Say whether a day is worked, and why; `CALENDAR_YEAR_MISSING` for a year without a table."""
        if on.year not in self.years:
            raise Refused.one(
                "CALENDAR_YEAR_MISSING",
                "§10.2",
                facts={"year": on.year, "calendar": self.version, "loaded_to": max(self.years, default=0)},
                change={"load": f"the working-day table of {on.year}"},
            )
        if on in self.makeups:
            return Day(on, works=True, why=f"{self.makeups[on]}调休上班" if on.weekday() >= SATURDAY else "工作日")
        if on in self.holidays:
            return Day(on, works=False, why=f"{self.holidays[on]}放假")
        return Day(on, works=False, why="周末") if on.weekday() >= SATURDAY else Day(on, works=True, why="工作日")

    def explain(self, start: date, days: int) -> tuple[Day, ...]:
        """List every day of a period of `days` working days after `start`, which is not counted."""
        found: list[Day] = []
        number = 0
        on = start
        while number < days:
            on += timedelta(days=1)
            day = self.day(on)
            number += day.works
            found.append(day._replace(number=number if day.works else 0))
        return tuple(found)

    def ends_on(self, start: date, days: int) -> date:
        """Give the last day of a period of `days` working days after `start`."""
        return next(islice(self._working_after(start), days - 1, None)) if days > 0 else start

    def period_end(self, begins: datetime, days: int) -> datetime:
        """Give the instant, in UTC, at which a period of working days from an instant is over.

        It is 24:00, Beijing time, of the last working day; what had to wait for it is lawful from that
        instant on.
        """
        return end_of_day(self.ends_on(beijing_date(begins), days))

    def working_days_between(self, begins: datetime, ends: datetime) -> int:
        """Count the whole working days after the first day, up to an instant; its own day is not over."""
        last = beijing_date(ends) - timedelta(days=1)
        span = (last - beijing_date(begins)).days
        return sum(self.day(last - timedelta(days=back)).works for back in range(max(span, 0)))

    def _working_after(self, start: date) -> Iterator[date]:
        on = start
        while True:
            on += timedelta(days=1)
            if self.day(on).works:
                yield on


def beijing_date(instant: datetime) -> date:
    """Give the date in Beijing on which an instant falls."""
    return instant.astimezone(BEIJING).date()


def start_of_day(on: date) -> datetime:
    """Give 00:00, Beijing time, of a date, in UTC."""
    return datetime.combine(on, time.min, BEIJING).astimezone(UTC)


def end_of_day(on: date) -> datetime:
    """Give 24:00, Beijing time, of a date, in UTC."""
    return start_of_day(on + timedelta(days=1))


@lru_cache(maxsize=8)
def published_calendar(
    overrides: tuple[tuple[date, bool, str], ...] = (), years: frozenset[int] = frozenset()
) -> Calendar:
    """Load the tables of `chinesecalendar`, changed by a deployment's own entries.

    Parameters
    ----------
    overrides
        Entries (day, whether it is worked, the holiday's name). They change the version, and by themselves
        they add no year: a year is known when its whole arrangement is.
    years
        Further years whose whole arrangement is among the overrides.
    """
    tables: Any = import_module("chinese_calendar.constants")  # large, and without types: loaded here only
    names: dict[str, str] = {one.value: one.chinese for one in tables.Holiday}
    off: dict[date, str] = {on: names[name] for on, name in tables.holidays.items()}
    on_duty: dict[date, str] = {on: names[name] for on, name in tables.workdays.items()}
    known = years | {on.year for on in off}
    for day, works, name in overrides:
        table, other = (on_duty, off) if works else (off, on_duty)
        other.pop(day, None)
        table[day] = name
    name_of_tables = f"chinesecalendar-{version('chinesecalendar')}"
    if overrides or years:
        name_of_tables += "+" + sha256(repr((sorted(overrides), sorted(years))).encode()).hexdigest()[:12]
    return Calendar(name_of_tables, frozenset(known), off, on_duty)
