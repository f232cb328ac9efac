"""The whole way of results: from paid files over a secret ballot and the publicity to the confirmation."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from cli.demo.files import pdf
from libs.ballot import Choice
from services.review.domain.notice import notice_id
from tests.services.review.hall import Hall, codes, good
from tests.services.review.world import Council

AGREE, AGAINST = Choice.AGREE, Choice.AGAINST
PDF = {"Content-Type": "application/pdf"}


async def passed(council: Council, hall: Hall, application: str) -> str:
    """Let a candidate pass, and wait for the public notice; give it."""
    await hall.judged(application)
    ballot = await hall.called(application)
    await hall.voted(ballot, [AGREE] * 11)
    await good(hall.close(ballot))
    await hall.announced(application)
    notice = str(notice_id(hall.session, application))
    await council.until("review", f"notice-{notice}", "ResultPublicityStarted")
    return notice


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

    notice = str(notice_id(hall.session, passing))
    started = (await council.until("review", f"notice-{notice}", "ResultPublicityStarted"))[0]
    city, path = await council.city(), f"/v1/notices/{notice}"
    assert codes(await city.post("review", f"{path}/confirmations")) == ["PUBLICITY_TOO_SHORT"]
    council.clock.move_to(datetime.fromisoformat(started.data["ends_at"]))
    await council.until("review", f"notice-{notice}", "ResultPublicityEnded")
    officer = await council.officer()
    assert (await officer.post("review", f"{path}/confirmations")).status_code == 403
    city = await council.city()
    await good(city.post("review", f"{path}/confirmations"))
    confirmed = (await council.events("review", f"notice-{notice}"))[-1]
    assert confirmed.type == "ResultConfirmed"
    announced = next(one for one in events if one.type == "ResultAnnounced")
    assert confirmed.data["application"] == passing
    assert confirmed.data["passed_at"] == announced.attributes["time"]
    assert confirmed.data["session"] == hall.session
    assert not await council.events("review", f"notice-{notice_id(hall.session, failing)}")


async def test_an_objection_stops_the_publicity_and_an_unfounded_one_lets_it_go_on(council: Council) -> None:
    hall = await council.opened()
    notice = await passed(council, hall, hall.applications[0])
    path, stream = f"/v1/notices/{notice}", f"notice-{notice}"
    words = {"real_name": False, "words": "业绩并非本人完成"}
    assert codes(await council.stranger().post("review", f"{path}/objections", {**words, "real_name": True})) == [
        "REAL_NAME_REQUIRED"
    ]
    objection = (await good(council.stranger().post("review", f"{path}/objections", words))).json()["objection"]
    officer, city = await council.officer(), await council.city()
    await good(officer.post("review", f"{path}/inquiries", {"objection": objection}))
    council.clock.move_to(council.clock.now() + timedelta(days=30))
    assert set(codes(await city.post("review", f"{path}/confirmations"))) == {"OBJECTION_OPEN", "PUBLICITY_TOO_SHORT"}
    decision = {"objection": objection, "founded": False, "reasons": "经查不属实"}
    officer = await council.officer()
    await good(officer.post("review", f"{path}/decisions", decision))
    resumed = (await council.events("review", stream))[-1]
    assert resumed.type == "ResultPublicityResumed"
    record = b"".join(one.record for one in await council.events("review", stream)).decode()
    assert "业绩并非" not in record
    assert "不属实" not in record
    council.clock.move_to(datetime.fromisoformat(resumed.data["ends_at"]))
    await council.until("review", stream, "ResultPublicityEnded")


async def test_a_founded_objection_cancels_the_result(council: Council) -> None:
    hall = await council.opened()
    notice = await passed(council, hall, hall.applications[0])
    path = f"/v1/notices/{notice}"
    words = {"real_name": True, "words": "材料系伪造"}
    witness = await council.someone("applicant", person=hall.supervisor.person)
    objection = (await good(witness.post("review", f"{path}/objections", words))).json()["objection"]
    decision = {"objection": objection, "founded": True, "reasons": "属实"}
    city = await council.city()
    await good(city.post("review", f"{path}/decisions", decision))
    assert (await council.events("review", f"notice-{notice}"))[-1].type == "ResultCancelled"
    words = {**words, "real_name": False}
    gone = await council.stranger().post("review", f"{path}/objections", words)
    unknown = await council.stranger().post("review", f"/v1/notices/{uuid4()}/objections", words)
    assert (gone.status_code, codes(gone)) == (unknown.status_code, codes(unknown)) == (404, ["NOT_FOUND"])
    assert codes(await city.post("review", f"{path}/objections", words)) == ["ILLEGAL_TRANSITION"]
    assert codes(await city.post("review", f"{path}/confirmations")) == ["ILLEGAL_TRANSITION"]


async def test_an_application_that_is_over_leaves_wherever_it_is(council: Council) -> None:
    hall = await council.opened(3)
    waiting, voting, published = hall.applications
    notice = await passed(council, hall, published)
    await hall.judged(voting)
    ballot = await hall.called(voting)
    await hall.voted(ballot, [AGREE])

    await council.ended(waiting, "withdrawn")
    await council.until("review", f"session-{hall.session}", "CandidateDropped")
    await council.ended(voting, "barred")
    await council.until("review", f"ballot-{ballot}", "BallotKeyDestroyed")
    await council.ended(published, "barred")
    await council.until("review", f"notice-{notice}", "ResultCancelled")
    events = await council.events("review", f"session-{hall.session}")
    assert [waiting, voting] == [one.data["application"] for one in events if one.type == "CandidateDropped"]
    assert await council.boxes(ballot) == 0
    late = hall.vote(ballot, list(hall.seated)[1], AGREE)
    assert codes(await hall.cast(ballot, late)) == ["LATE_BALLOT"]


async def test_minutes_are_kept_under_the_agencys_key_and_read_back_by_those_concerned(council: Council) -> None:
    hall = await council.opened()
    await passed(council, hall, hall.applications[0])
    await good(hall.chair.post("review", f"{hall.path}/signatures"))
    officer, other = await council.officer(), await council.someone("agency_officer", unit=council.elsewhere)
    assert (await other.post("review", f"{hall.path}/uploads", pdf("m"), **PDF)).status_code == 403
    assert codes(await officer.post("review", f"{hall.path}/uploads", b"text", **PDF)) == ["NOT_ELECTRONIC"]
    stored = (await good(officer.post("review", f"{hall.path}/uploads", pdf("m"), **PDF))).json()
    invented = {"minutes": {**stored, "hash": "0" * 64}}
    assert codes(await officer.post("review", f"{hall.path}/minutes", invented)) == ["MATERIAL_MISSING"]
    await good(officer.post("review", f"{hall.path}/minutes", {"minutes": stored}))
    for reader in (officer, hall.chair, hall.supervisor, await council.city()):
        answer = await reader.get("review", f"{hall.path}/minutes")
        assert (answer.status_code, answer.content) == (200, pdf("m"))
    for stranger in (other, await council.someone("chair", person=hall.supervisor.person)):
        assert (await stranger.get("review", f"{hall.path}/minutes")).json()["code"] == "NOT_FOUND"
