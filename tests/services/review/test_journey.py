"""The whole way of results: from paid files over a secret ballot and the publicity to the confirmation."""

from __future__ import annotations

from datetime import UTC, datetime

from libs.ballot import Choice
from tests.services.review.world import Council, codes, good

AGREE, AGAINST = Choice.AGREE, Choice.AGAINST


async def test_a_paid_file_goes_all_the_way_to_its_confirmed_result(council: Council) -> None:
    hall = await council.opened(2)
    passing, failing = hall.applications
    for application, agreeing in ((passing, 8), (failing, 7)):
        await hall.judged(application)
        ballot = await hall.called(application)
        votes = await hall.voted(ballot, [AGREE] * agreeing + [AGAINST] * (11 - agreeing))
        assert (await good(hall.close(ballot))).json()["status"] == "closed"
        closed = (await council.until("review", f"ballot-{ballot}", "BallotKeyDestroyed"))[-2]
        assert (closed.data["agree"], closed.data["against"]) == (agreeing, 11 - agreeing)
        assert closed.data["receipts"] == sorted(vote.receipt for vote in votes)
        await hall.announced(application)
    await good(hall.chair.post("review", f"{hall.path}/signatures"))

    events = await council.events("review", f"session-{hall.session}")
    results = {one.data["application"]: one.data["passed"] for one in events if one.type == "ResultAnnounced"}
    assert results == {passing: True, failing: False}
