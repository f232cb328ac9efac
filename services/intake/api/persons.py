"""Persons: registration, employments, degrees, erasure."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from libs.events.bus import Reply
from libs.kernel.refusals import Refused
from libs.kernel.terms import Degree, Role
from libs.web.calls import Call, Commands, Form
from libs.web.fields import Code, Day, Id, Text
from services.intake import facts
from services.intake.domain.employer import EMPLOYER
from services.intake.domain.person import PERSON, EndEmployment, Erase, RecordEducation, RegisterPerson, StartEmployment

commands = Commands("persons")
SELF = (Role.APPLICANT, Role.EXPERT)


class Registration(Form):
    """Who the person is; the names of the ID kinds are those of the answer to a wrong one."""

    name: Annotated[str, StringConstraints(max_length=400)]
    id_kind: Annotated[str, StringConstraints(max_length=50)]
    id_number: Annotated[str, StringConstraints(max_length=50)]
    phone: Annotated[str, StringConstraints(max_length=50)]


class Employment(Form):
    """Where the person works, in which specialty, since when."""

    employer: Id
    specialty: Code
    since: Day


class EmploymentEnd(Form):
    """The last day of an employment."""

    employer: Id
    until: Day


class Degree_(Form):  # noqa: N801 - `Degree` is the word of the trade
    """A degree as the person states it; education data will be asked."""

    degree: Degree
    major: Annotated[str, StringConstraints(max_length=400)]
    specialty: Code
    enrolled_on: Day
    graduated_on: Day
    full_time: bool
    certificate_no: Annotated[str, StringConstraints(max_length=100)]


class Erasure(Form):
    """Why the person is erased, and the ID number that is freed."""

    reason: Text
    id_number: str = Field(max_length=50)


def own(call: Call) -> str:
    """Give the person that the path names, when it is the caller: nobody acts for another (§7)."""
    person = call.id("person")
    if person != call.actor.person:
        raise Refused.one("FORBIDDEN_ACTOR", "§7", facts={"role": call.actor.role})
    return person


@commands.post("/v1/persons", Registration, SELF)
async def register(call: Call, body: Registration) -> Reply:
    """Register the person for whom the token speaks (附四)."""
    person = call.actor.person
    if not person:
        raise Refused.one("IDENTITY_UNVERIFIED", "附四")
    keys = call.spine.adapters.keys
    await keys.ensure(person)
    command = RegisterPerson(
        person=person,
        name=body.name,
        id_kind=body.id_kind,
        id_number=body.id_number,
        phone=body.phone,
        blind_index=keys.blind_index(body.id_number),
    )
    return await call.execute(PERSON, person, command)


@commands.post("/v1/persons/{person}/employments", Employment, SELF, status=200)
async def start_employment(call: Call, body: Employment) -> Reply:
    """State an employment; social-insurance data assist in checking it (说一)."""
    employer = await call.load(EMPLOYER, body.employer)
    command = StartEmployment(body.employer, body.specialty, body.since, employer_known=employer.version > 0)
    return await call.execute(PERSON, own(call), command)


@commands.post("/v1/persons/{person}/departures", EmploymentEnd, SELF, status=200)
async def end_employment(call: Call, body: EmploymentEnd) -> Reply:
    """State the last day of an employment."""
    return await call.execute(PERSON, own(call), EndEmployment(body.employer, body.until))


@commands.post("/v1/persons/{person}/educations", Degree_, SELF, status=200)
async def record_education(call: Call, body: Degree_) -> Reply:
    """State a degree; it is checked against education data with an application (说一)."""
    return await call.execute(PERSON, own(call), RecordEducation(**body.model_dump()))


@commands.post("/v1/persons/{person}/erasures", Erasure, (Role.CITY,), status=200)
async def erase(call: Call, body: Erasure) -> Reply:
    """Destroy the person's key and free the ID number; refused while something that law keeps still stands."""
    person = call.id("person")
    blind_index = call.spine.adapters.keys.blind_index(body.id_number)
    command = Erase(
        reason=body.reason,
        retained=await facts.retained(call.spine, person),
        blind_index=blind_index,
        holder=await facts.holder_of(call.spine.pool, blind_index),
    )
    return await call.execute(PERSON, person, command)
