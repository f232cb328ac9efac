"""Ballots: a sealed vote in, a receipt out. Not one hop sees a choice."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from pydantic import StringConstraints

from libs.ballot import SEALED_BYTES, receipt, sealed_from_text
from libs.events.bus import Reply
from libs.kernel.refusals import Refused
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Form, Nothing
from services.review import closing
from services.review.api.offices import Grounds, Id
from services.review.domain.ballot import BALLOT, CastVote, VoidBallot
from services.review.domain.session import SESSION

commands = Commands("ballots")
PATH = "/v1/ballots/{ballot}"


class Vote(Form):
    """A vote, sealed by the voter's own program; `voter` is the caller, and nobody else may be named."""

    sealed: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,400}$")]
    voter: Id | None = None


async def _presided(call: Call) -> str:
    """Give the ballot, when the caller presides over its session or belongs to its agency."""
    ballot = call.id("ballot")
    loaded = await call.load(BALLOT, ballot)
    if loaded.version == 0:
        raise Refused.one("NOT_FOUND")
    session = (await call.load(SESSION, loaded.state.session)).state
    presides = call.actor.role == Role.CHAIR and call.actor.person in session.presiding
    if not presides and not (call.actor.role == Role.AGENCY_OFFICER and call.actor.unit == session.agency):
        raise Refused.one("FORBIDDEN_ACTOR", "§1.19", facts={"role": call.actor.role})
    return ballot


@commands.post(f"{PATH}/votes", Vote, (Role.EXPERT, Role.CHAIR), status=200)
async def cast(call: Call, body: Vote) -> Reply:
    """Cast a sealed vote; the receipt is the SHA-256 of the sealed bytes."""
    try:
        sealed = sealed_from_text(body.sealed)
    except ValueError as error:
        change = {"sealed_bytes": SEALED_BYTES}
        raise Refused.one("SCHEMA_INVALID", "§14.1", change=change, pointer="/sealed") from error
    command = CastVote(voter=body.voter or call.actor.person, sealed=sealed, box=str(uuid4()), receipt=receipt(sealed))
    return await call.execute(BALLOT, call.id("ballot"), command)


@commands.post(f"{PATH}/closings", Nothing, (Role.CHAIR,), status=200)
async def close(call: Call, _: Nothing) -> Reply:
    """Close the ballot: count, destroy the key, empty the box."""
    return await closing.close(call.spine, await _presided(call), call.meta())


@commands.post(f"{PATH}/cancellations", Grounds, (Role.CHAIR, Role.AGENCY_OFFICER), status=200)
async def void(call: Call, body: Grounds) -> Reply:
    """Void the ballot unopened; the vote is held again."""
    return await call.execute(BALLOT, await _presided(call), VoidBallot(body.reason))
