"""Clients: systems of bureaus, employers and agencies that may integrate, registered by the city (§7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from libs.events.contracts.gateway import ClientRegistered
from libs.kernel.decisions import Aggregate, Context, Decision
from libs.kernel.refusals import Reason, illegal_transition, refuse_all
from libs.kernel.terms import Role

SYSTEMS: Final = frozenset(
    {Role.EMPLOYER_CLERK, Role.AGENCY_OFFICER, Role.DISTRICT, Role.CITY, Role.FINANCE, Role.AUDITOR}
)
"""The roles that a system may carry. All others act in person: nobody applies, endorses or votes by machine."""
OF_A_UNIT: Final = frozenset({Role.EMPLOYER_CLERK, Role.AGENCY_OFFICER})
CLIENT_ID: Final = re.compile(r"[A-Za-z0-9._-]{3,100}")
_CLIENTS: Final = UUID("0d1c7c52-6f0b-5a55-9c0e-2c5a0d8a7f11")


def client_identity(client_id: str) -> UUID:
    """Name the client of an OAuth client id: registered once, whoever asks."""
    return uuid5(_CLIENTS, client_id)


@dataclass(frozen=True, slots=True)
class RegisterClient:
    """Let a system integrate: its OAuth client id, the roles it may carry, the unit or district it speaks for."""

    client_id: str
    roles: tuple[Role, ...]
    unit: str
    district: str


@dataclass(frozen=True, slots=True)
class Client:
    """Whether the client is known, and what it may carry."""

    registered: bool = False
    roles: frozenset[str] = frozenset()
    unit: str = ""
    district: str = ""

    def carries(self, roles: frozenset[str], unit: str, district: str) -> bool:
        """Tell whether a token of the client may say this."""
        return self.registered and roles <= self.roles and unit in {"", self.unit} and district in {"", self.district}


INITIAL = Client()


def decide(state: Client, command: RegisterClient, context: Context) -> Decision:
    """Decide a registration.

    Raises
    ------
    Refused
        `FORBIDDEN_ACTOR` for anyone but the city, `PROXY_FORBIDDEN` for a role that acts in person,
        `SCHEMA_INVALID` for a role without its unit or district, `ILLEGAL_TRANSITION` for a known client.
    """
    refuse_all((*_not_the_city(context), *_misfits(command)))
    if state.registered:
        raise illegal_transition("registered", "RegisterClient", ["none"])
    return Decision(
        (
            ClientRegistered(
                client_id=command.client_id,
                roles=tuple(sorted(role.value for role in set(command.roles))),
                unit=command.unit,
                district=command.district,
            ),
        ),
        reply={"client_id": command.client_id},
    )


def _not_the_city(context: Context) -> Iterator[Reason]:
    if context.actor.role != Role.CITY:
        yield Reason("FORBIDDEN_ACTOR", "§7", facts={"role": context.actor.role}, change={"allowed": [Role.CITY.value]})


def _misfits(command: RegisterClient) -> Iterator[Reason]:
    if not CLIENT_ID.fullmatch(command.client_id):
        yield Reason("SCHEMA_INVALID", facts={"failing": "form"}, pointer="/client_id")
    if not command.roles:
        yield Reason("SCHEMA_INVALID", facts={"failing": "empty"}, pointer="/roles")
    for number, role in enumerate(command.roles):
        if role not in SYSTEMS:
            change = {"allowed": sorted(one.value for one in SYSTEMS)}
            yield Reason("PROXY_FORBIDDEN", "§7", {"role": role.value}, change, f"/roles/{number}")
    if OF_A_UNIT & set(command.roles) and not command.unit:
        yield Reason("SCHEMA_INVALID", "§7", facts={"failing": "missing"}, pointer="/unit")
    if Role.DISTRICT in command.roles and not command.district:
        yield Reason("SCHEMA_INVALID", "§7", facts={"failing": "missing"}, pointer="/district")


def evolve(state: Client, payload: object, event: object) -> Client:  # noqa: ARG001 - one shape for all
    """Fold one payload."""
    if isinstance(payload, ClientRegistered):
        return Client(registered=True, roles=frozenset(payload.roles), unit=payload.unit, district=payload.district)
    return state


CLIENT = Aggregate("client", INITIAL, decide, evolve)
