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


class Subject(Form):
    """A unit, or a person who may not be registered yet, about whom something is to be sealed."""

    subject: Id


@commands.ask("/internal/subjects", Subject, (Role.SYSTEM,))
async def subject(call: Call, body: Subject) -> dict[str, Any]:
    """Make a subject's key where there is none; who was erased gets none again."""
    await call.spine.adapters.keys.ensure(body.subject)
    return {}


@commands.ask("/internal/keys", Persons, (Role.SYSTEM,))
async def keys(call: Call, body: Persons) -> dict[str, Any]:
    """Give the keys of those persons who have one; nobody but our own services may ask."""
    found = await call.spine.adapters.keys.keys(body.persons)
    return {"keys": {person: base64.b64encode(key).decode() for person, key in found.items()}}
