"""The one authority in matters of integrity: the city bureau (十六.2, 十七.2), acting through a person."""

from __future__ import annotations

from collections.abc import Iterator

from libs.kernel.decisions import Context
from libs.kernel.refusals import Reason, own_matter
from libs.kernel.terms import Role


def only_the_city(context: Context, clause: str, subject: str) -> Iterator[Reason]:
    """Refuse every other role, the system's own included: a machine finding is never a decision.

    And whom the matter is about: `subject` is a person, or a unit (§7).
    """
    if context.actor.role != Role.CITY:
        yield Reason("FORBIDDEN_ACTOR", clause, facts={"role": context.actor.role}, change={"role": Role.CITY.value})
    yield from own_matter(context.actor, subject)


def unreasoned(text: str, clause: str, pointer: str) -> Iterator[Reason]:
    """Refuse an empty text where the law wants reasons."""
    if not text.strip():
        yield Reason("GROUND_REQUIRED", clause, change={"needs": "reasons"}, pointer=pointer)
