"""The predicates that condition trees name: code compares, the rule set has the numbers.

A predicate says unknown where it does not know; nothing is read as met or unmet by default. Each module has those of
one theme: what they are, what they need from their condition, and what they ask of a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from libs.kernel.rulesets import Needs
from libs.kernel.verdicts import Predicate
from services.intake.domain.facts import Candidate
from services.intake.domain.predicates import education, people, titles, work
from services.intake.domain.predicates.work import CHECKS

PREDICATES: Final[Mapping[str, Predicate[Candidate]]] = {
    **work.PREDICATES,
    **education.PREDICATES,
    **titles.PREDICATES,
    **people.PREDICATES,
}
"""Every predicate that a rule set of intake may name."""

NEEDS: Final[Needs] = {name: {} for name in PREDICATES} | {
    **work.NEEDS,
    **education.NEEDS,
    **titles.NEEDS,
    **people.NEEDS,
}
"""The numbers and words that each predicate needs from its condition, and how each is read."""

CHOICES: Final[Mapping[str, str]] = work.CHOICES
"""The predicates that ask what one fact of a person is, with the parameter that lists what it may be."""

__all__ = ["CHECKS", "CHOICES", "NEEDS", "PREDICATES"]
