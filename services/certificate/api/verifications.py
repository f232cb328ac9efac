"""Verifications: anyone may ask whether a certificate is valid (说三)."""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError
from starlette.types import Scope

from libs.kernel.refusals import Refused
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Form
from libs.web.spine import Spine
from services.certificate.domain.verification import Answer
from services.certificate.verifying import Asked, client_of, verify

commands = Commands("verifications")
PATH = "/v1/verifications"
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


@commands.ask(PATH, Verification, EVERYONE, Answer)
async def ask(call: Call, body: Verification) -> Answer:
    """Say whether a certificate is valid, revoked or not found; the same to everyone.

    What does not exist and what does not match get the same answer. With `district` it also says whether the
    title has effect there (十一.5).
    """
    return await answered(call.spine, call.request.scope, call.principal.subject, body)


async def answered(spine: Spine, scope: Scope, subject: str, body: Verification) -> Answer:
    """Answer a verification; `subject` is who asks, empty for a stranger.

    Raises
    ------
    Refused
        VERIFICATION_THROTTLED for who asks too often; UPSTREAM_UNAVAILABLE for a comparison without the keys.
    """
    adapters = spine.adapters
    wait = adapters.throttle.wait(client_of(scope, subject))
    if wait:
        scope["answer_headers"] = [(b"retry-after", str(math.ceil(wait)).encode())]
        raise Refused.one("VERIFICATION_THROTTLED", "§2.3", change={"retry_after_seconds": math.ceil(wait)})
    asked = Asked(body.code, body.number, body.name, body.id_number_last4, body.district)
    return await verify(adapters.records, spine.keys, asked)
