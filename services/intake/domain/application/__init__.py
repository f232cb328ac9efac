"""The application (申报): one person's way from draft to certificate or another end (rules §8.1).

Split by theme: drafting, employer, acceptance, qualification, fees, recognition, followup; `evolution` folds.
"""

from __future__ import annotations

from typing import Any, Final

from libs.kernel.decisions import Aggregate, Context, Decision
from services.intake.domain.application import (
    acceptance,
    drafting,
    employer,
    fees,
    followup,
    qualification,
    recognition,
)
from services.intake.domain.application.evolution import evolve
from services.intake.domain.application.state import Handler, Stage, State, admit, public_label, related

HANDLERS: Final[dict[type, Handler]] = {
    **drafting.HANDLERS,
    **employer.HANDLERS,
    **acceptance.HANDLERS,
    **qualification.HANDLERS,
    **fees.HANDLERS,
    **recognition.HANDLERS,
    **followup.HANDLERS,
}

CLAIM_CODES: Final = {"application": "DUPLICATE_APPLICATION"}
"""The refusal that a taken claim means."""


def decide(state: State, command: Any, context: Context) -> Decision:
    """Decide one command; an unknown command type is a fault of the caller, not of the client."""
    return HANDLERS[type(command)](state, command, context)


APPLICATION: Final = Aggregate("application", State(), decide, evolve, admit)

__all__ = ["APPLICATION", "CLAIM_CODES", "HANDLERS", "Stage", "State", "decide", "evolve", "public_label", "related"]
