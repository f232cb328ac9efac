"""An employer (用人单位): legal name, credit code, kind and district, and what the city lists it among (八.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from libs.events.contracts.intake import EmployerDesignated, EmployerDesignationEnded, EmployerRegistered
from libs.kernel.decisions import Aggregate, Claim, Context, Decision
from libs.kernel.identity import credit_code, name_reasons
from libs.kernel.refusals import Reason, Refused, illegal_transition, refuse_all
from libs.kernel.terms import EmployerKind, Role
from services.intake.domain.facts import Designation

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
class Designate:
    """List the unit among those of a kind, from a day on; `document` names the city's own."""

    kind: str
    document: str
    from_day: date


@dataclass(frozen=True, slots=True)
class EndDesignation:
    """End what was listed; `until` is its last day."""

    kind: str
    until: date
    reasons: str


@dataclass(frozen=True, slots=True)
class State:
    """Whether the employer is known, and what it is."""

    registered: bool = False
    credit_code: str = ""
    kind: EmployerKind = EmployerKind.NON_PUBLIC
    district: str = ""
    designations: tuple[Designation, ...] = ()

    def listed(self, kind: str) -> Designation | None:
        """Give the designation of a kind that has no end yet."""
        return next((one for one in self.designations if one.kind == kind and one.until is None), None)


def decide(state: State, command: RegisterEmployer | Designate | EndDesignation, context: Context) -> Decision:
    """Decide one command about an employer.

    Raises
    ------
    Refused
        `ID_INVALID` for a wrong credit code, `FORBIDDEN_ACTOR` when anyone but the city lists a unit,
        `DATE_INVALID`, `GROUND_REQUIRED`, `ILLEGAL_TRANSITION`.
    """
    if isinstance(command, RegisterEmployer):
        return _register(state, command)
    if not state.registered:
        raise Refused.one("NOT_FOUND", "八.3")
    return _designate(state, command, context) if isinstance(command, Designate) else _end(state, command, context)


def _register(state: State, command: RegisterEmployer) -> Decision:
    """Make the unit known; its credit code is claimed, so that it exists once."""
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


def _city(context: Context) -> Iterator[Reason]:
    if context.actor.role != Role.CITY:
        yield Reason("FORBIDDEN_ACTOR", "八.3", {"role": context.actor.role}, {"roles": [Role.CITY.value]})


def _designate(state: State, command: Designate, context: Context) -> Decision:
    found = [*_city(context), *name_reasons(command.document, "/document")]
    standing = state.listed(command.kind)
    if standing:
        facts = {"kind": command.kind, "since": standing.from_day.isoformat()}
        found.append(Reason("ILLEGAL_TRANSITION", "八.3", facts, {"command": "end_designation"}))
    last = max((one.until for one in state.designations if one.kind == command.kind and one.until), default=None)
    if last and command.from_day <= last:
        facts = {"from": command.from_day.isoformat(), "listed_until": last.isoformat()}
        found.append(Reason("DATE_INVALID", "八.3", facts, pointer="/from_day"))
    refuse_all(found)
    event = EmployerDesignated(kind=command.kind, document=command.document.strip(), from_day=command.from_day)
    return Decision((event,))


def _end(state: State, command: EndDesignation, context: Context) -> Decision:
    found = list(_city(context))
    if not command.reasons.strip():
        found.append(Reason("GROUND_REQUIRED", "八.3", pointer="/reasons"))
    standing = state.listed(command.kind)
    if standing is None:
        listed = sorted(one.kind for one in state.designations if one.until is None)
        found.append(Reason("ILLEGAL_TRANSITION", "八.3", {"kind": command.kind}, {"listed": listed}))
    elif command.until < standing.from_day:
        facts = {"from": standing.from_day.isoformat(), "until": command.until.isoformat()}
        found.append(Reason("DATE_INVALID", "八.3", facts, pointer="/until"))
    refuse_all(found)
    return Decision((EmployerDesignationEnded(kind=command.kind, until=command.until, reasons=command.reasons),))


def evolve(state: State, payload: Any, _event: Any) -> State:
    """Fold one payload."""
    match payload:
        case EmployerRegistered():
            return State(registered=True, credit_code=payload.credit_code, kind=payload.kind, district=payload.district)
        case EmployerDesignated(kind=kind, from_day=first):
            return replace(state, designations=(*state.designations, Designation(kind, first)))
        case EmployerDesignationEnded(kind=kind, until=until):
            ended = state.listed(kind)
            return replace(
                state,
                designations=tuple(replace(one, until=until) if one == ended else one for one in state.designations),
            )
        case _:
            return state


EMPLOYER: Final = Aggregate("employer", State(), decide, evolve)
