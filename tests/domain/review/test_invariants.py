"""Invariants 4 to 7 of rules §14, on histories that nobody thought of."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as st

from libs.events.contracts.base import Unsealed
from libs.events.contracts.review import ResultAnnounced, ResultConfirmed
from libs.events.contracts.review_session import (
    BallotCalled,
    RecusalGranted,
    RecusalOrdered,
    RelationDeclared,
    SupervisorAttended,
)
from libs.kernel.calendars import beijing_date, published_calendar
from services.review.domain import session_commands as ask
from services.review.domain.notice import (
    NOTICE,
    ConfirmResult,
    DecideInquiry,
    EndPublicity,
    OpenInquiry,
    ReceiveObjection,
)
from tests.domain.harness import Outcome, Story, given
from tests.domain.review import world
from tests.domain.review.test_notice import CITIZEN, MONDAY, START
from tests.domain.review.world import (
    APPLICANT,
    APPLICATION,
    CITY,
    HELD,
    IN_FORCE,
    OFFICER,
    SUPERVISOR,
    WATCHING,
    as_expert,
)

SIZE = 7
SEAT = st.integers(0, SIZE - 1)
STEPS = st.one_of(
    st.tuples(st.just("declare"), SEAT, st.booleans()),
    st.tuples(st.just("recuse"), SEAT, st.booleans()),
    st.tuples(st.just("presence"), SEAT, st.booleans()),
    st.tuples(st.just("supervise"), SEAT, st.booleans()),
    st.tuples(st.just("opinion"), SEAT, st.booleans()),
    st.tuples(st.just("call"), SEAT, st.booleans()),
)


def step(story: Story, kind: str, seat: int, flag: bool) -> Outcome:
    who = story.state.seats[seat]
    match kind:
        case "declare":
            relations = (ask.Relation.MENTOR,) if flag else ()
            answers = (ask.Answer(APPLICATION, relations),)
            return story.when(ask.DeclareRelations(answers, world.works_at()), as_expert(who))
        case "recuse":
            return story.when(ask.OrderRecusal(who, APPLICATION, "x"), OFFICER)
        case "presence":
            return story.when(ask.ChangePresence(who, present=flag), OFFICER)
        case "supervise":
            return story.when(ask.ChangePresence(SUPERVISOR, present=flag), WATCHING)
        case "opinion":
            opinion = ask.FileOpinion(APPLICATION, Unsealed(APPLICANT, "x"))
            return story.when(opinion, as_expert(who))
        case _:
            return story.when(world.call(), as_expert(who, "chair"), HELD)


def relations_of(story: Story) -> tuple[set[str], set[str]]:
    """Read from the events alone who has answered and who is recused."""
    answered = {one.expert for one in story.events if isinstance(one, RelationDeclared)}
    recused = {one.expert for one in story.events if isinstance(one, RecusalGranted | RecusalOrdered)}
    return answered, recused


def watched(story: Story) -> bool:
    """Read from the events alone whether the supervisor is in the room."""
    return [False, *(one.present for one in story.events if isinstance(one, SupervisorAttended))][-1]


@settings(max_examples=150, deadline=None)
@forall(st.integers(0, SIZE), st.lists(STEPS, max_size=25), st.lists(STEPS, max_size=25))
def test_every_vote_called_had_quorum_declarations_opinions_and_supervision(present, before, after) -> None:
    story = world.drawn(size=SIZE)
    story.now = HELD
    declared = world.declared(story.branch()) if len(before) % 2 else story
    if len(after) % 2:
        world.attended(declared)
    for one in before:
        declared.fold(*(outcome.events if (outcome := step(declared, *one)).refusal is None else ()))
    room = declared.state.seats[:present]
    opening = ask.OpenSession(declared.state.seats[0], room[1:2], room, rules=IN_FORCE)
    outcome = declared.when(opening, OFFICER, HELD)
    if outcome.refusal is not None:
        undeclared = relations_of(declared)[0] != set(declared.state.seats)
        assert 3 * present < 2 * SIZE or undeclared or not watched(declared)
        return
    declared.fold(*outcome.events)
    inside = set(room)
    authors: set[str] = set()
    for kind, seat, flag in [*((k, s, f) for k, s, f in after), ("call", 0, True)]:
        outcome = step(declared, kind, seat, flag)
        if outcome.refusal is not None:
            continue
        who = declared.state.seats[seat]
        if kind == "presence":
            inside = inside | {who} if flag else inside - {who}
        if kind == "opinion":
            authors.add(who)
        for event in outcome.events:
            if isinstance(event, BallotCalled):
                answered, recused = relations_of(declared)
                assert set(event.voters) == inside - recused
                assert 3 * len(event.voters) >= 2 * SIZE
                assert answered == set(declared.state.seats)
                assert len(authors - recused) >= 3
                assert watched(declared)
        declared.fold(*outcome.events)


@settings(max_examples=60, deadline=None)
@forall(st.integers(5, SIZE), st.data())
def test_passed_is_three_agree_at_least_two_present_and_nothing_else(present, data) -> None:
    agree = data.draw(st.integers(0, present))
    story = world.ready(present=present)
    chair = world.chair_of(story)
    story.go(world.call(), chair, HELD)
    announce = ask.AnnounceResult(APPLICATION, world.closed(story, agree), IN_FORCE)
    (event,) = story.when(announce, chair, HELD).then(ResultAnnounced).events
    assert event.passed == (3 * agree >= 2 * present)


CALENDAR = published_calendar()
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["object", "inquire", "dismiss", "end", "confirm"]),
        st.integers(0, 3),
        st.integers(0, 60),
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@forall(st.integers(0, 200), MOVES)
def test_nothing_is_confirmed_before_its_days_were_on_show_or_over_an_open_objection(begin, moves) -> None:
    now = MONDAY + timedelta(hours=6 * begin)
    story = given(NOTICE).go(START, now=now)
    shown, since = 0, now
    open_ones: dict[str, str] = {}
    for kind, which, hours in [*moves, ("confirm", 0, 60)]:
        now += timedelta(hours=hours)
        objection = sorted(story.state.objections)[which] if which < len(story.state.objections) else ""
        command: object = {
            "object": ReceiveObjection(real_name=True, words=Unsealed(APPLICANT, "x")),
            "inquire": OpenInquiry(objection, CALENDAR),
            "dismiss": DecideInquiry(objection, founded=False, reasons=Unsealed(APPLICANT, "x"), calendar=CALENDAR),
            "end": EndPublicity(),
            "confirm": ConfirmResult(),
        }[kind]
        actor = CITIZEN if kind == "object" else CITY
        was_paused = "inquiry" in open_ones.values() and story.state.status == "paused"
        outcome = story.when(command, actor, now)
        if outcome.refusal is not None:
            continue
        if any(isinstance(event, ResultConfirmed) for event in outcome.events):
            assert not open_ones
            assert shown + CALENDAR.working_days_between(since, now) >= 5
            return
        story.now, story.actor = now, actor
        story.fold(*outcome.events)
        if kind == "object":
            open_ones[story.events[-1].objection] = "received"
        if kind == "inquire":
            open_ones[objection] = "inquiry"
            if story.state.status == "paused" and not was_paused:
                shown += CALENDAR.working_days_between(since, now)
        if kind == "dismiss":
            open_ones.pop(objection)
            if was_paused and story.state.status == "running":
                since = now
        assert beijing_date(story.state.ends_at) >= beijing_date(MONDAY)
