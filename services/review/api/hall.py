"""Sessions, in the room: opening, presence, opinions, the vote, results."""

from __future__ import annotations

from pydantic import Field

from libs.events.bus import Reply
from libs.events.contracts.base import Unsealed
from libs.kernel.refusals import Refused
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Form, Nothing
from libs.web.fields import Id, Text
from services.review import facts
from services.review.api.sessions import PATH, session_of
from services.review.domain.session import SESSION
from services.review.domain.session_commands import (
    AnnounceResult,
    CallVote,
    ChangePresence,
    FileOpinion,
    OpenSession,
    RaiseIrregularity,
    SignResults,
)
from services.review.domain.session_state import OnFile, Session

commands = Commands("sessions")
CHAIR = (Role.CHAIR,)
HALL = (Role.CHAIR, Role.AGENCY_OFFICER)
EXPERTS = (Role.EXPERT, Role.CHAIR)


class Opening(Form):
    """Who presides, and which experts are in the room."""

    chair: Id
    vice_chairs: tuple[Id, ...] = Field(default=(), max_length=10)
    present: tuple[Id, ...] = Field(max_length=999)


class Presence(Form):
    """Who comes or leaves."""

    person: Id
    present: bool


class Opinion(Form):
    """A written opinion on one candidate."""

    application: Id
    opinion: Text


class Candidate(Form):
    """One candidate."""

    application: Id


class Irregularity(Form):
    """What the supervisor saw."""

    words: Text


def on_file(state: Session, application: str) -> OnFile:
    """Give a candidate of a session; UNKNOWN_APPLICATION when it is none."""
    found = state.candidates.get(application)
    if found is None:
        raise Refused.one("UNKNOWN_APPLICATION", facts={"application": application}, pointer="/application")
    return found


@commands.post(f"{PATH}/openings", Opening, HALL, status=200)
async def open_session(call: Call, body: Opening) -> Reply:
    """Open the session: quorum, declarations, supervisor (§1.19, 十六.4)."""
    state = await session_of(call)
    command = OpenSession(rules=await facts.rules(call.spine, state.ruleset), **body.model_dump())
    return await call.execute(SESSION, call.id("session"), command)


@commands.post(f"{PATH}/presences", Presence, (*HALL, Role.SUPERVISOR), status=200)
async def change_presence(call: Call, body: Presence) -> Reply:
    """Note who comes and who leaves: an expert; the supervisor, who comes by the own word alone (十六.4)."""
    await session_of(call)
    return await call.execute(SESSION, call.id("session"), ChangePresence(body.person, body.present))


@commands.post(f"{PATH}/opinions", Opinion, EXPERTS, status=200)
async def file_opinion(call: Call, body: Opinion) -> Reply:
    """Put a written opinion on file (§1.21)."""
    applicant = on_file(await session_of(call), body.application).file.applicant
    command = FileOpinion(body.application, Unsealed(applicant, body.opinion))
    return await call.execute(SESSION, call.id("session"), command)


@commands.post(f"{PATH}/irregularities", Irregularity, (Role.SUPERVISOR,), status=200)
async def raise_irregularity(call: Call, body: Irregularity) -> Reply:
    """Put an irregularity on record (十六.4)."""
    await session_of(call)
    command = RaiseIrregularity(Unsealed(call.actor.person, body.words))
    return await call.execute(SESSION, call.id("session"), command)


@commands.post(f"{PATH}/calls", Candidate, CHAIR, status=200)
async def call_vote(call: Call, body: Candidate) -> Reply:
    """Call the vote on one candidate; its ballot opens by itself."""
    spine, state = call.spine, await session_of(call)
    before = on_file(state, body.application).ballot
    command = CallVote(
        application=body.application,
        file=await facts.paid_file(spine, body.application),
        endorsements=await facts.endorsements(spine, body.application),
        previous=await facts.ballot(spine, before) if before else None,
        rules=await facts.rules(spine, state.ruleset),
        employed={one: await facts.employment(spine, one) for one in state.voters(body.application)},
    )
    return await call.execute(SESSION, call.id("session"), command)


@commands.post(f"{PATH}/results", Candidate, CHAIR, status=200)
async def announce(call: Call, body: Candidate) -> Reply:
    """Announce one candidate's result, counted in integers (§1.20)."""
    spine, state = call.spine, await session_of(call)
    command = AnnounceResult(
        application=body.application,
        ballot=await facts.ballot(spine, on_file(state, body.application).ballot),
        rules=await facts.rules(spine, state.ruleset),
    )
    return await call.execute(SESSION, call.id("session"), command)


@commands.post(f"{PATH}/signatures", Nothing, CHAIR, status=200)
async def sign(call: Call, _: Nothing) -> Reply:
    """Sign the results (§1.22)."""
    await session_of(call)
    return await call.execute(SESSION, call.id("session"), SignResults())
