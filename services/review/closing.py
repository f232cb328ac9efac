"""Closing a ballot (rules §14.1): count in memory, append once, destroy the key, empty the box.

Whatever is interrupted is finished by the sweep: a ballot that is closed or void and whose key is not destroyed
is worked on until it is.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import asyncpg
import structlog

from libs.ballot import Tally
from libs.events.bus import Meta, Reply
from libs.events.ids import derived_command_id, fingerprint
from libs.events.points import point
from libs.events.reactions import service_actor
from libs.kernel.refusals import Refused
from libs.web.spine import Spine
from services.review.adapters.ballot_keys import KeyLost
from services.review.domain.ballot import BALLOT, CloseBallot, RecordKeyDestroyed, VoidBallot

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Marks and boxes of a ballot, read at one instant."""

    version: int
    marks: int
    public_key: str
    boxes: tuple[bytes, ...]


async def close(spine: Spine, ballot: str, meta: Meta) -> Reply:
    """Count and close; a repeat after a crash is the same command and cannot count twice.

    Raises
    ------
    Refused
        As the ballot decides.
    """
    # The id is the ballot's, not the request's: two chairs, or one twice, close it once.
    meta = replace(
        meta,
        command_id=derived_command_id(ballot, "close-ballot", BALLOT.stream(ballot)),
        fingerprint=fingerprint(b"close-ballot"),
        if_version=None,
    )
    snapshot = await _read(spine.pool, ballot)
    try:
        tally = await spine.adapters.ballot_keys.count(ballot, snapshot.public_key, snapshot.boxes)
    except KeyLost:
        command: CloseBallot | VoidBallot = VoidBallot("the key is lost")
    else:
        command = _counted(snapshot, tally)
    point("ballot-counted")
    reply = await spine.bus.execute(BALLOT, BALLOT.stream(ballot), command, meta)
    point("ballot-closed")
    await finish(spine, ballot)
    return reply


def _counted(snapshot: Snapshot, tally: Tally) -> CloseBallot:
    return CloseBallot(
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
    stream = BALLOT.stream(ballot)
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow(
            "select s.version, (select convert_from(record, 'UTF8')::jsonb->'data'->>'public_key' from events"
            "  where stream = $1 and type = 'BallotOpened') as public_key,"
            " (select count(*) from events where stream = $1 and type = 'VoterMarked') as marks"
            " from streams s where s.stream = $1",
            stream,
        )
        if head is None or head["public_key"] is None:
            raise Refused.one("NOT_FOUND", "§14.1", facts={"ballot": ballot})
        boxes = await connection.fetch("select sealed from ballot_box where ballot = $1::uuid order by id", ballot)
    return Snapshot(head["version"], head["marks"], head["public_key"], tuple(row["sealed"] for row in boxes))


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
    """Finish every ballot that has ended and whose key is not destroyed."""
    rows = await spine.pool.fetch(
        "select distinct stream from events e where type in ('BallotClosed', 'VoteVoided') and not exists"
        " (select from events k where k.stream = e.stream and k.type = 'BallotKeyDestroyed')"
    )
    for row in rows:
        log.info("finishing an interrupted ballot", stream=row["stream"])
        await finish(spine, row["stream"].partition("-")[2])
    await asyncio.sleep(SWEEP_SECONDS)
