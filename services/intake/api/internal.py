"""What other services ask of intake under their own authority; the gateway forwards none of it."""

from __future__ import annotations

import base64
from typing import Any

from pydantic import Field

from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Form
from libs.web.fields import Id

commands = Commands("internal")


class Persons(Form):
    """The persons whose keys are needed."""

    persons: tuple[Id, ...] = Field(max_length=10_000)


@commands.ask("/internal/keys", Persons, (Role.SYSTEM,))
async def keys(call: Call, body: Persons) -> dict[str, Any]:
    """Give the keys of those persons who have one; nobody but our own services may ask."""
    found = await call.spine.adapters.keys.keys(body.persons)
    return {"keys": {person: base64.b64encode(key).decode() for person, key in found.items()}}
