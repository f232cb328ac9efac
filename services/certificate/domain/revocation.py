"""What every revocation must show, wherever it takes effect (十七.2, invariant 9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from libs.events.contracts.intake import Seen
from libs.events.contracts.integrity import Ground
from libs.kernel.refusals import Reason, Refused
from libs.kernel.terms import Role

CLAUSE = "十七.2"


@dataclass(frozen=True, slots=True)
class Revocation:
    """The city's decision, as the shell read it in TitleRevoked and its envelope.

    `seen` is the case's stream at the version of that event; `decided_by_role` is the envelope's role.
    """

    case: str
    decision_no: str
    ground: str
    decided_at: datetime
    decided_by_role: Role
    seen: Seen


def lacking(revocation: Revocation) -> Iterator[Reason]:
    """Name what a revocation lacks: the city's role, a ground of the five, a case, a decision number."""
    if revocation.decided_by_role is not Role.CITY:
        yield Reason(
            "FORBIDDEN_ACTOR",
            CLAUSE,
            facts={"role": revocation.decided_by_role.value},
            change={"role": Role.CITY.value},
        )
    grounds = [ground.value for ground in Ground]
    if revocation.ground not in grounds:
        yield Reason("GROUND_REQUIRED", CLAUSE, facts={"ground": revocation.ground}, change={"one_of": grounds})
    if not (revocation.case and revocation.decision_no):
        yield Reason(
            "CASE_REQUIRED",
            CLAUSE,
            facts={"case": revocation.case, "decision_no": revocation.decision_no},
            change={"needs": ["case", "decision_no"]},
        )


def already_revoked(by: str, decision_no: str) -> Refused:
    """Refuse a second revocation; the same decision number tells the sender that nothing is left to do."""
    return Refused.one(
        "ALREADY_REVOKED",
        CLAUSE,
        facts={"decision_no": by, "same_decision": by == decision_no},
    )
