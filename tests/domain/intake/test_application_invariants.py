"""Invariants of rules §14 over arbitrary orders of commands, actors and times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as st

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import (
    ApplicationAccepted,
    ApplicationBarred,
    ApplicationEnded,
    ApplicationPaid,
    CorrectionRequested,
    EmployerPublicityEnded,
    EmployerPublicityResumed,
    EmployerPublicityStarted,
    EmployerRecommended,
    Item,
    Module,
    ReviewVoteOpened,
)
from libs.kernel.decisions import Actor
from libs.kernel.terms import Check, MaterialKind, Route
from services.intake.domain.application import APPLICATION
from services.intake.domain.application.acceptance import (
    LapseCorrection,
    NotAccept,
    Receive,
    RequestCorrection,
    SubmitCorrection,
)
from services.intake.domain.application.drafting import AttachMaterial, SignCommitment, Withdraw
from services.intake.domain.application.employer import (
    DecideEmployerObjection,
    EndEmployerPublicity,
    RecommendAsHead,
    RecordEmployerObjection,
    ReturnToApplicant,
    ReviewAsEmployer,
    StartEmployerPublicity,
)
from services.intake.domain.application.fees import AssessFee, LapsePayment, RecordPayment
from services.intake.domain.application.followup import (
    EndByBan,
    RecordCertified,
    RecordResult,
    RecordScheduled,
    RecordVoteOpened,
)
from services.intake.domain.application.qualification import DecideCheck, Disqualify, Qualify, RecordCheck
from services.intake.domain.facts import Standing
from tests.domain.harness import SYSTEM, Story, given, uid
from tests.domain.intake import stories as s

SESSION, SEEN = uid("session"), s.seen("session-1")
WORKS = (Item(module=Module.WORKS, reason=Unsealed(s.PERSON, "缺页")),)
BAN = s.ban(date(2025, 3, 20), date(2028, 3, 20))
UNQUALIFIED = s.endorsement("second peer", full_senior=Standing.REVOKED)
ENDORSED = ((), s.PEERS, (s.PEERS[0],), (s.PEERS[0], UNQUALIFIED))
Move = tuple[Actor, Callable[[Story], Any]]


def _objection(story: Story) -> str:
    publicity = story.state.publicity
    return min(publicity.open_objections, default=uid("none")) if publicity else uid("none")


def _payment(story: Story, wrong: int) -> RecordPayment:
    bill = story.state.bill
    name, amount = (bill.payment, bill.amount_fen) if bill else (uid("no bill"), 70000)
    return RecordPayment(name, amount + wrong, story.now)


def moves(route: Route) -> list[Move]:
    """Give the ways to act on an application of a route, in the order of a straight case."""
    checks = [
        (SYSTEM, lambda _, c=c: RecordCheck(c, Check.MATCH, "stand-in")) for c in ("education", "insurance", "title")
    ]
    return [
        (s.APPLICANT, lambda _: s.start(route=route, bans=(BAN,))),
        (s.APPLICANT, lambda _: s.start(route=route)),
        (s.APPLICANT, lambda _: SignCommitment("a" * 64)),
        (s.APPLICANT, lambda _: AttachMaterial(MaterialKind.FORM, s.upload("form"))),
        (s.APPLICANT, lambda _: AttachMaterial(MaterialKind.WORKS, s.upload("works"), replace=True)),
        (s.APPLICANT, lambda _: s.submit()),
        (s.CLERK, lambda _: ReviewAsEmployer("属实", in_service=True)),
        (s.CLERK, lambda _: StartEmployerPublicity("公告栏", s.RULES, s.CALENDAR)),
        (s.CLERK, lambda _: RecordEmployerObjection("存疑", real_name=True)),
        (s.CLERK, lambda o: DecideEmployerObjection(_objection(o), founded=False, answer="否", calendar=s.CALENDAR)),
        (SYSTEM, lambda _: EndEmployerPublicity()),
        (s.HEAD, lambda _: RecommendAsHead("推荐", s.upload("proof"))),
        (s.OFFICER, lambda _: Receive()),
        (s.OFFICER, lambda _: RequestCorrection(WORKS, s.RULES, s.CALENDAR, ())),
        (s.APPLICANT, lambda _: AttachMaterial(MaterialKind.WORKS, s.upload("better"), replace=True)),
        (s.APPLICANT, lambda _: SubmitCorrection()),
        *((s.OFFICER, lambda _, e=e: s.accept(*e)) for e in ENDORSED),
        *checks,
        (s.OFFICER, lambda _: DecideCheck("exceptional_conditions", stands=True, reasons="重大工程")),
        (s.OFFICER, lambda _: s.assess(endorsements=s.PEERS)),
        (s.OFFICER, lambda _: Qualify()),
        (SYSTEM, lambda _: AssessFee(s.RULES, s.CALENDAR)),
        (SYSTEM, lambda o: _payment(o, 1)),
        (SYSTEM, lambda o: _payment(o, 0)),
        (SYSTEM, lambda o: RecordScheduled(SESSION, o.now, SEEN)),
        (SYSTEM, lambda _: RecordVoteOpened(SESSION, SEEN)),
        (SYSTEM, lambda _: RecordResult(SESSION, passed=True, seen=SEEN)),
        (SYSTEM, lambda _: RecordCertified(uid("new title"), SEEN)),
    ]


ENDINGS: list[Move] = [
    (s.CLERK, lambda _: ReturnToApplicant(WORKS)),
    (s.OFFICER, lambda _: NotAccept(WORKS)),
    (s.OFFICER, lambda _: Disqualify("不符合")),
    (SYSTEM, lambda _: LapseCorrection()),
    (SYSTEM, lambda o: LapsePayment(_payment(o, 0).payment)),
    (SYSTEM, lambda _: EndByBan(BAN.identity, BAN.from_day, BAN.until, BAN.basis, BAN.seen)),
    (s.APPLICANT, lambda _: Withdraw()),
]
PAUSES = [timedelta(days=1), timedelta(days=8), timedelta(days=40)]
EXCEPTIONAL = {"route": Route.EXCEPTIONAL_PEERS}
BEGINNINGS = [
    given(APPLICATION),
    s.ready(),
    s.ready(**EXCEPTIONAL),
    s.publicised(),
    s.publicised(**EXCEPTIONAL),
    s.received(),
    s.received(**EXCEPTIONAL),
    s.checked(),
    s.exceptional(),
    s.billed(),
    s.paid(),
]
"""Where arbitrary commands set in: without these, random orders would hardly ever leave the draft."""


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Give an application after commands in an arbitrary order, from an arbitrary point of the way."""
    story = draw(st.sampled_from(BEGINNINGS)).branch()
    forward = moves(draw(st.sampled_from([Route.ORDINARY, Route.EXCEPTIONAL_PEERS])))
    for _ in range(draw(st.integers(1, 3))):
        # One round tries the moves in the order of a straight case, leaves some out, and lets others in between.
        left_out = draw(st.sets(st.integers(0, len(forward) - 1), max_size=12))
        astray = draw(st.dictionaries(st.integers(0, len(forward) - 1), st.sampled_from(forward + ENDINGS), max_size=6))
        pauses = draw(st.dictionaries(st.integers(0, len(forward) - 1), st.sampled_from(PAUSES), max_size=4))
        for at, move in enumerate(forward):
            story.now += pauses.get(at, timedelta(minutes=1))
            if at in astray:
                _try(story, astray[at])
            if at not in left_out:
                _try(story, move)
    return story


def _try(story: Story, move: Move) -> None:
    actor, command = move
    before = story.state
    outcome = story.when(command(story), actor, story.now)
    if outcome.refusal is not None:
        assert story.state == before
        return
    story.actor = actor
    story.fold(*outcome.events)


def _of(story: Story, kind: type) -> list[int]:
    return [at for at, event in enumerate(story.events) if isinstance(event, kind)]


@settings(max_examples=300, deadline=None)
@forall(stories())
def test_invariants_hold_after_any_order_of_commands(story: Story) -> None:
    events = story.events
    for accepted in _of(story, ApplicationAccepted):
        recommended = _of(story, EmployerRecommended)
        ended = _of(story, EmployerPublicityEnded)
        assert recommended, "invariant 1: an accepted file was recommended"
        assert ended[-1] < recommended[-1] < accepted
        started = [e for e in events[:accepted] if isinstance(e, EmployerPublicityStarted | EmployerPublicityResumed)]
        assert isinstance(started[0], EmployerPublicityStarted)
        assert started[0].working_days == 5
        assert events[recommended[-1]].publicity_ended_at == started[-1].ends_at
        assert story.times[recommended[-1]] >= started[-1].ends_at
        if events[accepted].route is Route.EXCEPTIONAL_PEERS:
            assert len(events[accepted].endorsements) >= 2, "invariant 20"
    assert len(_of(story, CorrectionRequested)) <= 1, "invariant 2"
    for voted in _of(story, ReviewVoteOpened):
        assert any(at < voted for at in _of(story, ApplicationPaid)), "invariant 3: no vote before PAID"
    assert all(events[at].amount_fen == 70000 for at in _of(story, ApplicationPaid)), "invariant 3"
    assert len(_of(story, ApplicationPaid)) <= 1
    for barred in _of(story, ApplicationBarred):
        assert barred == len(events) - 2, "invariant 10: nothing follows a ban but the end"
    assert len(_of(story, ApplicationEnded)) <= 1
    for over in _of(story, ApplicationEnded):
        assert over == len(events) - 1, "an ended application says nothing more"


@forall(st.integers(-400, 400))
def test_a_banned_person_has_no_new_application_until_the_day_after_the_last(days: int) -> None:
    last = date(2025, 3, 3) + timedelta(days=days)
    ban = s.ban(date(2022, 1, 1), last)
    outcome = given(APPLICATION).when(s.start(bans=(ban,)), s.APPLICANT, s.DRAFTED)
    assert (outcome.refusal is None) == (last < date(2025, 3, 3))


@forall(
    st.lists(st.sampled_from(["a", "b", "c", "a"]), max_size=5),
    st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_a_file_is_accepted_on_two_peers_that_count_and_never_on_fewer(names: list[str], live: list[bool]) -> None:
    peers = [
        s.endorsement(name, identity=uid(f"{name} {at}"), full_senior=Standing.LIVE if live[at] else Standing.REVOKED)
        for at, name in enumerate(names)
    ]
    first = {peer.endorser: peer for peer in reversed(peers)}
    valid = sum(peer.full_senior is Standing.LIVE for peer in first.values())
    outcome = RECEIVED.when(s.accept(*peers), s.OFFICER)
    assert (outcome.refusal is None) == (valid >= 2)


RECEIVED = s.received(route=Route.EXCEPTIONAL_PEERS)


def test_a_repeated_refusal_gives_the_same_answer() -> None:
    story = s.received()
    for command in (s.accept(rules=replace(s.RULES, identity=uid("x"))), Qualify(), s.submit()):
        first = story.when(command, s.OFFICER).refusal
        again = story.when(command, s.OFFICER).refusal
        assert first is not None
        assert again is not None
        assert first.reasons == again.reasons
