"""The city's officials: the first two named once, every other appointed and dismissed by people (§7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, assert_never
from uuid import NAMESPACE_URL, UUID, uuid5

from libs.events.contracts.base import Unsealed
from libs.events.contracts.integrity import OfficialAppointed, OfficialDismissed, OfficialsNamed
from libs.kernel.decisions import Aggregate, Context, Decision
from libs.kernel.refusals import Reason, illegal_transition, refuse_all
from libs.kernel.terms import Role
from services.integrity.domain.city import unreasoned

CLAUSE: Final = "§7"
CITY_OFFICE: Final[UUID] = uuid5(NAMESPACE_URL, "city")
"""The one office there is."""


@dataclass(frozen=True, slots=True)
class NameFirstOfficials:
    """Name the first two officials: what one proposes, another has to confirm."""

    first: str
    second: str


@dataclass(frozen=True, slots=True)
class AppointOfficial:
    """Appoint another official."""

    official: str


@dataclass(frozen=True, slots=True)
class DismissOfficial:
    """Dismiss another official."""

    official: str
    reasons: str


Command = NameFirstOfficials | AppointOfficial | DismissOfficial


@dataclass(frozen=True, slots=True)
class Office:
    """Who are officials now."""

    officials: frozenset[str]


State = Office | None

INITIAL: State = None


def decide(state: State, command: Command, context: Context) -> Decision:
    """Decide on the office; raises `Refused` with every failing reason."""
    match command:
        case NameFirstOfficials():
            return _name(state, command, context)
        case AppointOfficial():
            return _appoint(state, command, context)
        case DismissOfficial():
            return _dismiss(state, command, context)
        case _:
            assert_never(command)


def evolve(state: State, payload: object, _event: object) -> State:
    """Fold one event of the office's stream."""
    match payload:
        case OfficialsNamed():
            return Office(frozenset(payload.officials))
        case OfficialAppointed() if state:
            return Office(state.officials | {payload.official})
        case OfficialDismissed() if state:
            return Office(state.officials - {payload.official})
        case _:
            return state


def _name(state: State, command: NameFirstOfficials, context: Context) -> Decision:
    reasons: list[Reason] = []
    if context.actor.role != Role.SYSTEM:
        reasons.append(Reason("FORBIDDEN_ACTOR", CLAUSE, facts={"role": context.actor.role}))
    if command.first == command.second:
        reasons.append(Reason("DISTINCT_PERSONS_REQUIRED", CLAUSE, change={"needs": "two persons"}))
    refuse_all(reasons)
    if state is not None:
        raise illegal_transition("named", "NameFirstOfficials", ["none"])
    return Decision(events=(OfficialsNamed(officials=(command.first, command.second)),))


def _appoint(state: State, command: AppointOfficial, context: Context) -> Decision:
    refuse_all(_not_by(state, context))
    if state is not None and command.official in state.officials:
        raise illegal_transition("appointed", "AppointOfficial", ["not_appointed"])
    return Decision(events=(OfficialAppointed(official=command.official),))


def _dismiss(state: State, command: DismissOfficial, context: Context) -> Decision:
    reasons = [*_not_by(state, context), *unreasoned(command.reasons, CLAUSE, "/reasons")]
    if command.official == context.actor.id:
        # So there is always somebody left who can appoint.
        reasons.append(Reason("SEPARATION_OF_DUTIES", CLAUSE, change={"by": "another official"}, pointer="/official"))
    refuse_all(reasons)
    if state is None or command.official not in state.officials:
        raise illegal_transition("not_appointed", "DismissOfficial", ["appointed"])
    return Decision(
        events=(OfficialDismissed(official=command.official, reasons=Unsealed(str(CITY_OFFICE), command.reasons)),)
    )


def _not_by(state: State, context: Context) -> Iterator[Reason]:
    """Refuse whoever is no official of the city: the token's role alone does not make one."""
    if state is None or context.actor.role != Role.CITY or context.actor.id not in state.officials:
        yield Reason(
            "FORBIDDEN_ACTOR",
            CLAUSE,
            facts={"role": context.actor.role, "appointed": False},
            change={"needs": "an official whom another one appointed"},
        )


OFFICE = Aggregate("office", INITIAL, decide, evolve)
