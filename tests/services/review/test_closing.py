"""Review killed at every point of closing a ballot: no vote is lost, none counted twice, no key stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx2
import pytest
import pytest_asyncio

from libs.ballot import Choice
from tests.services.review.hall import Hall, Vote, good
from tests.services.review.world import Council

AGREE, AGAINST = Choice.AGREE, Choice.AGAINST
BEFORE_THE_COUNT_IS_WRITTEN = "ballot-counted"
POINTS = (BEFORE_THE_COUNT_IS_WRITTEN, "ballot-closed", "ballot-key-destroyed", "ballot-box-emptied")

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Voted:
    """A session with a ballot for every point, in which everyone has voted, and one in which nobody has."""

    hall: Hall
    ballots: dict[str, str] = field(default_factory=dict[str, str])
    votes: dict[str, list[Vote]] = field(default_factory=dict[str, list[Vote]])
    empty: str = ""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def voted(council: Council) -> AsyncIterator[Voted]:
    """All votes are cast before anything is killed: what is called later waits for the broker to miss the dead."""
    hall = await council.opened(len(POINTS) + 1)
    found = Voted(hall)
    for place, application in enumerate(hall.applications):
        await hall.judged(application)
        ballot = await hall.called(application)
        if place == len(POINTS):
            found.empty = ballot
        else:
            found.ballots[POINTS[place]] = ballot
            found.votes[POINTS[place]] = await hall.voted(ballot, [AGREE] * 6 + [AGAINST] * 5)
    yield found
    if council.armed:
        council.restart()


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_while_a_ballot_is_closed_loses_no_vote_and_counts_none_twice(
    council: Council, voted: Voted, point: str
) -> None:
    hall, ballot, votes = voted.hall, voted.ballots[point], voted.votes[point]
    council.restart(kill_at=point)
    with pytest.raises(httpx2.HTTPError):
        await hall.close(ballot)
    await council.died()
    types = [one.type for one in await council.events("review", f"ballot-{ballot}")]
    assert types.count("BallotClosed") == (point != BEFORE_THE_COUNT_IS_WRITTEN)
    assert "BallotKeyDestroyed" not in types
    council.restart()

    if point == BEFORE_THE_COUNT_IS_WRITTEN:
        assert await council.boxes(ballot) == len(votes)
        await good(hall.close(ballot))
    events = await council.until("review", f"ballot-{ballot}", "BallotKeyDestroyed")
    assert [one.type for one in events[-2:]] == ["BallotClosed", "BallotKeyDestroyed"]
    closed = events[-2].data
    assert (closed["agree"], closed["against"], closed["abstain"], closed["invalid"]) == (6, 5, 0, 0)
    assert closed["receipts"] == sorted(vote.receipt for vote in votes)
    assert await council.boxes(ballot) == 0
    assert ballot not in council.keys_held
    again = await good(hall.close(ballot))
    assert again.json()["status"] == "closed"
    assert len(await council.events("review", f"ballot-{ballot}")) == len(events)


async def test_a_kill_while_votes_are_cast_keeps_every_vote_and_its_receipt(council: Council, voted: Voted) -> None:
    hall, ballot = voted.hall, voted.empty
    council.restart(kill_at="after-append:3")
    votes = [hall.vote(ballot, voter, AGREE) for voter in hall.seated]
    for vote in votes[:2]:
        await good(hall.cast(ballot, vote, **{"Idempotency-Key": vote.voter}))
    with pytest.raises(httpx2.HTTPError):
        await hall.cast(ballot, votes[2], **{"Idempotency-Key": votes[2].voter})
    await council.died()
    council.restart()
    # Written, but its voter was not told: the same request again gets the receipt, and is no second vote.
    for vote in votes:
        answer = await good(hall.cast(ballot, vote, **{"Idempotency-Key": vote.voter}))
        assert answer.json()["receipt"] == vote.receipt
    await good(hall.close(ballot))
    closed = next(one for one in await council.events("review", f"ballot-{ballot}") if one.type == "BallotClosed")
    assert closed.data["receipts"] == sorted(vote.receipt for vote in votes)
    assert closed.data["agree"] == len(votes)
