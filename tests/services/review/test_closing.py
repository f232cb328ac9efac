"""Review killed at every point of closing a ballot: no vote is lost, none counted twice, no key stays."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from libs.ballot import Choice
from tests.services.review.world import Council, Hall, good

AGREE, AGAINST = Choice.AGREE, Choice.AGAINST
BEFORE_THE_COUNT_IS_WRITTEN = ("ballot-counted", "before-append")
AFTER = ("after-append", "ballot-closed", "ballot-key-destroyed", "ballot-box-emptied")
POINTS = (*BEFORE_THE_COUNT_IS_WRITTEN, *AFTER)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(council: Council) -> AsyncIterator[Hall]:
    """One session with a candidate for every point and one more."""
    opened = await council.opened(len(POINTS) + 1)
    for application in opened.applications:
        await opened.judged(application)
    yield opened
    council.restart()


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_while_a_ballot_is_closed_loses_no_vote_and_counts_none_twice(
    council: Council, hall: Hall, point: str
) -> None:
    application = hall.applications[POINTS.index(point)]
    ballot = await hall.called(application)
    votes = await hall.voted(ballot, [AGREE] * 6 + [AGAINST] * 5)
    council.restart(kill_at=point)
    with pytest.raises(httpx2.HTTPError):
        await hall.close(ballot)
    await council.died()
    types = [one.type for one in await council.events("review", f"ballot-{ballot}")]
    assert types.count("BallotClosed") == (point in AFTER)
    council.restart()

    if point in BEFORE_THE_COUNT_IS_WRITTEN:
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
    await hall.announced(application)


async def test_a_kill_while_votes_are_cast_keeps_every_vote_that_was_acknowledged(council: Council, hall: Hall) -> None:
    application = hall.applications[-1]
    council.restart()
    ballot = await hall.called(application)
    first = await hall.voted(ballot, [AGREE] * 4)
    council.restart(kill_at="after-append:2")
    voters = list(hall.seated)[4:]
    acknowledged = []
    unsure = hall.vote(ballot, voters[0], AGREE)
    for voter in voters:
        vote = hall.vote(ballot, voter, AGREE)
        try:
            await good(hall.cast(ballot, vote, **{"Idempotency-Key": voter}))
        except httpx2.HTTPError:
            unsure = vote
            break
        acknowledged.append(vote)
    await council.died()
    council.restart()
    # Written, but its voter was not told: the same request again gets the receipt, and no second vote.
    answer = await good(hall.cast(ballot, unsure, **{"Idempotency-Key": unsure.voter}))
    assert answer.json()["receipt"] == unsure.receipt
    await good(hall.close(ballot))
    closed = next(one for one in await council.events("review", f"ballot-{ballot}") if one.type == "BallotClosed")
    assert closed.data["receipts"] == sorted(vote.receipt for vote in [*first, *acknowledged, unsure])
    assert closed.data["agree"] == 4 + len(acknowledged) + 1
