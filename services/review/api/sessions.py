"""Sessions, before the room: plan, draw, declarations, recusals, supervisor."""

from __future__ import annotations

import secrets
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from libs.events.bus import Reply
from libs.kernel.terms import Level, Role
from libs.web.calls import Call, Commands, Form
from libs.web.fields import Id, Instant, Text
from libs.web.keys import ensure_key
from services.review import facts
from services.review.api.offices import CITY, OFFICER, Grounds
from services.review.api.relations import present
from services.review.domain.session import SESSION
from services.review.domain.session_commands import (
    Answer,
    AssignSupervisor,
    DeclareRelations,
    DrawExperts,
    OrderRecusal,
    PlanSession,
    Relation,
    SeedDraw,
    VoidSession,
)
from services.review.domain.session_state import Session

commands = Commands("sessions")
EXPERTS = (Role.EXPERT, Role.CHAIR)
PATH = "/v1/sessions/{session}"
Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Plan(Form):
    """Candidates that have paid, the committee, the time."""

    committee: Id
    candidates: tuple[Id, ...] = Field(min_length=1, max_length=500)
    level: Level
    held_at: Instant


class Seed(Form):
    """The SHA-256 of a seed of 32 bytes that the agency keeps to itself; for a replacement, whose seat and why."""

    commitment: Hex
    replaces: Annotated[str, StringConstraints(max_length=36)] = ""
    reason: Annotated[str, StringConstraints(max_length=2000)] = ""


class Disclosure(Form):
    """The seed, in hexadecimal."""

    seed: Hex


class AnswerForm(Form):
    """What an expert says of one candidate: `none`, in so many words, or the relations there are."""

    application: Id
    relations: Literal["none"] | Annotated[tuple[Relation, ...], Field(min_length=1, max_length=10)]

    def answer(self) -> Answer:
        """Give it as the session takes it."""
        return Answer(self.application, () if self.relations == "none" else self.relations)


class Declaration(Form):
    """An expert's answers."""

    answers: tuple[AnswerForm, ...] = Field(min_length=1, max_length=500)


class Recusal(Form):
    """Who withdraws from whom, and why."""

    expert: Id
    application: Id
    words: Text


class Supervisor(Form):
    """Who supervises on the spot (十六.4)."""

    supervisor: Id


async def session_of(call: Call) -> Session:
    """Read the session that the path names."""
    return (await present(call, SESSION, "session")).state


@commands.post("/v1/sessions", Plan, OFFICER)
async def plan(call: Call, body: Plan) -> Reply:
    """Plan a session with paid candidates."""
    spine = call.spine
    committee = await facts.committee(spine, body.committee)
    files = await facts.paid_files(spine, body.candidates)
    command = PlanSession(
        held_at=body.held_at,
        level=body.level,
        files=files,
        agency=await facts.agency(spine, call.actor.unit),
        committee=committee,
        rules=await facts.rules(spine, files[0].ruleset),
    )
    return await call.execute(SESSION, call.new_identity(), command)


@commands.post(f"{PATH}/seeds", Seed, OFFICER, status=200)
async def seed(call: Call, body: Seed) -> Reply:
    """Commit to a seed; the service answers with a nonce of its own and fixes the pool (十三.5)."""
    state = await session_of(call)
    command = SeedDraw(
        commitment=body.commitment,
        nonce=secrets.token_hex(32),
        pool=await facts.pool_of(call.spine, state.committee, state.held_on),
        replaces=body.replaces,
        reason=body.reason,
    )
    return await call.execute(SESSION, call.id("session"), command)


@commands.post(f"{PATH}/draws", Disclosure, OFFICER, status=200)
async def draw(call: Call, body: Disclosure) -> Reply:
    """Disclose the seed, and with it who is drawn; anyone can draw again and get the same."""
    await session_of(call)
    return await call.execute(SESSION, call.id("session"), DrawExperts(body.seed))


@commands.post(f"{PATH}/declarations", Declaration, EXPERTS, status=200)
async def declare(call: Call, body: Declaration) -> Reply:
    """Declare one's relations to candidates; any relation is a recusal (§1.25)."""
    await session_of(call)
    command = DeclareRelations(
        answers=tuple(one.answer() for one in body.answers),
        employment=await facts.employment(call.spine, call.actor.person),
    )
    return await call.execute(SESSION, call.id("session"), command)


@commands.post(f"{PATH}/recusals", Recusal, OFFICER, status=200)
async def recuse(call: Call, body: Recusal) -> Reply:
    """Tell an expert to withdraw from a candidate."""
    await session_of(call)
    command = OrderRecusal(body.expert, body.application, body.words)
    return await call.execute(SESSION, call.id("session"), command)


@commands.post(f"{PATH}/supervisors", Supervisor, OFFICER, status=200)
async def supervise(call: Call, body: Supervisor) -> Reply:
    """Assign the supervisor (十六.4)."""
    await session_of(call)
    command = AssignSupervisor(body.supervisor, await facts.employment(call.spine, body.supervisor))
    return await call.execute(SESSION, call.id("session"), command)


@commands.post(f"{PATH}/cancellations", Grounds, (*OFFICER, *CITY), status=200)
async def void(call: Call, body: Grounds) -> Reply:
    """End a session that cannot stand, before any ballot was counted."""
    state = await session_of(call)
    await ensure_key(call.spine, state.agency)
    called = [one.ballot for one in state.candidates.values() if one.standing == "voting"]
    ballots = tuple([await facts.ballot(call.spine, one) for one in called])
    return await call.execute(SESSION, call.id("session"), VoidSession(body.reason, ballots))
