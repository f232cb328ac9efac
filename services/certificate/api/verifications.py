"""Verifications: anyone may ask whether a certificate is valid (说三)."""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from libs.kernel.refusals import Refused
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Form
from services.certificate.domain.verification import Answer
from services.certificate.verifying import Asked, client_of, verify

commands = Commands("verifications")
EVERYONE = tuple(Role)


class Verification(Form):
    """What is printed on the certificate: its code; or its number, with the holder's name and ID number's end."""

    code: str = Field(default="", max_length=200)
    number: str = Field(default="", max_length=200)
    name: str = Field(default="", max_length=400)
    id_number_last4: Annotated[str, StringConstraints(pattern=r"^([0-9]{3}[0-9Xx])?$")] = ""
    district: str = Field(default="", max_length=100)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.code.strip()) is bool(self.number.strip()):
            raise PydanticCustomError("one_of", "either code or number")
        if self.number and not (self.name.strip() and self.id_number_last4):
            raise PydanticCustomError("needed_with_number", "a number needs name and id_number_last4")
        return self


@commands.ask("/v1/verifications", Verification, EVERYONE)
async def ask(call: Call, body: Verification) -> Answer:
    """Say whether a certificate is valid, revoked or not found; the same to everyone.

    What does not exist and what does not match get the same answer. With `district` it also says whether the
    title has effect there (十一.5).
    """
    subject = "" if call.actor.id == "anonymous" else call.actor.id
    wait = call.spine.adapters.throttle.wait(client_of(call.request.scope, subject))
    if wait:
        call.request.scope["answer_headers"] = [(b"retry-after", str(math.ceil(wait)).encode())]
        raise Refused.one("VERIFICATION_THROTTLED", "§2.3", change={"retry_after_seconds": math.ceil(wait)})
    adapters = call.spine.adapters
    asked = Asked(body.code, body.number, body.name, body.id_number_last4, body.district)
    return await verify(adapters.records, call.spine.keys, asked)
