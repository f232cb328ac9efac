"""Sessions, before the room: plan, draw, declarations, recusals, supervisor."""

from __future__ import annotations

import secrets
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from libs.events.bus import Reply
from libs.kernel.refusals import Refused
from libs.kernel.terms import Level, Role
from libs.web.calls import Call, Commands, Form
from services.review import facts
from services.review.api.offices import CITY, OFFICER, Grounds, Id, Text
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
    held_at: AwareDatetime


class Seed(Form):
    """The SHA-256 of a seed of 32 bytes that the agency keeps to itself; for a replacement, whose seat and why."""

    commitment: Hex
    replaces: Annotated[str, StringConstraints(max_length=36)] = ""
    reason: Annotated[str, StringConstraints(max_length=2000)] = ""


class Disclosure(Form):
    """The seed, in hexadecimal."""

    seed: Hex


class AnswerForm(Form):
    """What an expert says of one candidate; no relations means none."""

    application: Id
    relations: tuple[Relation, ...] = Field(default=(), max_length=10)


class Declaration(Form):
    """An expert's answers."""

    answers: tuple[AnswerForm, ...] = Field(min_length=1, max_length=500)


class Recusal(Form):
    """Who withdraws from whom, and why."""

    expert: Id
    application: Id
    ground: Text


class Supervisor(Form):
    """Who supervises on the spot (十六.4)."""

    supervisor: Id


async def session_of(call: Call) -> Session:
    """Read the session that the path names."""
    loaded = await call.load(SESSION, call.id("session"))
    if loaded.version == 0:
        raise Refused.one("NOT_FOUND")
    return loaded.state


@commands.post("/v1/sessions", Plan, OFFICER)
async def plan(call: Call, body: Plan) -> Reply:
    """Plan a session with paid candidates."""
    spine = call.spine
    committee = await facts.committee(spine, body.committee)
    files = tuple([await facts.paid_file(spine, one) for one in body.candidates])
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
        pool=await facts.pool_of(call.spine, state.committee),
        replaces=body.replaces,
        reason=body.reason,
    )
    return await call.execute(SESSION, call.id("session"), command)


@commands.post(f"{PATH}/draws", Disclosure, OFFICER, status=200)
async def draw(call: Call, body: Disclosure) -> Reply:
    """Disclose the seed, and with it who is drawn; anyone can draw again and get the same."""
    return await call.execute(SESSION, call.id("session"), DrawExperts(body.seed))


@commands.post(f"{PATH}/declarations", Declaration, EXPERTS, status=200)
async def declare(call: Call, body: Declaration) -> Reply:
    """Declare one's relations to candidates; any relation is a recusal (§1.25)."""
    command = DeclareRelations(
        answers=tuple(Answer(one.application, one.relations) for one in body.answers),
        employment=await facts.employment(call.spine, call.actor.person),
    )
    return await call.execute(SESSION, call.id("session"), command)


@commands.post(f"{PATH}/recusals", Recusal, OFFICER, status=200)
async def recuse(call: Call, body: Recusal) -> Reply:
    """Tell an expert to withdraw from a candidate."""
    command = OrderRecusal(body.expert, body.application, body.ground)
    return await call.execute(SESSION, call.id("session"), command)


@commands.post(f"{PATH}/supervisors", Supervisor, OFFICER, status=200)
async def supervise(call: Call, body: Supervisor) -> Reply:
    """Assign the supervisor (十六.4)."""
    command = AssignSupervisor(body.supervisor, await facts.employment(call.spine, body.supervisor))
    return await call.execute(SESSION, call.id("session"), command)


@commands.post(f"{PATH}/cancellations", Grounds, (*OFFICER, *CITY), status=200)
async def void(call: Call, body: Grounds) -> Reply:
    """End a session that cannot stand, before any result was announced."""
    return await call.execute(SESSION, call.id("session"), VoidSession(body.reason))
