"""Employers: registration by the district or the city, and what the city lists them among (八.3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from libs.events.bus import Reply
from libs.kernel.terms import EmployerKind, Role
from libs.web.calls import Call, Commands, Form
from libs.web.fields import Day, Text
from services.intake.domain.employer import EMPLOYER, Designate, EndDesignation, RegisterEmployer

commands = Commands("employers")
Name = Annotated[str, StringConstraints(max_length=400)]


class Employer(Form):
    """A unit with its unified social credit code; `superior` is the superior unit's name, where there is one."""

    name: Name
    credit_code: Annotated[str, StringConstraints(max_length=50)]
    kind: EmployerKind
    district: Name
    superior: Name = ""


class Designation(Form):
    """The kind of unit, as the rule sets name it (`state_key_laboratory`), the document that lists it, from when."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
    document: Name
    from_day: Day


class DesignationEnd(Form):
    """The last day of a designation, and why it ends."""

    until: Day
    reasons: Text


@commands.post("/v1/employers", Employer, (Role.CITY, Role.DISTRICT))
async def register(call: Call, body: Employer) -> Reply:
    """Register an employer; one credit code stands for one employer."""
    return await call.execute(EMPLOYER, call.new_identity(), RegisterEmployer(**body.model_dump()))


@commands.post("/v1/employers/{employer}/designations", Designation, (Role.CITY,), status=200)
async def designate(call: Call, body: Designation) -> Reply:
    """List a unit among those of a kind, whose head may then recommend a technical lead exceptionally (八.3)."""
    return await call.execute(EMPLOYER, call.id("employer"), Designate(**body.model_dump()))


@commands.post("/v1/employers/{employer}/designations/{kind}/endings", DesignationEnd, (Role.CITY,), status=200)
async def end_designation(call: Call, body: DesignationEnd) -> Reply:
    """End a designation; its last day counts in."""
    command = EndDesignation(call.request.path_params["kind"], body.until, body.reasons)
    return await call.execute(EMPLOYER, call.id("employer"), command)
