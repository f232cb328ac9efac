"""审核: checks, decisions by hand, assessment, qualification."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from libs.events.contracts.intake import (
    ApplicationDisqualified,
    ApplicationEnded,
    ApplicationQualified,
    CheckDecided,
    CheckResult,
    EligibilityAssessed,
)
from libs.kernel.terms import Check, Route
from services.intake.domain.application.qualification import DecideCheck, Disqualify, Qualify, RecordCheck
from services.intake.domain.facts import Standing, TitleNow
from tests.domain.harness import SYSTEM, uid
from tests.domain.intake import stories as s

BY_HAND = DecideCheck("education", stands=True, reasons="核对原件")


def education(answer: Check) -> RecordCheck:
    return RecordCheck("education", answer, "stand-in")


def test_an_eligible_person_is_qualified_by_an_officer() -> None:
    outcome = s.checked().when(s.assess(), s.OFFICER).then(EligibilityAssessed)
    assert outcome.events[0].outcome == "met"
    assert outcome.decision is not None
    assert outcome.decision.ruleset == s.RULES.identity
    s.assessed().when(Qualify(), s.OFFICER).then(ApplicationQualified)
    s.assessed().when(Qualify(), SYSTEM).refused("HUMAN_DECISION_REQUIRED")


def test_nobody_qualifies_without_an_assessment() -> None:
    s.checked().when(Qualify(), s.OFFICER).refused("ILLEGAL_TRANSITION")


def test_a_later_check_makes_an_assessment_stale() -> None:
    story = s.accepted().go(education(Check.UNAVAILABLE), SYSTEM).go(s.assess(), s.OFFICER)
    story.go(education(Check.MATCH), SYSTEM).when(Qualify(), s.OFFICER).refused("ILLEGAL_TRANSITION")


def test_every_failing_condition_is_given_with_its_clause_and_the_day_it_will_be_met() -> None:
    young = replace(s.ENGINEER, obtained_on=date(2020, 9, 1))
    story = s.checked().go(s.assess(titles=(young,), employments=()), s.OFFICER)
    reasons = story.when(Qualify(), s.OFFICER).refused(
        "NO_EMPLOYMENT", "OUT_OF_SCOPE_EMPLOYER", "NOT_LONG_PRACTISED", "TITLE_YEARS_SHORT"
    )
    years = next(reason for reason in reasons if reason.code == "TITLE_YEARS_SHORT")
    assert years.clause == "§4.3"
    assert years.facts["have"] == 4
    assert years.change == {"eligible_on": "2025-09-01"}
    assert years.ruleset == s.RULES.identity


def test_years_are_counted_to_the_day_of_submission() -> None:
    (event,) = s.checked().when(s.assess(), s.OFFICER).events
    assert event.on == date(2025, 3, 3)


def test_an_unavailable_source_is_neither_a_match_nor_a_mismatch() -> None:
    story = s.accepted().go(education(Check.UNAVAILABLE), SYSTEM)
    for check in ("insurance", "title"):
        story.go(RecordCheck(check, Check.MATCH, "stand-in"), SYSTEM)
    story.go(s.assess(), s.OFFICER)
    assert story.state.assessed.outcome == "unknown"
    story.when(Qualify(), s.OFFICER).refused("UPSTREAM_UNAVAILABLE")
    story.when(Disqualify("无"), s.OFFICER).refused("GROUND_REQUIRED")


def test_a_mismatch_waits_for_a_person_who_decides_with_reasons() -> None:
    story = s.accepted().go(education(Check.MISMATCH), SYSTEM)
    for check in ("insurance", "title"):
        story.go(RecordCheck(check, Check.MATCH, "stand-in"), SYSTEM)
    story.go(s.assess(), s.OFFICER).when(Qualify(), s.OFFICER).refused("HUMAN_DECISION_REQUIRED")
    story.when(replace(BY_HAND, reasons=" "), s.OFFICER).refused("GROUND_REQUIRED")
    story.when(BY_HAND, SYSTEM).refused("HUMAN_DECISION_REQUIRED")
    story.when(BY_HAND, s.OFFICER).then(CheckDecided)
    story.go(BY_HAND, s.OFFICER).go(s.assess(), s.OFFICER)
    story.when(Qualify(), s.OFFICER).then(ApplicationQualified)


def test_what_a_person_finds_false_disqualifies_and_keeps_the_place() -> None:
    story = s.accepted().go(education(Check.MISMATCH), SYSTEM)
    for check in ("insurance", "title"):
        story.go(RecordCheck(check, Check.MATCH, "stand-in"), SYSTEM)
    story.go(replace(BY_HAND, stands=False), s.OFFICER).go(s.assess(), s.OFFICER)
    outcome = story.when(Disqualify("学历不实"), s.OFFICER).then(ApplicationDisqualified, ApplicationEnded)
    assert outcome.events[0].codes == ("EDUCATION_BELOW",)
    assert outcome.decision is not None
    assert outcome.decision.releases == ()


def test_a_match_is_final_and_needs_no_decision_by_hand() -> None:
    story = s.accepted()
    story.when(education(Check.MATCH), SYSTEM).then(CheckResult)
    story.go(education(Check.MATCH), SYSTEM)
    story.when(education(Check.MISMATCH), SYSTEM).refused("ILLEGAL_TRANSITION")
    story.when(BY_HAND, s.OFFICER).refused("ILLEGAL_TRANSITION")


def test_an_unknown_check_is_refused() -> None:
    s.accepted().when(RecordCheck("palm", Check.MATCH, "x"), SYSTEM).refused("SCHEMA_INVALID")


def test_a_revoked_title_never_counts_and_is_named() -> None:
    revoked = replace(s.ENGINEER, standing=Standing.REVOKED)
    story = s.checked().go(s.assess(titles=(revoked,)), s.OFFICER)
    story.when(Qualify(), s.OFFICER).refused("PRIOR_TITLE_REVOKED", "LEVEL_SKIP", "TITLE_YEARS_SHORT")


def test_a_title_nobody_has_confirmed_is_unknown() -> None:
    unknown = replace(s.ENGINEER, standing=Standing.UNKNOWN)
    story = s.checked().go(s.assess(titles=(unknown,)), s.OFFICER)
    assert story.state.assessed.outcome == "unknown"


def test_the_exceptional_route_waives_education_and_years_but_not_the_persons_finding() -> None:
    story = s.checked(*s.PEERS, route=Route.EXCEPTIONAL_PEERS)
    facts = s.assess(educations=(s.COLLEGE,), endorsements=s.PEERS)
    story.branch().go(facts, s.OFFICER).when(Qualify(), s.OFFICER).refused("HUMAN_DECISION_REQUIRED")
    s.exceptional().go(facts, s.OFFICER).when(Qualify(), s.OFFICER).then(ApplicationQualified)


def test_an_exceptional_route_that_is_not_needed_only_warns() -> None:
    (event,) = s.exceptional().when(s.assess(endorsements=s.PEERS), s.OFFICER).events
    assert event.warnings == ("ROUTE_NOT_NEEDED",)
    assert event.outcome == "met"


def test_a_withdrawn_endorsement_fails_the_exceptional_route_with_its_code() -> None:
    gone = s.assess(educations=(s.COLLEGE,), endorsements=s.PEERS[:1])
    story = s.exceptional().go(gone, s.OFFICER)
    story.when(Qualify(), s.OFFICER).refused("RECOMMENDERS_SHORT")


def test_every_decision_is_made_under_the_applications_own_rule_set() -> None:
    other = replace(s.RULES, identity=uid("other rules"))
    s.checked().when(s.assess(rules=other), s.OFFICER).refused("RULESET_NOT_IN_FORCE")
    s.received().when(s.accept(rules=other), s.OFFICER).refused("RULESET_NOT_IN_FORCE")


@pytest.mark.parametrize("standing", [Standing.NO_BASIS, Standing.UNKNOWN])
def test_a_title_that_became_doubtful_after_the_assessment_qualifies_nobody(standing: Standing) -> None:
    story, later = s.assessed(), s.seen(s.ENGINEER.seen.stream, 2)
    now = TitleNow(s.ENGINEER.identity, standing, later)
    (reason,) = story.when(Qualify("", (now,)), s.OFFICER).refused("PRIOR_TITLE_REVOKED")
    assert reason.facts["standing"] == standing.value
    story.when(Qualify("", (replace(now, seen=s.ENGINEER.seen),)), s.OFFICER).then(ApplicationQualified)


def test_a_title_revoked_after_the_assessment_qualifies_nobody_until_it_is_assessed_again() -> None:
    story, voided = s.assessed(), s.seen(s.ENGINEER.seen.stream, 2)
    now = TitleNow(s.ENGINEER.identity, Standing.REVOKED, voided)
    (reason,) = story.when(Qualify("", (now,)), s.OFFICER).refused("PRIOR_TITLE_REVOKED")
    assert reason.change == {"command": "assess"}
    story.when(Qualify("", (replace(now, standing=Standing.LIVE),)), s.OFFICER).then(ApplicationQualified)
    other = replace(s.ENGINEER, identity=uid("other title"), seen=s.seen(f"title-{uid('other title')}"))
    gone = replace(s.ENGINEER, standing=Standing.REVOKED, seen=voided)
    story.go(s.assess(titles=(gone, other)), s.OFFICER).when(Qualify("", (now,)), s.OFFICER).then(ApplicationQualified)
