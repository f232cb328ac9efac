"""Calling a vote, announcing its result, signing: invariants 4, 6 and 20 at their edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from libs.events.contracts.review import ResultAnnounced
from libs.events.contracts.review_session import BallotCalled, CandidateDropped, ResultSigned, SessionVoided
from libs.kernel.terms import EndorsementKind, Route
from services.review.domain import session_commands as ask
from services.review.domain.draw import commitment_of
from tests.domain.harness import Story, uid
from tests.domain.review import world
from tests.domain.review.world import (
    APPLICATION,
    CITY,
    EMPLOYER,
    HELD,
    IN_FORCE,
    NONCE,
    OFFICER,
    OTHER,
    RULES,
    as_expert,
    call,
    chair_of,
    closed,
    endorsement,
    file,
    pool,
    ready,
    seen,
    stated,
)

EXCEPTIONAL = file(route=Route.EXCEPTIONAL_PEERS)


def called(*files: ask.PaidFile, present: int | None = None) -> Story:
    story = ready(*files, present=present)
    return story.go(call(), chair_of(story), HELD)


def announce(story: Story, agree: int) -> ask.AnnounceResult:
    return ask.AnnounceResult(APPLICATION, closed(story, agree), IN_FORCE)


def test_a_vote_is_called_for_those_in_the_room_who_are_not_recused() -> None:
    base = world.drawn()
    recused, absent = base.state.seats[3], base.state.seats[6]
    story = world.opened(world.declared(base, frozenset({(recused, APPLICATION)})), present=6)
    world.judged(story)
    (event,) = story.when(call(), chair_of(story), HELD).then(BallotCalled).events
    assert set(event.voters) == set(base.state.seats) - {recused, absent}
    assert (event.recused, event.absent, event.committee_size) == ((recused,), (absent,), 7)
    assert seen(f"application-{APPLICATION}", 20) in event.seen


def test_a_recusal_takes_the_quorum_of_that_candidate_only() -> None:
    base = world.drawn(file(), file(OTHER))
    gone = base.state.seats[2:5]
    story = world.opened(world.declared(base, frozenset((one, APPLICATION) for one in gone)))
    for application in (APPLICATION, OTHER):
        world.judged(story, application)
    (reason,) = story.when(call(), chair_of(story), HELD).refused("QUORUM_NOT_MET")
    assert reason.facts == {"present": 4, "size": 7, "needed": 5, "application": APPLICATION}
    assert len(story.when(call(OTHER), chair_of(story), HELD).events[0].voters) == 7


def test_no_vote_is_called_once_the_supervisor_has_left_and_one_is_when_the_supervisor_is_back() -> None:
    story = world.attended(world.ready(), present=False)
    (reason,) = story.when(call(), chair_of(story), HELD).refused("SUPERVISOR_REQUIRED")
    assert reason.facts == {"assigned": True, "in_the_room": False}
    world.attended(story).when(call(), chair_of(story), HELD).then(BallotCalled)


def test_everything_that_a_vote_lacks_is_said_at_once() -> None:
    story = world.opened(world.declared(world.drawn()), present=5)
    story.go(ask.ChangePresence(story.state.seats[4], present=False), OFFICER)
    world.attended(story, present=False)
    late = datetime(2027, 1, 1, 1, 0, tzinfo=UTC)
    wrong = call(file=file(standing="held"), rules=replace(IN_FORCE, identity=uid("other")))
    story.when(wrong, chair_of(story), late).refused(
        "QUORUM_NOT_MET",
        "SUPERVISOR_REQUIRED",
        "FILING_EXPIRED",
        "RULESET_NOT_IN_FORCE",
        "ILLEGAL_TRANSITION",
        "ILLEGAL_TRANSITION",
    )


@pytest.mark.parametrize(("opinions", "enough"), [(0, False), (2, False), (3, True), (5, True)])
def test_three_opinions_come_before_a_vote(opinions: int, enough: bool) -> None:
    story = world.opened(world.declared(world.drawn()))
    outcome = world.judged(story, opinions=opinions).when(call(), chair_of(story), HELD)
    if enough:
        outcome.then(BallotCalled)
    else:
        (reason,) = outcome.refused("ILLEGAL_TRANSITION")
        assert reason.facts["opinions"] == opinions


def test_the_opinion_of_an_expert_recused_afterwards_does_not_count() -> None:
    story = ready()
    writer = next(iter(story.state.candidates[APPLICATION].opinions))
    story.go(ask.OrderRecusal(writer, APPLICATION, "利害关系"), OFFICER)
    chair = next(one for one in story.state.presiding if one != writer)
    (reason,) = story.when(call(), as_expert(chair, "chair"), HELD).refused("ILLEGAL_TRANSITION")
    assert reason.facts["opinions"] == 2


def test_a_replacement_has_to_declare_before_a_vote() -> None:
    story = ready()
    out = story.state.seats[6]
    story.go(ask.SeedDraw(commitment_of("22" * 32), NONCE, pool(9), out, "离场"), OFFICER)
    story.go(ask.DrawExperts("22" * 32), OFFICER)
    (reason,) = story.when(call(), chair_of(story), HELD).refused("ILLEGAL_TRANSITION")
    assert reason.facts["asked"] == [f"{story.state.seats[6]}:{APPLICATION}"]


def test_only_who_presides_calls_and_a_recused_chair_leaves_it_to_a_vice_chair() -> None:
    story = ready()
    chair, vice = story.state.presiding
    story.when(call(), as_expert(story.state.seats[3]), HELD).refused("FORBIDDEN_ACTOR")
    story.when(call(), OFFICER, HELD).refused("FORBIDDEN_ACTOR")
    story.go(ask.OrderRecusal(chair, APPLICATION, "利害关系"), OFFICER)
    story.when(call(rules=stated(opinions_min=0)), as_expert(chair, "chair"), HELD).refused("RECUSED")
    story.when(call(rules=stated(opinions_min=0)), as_expert(vice, "chair"), HELD).then(BallotCalled)


@pytest.mark.parametrize(
    ("endorsements", "codes"),
    [
        ((endorsement("a"), endorsement("b")), []),
        ((endorsement("a"),), ["RECOMMENDERS_SHORT"]),
        ((), ["RECOMMENDERS_SHORT"]),
        (
            (endorsement("a"), endorsement("b", cause="title_revoked")),
            ["RECOMMENDERS_SHORT", "RECOMMENDER_UNQUALIFIED"],
        ),
        ((endorsement("a"), endorsement("b", "withdrawn"), endorsement("c")), []),
        ((endorsement("a", unit=EMPLOYER), endorsement("b", unit=EMPLOYER)), ["RECOMMENDERS_SHORT"]),
        ((endorsement("a", unit=EMPLOYER), endorsement("b")), []),
        ((endorsement("a"), endorsement("a")), ["RECOMMENDERS_SHORT"]),
    ],
)
def test_the_exceptional_route_needs_its_peers_still_at_the_vote(endorsements, codes) -> None:
    story = ready(EXCEPTIONAL)
    outcome = story.when(call(file=EXCEPTIONAL, endorsements=endorsements), chair_of(story), HELD)
    if codes:
        reasons = {one.code: one for one in outcome.refused(*codes)}
        assert reasons["RECOMMENDERS_SHORT"].facts["need"] == 2
    else:
        (event,) = outcome.then(BallotCalled).events
        assert {one.seen for one in endorsements} <= set(event.seen)


@pytest.mark.parametrize(
    ("endorsements", "codes"),
    [
        ((endorsement("h", unit=EMPLOYER, kind=EndorsementKind.HEAD),), []),
        ((endorsement("a"), endorsement("b")), ["RECOMMENDERS_SHORT"]),
        (
            (endorsement("h", "banned", unit=EMPLOYER, kind=EndorsementKind.HEAD),),
            ["RECOMMENDERS_SHORT", "RECOMMENDER_UNQUALIFIED"],
        ),
    ],
)
def test_the_heads_route_needs_the_head_still_at_the_vote(endorsements, codes) -> None:
    candidate = file(route=Route.EXCEPTIONAL_HEAD)
    story = ready(candidate)
    outcome = story.when(call(file=candidate, endorsements=endorsements), chair_of(story), HELD)
    if codes:
        (short, *_) = outcome.refused(*codes)
        assert (short.facts["need"], short.clause) == (1, "八.3 §11.27")
    else:
        outcome.then(BallotCalled)


def test_a_vote_is_called_again_only_after_the_ballot_was_voided() -> None:
    story = called()
    first = story.state.candidates[APPLICATION].ballot
    story.when(call(), chair_of(story), HELD).refused("ILLEGAL_TRANSITION")
    void = ask.BallotFact(first, "void", 0, seen(f"ballot-{first}", 4))
    for wrong in (
        replace(void, status="open"),
        replace(void, status="closed"),
        replace(void, identity=uid("b")),
    ):
        story.when(call(previous=wrong), chair_of(story), HELD).refused("ILLEGAL_TRANSITION")
    (event,) = story.when(call(previous=void), chair_of(story), HELD).then(BallotCalled).events
    assert event.ballot != first


def test_nothing_that_the_vote_rests_on_changes_while_it_is_held() -> None:
    story = called()
    who = story.state.seats[2]
    story.when(ask.OrderRecusal(who, APPLICATION, "x"), OFFICER).refused("ILLEGAL_TRANSITION")
    listed = ask.DeclareRelations((ask.Answer(APPLICATION, (ask.Relation.KIN,)),), world.works_at())
    story.when(listed, as_expert(who)).refused("ILLEGAL_TRANSITION")
    replacing = ask.SeedDraw(commitment_of("22" * 32), NONCE, pool(9), who, "x")
    story.when(replacing, OFFICER).refused("ILLEGAL_TRANSITION")


@pytest.mark.parametrize(("present", "agree", "won"), [(7, 5, True), (7, 4, False), (5, 4, True), (5, 3, False)])
def test_the_result_is_two_thirds_of_those_present_for_this_candidate(present: int, agree: int, won: bool) -> None:
    story = called(present=present)
    (event,) = story.when(announce(story, agree), chair_of(story), HELD).then(ResultAnnounced).events
    assert (event.passed, event.present, event.agree, event.ruleset) == (won, present, agree, RULES)
    assert event.session == story.identity


def test_a_result_rests_on_this_candidates_closed_ballot_and_is_announced_once() -> None:
    story = called()
    base = announce(story, 7)
    for ballot in (
        replace(base.ballot, status="open"),
        replace(base.ballot, status="void"),
        replace(base.ballot, identity=uid("another")),
    ):
        story.when(replace(base, ballot=ballot), chair_of(story), HELD).refused("ILLEGAL_TRANSITION")
    story.when(base, OFFICER, HELD).refused("FORBIDDEN_ACTOR")
    story.go(base, chair_of(story), HELD)
    story.when(base, chair_of(story), HELD).refused("ILLEGAL_TRANSITION")
    ready().when(base, chair_of(story), HELD).refused("ILLEGAL_TRANSITION")


def test_results_are_signed_when_every_candidate_has_one() -> None:
    story = called(file(), file(OTHER))
    story.go(announce(story, 5), chair_of(story), HELD)
    (reason,) = story.when(ask.SignResults(), chair_of(story), HELD).refused("ILLEGAL_TRANSITION")
    assert reason.facts["without_result"] == [OTHER]
    story.go(ask.DropCandidate(OTHER, "withdrawn"))
    story.when(ask.SignResults(), as_expert(story.state.seats[4]), HELD).refused("FORBIDDEN_ACTOR")
    (event,) = story.when(ask.SignResults(), chair_of(story), HELD).then(ResultSigned).events
    assert (event.passed, event.not_passed) == ((APPLICATION,), ())


def test_no_vote_is_called_with_a_voter_who_works_for_the_candidates_employer_by_now() -> None:
    story = ready()
    colleague, other = story.state.seats[4:6]
    employed = {colleague: world.works_at(EMPLOYER), other: world.works_at()}
    (reason,) = story.when(call(employed=employed), chair_of(story), HELD).refused("RECUSED")
    assert reason.facts == {"expert": colleague, "application": APPLICATION, "ground": "same_employer"}
    story.go(ask.OrderRecusal(colleague, APPLICATION, "同一单位"), OFFICER)
    story.when(call(employed=employed), chair_of(story), HELD).then(BallotCalled)


def test_a_candidate_who_is_out_during_the_vote_leaves_a_ballot_to_be_voided() -> None:
    story = called()
    ballot = story.state.candidates[APPLICATION].ballot
    story.when(ask.DropCandidate(APPLICATION, "banned")).then(
        CandidateDropped(application=APPLICATION, cause="banned", ballot=ballot)
    )
    (event,) = story.when(ask.VoidSession("x"), CITY).then(SessionVoided).events
    assert event.ballots == (ballot,)


def test_a_count_that_is_known_is_announced_and_not_thrown_away_with_its_session() -> None:
    story = called()
    fact = world.closed(story, 3)
    (reason,) = story.when(ask.VoidSession("x", (fact,)), CITY).refused("ILLEGAL_TRANSITION")
    assert reason.facts["ballots"] == [fact.identity]
    assert reason.change["needed"] == "the announcement of each result"
    for status in ("open", "void"):
        story.when(ask.VoidSession("x", (replace(fact, status=status),)), CITY).then(SessionVoided)


def test_no_session_is_voided_nor_a_candidate_dropped_once_the_result_is_out() -> None:
    story = called()
    story.go(announce(story, 5), chair_of(story), HELD)
    story.when(ask.VoidSession("x"), CITY).refused("ILLEGAL_TRANSITION")
    story.when(ask.DropCandidate(APPLICATION, "x")).refused("ILLEGAL_TRANSITION")
