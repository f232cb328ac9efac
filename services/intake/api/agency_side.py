"""Applications, the agency's side: receipt, the one correction, acceptance, checks, assessment, qualification."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from libs.events.bus import Reply
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Form, Nothing
from libs.web.fields import Text
from services.intake import facts
from services.intake.api.drafts import endorsements_of, state_of
from services.intake.api.employer_side import Items
from services.intake.domain.application import APPLICATION
from services.intake.domain.application.acceptance import (
    Accept,
    NotAccept,
    Receive,
    RequestCorrection,
    SubmitCorrection,
)
from services.intake.domain.application.followup import Release
from services.intake.domain.application.qualification import Assess, DecideCheck, Disqualify, Qualify

commands = Commands("applications")
OFFICER = (Role.AGENCY_OFFICER,)
PATH = "/v1/applications/{application}"


class CheckDecision(Form):
    """What a person decides where a check left something open, with reasons."""

    check: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    stands: bool
    reasons: Text


class Note(Form):
    """A note to the decision."""

    note: str = Field(default="", max_length=2000)


class Grounds(Form):
    """Why."""

    reasons: Text


@commands.post(f"{PATH}/receipts", Nothing, OFFICER, status=200)
async def receive(call: Call, _: Nothing) -> Reply:
    """Take a recommended file in."""
    return await call.execute(APPLICATION, call.id("application"), Receive())


@commands.post(f"{PATH}/corrections", Items, OFFICER, status=200)
async def request_correction(call: Call, body: Items) -> Reply:
    """Ask once for every correction; what is known to be missing is added."""
    state = await state_of(call)
    command = RequestCorrection(
        items=body.about(state.applicant),
        rules=await facts.rules(call.spine, state.ruleset),
        calendar=call.spine.adapters.calendar,
        endorsements=await endorsements_of(call, state),
    )
    return await call.execute(APPLICATION, call.id("application"), command)


@commands.post(f"{PATH}/resubmissions", Nothing, (Role.APPLICANT,), status=200)
async def submit_correction(call: Call, _: Nothing) -> Reply:
    """Send the corrected file back to the agency."""
    return await call.execute(APPLICATION, call.id("application"), SubmitCorrection())


@commands.post(f"{PATH}/acceptances", Nothing, OFFICER, status=200)
async def accept(call: Call, _: Nothing) -> Reply:
    """Accept the complete file; the promised 20 working days begin (附五)."""
    state = await state_of(call)
    spine = call.spine
    command = Accept(
        rules=await facts.rules(spine, state.ruleset),
        calendar=spine.adapters.calendar,
        bans=await facts.bans(spine, state.applicant),
        endorsements=await endorsements_of(call, state),
    )
    return await call.execute(APPLICATION, call.id("application"), command)


@commands.post(f"{PATH}/nonacceptances", Items, OFFICER, status=200)
async def not_accept(call: Call, body: Items) -> Reply:
    """Do not accept, with reasons."""
    reasons = body.about((await state_of(call)).applicant)
    return await call.execute(APPLICATION, call.id("application"), NotAccept(reasons))


@commands.post(f"{PATH}/decisions", CheckDecision, OFFICER, status=200)
async def decide_check(call: Call, body: CheckDecision) -> Reply:
    """Decide by hand what a data check left open, or on the exceptional conditions (说一, 七.1)."""
    command = DecideCheck(body.check, body.stands, body.reasons)
    return await call.execute(APPLICATION, call.id("application"), command)


@commands.post(f"{PATH}/assessments", Nothing, OFFICER, status=200)
async def assess(call: Call, _: Nothing) -> Reply:
    """Compare the application with its rule set, condition by condition (附六.3)."""
    state = await state_of(call)
    spine = call.spine
    person, cited = await facts.person(spine, state.applicant)
    command = Assess(
        rules=await facts.rules(spine, state.ruleset),
        educations=facts.educations(person),
        employments=await facts.employments(spine, person, cited),
        titles=await facts.titles(spine, state.applicant),
        bans=await facts.bans(spine, state.applicant),
        endorsements=await endorsements_of(call, state),
        person_seen=cited,
    )
    return await call.execute(APPLICATION, call.id("application"), command)


@commands.post(f"{PATH}/qualifications", Note, OFFICER, status=200)
async def qualify(call: Call, body: Note) -> Reply:
    """Pass the qualification check, on an assessment in which every condition is met."""
    state = await state_of(call)
    command = Qualify(body.note, await facts.titles_now(call.spine, state.relied_on))
    return await call.execute(APPLICATION, call.id("application"), command)


@commands.post(f"{PATH}/disqualifications", Note, OFFICER, status=200)
async def disqualify(call: Call, body: Note) -> Reply:
    """Do not pass the qualification check, on an assessment in which a condition is unmet."""
    return await call.execute(APPLICATION, call.id("application"), Disqualify(body.note))


@commands.post(f"{PATH}/releases", Grounds, OFFICER, status=200)
async def release(call: Call, body: Grounds) -> Reply:
    """Let a held application go on, with reasons (§11.39)."""
    return await call.execute(APPLICATION, call.id("application"), Release(body.reasons))
