"""Employers: registration by the district or the city."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from libs.events.bus import Reply
from libs.kernel.terms import EmployerKind, Role
from libs.web.calls import Call, Commands, Form
from services.intake.domain.employer import EMPLOYER, RegisterEmployer

commands = Commands("employers")
Name = Annotated[str, StringConstraints(max_length=400)]


class Employer(Form):
    """A unit with its unified social credit code; `superior` is the superior unit's name, where there is one."""

    name: Name
    credit_code: Annotated[str, StringConstraints(max_length=50)]
    kind: EmployerKind
    district: Name
    superior: Name = ""


@commands.post("/v1/employers", Employer, (Role.CITY, Role.DISTRICT))
async def register(call: Call, body: Employer) -> Reply:
    """Register an employer; one credit code stands for one employer."""
    return await call.execute(EMPLOYER, call.new_identity(), RegisterEmployer(**body.model_dump()))
