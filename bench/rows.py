"""A row of the table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement against its reference.

    `at_least` or `at_most` bounds the ratio to the reference; `floor` or `ceiling` the value itself.
    """

    row: str
    value: float
    unit: str
    reference: str = ""
    reference_value: float | None = None
    at_least: float | None = None
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
            f">= {self.at_least} x {self.reference}" if self.at_least is not None else "",
            f">= {self.floor:,.0f} {self.unit}" if self.floor is not None else "",
            f"<= {self.ceiling:,g} {self.unit}" if self.ceiling is not None else "",
        ]
        return " and ".join(one for one in said if one)

    @property
    def met(self) -> bool:
        """Whether every bound holds."""
        ratio = self.ratio
        return (
            (self.at_least is None or (ratio is not None and ratio >= self.at_least))
            and (self.floor is None or self.value >= self.floor)
            and (self.ceiling is None or self.value <= self.ceiling)
        )

    def json(self) -> dict[str, Any]:
        """As `build/bench.json` keeps it."""
        members = asdict(self)
        for name in ("at_least", "floor", "ceiling"):
            del members[name]
        return {**members, "ratio": self.ratio, "budget": self.budget, "met": self.met}
