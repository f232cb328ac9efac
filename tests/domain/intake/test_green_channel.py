"""The green channel (十): 3+1 by distinct persons, the city's recognition in place of a vote, straight to 高级."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import ApplicationEnded, RecognitionGranted, RecognitionRefused
from libs.kernel.decisions import Actor
from libs.kernel.rulesets import RuleSet, parse
from libs.kernel.terms import EndorsementKind, GreenCategory, Level, Route
from libs.kernel.verdicts import Verdict
from services.intake.domain.application.drafting import ChangeDraft, RequestEndorsement
from services.intake.domain.application.fees import AssessFee
from services.intake.domain.application.followup import RecordCertified
from services.intake.domain.application.qualification import Qualify
from services.intake.domain.application.recognition import ClaimGreenChannel, Recognise, RefuseRecognition
from services.intake.domain.application.state import Stage
from services.intake.domain.eligibility import Assessment, assess
from services.intake.domain.facts import Endorsement, Rules, Standing, TitleNow
from tests.domain.harness import SYSTEM, Story, uid
from tests.domain.intake import stories as s
from tests.domain.intake.test_eligibility import candidate

ON = date(2025, 3, 3)
CITY = Actor("city", "city", person=uid("official"))
OPEN = replace(s.CAMPAIGN, routes=(Route.GREEN_CHANNEL,))
GREEN: dict[str, Any] = {"route": Route.GREEN_CHANNEL, "campaign": OPEN}
CLAIM = ClaimGreenChannel(GreenCategory.ENGINEERING_PROBLEM, "攻克某重大工程难题")
EXPERTS = tuple(s.endorsement(name) for name in ("first", "second", "third"))
INSTITUTION = s.endorsement(
    "association", kind=EndorsementKind.INSTITUTION, full_senior=Standing.REVOKED, same_series=False
)
NOMINATED = (*EXPERTS, INSTITUTION)


def judged(*endorsements: Endorsement, category: GreenCategory | None = CLAIM.category) -> Assessment:
    facts = candidate(ON, endorsements=endorsements)
    return assess(replace(facts, category=category), Level.FULL_SENIOR, Route.GREEN_CHANNEL, s.RULES.rules)


def codes(outcome: Assessment) -> list[str]:
    return [reason.code for reason in outcome.reasons]


def test_three_experts_and_one_institution_lead_straight_to_the_highest_level() -> None:
    assert judged(*NOMINATED).outcome is Verdict.MET
    more = (s.endorsement("fourth"), replace(INSTITUTION, identity=uid("x"), endorser=uid("x"), employer=uid("y")))
    assert judged(*NOMINATED, *more).outcome is Verdict.MET


@pytest.mark.parametrize(
    ("endorsements", "also", "have"),
    [
        ((), [], (0, 0)),
        (EXPERTS, [], (3, 0)),
        ((*EXPERTS[:2], INSTITUTION), [], (2, 1)),
        ((INSTITUTION,), [], (0, 1)),
        (
            (*EXPERTS[:2], replace(EXPERTS[2], endorser=EXPERTS[0].endorser), INSTITUTION),
            ["DUPLICATE_RECOMMENDER"],
            (2, 1),
        ),
        ((*EXPERTS, replace(INSTITUTION, endorser=EXPERTS[0].endorser)), ["DISTINCT_PERSONS_REQUIRED"], (3, 0)),
        (
            (*EXPERTS[:2], replace(EXPERTS[2], employer=INSTITUTION.employer), INSTITUTION),
            ["NOMINATORS_SAME_UNIT"],
            (2, 1),
        ),
        (
            (*EXPERTS[:2], replace(EXPERTS[2], full_senior=Standing.REVOKED), INSTITUTION),
            ["RECOMMENDER_UNQUALIFIED"],
            (2, 1),
        ),
        ((*EXPERTS[:2], replace(EXPERTS[2], peer_specialty=False), INSTITUTION), ["NOT_A_PEER"], (2, 1)),
        ((*EXPERTS, replace(INSTITUTION, endorser=s.PERSON)), ["SELF_RECOMMENDATION"], (3, 0)),
        ((*EXPERTS, replace(INSTITUTION, barred=True)), ["RECOMMENDER_UNQUALIFIED"], (3, 0)),
        (
            (*EXPERTS, replace(INSTITUTION, kind=EndorsementKind.HEAD, employer=s.EMPLOYER)),
            ["RECOMMENDER_UNQUALIFIED"],
            (3, 0),
        ),
    ],
)
def test_a_nomination_is_whole_or_says_what_it_lacks_and_why(endorsements, also, have) -> None:
    outcome = judged(*endorsements)
    assert codes(outcome) == [*also, "NOMINATION_INCOMPLETE"]
    facts = outcome.reasons[-1].facts
    assert (facts["expert_have"], facts["institution_have"]) == have


def test_an_unconfirmed_title_leaves_the_nomination_open() -> None:
    waiting = replace(EXPERTS[2], full_senior=Standing.UNKNOWN)
    assert judged(*EXPERTS[:2], waiting, INSTITUTION).outcome is Verdict.UNKNOWN


def test_a_category_that_is_not_claimed_is_unknown() -> None:
    assert judged(*NOMINATED, category=None).outcome is Verdict.UNKNOWN


@pytest.mark.parametrize("level", [one for one in Level if not one.senior])
def test_the_green_channel_leads_to_senior_levels_only(level: Level) -> None:
    (reason,) = _start(level).refused("GREEN_ONLY_SENIOR")
    assert reason.change == {"levels": ["full_senior", "associate_senior"]}


def _start(level: Level) -> Any:
    story = s.draft(**GREEN)
    change = ChangeDraft("software", level, Route.GREEN_CHANNEL, s.EMPLOYER, OPEN, s.RULES, (s.JOB,))
    return story.when(change, s.APPLICANT)


def test_a_category_is_claimed_with_what_speaks_for_it_and_before_submission() -> None:
    ready = s.ready(**GREEN)
    (reason,) = ready.when(s.submit(campaign=OPEN), s.APPLICANT).refused("CATEGORY_REQUIRED")
    assert len(reason.change["categories"]) == 6
    ready.when(replace(CLAIM, grounds=" "), s.APPLICANT).refused("EVIDENCE_REQUIRED")
    ready.when(CLAIM, s.OFFICER).refused("UNKNOWN_APPLICATION")
    ready.go(CLAIM, s.APPLICANT).go(s.submit(campaign=OPEN), s.APPLICANT)
    ready.when(CLAIM, s.APPLICANT).refused("ILLEGAL_TRANSITION")
    s.draft().when(CLAIM, s.APPLICANT).refused("ILLEGAL_TRANSITION")


def test_who_is_asked_is_asked_in_one_of_the_two_capacities() -> None:
    story = s.draft(**GREEN)
    (reason,) = story.when(RequestEndorsement(uid("first")), s.APPLICANT).refused("SCHEMA_INVALID")
    assert reason.change == {"kinds": ["expert", "institution"]}
    story.when(RequestEndorsement(uid("first"), EndorsementKind.HEAD), s.APPLICANT).refused("SCHEMA_INVALID")
    story.go(RequestEndorsement(uid("first"), EndorsementKind.EXPERT), s.APPLICANT)
    story.when(RequestEndorsement(uid("first"), EndorsementKind.INSTITUTION), s.APPLICANT).refused(
        "DUPLICATE_RECOMMENDER"
    )


def qualified() -> Story:
    story = s.checked(*NOMINATED, claim=CLAIM, **GREEN)
    story.go(s.assess(titles=(), endorsements=NOMINATED), s.OFFICER)
    return story.go(Qualify("符合"), s.OFFICER)


def recognise(**changes: Any) -> Recognise:
    command = Recognise("京人社认〔2025〕3号", "经考核，予以认定", s.RULES, (), NOMINATED, ())
    return replace(command, **changes)


def test_the_city_recognises_who_is_qualified_without_a_fee_or_a_vote_and_the_title_follows() -> None:
    story = qualified()
    assert story.when(AssessFee(s.RULES, s.CALENDAR), SYSTEM).accepted().events == ()
    (event,) = story.when(recognise(), CITY).then(RecognitionGranted).events
    assert (event.level, event.decision_no) == (Level.ASSOCIATE_SENIOR, "京人社认〔2025〕3号")
    assert event.endorsements == tuple(one.identity for one in NOMINATED)
    story.go(recognise(), CITY)
    assert story.state.stage is Stage.RECOGNISED
    story.when(recognise(), CITY).refused("ILLEGAL_TRANSITION")
    story.go(RecordCertified(uid("title"), s.seen("title-x")), SYSTEM)
    assert story.state.stage is Stage.CERTIFIED


def test_recognition_is_the_citys_own_on_reasons_and_not_in_an_own_matter() -> None:
    story = qualified()
    for actor, code in (
        (s.OFFICER, "FORBIDDEN_ACTOR"),
        (replace(CITY, role="district"), "FORBIDDEN_ACTOR"),
        (SYSTEM, "HUMAN_DECISION_REQUIRED"),
        (replace(CITY, person=s.PERSON), "SEPARATION_OF_DUTIES"),
    ):
        story.when(recognise(), actor).refused(code)
    story.when(recognise(reasons=" ", decision_no=" "), CITY).refused("GROUND_REQUIRED", "SCHEMA_INVALID")


def test_a_nomination_that_fell_a_ban_and_a_title_that_fell_stop_the_recognition() -> None:
    fallen = recognise(
        endorsements=(*EXPERTS[:2], INSTITUTION),
        bans=(s.ban(ON, date(2028, 3, 3)),),
        titles=(TitleNow(uid("title"), Standing.REVOKED, s.seen("title-x", 2)),),
    )
    qualified().when(fallen, CITY).refused("BANNED", "NOMINATION_INCOMPLETE", "PRIOR_TITLE_REVOKED")


def test_a_refusal_is_on_the_merits_and_frees_no_place() -> None:
    story = qualified()
    refuse = RefuseRecognition("京人社认〔2025〕4号", "业绩未达到要求", s.RULES)
    refused, ended = story.when(refuse, CITY).then(RecognitionRefused, ApplicationEnded).events
    assert refused.reasons == Unsealed(s.PERSON, "业绩未达到要求")
    assert ended.reason == "not_recognised"
    outcome = story.when(refuse, CITY)
    assert outcome.decision is not None
    assert outcome.decision.releases == ()
    story.when(replace(refuse, reasons=""), CITY).refused("GROUND_REQUIRED")


def stating(**values: str | None) -> Rules:
    """The rule set with these parameters, or without those that are None."""
    rules = s.RULES.rules
    stated = {
        name: rules.parameters[name].model_copy(update={"value": value}) for name, value in values.items() if value
    }
    kept = {name: one for name, one in rules.parameters.items() if name not in values}
    return replace(s.RULES, rules=RuleSet(**{**rules.__dict__, "parameters": {**kept, **stated}}))


def test_whether_a_recognition_costs_a_fee_is_the_rule_sets_to_say() -> None:
    unstated, priced = stating(recognition_fee=None), stating(recognition_fee="of_the_level")
    story = qualified()
    story.when(AssessFee(unstated, s.CALENDAR), SYSTEM).refused("SOURCE_MISSING")
    story.when(recognise(rules=unstated), CITY).refused("SOURCE_MISSING")
    story.when(recognise(rules=stating(recognition_publicity=None)), CITY).refused("SOURCE_MISSING")
    story.when(recognise(rules=stating(recognition_publicity="5")), CITY).refused("SCHEMA_INVALID")
    story.when(recognise(rules=priced), CITY).refused("ILLEGAL_TRANSITION")
    story.go(AssessFee(priced, s.CALENDAR), SYSTEM)
    story.go(s.payment(story), SYSTEM).when(recognise(rules=priced), CITY).accepted()


def test_no_other_route_is_recognised() -> None:
    s.qualified().when(recognise(), CITY).refused("ILLEGAL_TRANSITION")


def test_the_shipped_rule_set_says_that_fee_and_publicity_are_assumptions() -> None:
    for name in ("recognition_fee", "recognition_publicity"):
        one = parse(s.document("engineering-2023")).parameters[name]
        assert (one.tag, one.clause) == ("I", "§11.26")
