"""A natural person: who it is, where the person works and worked, which degrees were stated, and erasure.

Split by theme: identity, career; `state` folds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from libs.kernel.decisions import Aggregate, Context, Decision
from libs.kernel.refusals import Refused, illegal_transition
from services.intake.domain.person import career, identity
from services.intake.domain.person.career import EndEmployment, RecordEducation, StartEmployment
from services.intake.domain.person.identity import Erase, RegisterPerson
from services.intake.domain.person.state import Handler, Spell, State, evolve

HANDLERS: Final[Mapping[type, Handler]] = {**identity.HANDLERS, **career.HANDLERS}

CLAIM_CODES: Final = {"person": "POSSIBLE_DUPLICATE_PERSON"}
"""The refusal that a taken claim means."""


def decide(state: State, command: Any, context: Context) -> Decision:
    """Decide one command about a person; an unknown command type is a fault of the caller, not of the client."""
    if not isinstance(command, RegisterPerson):
        if not state.identity:
            raise Refused.one("NOT_FOUND", "附四")
        if state.erased:
            raise illegal_transition("ERASED", type(command).__name__, ["REGISTERED"])
    return HANDLERS[type(command)](state, command, context)


PERSON: Final = Aggregate("person", State(), decide, evolve)

__all__ = [
    "CLAIM_CODES",
    "HANDLERS",
    "PERSON",
    "EndEmployment",
    "Erase",
    "RecordEducation",
    "RegisterPerson",
    "Spell",
    "StartEmployment",
    "State",
    "decide",
    "evolve",
]
