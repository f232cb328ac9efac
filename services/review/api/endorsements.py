"""Endorsements (举荐): given by real name, declined, taken back."""

from __future__ import annotations

from pydantic import Field

from libs.events.bus import Reply
from libs.kernel.refusals import Refused
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Form, Nothing
from services.review import facts
from services.review.api.offices import Text
from services.review.domain.endorsement import (
    ENDORSEMENT,
    Endorsement,
    GiveEndorsement,
    RefuseEndorsement,
    WithdrawEndorsement,
)

commands = Commands("endorsements")
ENDORSERS = (Role.EXPERT, Role.APPLICANT)
PATH = "/v1/endorsements/{endorsement}"


class Signature(Form):
    """What the endorser says, and whether the applicant is kin."""

    statement: Text
    kin: bool


class Note(Form):
    """A note, if the person wants to say."""

    note: str = Field(default="", max_length=2000)


async def _state(call: Call) -> Endorsement:
    loaded = await call.load(ENDORSEMENT, call.id("endorsement"))
    if loaded.version == 0:
        raise Refused.one("NOT_FOUND")
    return loaded.state


@commands.post(f"{PATH}/signatures", Signature, ENDORSERS, status=200)
async def give(call: Call, body: Signature) -> Reply:
    """Endorse by real name, on a title that review itself knows to be live (七.1)."""
    state, spine = await _state(call), call.spine
    row = await facts.application(spine, state.application)
    command = GiveEndorsement(
        statement=body.statement,
        kin=body.kin,
        titles=await facts.titles(spine.pool, state.endorser),
        bans=await facts.bans(spine.pool, state.endorser),
        employer=(await facts.employment(spine, state.endorser)).employer,
        peer_specialties=(state.specialty,),
        own_employer_given=await facts.own_employer_given(spine, state.application, state.employer),
        accepted=row["accepted"] or row["ended"],
        rules=await facts.rules(spine, row["ruleset"]),
    )
    return await call.execute(ENDORSEMENT, call.id("endorsement"), command)


@commands.post(f"{PATH}/refusals", Note, ENDORSERS, status=200)
async def decline(call: Call, body: Note) -> Reply:
    """Decline to endorse."""
    return await call.execute(ENDORSEMENT, call.id("endorsement"), RefuseEndorsement(body.note))


@commands.post(f"{PATH}/withdrawals", Nothing, ENDORSERS, status=200)
async def withdraw(call: Call, _: Nothing) -> Reply:
    """Take an endorsement back, until the application is accepted (§11.27)."""
    row = await facts.application(call.spine, (await _state(call)).application)
    return await call.execute(ENDORSEMENT, call.id("endorsement"), WithdrawEndorsement(accepted=row["accepted"]))
