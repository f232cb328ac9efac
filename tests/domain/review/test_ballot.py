"""The ballot's stream: who has voted and how often, never how (§14.1, §14.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from libs.ballot import Choice, count, new_private_key, public_key_of, receipt, seal
from libs.events.contracts.review import BallotClosed, BallotKeyDestroyed, BallotOpened, VoteVoided
from libs.events.contracts.review_session import VoterMarked
from libs.kernel.decisions import Actor, Claim, SideRow
from services.review.domain.ballot import (
    BALLOT,
    CastVote,
    CloseBallot,
    OpenBallot,
    RecordKeyDestroyed,
    VoidBallot,
)
from tests.domain.harness import Story, given, uid
from tests.domain.review.world import APPLICANT, APPLICATION, CITY, IN_FORCE, OFFICER, WATCHING, as_expert, expert

ID = uid("ballot")
PRIVATE = new_private_key()
VOTERS = tuple(expert(number) for number in range(5))
RECUSED, ABSENT = expert(5), expert(6)
OPEN = OpenBallot(uid("session"), APPLICATION, APPLICANT, public_key_of(PRIVATE), VOTERS, (RECUSED,), (ABSENT,), 7)


def cast(voter: str, choice: Choice = Choice.AGREE) -> CastVote:
    sealed = seal(choice, ID, OPEN.public_key)
    return CastVote(voter, sealed, str(uuid4()), receipt(sealed))


def opened() -> Story:
    return given(BALLOT, identity=ID).go(OPEN)


def counted(story: Story, boxes: list[bytes], room: Sequence[str] = VOTERS) -> CloseBallot:
    tally = count(boxes, ID, PRIVATE)
    marks = len(story.state.marked)
    return CloseBallot(
        frozenset(room),
        IN_FORCE,
        story.state.version,
        marks,
        len(boxes),
        tally.agree,
        tally.against,
        tally.abstain,
        tally.invalid,
        tally.receipts,
    )


def voted(choices: list[Choice]) -> tuple[Story, list[bytes]]:
    story, boxes = opened(), list[bytes]()
    for voter, choice in zip(VOTERS, choices, strict=False):
        vote = cast(voter, choice)
        story.go(vote, as_expert(voter))
        boxes.append(vote.sealed)
    return story, boxes


def test_a_ballot_opens_once_for_its_voters() -> None:
    (event,) = given(BALLOT, identity=ID).when(OPEN).then(BallotOpened).events
    assert (event.voters, event.present, event.committee_size) == (VOTERS, 5, 7)
    opened().when(OPEN).refused("ILLEGAL_TRANSITION")
    given(BALLOT, identity=ID).when(OPEN, OFFICER).refused("FORBIDDEN_ACTOR")
    given(BALLOT, identity=ID).when(cast(VOTERS[0]), as_expert(VOTERS[0])).refused("ILLEGAL_TRANSITION")


def test_a_vote_is_a_mark_without_choice_or_receipt_and_a_box_without_a_voter() -> None:
    vote = cast(VOTERS[0])
    outcome = opened().when(vote, as_expert(VOTERS[0])).then(VoterMarked(voter=VOTERS[0]))
    decision = outcome.decision
    assert decision is not None
    assert decision.rows == (SideRow("ballot_box", {"ballot": ID, "id": vote.box, "sealed": vote.sealed}),)
    assert decision.reply == {"receipt": vote.receipt}
    assert decision.claims == (Claim("receipt", f"{ID}:{vote.receipt}"),)
    assert set(VoterMarked.model_fields) == {"voter"}
    assert vote.sealed.hex() not in repr(vote)
    assert VOTERS[0] not in repr(vote)


def test_each_voter_votes_once_in_person_and_in_time() -> None:
    story = opened()
    first = VOTERS[0]
    story.when(cast(first), as_expert(VOTERS[1])).refused("PROXY_FORBIDDEN")
    story.when(cast(RECUSED), as_expert(RECUSED)).refused("RECUSED")
    story.when(cast(ABSENT), as_expert(ABSENT)).refused("NOT_PRESENT")
    story.when(cast(uid("stranger")), as_expert(uid("stranger"))).refused("NOT_DRAWN")
    story.go(cast(first), as_expert(first))
    story.when(cast(first), as_expert(first)).refused("ALREADY_VOTED")
    story.go(VoidBallot("x"), OFFICER)
    story.when(cast(VOTERS[1]), as_expert(VOTERS[1])).refused("LATE_BALLOT")
    story.when(cast(first), as_expert(first)).refused("ALREADY_VOTED", "LATE_BALLOT")


def test_a_box_that_is_there_already_is_not_taken_from_another_voter() -> None:
    story, box = opened(), cast(VOTERS[0])
    story.go(box, as_expert(VOTERS[0]))
    copied = replace(box, voter=VOTERS[1], box=str(uuid4()), copied=True)
    (reason,) = story.when(copied, as_expert(VOTERS[1])).refused("ALREADY_VOTED")
    assert reason.pointer == "/sealed"


def test_supervisor_officer_and_city_never_vote() -> None:
    for actor in (WATCHING, OFFICER, CITY):
        in_the_set = replace(OPEN, voters=(*VOTERS, actor.person))
        given(BALLOT, identity=ID).go(in_the_set).when(cast(actor.person), actor).refused("FORBIDDEN_ACTOR")
    opened().when(cast(VOTERS[0]), as_expert(VOTERS[0], "chair")).accepted()


def test_a_proxy_learns_nothing_of_the_voter_and_a_stranger_nothing_of_the_ballot() -> None:
    actor = Actor("a", "agency_officer", person=uid("officer"))
    voted = opened().go(cast(VOTERS[0]), as_expert(VOTERS[0]))
    over = voted.branch().go(VoidBallot("x"), OFFICER)
    for story in (voted, over):
        for voter in (VOTERS[0], VOTERS[1], RECUSED, ABSENT, uid("stranger")):
            story.when(cast(voter), actor).refused("FORBIDDEN_ACTOR", "PROXY_FORBIDDEN")
            story.when(cast(voter), as_expert(uid("officer"))).refused("PROXY_FORBIDDEN")
        story.when(cast(uid("stranger")), as_expert(uid("stranger"))).refused("NOT_DRAWN")


def test_closing_publishes_the_counts_and_sorted_receipts() -> None:
    story, boxes = voted([Choice.AGREE, Choice.AGAINST, Choice.AGREE, Choice.ABSTAIN, Choice.AGREE])
    outcome = story.when(counted(story, boxes)).then(BallotClosed)
    (event,) = outcome.events
    assert (event.agree, event.against, event.abstain, event.invalid) == (3, 1, 1, 0)
    assert list(event.receipts) == sorted(receipt(box) for box in boxes)
    assert outcome.decision is not None
    assert len(outcome.decision.releases) == 5
    shuffled = replace(counted(story, boxes), receipts=tuple(reversed(event.receipts)))
    story.when(shuffled).then(event)


def test_a_box_that_does_not_open_counts_as_invalid() -> None:
    story, boxes = voted([Choice.AGREE] * 4)
    foreign, last = seal(Choice.AGREE, uuid4(), OPEN.public_key), VOTERS[4]
    story.go(CastVote(last, foreign, str(uuid4()), receipt(foreign)), as_expert(last))
    (event,) = story.when(counted(story, [*boxes, foreign])).then(BallotClosed).events
    assert (event.agree, event.invalid) == (4, 1)


def test_no_ballot_is_closed_while_somebody_in_the_room_has_not_voted() -> None:
    for number in range(len(VOTERS)):
        story, boxes = voted([Choice.AGREE] * number)
        (reason,) = story.when(counted(story, boxes)).refused("ILLEGAL_TRANSITION")
        assert (reason.facts["voted"], reason.facts["present"]) == (number, 5)
        assert {"needed", "or"} == set(reason.change)
    story, boxes = voted([Choice.AGREE] * 5)
    story.when(counted(story, boxes, [*VOTERS, RECUSED])).then(BallotClosed)


def test_a_ballot_with_fewer_votes_than_a_quorum_decides_nothing() -> None:
    for number in range(len(VOTERS)):
        story, boxes = voted([Choice.AGREE] * number)
        (reason,) = story.when(counted(story, boxes, VOTERS[:number])).refused("QUORUM_NOT_MET")
        assert (reason.facts["voted"], reason.facts["size"], reason.facts["needed"]) == (number, 7, 5)
    six = replace(OPEN, voters=(*VOTERS, ABSENT), absent=())
    story, boxes = given(BALLOT, identity=ID).go(six), list[bytes]()
    for voter in VOTERS:
        vote = cast(voter)
        story.go(vote, as_expert(voter))
        boxes.append(vote.sealed)
    story.when(counted(story, boxes, six.voters)).refused("ILLEGAL_TRANSITION")
    story.when(counted(story, boxes, VOTERS)).then(BallotClosed)


def test_a_ballot_whose_boxes_and_marks_differ_is_void() -> None:
    story, boxes = voted([Choice.AGREE, Choice.AGREE])
    good = counted(story, boxes)
    void = VoteVoided(session=OPEN.session, application=APPLICATION, cause="marks and boxes differ")
    story.when(counted(story, boxes[:1])).then(void)
    story.when(counted(story, [*boxes, cast(VOTERS[2]).sealed])).then(void)
    story.when(counted(story, [boxes[0], boxes[0]])).then(void)
    for wrong in (replace(good, marks=3), replace(good, agree=3), replace(good, boxes=1)):
        story.when(wrong).then(void)


def test_a_vote_cast_while_the_boxes_were_counted_is_never_lost() -> None:
    story, boxes = voted([Choice.AGREE])
    stale = counted(story, boxes)
    story.go(cast(VOTERS[4]), as_expert(VOTERS[4]))
    story.when(stale).refused("WRITE_CONFLICT")


def test_a_ballot_closes_or_is_voided_once() -> None:
    story, boxes = voted([Choice.AGREE] * 5)
    close = counted(story, boxes)
    story.go(close)
    story.when(close).refused("ILLEGAL_TRANSITION")
    story.when(VoidBallot("x")).refused("ILLEGAL_TRANSITION")


@pytest.mark.parametrize("void", [True, False])
def test_a_key_is_recorded_as_destroyed_once_and_only_when_the_ballot_is_over(void: bool) -> None:
    story, boxes = voted([Choice.AGREE] * 5)
    story.when(RecordKeyDestroyed()).refused("ILLEGAL_TRANSITION")
    story.go(VoidBallot("key lost") if void else counted(story, boxes))
    story.when(RecordKeyDestroyed(), OFFICER).refused("FORBIDDEN_ACTOR")
    story.when(RecordKeyDestroyed()).then(BallotKeyDestroyed(session=OPEN.session, application=APPLICATION))
    story.go(RecordKeyDestroyed()).when(RecordKeyDestroyed()).refused("ILLEGAL_TRANSITION")


@forall(st.lists(st.tuples(st.integers(0, 7), st.sampled_from(Choice)), max_size=20))
def test_counts_never_exceed_those_present_and_no_event_ties_a_voter_to_a_choice(
    attempts: list[tuple[int, Choice]],
) -> None:
    story, boxes = opened(), list[bytes]()
    for number, choice in [*attempts, *((late, Choice.ABSTAIN) for late in range(5))]:
        vote = cast(expert(number), choice)
        outcome = story.when(vote, as_expert(expert(number)))
        if outcome.refusal is None:
            story.fold(*outcome.events)
            boxes.append(vote.sealed)
    marked = [one.voter for one in story.events if isinstance(one, VoterMarked)]
    assert len(marked) == len(set(marked)) == len(boxes)
    assert set(marked) == set(VOTERS)
    for mark in story.events:
        if isinstance(mark, VoterMarked):
            assert mark.model_dump() == {"voter": mark.voter}
    (event,) = story.when(counted(story, boxes)).then(BallotClosed).events
    assert event.agree + event.against + event.abstain + event.invalid == len(marked)
    assert not any(voter in event.model_dump_json() for voter in marked)
