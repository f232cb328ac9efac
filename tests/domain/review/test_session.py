"""A session up to its votes: planning, the draw, recusals, supervision, the room, opinions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import BlobRef
from libs.events.contracts.review import SessionPlanned
from libs.events.contracts.review_session import (
    CandidateDropped,
    ExpertDrawn,
    ExpertDrawSeeded,
    ExpertReplaced,
    IrregularityRaised,
    MinutesArchived,
    OpinionFiled,
    PresenceChanged,
    RecusalGranted,
    RecusalOrdered,
    RelationDeclared,
    SessionOpened,
    SessionVoided,
    SupervisorAssigned,
    SupervisorAttended,
)
from libs.kernel.decisions import Actor, Claim
from libs.kernel.terms import Level, Route
from services.review.domain import session_commands as ask
from services.review.domain.draw import commitment_of, reproduces
from services.review.domain.session import SESSION
from tests.domain.harness import given, uid
from tests.domain.review import world
from tests.domain.review.world import (
    AGENCY,
    APPLICANT,
    APPLICATION,
    CITY,
    EMPLOYER,
    HELD,
    IN_FORCE,
    NONCE,
    OFFICER,
    OTHER,
    RULES,
    SEED,
    SUPERVISOR,
    WATCHING,
    agency,
    as_expert,
    ban,
    committee,
    expert,
    file,
    member,
    pool,
    works_at,
)

PLAN = ask.PlanSession(HELD, Level.ASSOCIATE_SENIOR, (file(),), agency(), committee(), IN_FORCE)
SEEDED = ask.SeedDraw(commitment_of(SEED), NONCE, pool(9))


# Planning


def test_a_session_is_planned_with_candidates_that_have_paid() -> None:
    outcome = given(SESSION).when(replace(PLAN, files=(file(), file(OTHER))), OFFICER).then(SessionPlanned)
    (event,) = outcome.events
    assert event.candidates == (APPLICATION, OTHER)
    assert tuple(one.application for one in event.files) == event.candidates
    assert outcome.decision is not None
    assert outcome.decision.claims == (Claim("candidate", APPLICATION), Claim("candidate", OTHER))
    assert outcome.decision.ruleset == RULES


@pytest.mark.parametrize(
    ("plan", "codes"),
    [
        (replace(PLAN, files=(file(standing="earlier"),)), ["ILLEGAL_TRANSITION"]),
        (replace(PLAN, files=(file(standing="held"),)), ["ILLEGAL_TRANSITION"]),
        (replace(PLAN, files=(file(standing="ended"),)), ["ILLEGAL_TRANSITION"]),
        (replace(PLAN, files=()), ["SCHEMA_INVALID"]),
        (replace(PLAN, files=(file(), file())), ["SCHEMA_INVALID"]),
        (replace(PLAN, held_at=world.NOW), ["DATE_INVALID"]),
        (replace(PLAN, files=(file(ruleset=uid("old rules")),)), ["RULESET_NOT_IN_FORCE"]),
        (replace(PLAN, files=(file(campaign=uid("c1")), file(OTHER))), ["GROUP_MIXED"]),
        (replace(PLAN, files=(file(), file(OTHER, route=Route.DIRECTED))), ["GROUP_MIXED"]),
        (replace(PLAN, files=(file(agency=uid("another")),)), ["GROUP_MIXED"]),
        (replace(PLAN, files=(file(level=Level.INTERMEDIATE),)), ["GROUP_MIXED"]),
        (replace(PLAN, files=(file(series="health"),)), ["OUT_OF_GRANT_SCOPE"]),
        (
            replace(PLAN, level=Level.FULL_SENIOR, files=(file(level=Level.FULL_SENIOR),)),
            ["OUT_OF_GRANT_SCOPE"],
        ),
        (replace(PLAN, committee=committee(specialty="bridges")), ["OUT_OF_GRANT_SCOPE"]),
        (replace(PLAN, committee=committee(approved=False)), ["FILING_EXPIRED"]),
        (replace(PLAN, committee=committee(filed_until=date(2025, 3, 9))), ["FILING_EXPIRED"]),
        (replace(PLAN, committee=committee(filed_until=date(2025, 3, 10))), []),
        (replace(PLAN, agency=agency(listed=False)), ["AGENCY_NOT_LISTED"]),
        (replace(PLAN, agency=agency(filed_until=date(2025, 3, 9))), ["FILING_EXPIRED"]),
        (
            replace(PLAN, agency=agency(listed=False), committee=committee(approved=False), files=()),
            ["AGENCY_NOT_LISTED", "FILING_EXPIRED", "SCHEMA_INVALID"],
        ),
    ],
)
def test_what_may_not_be_planned_is_refused_with_every_reason(plan: ask.PlanSession, codes: list[str]) -> None:
    outcome = given(SESSION).when(plan, OFFICER)
    if codes:
        outcome.refused(*codes)
    else:
        outcome.accepted()


def test_only_an_officer_of_the_agency_plans_and_only_once() -> None:
    given(SESSION).when(PLAN, CITY).refused("FORBIDDEN_ACTOR")
    world.planned().when(PLAN, OFFICER).refused("ILLEGAL_TRANSITION")
    given(SESSION).when(SEEDED, OFFICER).refused("ILLEGAL_TRANSITION")


# The draw


def test_a_draw_is_fixed_before_it_is_disclosed_and_can_be_redone() -> None:
    story = world.planned()
    (seeded,) = story.when(SEEDED, OFFICER).then(ExpertDrawSeeded).events
    story.fold(seeded)
    (drawn,) = story.when(ask.DrawExperts(SEED), OFFICER).then(ExpertDrawn).events
    assert len(drawn.drawn) == 7
    assert reproduces(seeded, drawn)


def test_another_seed_than_the_one_committed_to_draws_nobody() -> None:
    story = world.planned().go(SEEDED, OFFICER)
    story.when(ask.DrawExperts("00" * 32), OFFICER).refused("DRAW_NOT_REPRODUCIBLE")


def test_a_commitment_cannot_be_exchanged_once_the_nonce_is_known() -> None:
    story = world.planned().go(SEEDED, OFFICER)
    story.when(replace(SEEDED, commitment=commitment_of("00" * 32)), OFFICER).refused("ILLEGAL_TRANSITION")
    world.planned().when(ask.DrawExperts(SEED), OFFICER).refused("ILLEGAL_TRANSITION")


def test_everyone_left_out_of_the_draw_is_listed_with_the_code() -> None:
    endorsed = file(endorsers=(expert(4),))
    outsiders = (
        member(expert(0), bans=(ban(),)),
        member(expert(1), admitted=False),
        member(expert(2), appointed_until=date(2025, 3, 9)),
        member(APPLICANT),
        member(expert(4)),
        member(SUPERVISOR),
        member(expert(6), bans=(ban(last=date(2025, 3, 9)),)),
    )
    story = world.planned(endorsed).go(ask.AssignSupervisor(SUPERVISOR, works_at()), OFFICER)
    rest = tuple(member(uid(f"fit {number}")) for number in range(7))
    (event,) = story.when(replace(SEEDED, pool=(*outsiders, *rest)), OFFICER).events
    assert {one.expert: one.code for one in event.excluded} == {
        expert(0): "BANNED",
        expert(1): "EXPERT_CONDITIONS_UNMET",
        expert(2): "EXPERT_CONDITIONS_UNMET",
        APPLICANT: "SELF_REVIEW",
        expert(4): "SEPARATION_OF_DUTIES",
        SUPERVISOR: "SUPERVISOR_CONFLICT",
    }
    assert set(event.pool) == {expert(6), *(one.expert for one in rest)}


def test_a_pool_too_small_for_the_seats_draws_nobody() -> None:
    (reason,) = world.planned().when(replace(SEEDED, pool=pool(6)), OFFICER).refused("COMMITTEE_TOO_SMALL")
    assert reason.change == {"appoint_at_least": 1}


def test_who_draws_is_not_in_the_pool() -> None:
    inside = Actor("o", "agency_officer", unit=AGENCY, person=expert(3))
    world.planned().when(SEEDED, inside).refused("SEPARATION_OF_DUTIES")
    world.planned().when(SEEDED, CITY).refused("FORBIDDEN_ACTOR")


def test_a_replacement_is_drawn_as_verifiably_as_the_first_and_sits_in_the_same_seat() -> None:
    story = world.drawn()
    out = story.state.seats[2]
    again = ask.SeedDraw(commitment_of("11" * 32), NONCE, pool(9), out, "突发疾病")
    (seeded,) = story.when(again, OFFICER).then(ExpertDrawSeeded).events
    assert len(seeded.pool) == 2
    story.fold(seeded)
    (replaced,) = story.when(ask.DrawExperts("11" * 32), OFFICER).then(ExpertReplaced).events
    assert reproduces(seeded, replaced)
    before = story.state.seats
    story.fold(replaced)
    assert story.state.seats == (*before[:2], replaced.drawn, *before[3:])
    back = replace(again, replaces=story.state.seats[0])
    (once_more,) = story.when(back, OFFICER).events
    assert out not in once_more.pool


def test_a_replacement_needs_a_seat_to_be_given_anew() -> None:
    story = world.drawn()
    story.when(replace(SEEDED, replaces=uid("stranger"), reason="x"), OFFICER).refused("NOT_DRAWN")
    story.when(SEEDED, OFFICER).refused("ILLEGAL_TRANSITION")
    world.planned().when(replace(SEEDED, replaces=expert(1)), OFFICER).refused("ILLEGAL_TRANSITION")


# Relations, recusals, supervision


def test_an_answer_of_none_recuses_nobody_and_a_list_recuses_at_once() -> None:
    story = world.drawn(file(), file(OTHER))
    who = story.state.seats[0]
    answers = (ask.Answer(APPLICATION, ()), ask.Answer(OTHER, (ask.Relation.MENTOR,)))
    story.when(ask.DeclareRelations(answers, works_at()), as_expert(who)).then(
        RelationDeclared, RecusalGranted(expert=who, application=OTHER)
    )


def test_a_colleague_of_the_candidate_is_told_to_withdraw_whatever_is_declared() -> None:
    story = world.drawn()
    who = story.state.seats[0]
    none = ask.DeclareRelations((ask.Answer(APPLICATION, ()),), works_at(EMPLOYER))
    _, recusal = story.when(none, as_expert(who)).then(RelationDeclared, RecusalOrdered).events
    assert (recusal.expert, recusal.ground) == (who, "same_employer")


def test_of_several_employers_each_counts() -> None:
    story = world.drawn()
    both = ask.EmploymentFact((uid("elsewhere"), EMPLOYER), works_at().seen)
    none = ask.DeclareRelations((ask.Answer(APPLICATION, ()),), both)
    story.when(none, as_expert(story.state.seats[0])).then(RelationDeclared, RecusalOrdered)
    story.when(ask.AssignSupervisor(uid("fit"), both), OFFICER).refused("SUPERVISOR_CONFLICT")


def test_a_relation_found_later_is_added_and_none_is_taken_back() -> None:
    story = world.drawn()
    who = story.state.seats[0]
    none = ask.DeclareRelations((ask.Answer(APPLICATION, ()),), works_at())
    listed = ask.DeclareRelations((ask.Answer(APPLICATION, (ask.Relation.KIN,)),), works_at())
    story.go(none, as_expert(who))
    story.when(none, as_expert(who)).refused("ILLEGAL_TRANSITION")
    story.go(listed, as_expert(who))
    assert (who, APPLICATION) in story.state.recused
    story.when(listed, as_expert(who)).refused("ILLEGAL_TRANSITION")
    story.when(none, as_expert(who)).refused("ILLEGAL_TRANSITION")


def test_only_a_seated_expert_answers_and_only_for_a_candidate() -> None:
    none = ask.DeclareRelations((ask.Answer(APPLICATION, ()),), works_at())
    unknown = ask.DeclareRelations((ask.Answer(OTHER, ()),), works_at())
    story = world.drawn()
    story.when(none, as_expert(uid("stranger"))).refused("NOT_DRAWN")
    story.when(unknown, as_expert(story.state.seats[0])).refused("ILLEGAL_TRANSITION")


def test_the_office_orders_a_recusal_once() -> None:
    story = world.drawn()
    who = story.state.seats[0]
    order = ask.OrderRecusal(who, APPLICATION, "合作论文")
    story.when(order, OFFICER).then(RecusalOrdered)
    story.when(order, as_expert(who)).refused("FORBIDDEN_ACTOR")
    story.when(replace(order, expert=uid("stranger"), application=OTHER), OFFICER).refused(
        "NOT_DRAWN", "ILLEGAL_TRANSITION"
    )
    story.go(order, OFFICER)
    story.when(order, OFFICER).refused("RECUSED")


def test_a_supervisor_has_no_part_in_the_session() -> None:
    story = world.drawn(file(endorsers=(uid("endorser"),)))

    def grounds(who: str, employer: str = "") -> object:
        command = ask.AssignSupervisor(who, works_at(employer))
        return story.when(command, OFFICER).refused("SUPERVISOR_CONFLICT")[0].facts["grounds"]

    assert grounds(story.state.seats[0]) == ["expert"]
    assert grounds(APPLICANT) == ["candidate"]
    assert grounds(uid("endorser"), EMPLOYER) == ["endorser", "candidate's employer"]
    story.when(ask.AssignSupervisor(uid("fit"), works_at("")), OFFICER).then(SupervisorAssigned)
    story.when(ask.AssignSupervisor(uid("fit"), works_at("")), CITY).refused("FORBIDDEN_ACTOR")


def test_the_supervisor_puts_an_irregularity_on_record_and_nobody_else_does() -> None:
    story = world.drawn()
    raised = ask.RaiseIrregularity(Unsealed(SUPERVISOR, "有人中途离场"))
    story.when(raised, WATCHING).then(IrregularityRaised)
    story.when(raised, OFFICER).refused("FORBIDDEN_ACTOR")


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
    story = world.drawn(file(), file(OTHER))
    for who in (OFFICER, CITY):
        outcome = story.when(ask.VoidSession("程序违规"), who).then(SessionVoided)
        assert outcome.decision is not None
        assert set(outcome.decision.releases) == {Claim("candidate", APPLICATION), Claim("candidate", OTHER)}
    story.when(ask.VoidSession("x"), as_expert(story.state.seats[0])).refused("FORBIDDEN_ACTOR")
    story.go(ask.VoidSession("x"), CITY).when(SEEDED, OFFICER).refused("ILLEGAL_TRANSITION")


def test_minutes_are_archived_after_signing_only() -> None:
    minutes = ask.ArchiveMinutes(BlobRef(hash="0" * 64, size=1, media_type="application/pdf"))
    story = world.ready()
    story.when(minutes, OFFICER).refused("ILLEGAL_TRANSITION")
    story.go(world.call(), world.chair_of(story), HELD)
    story.go(ask.AnnounceResult(APPLICATION, world.closed(story, 5), IN_FORCE), world.chair_of(story), HELD)
    story.go(ask.SignResults(), world.chair_of(story), HELD)
    story.when(minutes, CITY).refused("FORBIDDEN_ACTOR")
    story.when(minutes, OFFICER).then(MinutesArchived)
