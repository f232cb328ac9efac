"""A session before its room: planning, the draw, recusals, supervision."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from libs.events.contracts.base import Unsealed
from libs.events.contracts.review import SessionPlanned
from libs.events.contracts.review_session import (
    ExpertDrawn,
    ExpertDrawSeeded,
    ExpertReplaced,
    IrregularityRaised,
    RecusalGranted,
    RecusalOrdered,
    RelationDeclared,
    SupervisorAssigned,
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
        (replace(PLAN, files=(file(route=Route.GREEN_CHANNEL),)), ["ILLEGAL_TRANSITION"]),
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


def test_an_expert_who_acts_for_the_candidates_employer_is_recused_though_employed_elsewhere() -> None:
    story = world.drawn()
    who = story.state.seats[0]
    head = replace(as_expert(who), unit=EMPLOYER)
    none = ask.DeclareRelations((ask.Answer(APPLICATION, ()),), works_at())
    _, recusal = story.when(none, head).then(RelationDeclared, RecusalOrdered).events
    assert (recusal.expert, recusal.ground) == (who, "same_employer")
    story.when(none, replace(head, unit=uid("another"))).then(RelationDeclared)


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
