"""证书编号: a versioned template with a check digit; unique and never reused, by a claim (§2.2).

There is no national scheme, so the template is ours: an inference, not a rule. A template is never edited;
a new one gets a new version, and every certificate names the version that numbered it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from libs.kernel.refusals import Reason, refuse_all
from libs.kernel.terms import Level
from services.certificate.domain.checksums import check_value

DECIMAL = 10


@dataclass(frozen=True, slots=True)
class NumberTemplate:
    """How a number is written: prefix, year of issue, series, level digit, serial, check digit.

    Parameters
    ----------
    prefix
        The digits that every number begins with; 11 is Beijing among the administrative divisions.
    levels
        The digit of each level.
    series_digits, serial_digits
        How wide the series' row in the national table and the serial are, filled with zeros.
    """

    version: str
    prefix: str
    levels: Mapping[Level, int]
    series_digits: int
    serial_digits: int


TEMPLATES: Mapping[str, NumberTemplate] = MappingProxyType(
    {
        "2021-1": NumberTemplate(
            version="2021-1",
            prefix="11",
            levels=MappingProxyType(
                {
                    Level.FULL_SENIOR: 1,
                    Level.ASSOCIATE_SENIOR: 2,
                    Level.INTERMEDIATE: 3,
                    Level.ASSISTANT: 4,
                    Level.TECHNICIAN: 4,
                }
            ),
            series_digits=2,
            serial_digits=6,
        )
    }
)


def certificate_number(version: str, *, year: int, series_number: int, level: Level, serial: int) -> str:
    """Write a certificate's number.

    Parameters
    ----------
    version
        The template's version.
    year
        The year of issue, four digits.
    series_number
        The series' row in the national table of series (rules §4.2), from the catalogue.
    level
        The title's level, written as the template's digit for it.
    serial
        A number that the shell's counter never gives twice within a year.

    Raises
    ------
    Refused
        `SOURCE_MISSING` for an unknown template; `FIELD_TOO_LONG` for what does not fit its place.
    """
    refuse_all(_misfits(version, series_number, serial))
    template = TEMPLATES[version]
    body = (
        f"{template.prefix}{year:04d}{series_number:0{template.series_digits}d}"
        f"{template.levels[level]}{serial:0{template.serial_digits}d}"
    )
    return f"{body}{check_value(map(int, body), DECIMAL)}"


def is_certificate_number(text: str) -> bool:
    """Say whether a text can be a number of ours: ASCII digits with a right check digit."""
    return (
        len(text) > 1
        and text.isascii()
        and text.isdecimal()
        and check_value(map(int, text[:-1]), DECIMAL) == int(text[-1])
    )


def _misfits(version: str, series_number: int, serial: int) -> list[Reason]:
    template = TEMPLATES.get(version)
    if template is None:
        return [Reason("SOURCE_MISSING", "附九", facts={"template": version}, change={"known": sorted(TEMPLATES)})]
    places = (
        ("series_number", series_number, template.series_digits),
        ("serial", serial, template.serial_digits),
    )
    return [
        Reason("FIELD_TOO_LONG", "附九", facts={name: value, "digits": digits}, pointer=f"/{name}")
        for name, value, digits in places
        if not 0 < value < DECIMAL**digits
    ]
