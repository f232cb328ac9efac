"""Endorsements (举荐): given by real name, declined, taken back."""

from __future__ import annotations

from pydantic import Field

from libs.events.bus import Reply
from libs.kernel.terms import Role, Route
from libs.web.calls import Call, Commands, Form, Nothing
from libs.web.fields import Text
from services.review import facts
from services.review.api.relations import present
from services.review.domain.endorsement import (
    ENDORSEMENT,
    Endorsement,
    GiveEndorsement,
    RefuseEndorsement,
    WithdrawEndorsement,
)

commands = Commands("endorsements")
ENDORSERS = (Role.EXPERT, Role.APPLICANT, Role.EMPLOYER_HEAD)
PATH = "/v1/endorsements/{endorsement}"


class Signature(Form):
    """What the endorser says, and whether the applicant is kin.

    A head says also that it is the unit's technical lead, an institution under which electronic seal it nominates.
    """

    statement: Text
    kin: bool
    technical_lead: bool = False
    seal: str = Field(default="", max_length=200)


class Note(Form):
    """A note, if the person wants to say."""

    note: str = Field(default="", max_length=2000)


@commands.post(f"{PATH}/signatures", Signature, ENDORSERS, status=200)
async def give(call: Call, body: Signature) -> Reply:
    """Endorse by real name, as a peer (七.1), the head of the unit (八.3), or an institution under its seal (十.2)."""
    spine = call.spine
    state: Endorsement = (await present(call, ENDORSEMENT, "endorsement")).state
    row = await facts.application_row(spine, state.application)
    employers = (await facts.employment(spine, state.endorser)).employers
    command = GiveEndorsement(
        statement=body.statement,
        kin=body.kin,
        titles=await facts.titles(spine, state.endorser),
        bans=await facts.bans(spine, state.endorser),
        # Of several employers, the applicant's own is the one that counts (§11.12).
        employer=state.employer if state.employer in employers else next(iter(employers), ""),
        # No catalogue lists peers yet: the peers of a specialty are those in it.
        peer_specialties=(),
        own_employer_given=await facts.own_employer_given(spine, state.application, state.employer),
        accepted=row["accepted"] or row["ended"],
        rules=await facts.rules(spine, row["ruleset"]),
        route=Route(row["route"]),
        technical_lead=body.technical_lead,
        seal=body.seal,
    )
    return await call.execute(ENDORSEMENT, call.id("endorsement"), command)


@commands.post(f"{PATH}/refusals", Note, ENDORSERS, status=200)
async def decline(call: Call, body: Note) -> Reply:
    """Decline to endorse."""
    await present(call, ENDORSEMENT, "endorsement")
    return await call.execute(ENDORSEMENT, call.id("endorsement"), RefuseEndorsement(body.note))


@commands.post(f"{PATH}/withdrawals", Nothing, ENDORSERS, status=200)
async def withdraw(call: Call, _: Nothing) -> Reply:
    """Take an endorsement back, until the application is accepted (§11.27)."""
    state: Endorsement = (await present(call, ENDORSEMENT, "endorsement")).state
    row = await facts.application_row(call.spine, state.application)
    command = WithdrawEndorsement(accepted=row["accepted"])
    return await call.execute(ENDORSEMENT, call.id("endorsement"), command)
