"""诚信案件: only the city, only after facts were served and the subject heard, only on evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from libs.events.contracts.base import Unsealed
from libs.events.contracts.integrity import (
    BanBasis,
    FactsServed,
    Ground,
    IntegrityCaseDecided,
    IntegrityCaseOpened,
    Severity,
    SubjectHeard,
    SubjectKind,
    TitleRevoked,
)
from libs.kernel.decisions import Actor, Claim, Context
from libs.kernel.refusals import Refused
from libs.kernel.terms import Role
from services.integrity.domain.case import CASE, HearSubject
from tests.domain.harness import given, uid
from tests.domain.integrity.world import (
    CITY,
    DECIDE,
    DECISION,
    EVIDENCE,
    HEAR,
    HELD_TITLE,
    NOW,
    OPEN,
    PERSON,
    REVOKE,
    SERVE,
    TITLE,
    TODAY,
    case_up_to,
    founded,
    rules,
)

OTHERS = [Actor("someone", role.value) for role in Role if role is not Role.CITY]
UNFOUNDED = replace(DECIDE, founded=False, severity=None, severity_reasons="", evidence=())


@pytest.mark.parametrize("kind", SubjectKind)
def test_the_city_opens_a_case_on_any_of_the_four_subjects(kind: SubjectKind) -> None:
    given(CASE).when(replace(OPEN, subject_kind=kind), CITY).then(
        IntegrityCaseOpened(
            subject_kind=kind,
            subject=PERSON,
            allegation=Unsealed(PERSON, OPEN.allegation),
            lead=Unsealed(PERSON, OPEN.lead),
        )
    )


@pytest.mark.parametrize("actor", OTHERS, ids=lambda actor: actor.role)
def test_nobody_but_the_city_moves_a_case_and_revokes_a_title(actor: Actor) -> None:
    given(CASE).when(OPEN, actor).refused("FORBIDDEN_ACTOR")
    case_up_to().when(SERVE, actor).refused("FORBIDDEN_ACTOR")
    case_up_to(SERVE).when(HEAR, actor).refused("FORBIDDEN_ACTOR")
    case_up_to(SERVE, HEAR).when(DECIDE, actor).refused("FORBIDDEN_ACTOR")
    founded().when(REVOKE, actor).refused("FORBIDDEN_ACTOR")


@pytest.mark.parametrize("own", [{"person": PERSON}, {"unit": PERSON}], ids=["oneself", "own unit"])
def test_no_official_moves_a_case_against_themselves(own: dict[str, str]) -> None:
    official = replace(CITY, **own)
    given(CASE).when(OPEN, official).refused("SEPARATION_OF_DUTIES")
    case_up_to().when(SERVE, official).refused("SEPARATION_OF_DUTIES")
    case_up_to(SERVE).when(HEAR, official).refused("SEPARATION_OF_DUTIES")
    case_up_to(SERVE, HEAR).when(replace(DECIDE), official).refused("SEPARATION_OF_DUTIES")
    founded().when(REVOKE, official).refused("SEPARATION_OF_DUTIES")


def test_a_case_runs_from_its_opening_over_facts_and_hearing_to_its_decision() -> None:
    story = founded()
    kinds = [type(event) for event in story.events]
    assert kinds == [IntegrityCaseOpened, FactsServed, SubjectHeard, IntegrityCaseDecided]


@pytest.mark.parametrize(
    ("done", "asked"),
    [
        ((), HEAR),
        ((), DECIDE),
        ((SERVE,), DECIDE),
        ((SERVE,), SERVE),
        ((SERVE, HEAR), HEAR),
        ((SERVE, HEAR, DECIDE), DECIDE),
        ((), OPEN),
    ],
)
def test_no_step_is_left_out_or_done_twice(done: tuple[Any, ...], asked: Any) -> None:
    case_up_to(*done).when(asked, CITY).refused("ILLEGAL_TRANSITION")


def test_facts_are_served_with_their_evidence() -> None:
    case_up_to().when(replace(SERVE, facts="", evidence=()), CITY).refused("GROUND_REQUIRED", "EVIDENCE_REQUIRED")


def test_a_subject_is_heard_with_minutes_or_declines_and_that_is_noted() -> None:
    story = case_up_to(SERVE)
    story.when(replace(HEAR, minutes=None), CITY).refused("EVIDENCE_REQUIRED")
    story.when(HearSubject(declined=True, note="", minutes=None), CITY).refused("GROUND_REQUIRED")
    story.when(HearSubject(declined=True, note="书面声明放弃陈述", minutes=None), CITY).then(
        SubjectHeard(declined=True, note=Unsealed(PERSON, "书面声明放弃陈述"), minutes=None)
    )


def test_a_decision_that_lacks_everything_is_told_everything_at_once() -> None:
    bare = replace(
        DECIDE,
        severity_reasons=" ",
        findings="",
        evidence=(),
        decision_no="",
        effective_on=date(2025, 3, 2),
    )
    case_up_to(SERVE, HEAR).when(bare, CITY).refused(
        "GROUND_REQUIRED", "GROUND_REQUIRED", "EVIDENCE_REQUIRED", "SCHEMA_INVALID", "DATE_INVALID"
    )


def test_a_grave_case_is_a_finding_with_its_reasons() -> None:
    (reason,) = case_up_to(SERVE, HEAR).when(replace(DECIDE, severity_reasons=""), CITY).refused("GROUND_REQUIRED")
    assert reason.clause == "§11.4"


@pytest.mark.parametrize("command", [replace(DECIDE, severity=None), replace(DECIDE, founded=False, evidence=())])
def test_severity_belongs_to_founded_cases_and_to_each_of_them(command: Any) -> None:
    case_up_to(SERVE, HEAR).when(command, CITY).refused("SCHEMA_INVALID")


BEFORE, FROM = date(2024, 7, 24), date(2024, 7, 25)
"""The last day before the measures of 2024, and their own."""


@pytest.mark.parametrize(
    ("kind", "severity", "committed", "basis"),
    [
        (SubjectKind.APPLICANT, Severity.GRAVE, None, BanBasis.SERIOUS_FRAUD_NOTICE17),
        (SubjectKind.APPLICANT, Severity.GRAVE, FROM, BanBasis.SERIOUS_FRAUD_NOTICE17),
        (SubjectKind.APPLICANT, Severity.ORDINARY, FROM, BanBasis.FALSE_COMMITMENT_2024),
        (SubjectKind.APPLICANT, Severity.ORDINARY, BEFORE, None),
        (SubjectKind.APPLICANT, Severity.ORDINARY, None, None),
        (SubjectKind.EXPERT, Severity.GRAVE, FROM, None),
        (SubjectKind.EMPLOYER, Severity.GRAVE, FROM, None),
        (SubjectKind.AGENCY, Severity.GRAVE, FROM, None),
    ],
)
def test_a_ban_rests_on_a_grave_case_or_a_false_commitment_of_an_applicant_under_the_measures(
    kind: SubjectKind, severity: Severity, committed: date | None, basis: BanBasis | None
) -> None:
    decision = replace(DECIDE, severity=severity, false_commitment_on=committed, rules=rules())
    story = founded(decision, replace(OPEN, subject_kind=kind))
    assert story.events[-1].ban_basis is basis


def test_a_false_commitment_is_judged_by_the_rule_set_in_force_and_never_before_it_was_made() -> None:
    committed = replace(DECIDE, severity=Severity.ORDINARY, severity_reasons="", false_commitment_on=FROM)
    case_up_to(SERVE, HEAR).when(committed, CITY).refused("RULESET_NOT_IN_FORCE")
    tomorrow = replace(committed, false_commitment_on=TODAY + timedelta(days=1), rules=rules())
    case_up_to(SERVE, HEAR).when(tomorrow, CITY).refused("DATE_INVALID")
    decision = case_up_to(SERVE, HEAR).when(replace(committed, rules=rules()), CITY).decision
    assert decision is not None
    assert decision.ruleset == rules().identity


def test_a_founded_case_revokes_the_title_and_says_on_what() -> None:
    outcome = founded().when(REVOKE, CITY, NOW)
    outcome.then(
        TitleRevoked(
            title=TITLE,
            person=PERSON,
            ground="false_material",
            decision_no=DECISION,
            decided_at=NOW,
            reasons=Unsealed(PERSON, REVOKE.reasons),
            evidence=EVIDENCE,
            seen=(HELD_TITLE.seen,),
        )
    )


@pytest.mark.parametrize("ground", [ground.value for ground in Ground])
def test_each_of_the_five_grounds_is_a_ground(ground: str) -> None:
    founded().when(replace(REVOKE, ground=ground), CITY).then(TitleRevoked)


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"ground": ""}, ["GROUND_REQUIRED"]),
        ({"ground": "rumour"}, ["GROUND_REQUIRED"]),
        ({"evidence": ()}, ["EVIDENCE_REQUIRED"]),
        ({"title": None}, ["UNKNOWN_CERTIFICATE"]),
        ({"title": replace(HELD_TITLE, revoked_by="旧决定")}, ["ALREADY_REVOKED"]),
        ({"title": replace(HELD_TITLE, person=uid("someone else"))}, ["CASE_REQUIRED"]),
        ({"ground": "", "evidence": ()}, ["GROUND_REQUIRED", "EVIDENCE_REQUIRED"]),
        ({"ground": "", "reasons": "", "decision_no": ""}, ["GROUND_REQUIRED"] * 2 + ["SCHEMA_INVALID"]),
    ],
)
def test_a_revocation_needs_ground_evidence_number_and_a_known_live_title_of_the_subject(
    changes: dict[str, Any], codes: list[str]
) -> None:
    founded().when(replace(REVOKE, **changes), CITY).refused(*codes)


def test_no_title_is_revoked_without_a_founded_case_on_its_holder_as_applicant() -> None:
    given(CASE).when(REVOKE, CITY).refused("CASE_REQUIRED")
    case_up_to(SERVE, HEAR).when(REVOKE, CITY).refused("CASE_REQUIRED")
    founded(UNFOUNDED).when(REVOKE, CITY).refused("CASE_REQUIRED")
    founded(opening=replace(OPEN, subject_kind=SubjectKind.EXPERT)).when(REVOKE, CITY).refused("CASE_REQUIRED")


def test_a_revocation_is_told_apart_from_its_repetition_by_the_decision_number() -> None:
    story = founded().go(REVOKE, CITY)
    (same,) = story.when(REVOKE, CITY).refused("ALREADY_REVOKED")
    (other,) = story.when(replace(REVOKE, decision_no="别号"), CITY).refused("ALREADY_REVOKED")
    assert (same.facts["same_decision"], other.facts["same_decision"]) == (True, False)


def test_one_decision_may_revoke_several_titles_and_its_number_belongs_to_one_case() -> None:
    undecided = case_up_to(SERVE, HEAR)
    decided = undecided.when(DECIDE, CITY).decision
    assert decided is not None
    assert decided.claims == (Claim("decision_number", DECISION),)
    second = replace(REVOKE, title=replace(HELD_TITLE, title=uid("second title")))
    story = founded().go(REVOKE, CITY)
    revoked = story.when(second, CITY).decision
    assert revoked is not None
    once = Claim("revoked-title", uid("second title"))
    assert revoked.claims == (once,)
    by_another_number = story.when(replace(second, decision_no="别号"), CITY).decision
    assert by_another_number is not None
    assert by_another_number.claims == (once, Claim("decision_number", "别号"))


COMMANDS = [
    OPEN,
    SERVE,
    HEAR,
    DECIDE,
    UNFOUNDED,
    replace(DECIDE, evidence=()),
    REVOKE,
    replace(REVOKE, ground=""),
    replace(REVOKE, evidence=()),
    replace(REVOKE, title=replace(HELD_TITLE, title=uid("second title"))),
    replace(REVOKE, title=replace(HELD_TITLE, person=uid("someone else"))),
]


@for_all(st.lists(st.tuples(st.sampled_from(COMMANDS), st.sampled_from([CITY, *OTHERS])), max_size=25))
def test_every_revocation_has_the_city_a_ground_a_number_evidence_and_a_founded_case(
    asked: list[tuple[Any, Actor]],
) -> None:
    story = given(CASE)
    revoked: list[str] = []
    for place, (command, actor) in enumerate(asked):
        context = Context(NOW, actor, UUID(uid(str(place))))
        try:
            events = CASE.decide(story.state, command, context).events
        except Refused:
            continue
        for event in events:
            if isinstance(event, TitleRevoked):
                assert actor is CITY
                assert event.ground in list(Ground)
                assert event.decision_no
                assert event.evidence
                assert event.person == PERSON
                (decided,) = [one for one in story.events if isinstance(one, IntegrityCaseDecided)]
                assert decided.founded
                revoked.append(event.title)
        story.fold(*events)
    assert len(revoked) == len(set(revoked))


def test_the_decision_may_take_effect_on_the_day_of_the_hearing() -> None:
    case_up_to(SERVE, HEAR).when(replace(DECIDE, effective_on=TODAY), CITY).then(IntegrityCaseDecided)
