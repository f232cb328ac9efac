"""Closing a ballot (rules §14.1): count in memory, append once, destroy the key, empty the box.

Whatever is interrupted is finished by the sweep: a ballot that is closed or void and whose key is not destroyed
is worked on until it is. What is interrupted before the count was appended has not happened: the ballot is open,
and whoever presides closes it again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import asyncpg
import structlog

from libs.events.bus import Meta, Reply
from libs.events.ids import derived_command_id, fingerprint
from libs.events.points import point
from libs.events.reactions import service_actor
from libs.kernel.refusals import Refused
from libs.web.spine import Spine
from services.review import facts
from services.review.adapters.ballot_keys import KeyLost
from services.review.domain.ballot import BALLOT, Ballot, CloseBallot, RecordKeyDestroyed, VoidBallot
from services.review.domain.session import SESSION
from services.review.domain.session_state import Session

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 1.0
COUNTS = 5
"""How often a ballot is counted anew because somebody voted meanwhile."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Marks and boxes of a ballot, read at one instant."""

    version: int
    marks: int
    boxes: tuple[bytes, ...]


async def close(spine: Spine, ballot: str, meta: Meta) -> Reply:
    """Count and close; a repeat after a crash is the same command and cannot count twice.

    Raises
    ------
    Refused
        As the ballot decides; WRITE_CONFLICT when votes kept coming in between count and closing.
    """
    # The id is the ballot's, not the request's: two chairs, or one twice, close it once.
    meta = replace(
        meta,
        command_id=derived_command_id(ballot, "close-ballot", BALLOT.stream(ballot)),
        fingerprint=fingerprint(b"close-ballot"),
    )
    reply = await _append(spine, ballot, meta, COUNTS)
    point("ballot-closed")
    await finish(spine, ballot)
    return reply


async def _append(spine: Spine, ballot: str, meta: Meta, turns: int) -> Reply:
    command = await _count(spine, ballot)
    point("ballot-counted")
    try:
        return await spine.bus.execute(BALLOT, BALLOT.stream(ballot), command, meta)
    except Refused as refusal:
        if turns == 1 or refusal.reasons[0].code != "WRITE_CONFLICT":
            raise
    return await _append(spine, ballot, meta, turns - 1)


async def _count(spine: Spine, ballot: str) -> CloseBallot | VoidBallot:
    """Open the boxes in memory; which one held what leaves `BallotKeys.count` with nobody."""
    state: Ballot = (await spine.bus.load(BALLOT, BALLOT.stream(ballot))).state
    snapshot = await _read(spine.pool, ballot)
    try:
        tally = await spine.adapters.ballot_keys.count(ballot, state.public_key, snapshot.boxes)
    except KeyLost:
        return VoidBallot("the key is lost")
    session: Session = (await spine.bus.load(SESSION, SESSION.stream(state.session))).state
    return CloseBallot(
        room=session.present,
        rules=await facts.rules(spine, session.ruleset),
        version=snapshot.version,
        marks=snapshot.marks,
        boxes=len(snapshot.boxes),
        agree=tally.agree,
        against=tally.against,
        abstain=tally.abstain,
        invalid=tally.invalid,
        receipts=tally.receipts,
    )


async def _read(pool: asyncpg.Pool, ballot: str) -> Snapshot:
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow(
            "select version, (select count(*) from events where stream = $1 and type = 'VoterMarked') as marks"
            " from streams where stream = $1",
            BALLOT.stream(ballot),
        )
        boxes = await connection.fetch("select sealed from ballot_box where ballot = $1::uuid order by id", ballot)
    if head is None:
        raise Refused.one("NOT_FOUND", "§14.1", facts={"ballot": ballot})
    return Snapshot(head["version"], head["marks"], tuple(row["sealed"] for row in boxes))


async def finish(spine: Spine, ballot: str) -> None:
    """Destroy the key, empty the box, and say so; each step may be repeated."""
    await spine.adapters.ballot_keys.destroy(ballot)
    point("ballot-key-destroyed")
    await spine.pool.execute("delete from ballot_box where ballot = $1::uuid", ballot)
    point("ballot-box-emptied")
    stream = BALLOT.stream(ballot)
    meta = Meta(
        derived_command_id(ballot, "key-destroyed", stream), fingerprint(b"key-destroyed"), service_actor("review")
    )
    try:
        await spine.bus.execute(BALLOT, stream, RecordKeyDestroyed(), meta)
    except Refused as refusal:
        if refusal.reasons[0].code != "ILLEGAL_TRANSITION":
            raise


async def sweep(spine: Spine) -> None:
    """Finish every ballot that has ended and whose key is not destroyed, whatever interrupted it."""
    rows = await spine.views.fetch(("ballots",), "select stream from ballots where unfinished")
    named = {row["stream"].partition("-")[2] for row in rows}
    # A key that is still held is found without the projection: it must go also while the broker is away.
    held = {str(one) for one in await spine.adapters.ballot_keys.held()}
    for ballot in sorted(named | held):
        state: Ballot = (await spine.bus.load(BALLOT, BALLOT.stream(ballot))).state
        if state.status in {"closed", "void"} and (ballot in held or not state.key_destroyed):
            log.info("finishing a ballot", ballot=ballot)
            await finish(spine, ballot)
    await asyncio.sleep(SWEEP_SECONDS)
