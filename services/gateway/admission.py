"""Who may come in: a token says what somebody may act as, a register of ours says for whom that is true.

Two registers are asked. Officials of the city are named by the office (§7): `zhicheng bootstrap` names the first two,
officials appoint and dismiss the others, and a dismissed one is no official from that event on, whatever the token
says. Systems are registered by the city with the roles and the unit that they may carry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.events.contracts.integrity import OfficialAppointed, OfficialDismissed, OfficialsNamed
from libs.events.envelope import Event
from libs.events.views import Row, View
from libs.kernel.refusals import Refused
from libs.kernel.terms import Role
from libs.web.auth import ANYONE, Principal
from libs.web.spine import Spine
from services.gateway.domain.client import CLIENT, Client, client_identity


def _fold(row: Mapping[str, Any], event: Event) -> Row:
    known: set[str] = set(row.get("members") or ())
    match event.payload:
        case OfficialsNamed(officials=named):
            known = set(named)
        case OfficialAppointed(official=one):
            known.add(one)
        case OfficialDismissed(official=one):
            known.discard(one)
        case _:
            pass
    return {"members": sorted(known)}


OFFICIALS = View("officials", ("integrity",), frozenset({"office"}), {"members": "jsonb"}, _fold)


class Admission:
    """Compares a checked token with the registers."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def check(self, principal: Principal) -> None:
        """Let somebody in.

        Raises
        ------
        Refused
            FORBIDDEN_ACTOR for a system that is not registered with what its token carries, and for the role of
            the city in the hands of somebody who is no official; PROJECTION_PARKED for every official while the
            register could not take a record in: whoever was dismissed in it would still be one.
        NotYetError
            While the register of officials is being built anew.
        """
        if principal is ANYONE:
            return
        if principal.subject == principal.client:
            await self._system(principal)
        elif Role.CITY in principal.roles:
            await self._official(principal)

    async def _official(self, principal: Principal) -> None:
        # None is an official before the first were named.
        query = (
            "select exists (select from officials where members ? $1) as official,"
            " exists (select from letters where view = $2 and kind = 'parked') as parked"
        )
        (found,) = await self._spine.views.fetch((OFFICIALS.name,), query, principal.subject, OFFICIALS.name)
        if found["parked"]:
            raise Refused.one("PROJECTION_PARKED", "§7", facts={"view": OFFICIALS.name})
        if not found["official"]:
            raise Refused.one(
                "FORBIDDEN_ACTOR",
                "§7",
                facts={"role": Role.CITY.value, "official": False},
                change={"appointed_by": "an official of the city"},
            )

    async def _system(self, principal: Principal) -> None:
        stream = CLIENT.stream(str(client_identity(principal.client)))
        known: Client = (await self._spine.bus.load(CLIENT, stream)).state
        if not known.carries(principal.roles, principal.unit, principal.district):
            raise Refused.one(
                "FORBIDDEN_ACTOR",
                "§7",
                facts={"client": principal.client, "roles": sorted(principal.roles), "registered": known.registered},
                change={"registered_by": "the city, with these roles and this unit"},
            )
