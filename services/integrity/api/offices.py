"""The city's officials: the first two named by the command line, the others by officials."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from libs.events.bus import Reply
from libs.kernel.refusals import Refused
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Form
from libs.web.fields import Text
from libs.web.keys import ensure_key
from services.integrity.domain.office import (
    CITY_OFFICE,
    OFFICE,
    AppointOfficial,
    DismissOfficial,
    NameFirstOfficials,
)

commands = Commands("offices")
Subject = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class FirstOfficials(Form):
    """The two persons, each as the identity provider names them (`sub`)."""

    officials: tuple[Subject, ...] = Field(min_length=2, max_length=2)


class Appointment(Form):
    """The person, as the identity provider names them (`sub`)."""

    official: Subject


class Dismissal(Form):
    """The person, and why."""

    official: Subject
    reasons: Text


@commands.post("/internal/bootstrap", FirstOfficials, (Role.SYSTEM,))
async def bootstrap(call: Call, body: FirstOfficials) -> Reply:
    """Name the first two officials of the city, once."""
    return await call.execute(OFFICE, str(CITY_OFFICE), NameFirstOfficials(*body.officials))


@commands.post("/v1/offices/{office}/appointments", Appointment, (Role.CITY,), status=200)
async def appoint(call: Call, body: Appointment) -> Reply:
    """Appoint an official of the city."""
    return await call.execute(OFFICE, _office(call), AppointOfficial(body.official))


@commands.post("/v1/offices/{office}/dismissals", Dismissal, (Role.CITY,), status=200)
async def dismiss(call: Call, body: Dismissal) -> Reply:
    """Dismiss another official of the city."""
    office = _office(call)
    await ensure_key(call.spine, office)
    return await call.execute(OFFICE, office, DismissOfficial(body.official, body.reasons))


def _office(call: Call) -> str:
    office = call.id("office")
    if office != str(CITY_OFFICE):
        raise Refused.one("NOT_FOUND")
    return office
