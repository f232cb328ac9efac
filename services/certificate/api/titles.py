"""Titles: imported with their provenance, confirmed, granted by hand, kept or not kept as a basis."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from libs.events.bus import Reply
from libs.events.reading import NotYetError
from libs.kernel.refusals import Refused
from libs.kernel.terms import Level, Role
from libs.web.calls import Call, Commands, Form
from libs.web.fields import Day, Id, Text
from libs.web.keys import ensure_key
from services.certificate import facts
from services.certificate.domain.title import TITLE, title_identity
from services.certificate.domain.title_commands import ConfirmTitle, DecideReliance, ImportTitle

commands = Commands("titles")
CITY = (Role.CITY,)
PATH = "/v1/titles/{title}"
Line = Annotated[str, StringConstraints(max_length=400)]


class Import(Form):
    """A title as its source has it; what the source does not state is null, or empty for a text."""

    person: Id
    series: Line
    specialty: Line
    level: Level | None
    scope: Line = ""
    obtained_on: Day | None
    issuer: Line
    certificate_no: Line = ""
    provenance: Annotated[str, StringConstraints(max_length=2000)]
    confirmed: bool


class Grounds(Form):
    """Why."""

    reasons: Text


class ByHand(Form):
    """The application whose confirmed result is granted, and why, although a title it rested on was revoked."""

    application: Id
    reasons: Text


class Reliance(Form):
    """Whether the title may be a basis, and why."""

    stands: bool
    reasons: Text


@commands.post("/v1/titles", Import, CITY)
async def take_over(call: Call, body: Import) -> Reply:
    """Import a title that was granted before or outside this system, never judged again (QA一b)."""
    return await call.execute(TITLE, call.new_identity(), ImportTitle(**body.model_dump()))


@commands.post(f"{PATH}/confirmations", Grounds, CITY, status=200)
async def confirm(call: Call, body: Grounds) -> Reply:
    """Confirm a title that was granted elsewhere; from here on it counts (§11.39)."""
    await _key_of_holder(call)
    return await call.execute(TITLE, call.id("title"), ConfirmTitle(body.reasons))


@commands.post(f"{PATH}/grants", ByHand, CITY)
async def grant(call: Call, body: ByHand) -> Reply:
    """Grant a confirmed result by hand, where a title that it rested on has been revoked since (§11.7).

    The path names the title that belongs to the application.
    """
    title = call.id("title")
    result = await facts.confirmed_result(call.spine, body.application)
    if result is None or title != str(title_identity(body.application)):
        raise Refused.one("UNKNOWN_APPLICATION", pointer="/application")
    try:
        command = await facts.grant(call.spine, result, body.reasons)
    except NotYetError as error:
        raise Refused.one("PROJECTION_LAG", facts={"waits_for": str(error)}) from error
    return await call.execute(TITLE, title, command)


@commands.post(f"{PATH}/decisions", Reliance, CITY, status=200)
async def decide_reliance(call: Call, body: Reliance) -> Reply:
    """Decide whether a title may be a basis, although one that it rested on was revoked (§11.7, §11.39)."""
    await _key_of_holder(call)
    return await call.execute(TITLE, call.id("title"), DecideReliance(body.stands, body.reasons))


async def _key_of_holder(call: Call) -> None:
    """Have what is written about the holder sealed; a title may be imported before its holder registers."""
    state = (await call.load(TITLE, call.id("title"))).state
    if state is not None:
        await ensure_key(call.spine, state.person)
