"""Votes over HTTP: who may cast one, what it leaves, and how a ballot ends."""

from __future__ import annotations

import asyncio
import base64
import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from libs.ballot import Choice, open_box, receipt, seal, sealed_to_text, sealing
from tests.services.review.hall import Vote, codes, good
from tests.services.review.kept import everything_kept, log_segment, log_since
from tests.services.review.world import Council

AGREE, AGAINST, ABSTAIN = Choice.AGREE, Choice.AGAINST, Choice.ABSTAIN


async def test_everyone_entitled_votes_once_and_nobody_else_at_all(council: Council) -> None:
    session, applications, officer = await council.drawn(1)
    (application,) = applications
    seated = await council.seats(session)
    recused, absent, *rest = seated
    path = f"/v1/sessions/{session}"
    answers = {recused: ["mentor"]}
    for who, expert in seated.items():
        body = {"answers": [{"application": application, "relations": answers.get(who, "none")}]}
        await good(expert.post("review", f"{path}/declarations", body))
    hall = await council.seat(session, applications, officer, seated, [*rest, recused])
    await hall.judged(application)
    ballot = await hall.called(application)
    votes = f"/v1/ballots/{ballot}/votes"

    first = hall.vote(ballot, rest[0], AGREE)
    answer = await good(hall.cast(ballot, first, **{"Idempotency-Key": "mine"}))
    assert answer.json()["receipt"] == first.receipt
    again = await good(hall.cast(ballot, first, **{"Idempotency-Key": "mine"}))
    assert again.content == answer.content
    assert codes(await hall.cast(ballot, hall.vote(ballot, rest[0], AGAINST))) == ["ALREADY_VOTED"]

    for who, code in ((recused, "RECUSED"), (absent, "NOT_PRESENT")):
        box = sealed_to_text(seal(AGREE, ballot, hall.ballots[ballot]))
        assert codes(await seated[who].post("review", votes, {"sealed": box})) == [code]
    box = sealed_to_text(seal(AGREE, ballot, hall.ballots[ballot]))
    stranger = await council.someone("expert", person=hall.supervisor.person)
    assert codes(await stranger.post("review", votes, {"sealed": box})) == ["NOT_DRAWN"]
    for_absent = {"sealed": box, "voter": absent}
    assert codes(await hall.seated[rest[1]].post("review", votes, for_absent)) == ["PROXY_FORBIDDEN"]
    assert (await officer.post("review", votes, {"sealed": box})).status_code == 403
    copied = {"sealed": sealed_to_text(first.sealed)}
    assert codes(await hall.seated[rest[1]].post("review", votes, copied)) == ["ALREADY_VOTED"]
    assert await council.boxes(ballot) == 1

    for voter in rest[1:]:
        await good(hall.cast(ballot, hall.vote(ballot, voter, AGREE)))
    assert codes(await hall.seated[rest[1]].post("review", f"/v1/ballots/{ballot}/closings")) == ["FORBIDDEN_ACTOR"]
    await good(hall.close(ballot))
    assert codes(await hall.cast(ballot, hall.vote(ballot, rest[2], AGREE))) == ["ALREADY_VOTED", "LATE_BALLOT"]
    closed = next(one for one in await council.events("review", f"ballot-{ballot}") if one.type == "BallotClosed")
    assert closed.data["agree"] == len(rest)


@pytest.mark.parametrize(
    "sealed",
    ["", "=", "A" * 86, "A" * 88, "A" * 401, "张" * 87, "A" * 86 + "B"],
    ids=["empty", "padding", "short", "long", "too long", "no base64", "not canonical"],
)
async def test_what_is_no_sealed_box_is_a_form_error(council: Council, sealed: str) -> None:
    expert = await council.someone("expert", person=council.agency or "0" * 36)
    answer = await expert.post("review", f"/v1/ballots/{'0' * 8}-0000-0000-0000-{'0' * 12}/votes", {"sealed": sealed})
    assert answer.json()["code"] == "SCHEMA_INVALID"
    assert [error.get("pointer") for error in answer.json()["errors"]] == ["/sealed"]


async def test_a_damaged_box_counts_as_invalid_and_its_voter_has_voted(council: Council) -> None:
    hall = await council.opened()
    await hall.judged(hall.applications[0])
    ballot = await hall.called(hall.applications[0])
    votes = await hall.voted(ballot, [AGREE, ABSTAIN])
    third = hall.vote(ballot, list(hall.seated)[2], AGREE)
    third.sealed = third.sealed[:-1] + bytes([third.sealed[-1] ^ 1])
    votes += [third, *(hall.vote(ballot, voter, AGREE) for voter in list(hall.seated)[3:])]
    for vote in votes[2:]:
        await good(hall.cast(ballot, vote))
    await good(hall.close(ballot))
    closed = next(one for one in await council.events("review", f"ballot-{ballot}") if one.type == "BallotClosed")
    counted = {name: closed.data[name] for name in ("agree", "against", "abstain", "invalid")}
    assert counted == {"agree": 9, "against": 0, "abstain": 1, "invalid": 1}
    assert closed.data["receipts"] == sorted(vote.receipt for vote in votes)


async def test_a_chair_closes_no_ballot_on_those_who_have_not_voted_nor_below_a_quorum(council: Council) -> None:
    hall = await council.opened()
    await hall.judged(hall.applications[0])
    ballot = await hall.called(hall.applications[0])
    voters = list(hall.seated)
    assert codes(await hall.close(ballot)) == ["ILLEGAL_TRANSITION"]
    await hall.voted(ballot, [AGREE])
    refused = await hall.close(ballot)
    assert codes(refused) == ["ILLEGAL_TRANSITION"]
    facts = refused.json()["errors"][0]["facts"]
    assert (facts["voted"], facts["present"]) == (1, 11)
    for voter in voters[1:7]:
        await good(hall.cast(ballot, hall.vote(ballot, voter, AGREE)))
    for gone in voters[7:]:
        await good(hall.chair.post("review", f"{hall.path}/presences", {"person": gone, "present": False}))
    lacking = await hall.close(ballot)
    assert codes(lacking) == ["QUORUM_NOT_MET"]
    assert lacking.json()["errors"][0]["facts"]["needed"] == 8
    await good(hall.cast(ballot, hall.vote(ballot, voters[7], AGREE)))
    await good(hall.close(ballot))
    closed = next(one for one in await council.events("review", f"ballot-{ballot}") if one.type == "BallotClosed")
    assert closed.data["agree"] == 8


async def test_a_ballot_closed_while_votes_are_coming_counts_every_vote_that_was_taken(council: Council) -> None:
    hall = await council.opened()
    await hall.judged(hall.applications[0])
    ballot = await hall.called(hall.applications[0])
    votes = [hall.vote(ballot, voter, AGREE) for voter in hall.seated]
    answers = await asyncio.gather(*(hall.cast(ballot, vote) for vote in votes), hall.close(ballot), hall.close(ballot))
    closings = [await good(hall.close(ballot)), *answers[-2:]]
    assert {one.status_code for one in closings} <= {200, 409}
    assert {one.content for one in closings if one.status_code == 200} == {closings[0].content}
    taken = {answer.json()["receipt"] for answer in answers[:-2] if answer.status_code == 200}
    assert len(taken) == len(votes)
    events = await council.until("review", f"ballot-{ballot}", "BallotKeyDestroyed")
    closed = [one for one in events if one.type == "BallotClosed"]
    assert len(closed) == 1
    assert set(closed[0].data["receipts"]) == taken
    assert closed[0].data["agree"] == len(taken)


async def test_the_same_box_from_several_voters_at_once_is_taken_from_one_of_them(council: Council) -> None:
    hall = await council.opened()
    await hall.judged(hall.applications[0])
    ballot = await hall.called(hall.applications[0])
    voters, shared = list(hall.seated), hall.vote(ballot, next(iter(hall.seated)), AGREE)
    answers = await asyncio.gather(*(hall.cast(ballot, Vote(one, AGREE, shared.sealed)) for one in voters))
    assert sorted(one.status_code for one in answers) == [200, *[409] * 10]
    assert {code for one in answers if one.status_code != 200 for code in codes(one)} == {"ALREADY_VOTED"}
    assert await council.boxes(ballot) == 1
    events = await council.events("review", f"ballot-{ballot}")
    assert [one.type for one in events] == ["BallotOpened", "VoterMarked"]
    for voter in set(voters) - {events[1].data["voter"]}:
        await good(hall.cast(ballot, hall.vote(ballot, voter, AGREE)))
    assert (await good(hall.close(ballot))).json()["status"] == "closed"


async def test_a_void_ballot_is_destroyed_unopened_and_the_vote_is_called_again(council: Council) -> None:
    hall = await council.opened()
    (application,) = hall.applications
    await hall.judged(application)
    first = await hall.called(application)
    await hall.voted(first, [AGREE] * 11)
    assert codes(await hall.chair.post("review", f"{hall.path}/calls", {"application": application})) == [
        "ILLEGAL_TRANSITION"
    ]
    reason = {"reason": "监督委员指出程序问题"}
    path = f"/v1/ballots/{first}/cancellations"
    assert codes(await hall.seated[list(hall.seated)[5]].post("review", path, reason)) == ["FORBIDDEN_ACTOR"]
    await good(hall.chair.post("review", path, reason))
    events = await council.until("review", f"ballot-{first}", "BallotKeyDestroyed")
    assert "BallotClosed" not in {one.type for one in events}
    assert await council.boxes(first) == 0
    assert first not in council.keys_held
    assert codes(await hall.close(first)) == ["ILLEGAL_TRANSITION"]

    second = await hall.called(application)
    assert second != first
    await hall.voted(second, [AGREE] * 10 + [AGAINST])
    await good(hall.close(second))
    await hall.announced(application)


async def test_a_session_is_not_cancelled_for_a_count_that_is_known(council: Council) -> None:
    hall = await council.opened()
    (application,) = hall.applications
    await hall.judged(application)
    ballot = await hall.called(application)
    await hall.voted(ballot, [AGAINST] * 11)
    await good(hall.close(ballot))
    city = await council.city()
    path, reason = f"{hall.path}/cancellations", {"reason": "结果不理想"}
    refused = await city.post("review", path, reason)
    assert codes(refused) == ["ILLEGAL_TRANSITION"]
    assert refused.json()["errors"][0]["facts"]["ballots"] == [ballot]
    await hall.announced(application)
    assert codes(await city.post("review", path, reason)) == ["ILLEGAL_TRANSITION"]


async def test_a_ballot_whose_key_is_lost_is_void_and_nothing_is_counted(council: Council) -> None:
    hall = await council.opened()
    (application,) = hall.applications
    await hall.judged(application)
    ballot = await hall.called(application)
    await hall.voted(ballot, [AGREE] * 3)
    (council.house.root / "review" / "ballot-keys" / f"{ballot}.key").unlink()
    assert (await good(hall.close(ballot))).json()["status"] == "void"
    assert codes(await hall.chair.post("review", f"{hall.path}/results", {"application": application})) == [
        "ILLEGAL_TRANSITION"
    ]
    again = await hall.called(application)
    await hall.voted(again, [AGREE] * 11)
    await good(hall.close(again))
    await hall.announced(application)


async def test_nothing_kept_after_the_keys_destruction_gives_a_choice(council: Council) -> None:
    segment = await log_segment(council)
    hall = await council.opened()
    (application,) = hall.applications
    await hall.judged(application)
    ballot = await hall.called(application)
    key = (council.house.root / "review" / "ballot-keys" / f"{ballot}.key").read_bytes()
    sealed, plain = [], []
    for voter, choice in zip(hall.seated, [AGREE, AGAINST, ABSTAIN] * 4, strict=False):
        plain.append(sealing.CODES[choice] + secrets.token_bytes(sealing.SALT_BYTES))
        public = X25519PrivateKey.from_private_bytes(key).public_key()
        sealed.append(sealing.SUITE.encrypt(plain[-1], public, info=sealing._bound_to(ballot)))
        await good(hall.cast(ballot, Vote(voter, choice, sealed[-1])))
    await good(hall.close(ballot))
    await council.until("review", f"ballot-{ballot}", "BallotKeyDestroyed")

    kept = await everything_kept(council)
    assert ballot.encode() in kept
    assert all(voter.encode() in kept for voter in hall.seated)
    assert all(receipt(box).encode() in kept for box in sealed)
    for secret in (key, *sealed, *plain, *(one[1:] for one in plain)):
        assert not [form for form in _forms(secret) if form in kept]
    # The log of the database has the boxes, sealed; what opens them was never in it, and is nowhere any more.
    wal = await log_since(council, segment)
    assert any(box in wal for box in sealed)
    for secret in (key, *plain, *(one[1:] for one in plain)):
        assert not [form for form in _forms(secret) if form in wal]
    for file in (council.house.root / "review" / "ballot-keys").glob("*.key"):
        assert all(open_box(box, ballot, file.read_bytes()) is None for box in sealed)


def _forms(raw: bytes) -> tuple[bytes, ...]:
    return raw, raw.hex().encode(), base64.b64encode(raw), base64.urlsafe_b64encode(raw).rstrip(b"=")
