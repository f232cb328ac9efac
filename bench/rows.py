"""A row of the table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

BOUNDS = ("at_least", "at_most", "floor", "ceiling")


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement against its reference.

    `at_least` and `at_most` bound the ratio to the reference; `floor` and `ceiling` the value itself. A row
    without any is there to be compared: the same value against another reference.
    """

    row: str
    value: float
    unit: str
    reference: str = ""
    reference_value: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    floor: float | None = None
    ceiling: float | None = None

    @property
    def ratio(self) -> float | None:
        """Value over reference."""
        return self.value / self.reference_value if self.reference_value else None

    @property
    def budget(self) -> str:
        """The budget in words."""
        said = [
            f">= {self.floor:,g} {self.unit}" if self.floor is not None else "",
            f"<= {self.ceiling:,g} {self.unit}" if self.ceiling is not None else "",
            f">= {self.at_least} x" if self.at_least is not None else "",
            f"<= {self.at_most} x" if self.at_most is not None else "",
        ]
        return " and ".join(one for one in said if one)

    @property
    def met(self) -> bool:
        """Whether every bound holds."""
        ratio = self.ratio
        return (
            (self.at_least is None or (ratio is not None and ratio >= self.at_least))
            and (self.at_most is None or (ratio is not None and ratio <= self.at_most))
            and (self.floor is None or self.value >= self.floor)
            and (self.ceiling is None or self.value <= self.ceiling)
        )

    def json(self) -> dict[str, Any]:
        """As `build/bench.json` keeps it."""
        members = asdict(self)
        for name in BOUNDS:
            del members[name]
        return {**members, "ratio": self.ratio, "budget": self.budget, "met": self.met}


def table(rows: Iterable[Row]) -> str:
    """Write the rows as plain text, a line each."""
    lines = [("row", "value", "", "reference", "", "ratio", "budget", "")]
    for row in rows:
        said = ("met" if row.met else "MISSED") if row.budget else ""
        against = _number(row.reference_value) if row.reference_value is not None else ""
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        lines.append((row.row, _number(row.value), row.unit, row.reference, against, ratio, row.budget, said))
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    right = {1, 4, 5}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}"
