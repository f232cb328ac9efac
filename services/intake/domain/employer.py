"""An employer (用人单位): legal name, credit code, kind and district."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from libs.events.contracts.intake import EmployerRegistered
from libs.kernel.decisions import Aggregate, Claim, Context, Decision
from libs.kernel.identity import credit_code, name_reasons
from libs.kernel.refusals import Refused, illegal_transition, refuse_all
from libs.kernel.terms import EmployerKind

CLAIM_CODES: Final = {"credit_code": "DUPLICATE_EMPLOYER"}
"""The refusal that a taken claim means."""


@dataclass(frozen=True, slots=True)
class RegisterEmployer:
    """Make an employer known; `superior` is the superior unit's name, empty where there is none."""

    name: str
    credit_code: str
    kind: EmployerKind
    district: str
    superior: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """Whether the employer is known, and what it is."""

    registered: bool = False
    credit_code: str = ""
    kind: EmployerKind = EmployerKind.NON_PUBLIC
    district: str = ""


def decide(state: State, command: RegisterEmployer, _context: Context) -> Decision:
    """Decide the registration; the credit code is claimed, so that a unit exists once."""
    if state.registered:
        raise illegal_transition("REGISTERED", "register_employer", ["NONE"])
    found = [*name_reasons(command.name), *name_reasons(command.district, "/district")]
    found.extend(name_reasons(command.superior, "/superior") if command.superior else ())
    code = ""
    try:
        code = credit_code(command.credit_code)
    except Refused as refused:
        found.extend(refused.reasons)
    refuse_all(found)
    event = EmployerRegistered(
        name=command.name.strip(),
        credit_code=code,
        kind=command.kind,
        district=command.district,
        superior=command.superior,
    )
    return Decision((event,), claims=(Claim("credit_code", code),))


def evolve(state: State, payload: Any, _event: Any) -> State:
    """Fold one payload."""
    if not isinstance(payload, EmployerRegistered):
        return state
    return State(registered=True, credit_code=payload.credit_code, kind=payload.kind, district=payload.district)


EMPLOYER: Final = Aggregate("employer", State(), decide, evolve)
