"""A session in its room, up to its votes, and how it ends: opening, presence, opinions, minutes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import BlobRef
from libs.events.contracts.review_session import (
    CandidateDropped,
    MinutesArchived,
    OpinionFiled,
    PresenceChanged,
    SessionOpened,
    SessionVoided,
    SupervisorAttended,
)
from libs.kernel.decisions import Claim
from services.review.domain import session_commands as ask
from services.review.domain.draw import commitment_of
from tests.domain.harness import uid
from tests.domain.review import world
from tests.domain.review.world import (
    APPLICANT,
    APPLICATION,
    CITY,
    HELD,
    IN_FORCE,
    NONCE,
    OFFICER,
    OTHER,
    SEED,
    SUPERVISOR,
    WATCHING,
    as_expert,
    file,
    pool,
    works_at,
)

SEEDED = ask.SeedDraw(commitment_of(SEED), NONCE, pool(9))


# In the room


def test_a_session_opens_with_a_quorum_under_supervision() -> None:
    story = world.attended(world.declared(world.drawn()))
    room = story.state.seats[:5]
    opening = ask.OpenSession(room[0], (), room, rules=IN_FORCE)
    (event,) = story.when(opening, OFFICER, HELD).then(SessionOpened).events
    assert (set(event.present), event.size, event.supervisor) == (set(room), 7, SUPERVISOR)


def test_who_presides_opens_and_nobody_else_in_the_room() -> None:
    story = world.attended(world.declared(world.drawn()))
    room = story.state.seats
    opening = ask.OpenSession(room[0], room[1:2], room, rules=IN_FORCE)
    story.when(opening, as_expert(room[1], "chair"), HELD).refused("FORBIDDEN_ACTOR")
    story.when(opening, as_expert(room[0]), HELD).refused("FORBIDDEN_ACTOR")
    story.go(opening, as_expert(room[0], "chair"), HELD)
    leaves = ask.ChangePresence(room[5], present=False)
    story.when(leaves, as_expert(room[2], "chair")).refused("FORBIDDEN_ACTOR")
    story.when(leaves, as_expert(room[1], "chair")).then(PresenceChanged)


def test_four_of_seven_do_not_open_a_session() -> None:
    story = world.attended(world.declared(world.drawn()))
    room = story.state.seats[:4]
    opening = ask.OpenSession(room[0], (), room, rules=IN_FORCE)
    (reason,) = story.when(opening, OFFICER, HELD).refused("QUORUM_NOT_MET")
    assert (reason.facts["needed"], reason.facts["present"]) == (5, 4)


def test_strangers_in_the_room_make_no_quorum_and_are_named() -> None:
    story = world.attended(world.declared(world.drawn()))
    room = (*story.state.seats[:4], uid("stranger"))
    opening = ask.OpenSession(uid("absent chair"), (), room, rules=IN_FORCE)
    story.when(opening, OFFICER, HELD).refused("NOT_DRAWN", "NOT_PRESENT", "QUORUM_NOT_MET")


def test_no_session_opens_without_a_supervisor_assigned_and_in_the_room() -> None:
    story = world.declared(world.drawn())
    room = story.state.seats
    opening = ask.OpenSession(room[0], (), room, rules=IN_FORCE)
    story.when(opening, OFFICER, HELD).refused("SUPERVISOR_REQUIRED")
    world.attended(story).when(opening, OFFICER, HELD).then(SessionOpened)
    world.attended(story, present=False).when(opening, OFFICER, HELD).refused("SUPERVISOR_REQUIRED")
    story = world.planned().go(SEEDED, OFFICER).go(ask.DrawExperts(SEED), OFFICER)
    world.declared(story).when(opening, OFFICER, HELD).refused("SUPERVISOR_REQUIRED")


def test_a_supervisor_comes_by_the_own_word_alone_and_is_seen_to_leave_by_the_chair_too() -> None:
    story = world.declared(world.drawn())
    comes = ask.ChangePresence(SUPERVISOR, present=True)
    for other in (OFFICER, as_expert(story.state.seats[0], "chair"), as_expert(SUPERVISOR), CITY):
        story.when(comes, other).refused("FORBIDDEN_ACTOR")
    story.when(comes, WATCHING).then(SupervisorAttended(supervisor=SUPERVISOR, present=True))
    story.when(replace(comes, present=False), WATCHING).refused("ILLEGAL_TRANSITION")
    story = world.opened(story)
    story.when(comes, WATCHING).refused("ILLEGAL_TRANSITION")
    for one in (WATCHING, OFFICER, world.chair_of(story)):
        story.when(replace(comes, present=False), one).then(SupervisorAttended(supervisor=SUPERVISOR, present=False))
    seat = ask.ChangePresence(story.state.seats[2], present=False)
    story.when(seat, WATCHING).refused("FORBIDDEN_ACTOR")


def test_a_supervisor_who_came_on_the_day_before_has_still_to_come() -> None:
    story = world.declared(world.drawn())
    comes = ask.ChangePresence(SUPERVISOR, present=True)
    story.go(comes, WATCHING, HELD - timedelta(days=1))
    room = story.state.seats
    opening = ask.OpenSession(room[0], (), room, rules=IN_FORCE)
    story.when(opening, OFFICER, HELD).refused("SUPERVISOR_REQUIRED")
    story.when(replace(comes, present=False), WATCHING, HELD).refused("ILLEGAL_TRANSITION")
    story.go(comes, WATCHING, HELD).go(opening, OFFICER, HELD)
    world.judged(story)
    later = HELD + timedelta(days=1)
    story.when(world.call(), world.chair_of(story), later).refused("SUPERVISOR_REQUIRED")


def test_another_supervisor_has_still_to_come() -> None:
    story = world.attended(world.declared(world.drawn()))
    room = story.state.seats
    story.go(ask.AssignSupervisor(uid("another"), works_at("")), OFFICER)
    opening = ask.OpenSession(room[0], (), room, rules=IN_FORCE)
    story.when(opening, OFFICER, HELD).refused("SUPERVISOR_REQUIRED")


def test_no_session_opens_while_a_declaration_is_only_asked_for() -> None:
    story = world.attended(world.drawn())
    room = story.state.seats
    opening = ask.OpenSession(room[0], (), room, rules=IN_FORCE)
    (reason,) = story.when(opening, OFFICER, HELD).refused("ILLEGAL_TRANSITION")
    assert len(reason.facts["asked"]) == 7


def test_no_session_opens_once_the_filing_is_over_or_under_other_rules() -> None:
    story = world.attended(world.declared(world.drawn()))
    room = story.state.seats
    other = replace(IN_FORCE, identity=uid("other rules"))
    opening = ask.OpenSession(room[0], (), room, rules=other)
    late = datetime(2027, 1, 1, 1, 0, tzinfo=UTC)
    story.go(ask.ChangePresence(SUPERVISOR, present=True), WATCHING, late)
    story.when(opening, OFFICER, late).refused("FILING_EXPIRED", "RULESET_NOT_IN_FORCE")


def test_coming_and_going_is_recorded_once() -> None:
    story = world.opened(world.declared(world.drawn()), present=5)
    absent = story.state.seats[6]
    story.when(ask.ChangePresence(absent, present=True), OFFICER).then(PresenceChanged(expert=absent, present=True))
    story.when(ask.ChangePresence(absent, present=False), OFFICER).refused("ILLEGAL_TRANSITION")
    story.when(ask.ChangePresence(uid("stranger"), present=True), OFFICER).refused("NOT_DRAWN")


def test_an_opinion_is_given_once_by_an_expert_in_the_room_who_is_not_recused() -> None:
    base = world.drawn()
    recused, absent = base.state.seats[0], base.state.seats[6]
    story = world.opened(world.declared(base, frozenset({(recused, APPLICATION)})), present=5)
    opinion = ask.FileOpinion(APPLICATION, Unsealed(APPLICANT, "水平突出"))
    story.when(opinion, as_expert(recused)).refused("RECUSED")
    story.when(opinion, as_expert(absent)).refused("NOT_PRESENT")
    story.when(opinion, as_expert(uid("stranger"))).refused("NOT_DRAWN")
    writer = story.state.seats[1]
    story.when(opinion, as_expert(writer)).then(OpinionFiled)
    story.go(opinion, as_expert(writer))
    story.when(opinion, as_expert(writer)).refused("ILLEGAL_TRANSITION")
    world.declared(world.drawn()).when(opinion, as_expert(writer)).refused("ILLEGAL_TRANSITION")


# Endings


def test_a_candidate_who_is_out_leaves_the_session_and_gives_the_place_free() -> None:
    story = world.planned(file(), file(OTHER))
    outcome = story.when(ask.DropCandidate(OTHER, "withdrawn"))
    outcome.then(CandidateDropped(application=OTHER, cause="withdrawn", ballot=""))
    assert outcome.decision is not None
    assert outcome.decision.releases == (Claim("candidate", OTHER),)
    story.go(ask.DropCandidate(OTHER, "withdrawn"))
    story.when(ask.DropCandidate(OTHER, "withdrawn")).refused("ILLEGAL_TRANSITION")
    story.when(ask.DropCandidate(uid("unknown"), "withdrawn")).refused("ILLEGAL_TRANSITION")
    assert story.state.live() == (APPLICATION,)


def test_a_void_session_gives_its_candidates_free() -> None:
    for story, who in ((world.planned(file(), file(OTHER)), OFFICER), (world.drawn(file(), file(OTHER)), CITY)):
        outcome = story.when(ask.VoidSession("程序违规"), who).then(SessionVoided)
        assert outcome.decision is not None
        assert set(outcome.decision.releases) == {Claim("candidate", APPLICATION), Claim("candidate", OTHER)}
        story.when(ask.VoidSession("x"), as_expert(world.expert(0))).refused("FORBIDDEN_ACTOR")
        story.go(ask.VoidSession("x"), CITY).when(SEEDED, OFFICER).refused("ILLEGAL_TRANSITION")


def test_who_draws_does_not_cancel_to_draw_again() -> None:
    seeded = world.planned().go(SEEDED, OFFICER)
    for story in (seeded, world.drawn(), world.ready()):
        (reason,) = story.when(ask.VoidSession("x"), OFFICER).refused("FORBIDDEN_ACTOR")
        assert reason.change["needed"] == {"role": "city"}
        story.when(ask.VoidSession("x"), CITY).then(SessionVoided)


def test_minutes_are_archived_after_signing_only() -> None:
    minutes = ask.ArchiveMinutes(BlobRef(hash="0" * 64, size=1, media_type="application/pdf"))
    story = world.ready()
    story.when(minutes, OFFICER).refused("ILLEGAL_TRANSITION")
    story.go(world.call(), world.chair_of(story), HELD)
    story.go(ask.AnnounceResult(APPLICATION, world.closed(story, 5), IN_FORCE), world.chair_of(story), HELD)
    story.go(ask.SignResults(), world.chair_of(story), HELD)
    story.when(minutes, CITY).refused("FORBIDDEN_ACTOR")
    story.when(minutes, OFFICER).then(MinutesArchived)
