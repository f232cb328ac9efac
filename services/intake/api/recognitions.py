"""Applications, the city's side of the green channel: recognition, or its refusal (十.3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from libs.events.bus import Reply
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Form
from libs.web.fields import Text
from services.intake import facts
from services.intake.api.drafts import endorsements_of, state_of
from services.intake.domain.application import APPLICATION
from services.intake.domain.application.recognition import Recognise, RefuseRecognition

commands = Commands("applications")
CITY = (Role.CITY,)
PATH = "/v1/applications/{application}"


class Recognition(Form):
    """The number of the city's decision, and its reasons."""

    decision_no: Annotated[str, StringConstraints(max_length=100)]
    reasons: Text


@commands.post(f"{PATH}/recognitions", Recognition, CITY, status=200)
async def recognise(call: Call, body: Recognition) -> Reply:
    """Recognise the applicant at the level, in place of a vote; the title follows (十.3)."""
    state = await state_of(call)
    spine = call.spine
    command = Recognise(
        decision_no=body.decision_no,
        reasons=body.reasons,
        rules=await facts.rules(spine, state.ruleset),
        bans=await facts.bans(spine, state.applicant),
        endorsements=await endorsements_of(call, state),
        titles=await facts.titles_now(spine, state.relied_on),
    )
    return await call.execute(APPLICATION, call.id("application"), command)


@commands.post(f"{PATH}/recognition-refusals", Recognition, CITY, status=200)
async def refuse(call: Call, body: Recognition) -> Reply:
    """Do not recognise the applicant; the application ends on its merits."""
    state = await state_of(call)
    rules = await facts.rules(call.spine, state.ruleset)
    command = RefuseRecognition(body.decision_no, body.reasons, rules)
    return await call.execute(APPLICATION, call.id("application"), command)
