"""The head's route (八.3): a listed unit's head recommends its technical lead; education and years are waived."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from libs.kernel.terms import EndorsementKind, Level, Route
from libs.kernel.verdicts import Verdict
from services.intake.domain.application.acceptance import Accept
from services.intake.domain.application.drafting import RequestEndorsement
from services.intake.domain.eligibility import Assessment, assess
from services.intake.domain.facts import Designation, Standing
from tests.domain.harness import uid
from tests.domain.intake import stories as s
from tests.domain.intake.test_eligibility import candidate

ON = date(2025, 3, 3)
DAY = timedelta(days=1)
LISTED = Designation("sci_tech_leader", date(2024, 6, 1), date(2025, 12, 31))
JOB = replace(s.JOB, designations=(LISTED,))
HEAD = s.endorsement(
    "head", kind=EndorsementKind.HEAD, employer=s.EMPLOYER, full_senior=Standing.REVOKED, same_series=False
)
OPEN = replace(s.CAMPAIGN, routes=(Route.EXCEPTIONAL_HEAD,))
RECENT = replace(s.ENGINEER, obtained_on=ON - DAY)


def judged(on: date = ON, level: Level = Level.ASSOCIATE_SENIOR, **changes: object) -> Assessment:
    facts = candidate(on, employments=(JOB,), endorsements=(HEAD,), titles=(RECENT,))
    return assess(replace(facts, today=on, **changes), level, Route.EXCEPTIONAL_HEAD, s.RULES.rules)


def codes(outcome: Assessment) -> list[str]:
    return [reason.code for reason in outcome.reasons]


def test_the_technical_lead_of_a_listed_unit_needs_neither_education_nor_years() -> None:
    assert judged().outcome is Verdict.MET


@pytest.mark.parametrize(
    ("on", "met"),
    [
        (LISTED.from_day - DAY, False),
        (LISTED.from_day, True),
        (LISTED.until, True),
        (date(2026, 1, 1), False),
    ],
)
def test_the_unit_is_listed_from_its_first_day_to_its_last(on: date, met: bool) -> None:
    outcome = judged(on, titles=(s.ENGINEER,))
    assert codes(outcome) == ([] if met else ["UNIT_KIND_NOT_ELIGIBLE"])


def test_a_kind_that_the_notice_does_not_list_will_not_do() -> None:
    other = replace(JOB, designations=(replace(LISTED, kind="famous"),))
    assert codes(judged(employments=(other,))) == ["UNIT_KIND_NOT_ELIGIBLE"]


def test_the_route_skips_no_level() -> None:
    assert codes(judged(titles=())) == ["LEVEL_SKIP"]
    assert codes(judged(level=Level.FULL_SENIOR)) == ["LEVEL_SKIP"]


@pytest.mark.parametrize(
    ("endorsements", "also"),
    [
        ((), []),
        ((replace(HEAD, endorser=s.PERSON),), ["SELF_RECOMMENDATION"]),
        ((replace(HEAD, employer=uid("another unit")),), ["NOT_UNIT_HEAD"]),
        ((s.endorsement("peer"),), ["RECOMMENDER_UNQUALIFIED"]),
        ((replace(HEAD, barred=True),), ["RECOMMENDER_UNQUALIFIED"]),
    ],
)
def test_nobody_recommends_but_the_head_of_the_own_unit(endorsements, also) -> None:
    assert codes(judged(endorsements=endorsements)) == [*also, "RECOMMENDERS_SHORT"]


def test_an_expert_does_not_stand_in_for_the_head_nor_the_head_for_an_expert() -> None:
    facts = replace(candidate(ON, titles=(RECENT,)), exceptional=True, endorsements=(HEAD, s.endorsement("peer")))
    outcome = assess(facts, Level.ASSOCIATE_SENIOR, Route.EXCEPTIONAL_PEERS, s.RULES.rules)
    assert codes(outcome) == ["RECOMMENDER_UNQUALIFIED", "RECOMMENDERS_SHORT"]


def test_the_applicant_asks_the_head_in_that_capacity_and_acceptance_waits_for_the_answer() -> None:
    story = s.draft(route=Route.EXCEPTIONAL_HEAD, campaign=OPEN)
    (asked,) = story.when(RequestEndorsement(uid("head")), s.APPLICANT).accepted().events
    assert asked.kind is EndorsementKind.HEAD
    story.when(RequestEndorsement(s.PERSON), s.APPLICANT).refused("SELF_RECOMMENDATION")
    received = s.received(route=Route.EXCEPTIONAL_HEAD, campaign=OPEN)
    accept = Accept(s.RULES, s.CALENDAR, (), ())
    (short,) = received.when(accept, s.OFFICER).refused("RECOMMENDERS_SHORT")
    assert (short.clause, short.facts["need"]) == ("八.3", 1)
    (accepted,) = received.when(replace(accept, endorsements=(HEAD,)), s.OFFICER).accepted().events
    assert accepted.endorsements == (HEAD.identity,)
