"""Ballots: a sealed vote in, a receipt out. Not one hop sees a choice."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import uuid4

from asyncpg import UniqueViolationError
from pydantic import StringConstraints

from libs.ballot import SEALED_BYTES, receipt, sealed_from_text
from libs.events.bus import Reply
from libs.kernel.refusals import Refused, refuse_all
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Form, Nothing
from libs.web.fields import Id
from services.review import closing
from services.review.api.offices import Grounds
from services.review.api.relations import own_unit, present
from services.review.domain.ballot import BALLOT, RECEIPT, Ballot, CastVote, VoidBallot
from services.review.domain.session import SESSION
from services.review.domain.session_vote import presiding_reasons

commands = Commands("ballots")
PATH = "/v1/ballots/{ballot}"
ONCE = "ballot_box_once"
"""The index by which a box is in its ballot once."""


class Vote(Form):
    """A vote, sealed by the voter's own program; `voter` is the caller, and nobody else may be named."""

    sealed: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,400}$")]
    voter: Id | None = None


@commands.post(f"{PATH}/votes", Vote, (Role.EXPERT, Role.CHAIR), status=200)
async def cast(call: Call, body: Vote) -> Reply:
    """Cast a sealed vote; the receipt is the SHA-256 of the sealed bytes."""
    try:
        sealed = sealed_from_text(body.sealed)
    except ValueError as error:
        change = {"sealed_bytes": SEALED_BYTES}
        raise Refused.one("SCHEMA_INVALID", "§14.1", change=change, pointer="/sealed") from error
    ballot, stub = call.id("ballot"), receipt(sealed)
    copied = await call.spine.pool.fetchval(
        "select exists (select from claims where name = $1 and value = $2)", RECEIPT, f"{ballot}:{stub}"
    )
    voter = body.voter or call.actor.person
    command = CastVote(voter=voter, sealed=sealed, box=str(uuid4()), receipt=stub, copied=copied)
    try:
        return await call.execute(BALLOT, ballot, command)
    except UniqueViolationError as twin:
        # The box came a moment before: nothing was written, and what is known now is decided again.
        if getattr(twin, "constraint_name", "") != ONCE:
            raise
        return await call.execute(BALLOT, ballot, replace(command, copied=True))


@commands.post(f"{PATH}/closings", Nothing, (Role.CHAIR,), status=200)
async def close(call: Call, _: Nothing) -> Reply:
    """Close the ballot: count, destroy the key, empty the box; the answer says `closed` or `void`."""
    await _related(call)
    return await closing.close(call.spine, call.id("ballot"), call.meta())


@commands.post(f"{PATH}/cancellations", Grounds, (Role.CHAIR, Role.AGENCY_OFFICER), status=200)
async def void(call: Call, body: Grounds) -> Reply:
    """Void the ballot unopened; the vote is called again."""
    await _related(call)
    return await call.execute(BALLOT, call.id("ballot"), VoidBallot(body.reason))


async def _related(call: Call) -> None:
    """Refuse all but who presides over the candidate's vote, and officers of the session's agency."""
    ballot: Ballot = (await present(call, BALLOT, "ballot")).state
    session = (await call.load(SESSION, ballot.session)).state
    if call.actor.role == Role.AGENCY_OFFICER:
        refuse_all(own_unit(call, session.agency))
    else:
        refuse_all(presiding_reasons(session, ballot.application, call.actor))
