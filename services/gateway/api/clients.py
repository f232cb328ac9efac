"""Clients: the one resource that the gateway decides on itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from libs.events.bus import Reply
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Form
from services.gateway.domain.client import CLIENT, RegisterClient, client_identity

commands = Commands("clients")


class Registration(Form):
    """A system, as the identity provider knows it, and what it may do here."""

    client_id: Annotated[str, StringConstraints(max_length=100)]
    roles: tuple[Role, ...] = Field(max_length=20)
    unit: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12})?$")] = ""
    district: Annotated[str, StringConstraints(max_length=100)] = ""


@commands.post("/v1/clients", Registration, (Role.CITY,))
async def register(call: Call, body: Registration) -> Reply:
    """Register a system that may integrate (§7).

    A system never carries a role that acts in person: nobody applies, endorses or votes by machine.
    """
    command = RegisterClient(**body.model_dump())
    return await call.execute(CLIENT, str(client_identity(body.client_id)), command)
