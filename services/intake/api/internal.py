"""What other services ask of intake under their own authority; the gateway forwards none of it."""

from __future__ import annotations

import base64

from pydantic import Field
from typing_extensions import TypedDict

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


class Ensured(TypedDict):
    """The subject has a key, or never will."""


class Keys(TypedDict):
    """Keys by person, in base64."""

    keys: dict[str, str]


@commands.ask("/internal/subjects", Subject, (Role.SYSTEM,), Ensured)
async def subject(call: Call, body: Subject) -> Ensured:
    """Make a subject's key where there is none; who was erased gets none again."""
    await call.spine.adapters.keys.ensure(body.subject)
    return Ensured()


@commands.ask("/internal/keys", Persons, (Role.SYSTEM,), Keys)
async def keys(call: Call, body: Persons) -> Keys:
    """Give the keys of those persons who have one; nobody but our own services may ask."""
    found = await call.spine.adapters.keys.keys(body.persons)
    return Keys(keys={person: base64.b64encode(key).decode() for person, key in found.items()})
