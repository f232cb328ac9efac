"""What a certificate calls series, specialties and titles: the national table, as data (rules §4.2).

Where the table has several names for one level, as in health, none is chosen here: such a certificate waits
for a catalogue that names it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from libs.kernel.terms import Level


@dataclass(frozen=True, slots=True)
class Series:
    """A series: its row in the national table, its name, and what its titles are called."""

    number: int
    name: str
    titles: Mapping[Level, str]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All series by code, and the names of specialties by code."""

    series: Mapping[str, Series]
    specialties: Mapping[str, str]

    def series_name(self, code: str) -> str:
        """Name a series; one that is not in the table is shown as it is written."""
        found = self.series.get(code)
        return found.name if found else code

    def specialty_name(self, code: str) -> str:
        """Name a specialty; one that is not listed is shown as it is written."""
        return self.specialties.get(code, code)


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Load the table."""
    table = json.loads(files("services.certificate").joinpath("data/catalogue.json").read_text("utf-8"))
    return Catalogue(
        {
            code: Series(row["number"], row["name"], {Level(level): name for level, name in row["titles"].items()})
            for code, row in table["series"].items()
        },
        table["specialties"],
    )
