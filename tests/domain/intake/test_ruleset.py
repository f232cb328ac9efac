"""Rule sets and campaigns: two officials, sourced numbers, no overlap, complete notices."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from libs.events.contracts.intake import (
    CampaignNoticePublished,
    RuleSetDrafted,
    RuleSetPublished,
    RuleSetSuperseded,
)
from libs.kernel.decisions import Actor, Claim
from libs.kernel.rulesets import parse
from libs.kernel.terms import Level, Route
from services.intake.domain.campaign import CAMPAIGN, PublishNotice
from services.intake.domain.ruleset import RULESET, DraftRuleSet, InForce, PublishRuleSet, SupersedeRuleSet
from tests.domain.harness import Story, given, uid
from tests.domain.intake import stories as s

ONE, OTHER = Actor("one", "city"), Actor("other", "city")
TEXT = s.document("engineering-2023")


def drafted() -> Story:
    return given(RULESET).go(DraftRuleSet(TEXT), ONE)


def changed(change: Any) -> DraftRuleSet:
    document = json.loads(TEXT)
    change(document)
    return DraftRuleSet(json.dumps(document))


def test_a_rule_set_is_published_by_another_official_than_its_drafter() -> None:
    drafted().when(PublishRuleSet(()), ONE).refused("SEPARATION_OF_DUTIES")
    outcome = drafted().when(PublishRuleSet(()), OTHER).then(RuleSetPublished)
    (event,) = outcome.events
    assert event.drafted_by == "one"
    assert parse(event.document).hash == event.document_hash
    assert outcome.decision is not None
    assert Claim("ruleset", "engineering/intermediate") in outcome.decision.claims


def test_only_the_city_drafts_and_publishes() -> None:
    given(RULESET).when(DraftRuleSet(TEXT), s.OFFICER).refused("FORBIDDEN_ACTOR")
    drafted().when(PublishRuleSet(()), s.OFFICER).refused("FORBIDDEN_ACTOR")
    given(RULESET).when(PublishRuleSet(()), ONE).refused("ILLEGAL_TRANSITION")


def test_a_draft_may_be_replaced_and_a_published_rule_set_never() -> None:
    drafted().when(DraftRuleSet(TEXT), OTHER).then(RuleSetDrafted)
    story = drafted().go(PublishRuleSet(()), OTHER)
    story.when(DraftRuleSet(TEXT), ONE).refused("IMMUTABLE_HISTORY")
    story.when(PublishRuleSet(()), OTHER).refused("IMMUTABLE_HISTORY")


@pytest.mark.parametrize(("until", "refused"), [(None, True), (date(2023, 6, 14), True), (date(2023, 6, 13), False)])
def test_rule_sets_of_one_scope_never_overlap_in_time(until: date | None, refused: bool) -> None:
    other = InForce(uid("old"), "engineering", (Level.INTERMEDIATE,), date(2021, 4, 1), until)
    outcome = drafted().when(PublishRuleSet((other,)), OTHER)
    if refused:
        outcome.refused("RULESET_OVERLAP")
    else:
        outcome.then(RuleSetPublished)


def test_a_rule_set_ends_never_in_the_past_and_frees_its_scope() -> None:
    story = drafted().go(PublishRuleSet(()), OTHER)
    story.when(SupersedeRuleSet(date(2025, 3, 2)), ONE).refused("DATE_INVALID")
    outcome = story.when(SupersedeRuleSet(date(2025, 3, 3)), ONE).then(RuleSetSuperseded)
    assert outcome.decision is not None
    assert len(outcome.decision.releases) == len(Level)
    story.go(SupersedeRuleSet(date(2025, 3, 3)), ONE)
    story.when(SupersedeRuleSet(date(2025, 3, 3)), ONE).refused("ILLEGAL_TRANSITION")


def _no_source(document: dict[str, Any]) -> None:
    document["parameters"]["ban_years"]["source"] = " "


def _paper_gate(document: dict[str, Any]) -> None:
    leaf = document["standards"][0]["conditions"]["of"][0]
    leaf["predicate"] = "paper_count"


def _unknown_predicate(document: dict[str, Any]) -> None:
    document["standards"][0]["conditions"]["of"][0]["predicate"] = "charisma"


def _no_years(document: dict[str, Any]) -> None:
    leaf = document["standards"][-1]["conditions"]["of"][1]
    leaf["parameters"]["years"] = "five"


def _twice(document: dict[str, Any]) -> None:
    document["standards"].append(document["standards"][1])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_no_source, "SOURCE_MISSING"),
        (_paper_gate, "CRITERION_BANNED"),
        (_unknown_predicate, "SCHEMA_INVALID"),
        (_no_years, "SCHEMA_INVALID"),
        (_twice, "SCHEMA_INVALID"),
    ],
)
def test_a_faulty_rule_set_does_not_even_become_a_draft(change: Any, code: str) -> None:
    outcome = given(RULESET).when(changed(change), ONE)
    assert outcome.refusal is not None
    assert code in {reason.code for reason in outcome.refusal.reasons}


def test_a_document_that_does_not_fit_names_every_place() -> None:
    reasons = given(RULESET).when(DraftRuleSet('{"code": 1, "parameters": {}}'), ONE).refusal
    assert reasons is not None
    assert {"/code", "/title"} <= {reason.pointer for reason in reasons.reasons}


NOTICE = PublishNotice(
    series="engineering",
    specialties=("software",),
    levels=(Level.ASSOCIATE_SENIOR,),
    routes=(Route.ORDINARY,),
    year=2025,
    opens_at=datetime(2025, 3, 10, tzinfo=UTC),
    closes_at=datetime(2025, 4, 10, tzinfo=UTC),
    conditions="申报条件",
    procedure="工作程序",
    method="评审方式",
    time_and_place="受理时间地点",
    materials="材料要求",
    rules=s.RULES,
)


def test_a_notice_names_its_five_parts() -> None:
    given(CAMPAIGN).when(NOTICE, s.OFFICER).then(CampaignNoticePublished)
    short = replace(NOTICE, method=" ", materials="", specialties=())
    (reason,) = given(CAMPAIGN).when(short, s.OFFICER).refused("NOTICE_INCOMPLETE")
    assert reason.facts["missing"] == ["method", "materials", "specialties"]


def test_a_notice_comes_before_the_campaign_opens() -> None:
    early = replace(NOTICE, opens_at=datetime(2025, 3, 2, tzinfo=UTC))
    given(CAMPAIGN).when(early, s.OFFICER).refused("NOTICE_REQUIRED")
    given(CAMPAIGN).when(replace(NOTICE, closes_at=NOTICE.opens_at), s.OFFICER).refused("DATE_INVALID")


def test_a_notice_is_published_once_and_by_an_agency() -> None:
    given(CAMPAIGN).go(NOTICE, s.OFFICER).when(NOTICE, s.OFFICER).refused("ILLEGAL_TRANSITION")
    given(CAMPAIGN).when(NOTICE, ONE).refused("FORBIDDEN_ACTOR")


@pytest.mark.parametrize(
    "change",
    [
        {"series": "economics"},
        {"rules": replace(s.RULES, until=date(2025, 3, 9))},
        {"opens_at": datetime(2023, 6, 13, 15, tzinfo=UTC)},
    ],
)
def test_a_campaign_runs_under_a_rule_set_that_governs_it_when_it_opens(change: dict[str, Any]) -> None:
    notice = replace(NOTICE, **change)
    given(CAMPAIGN).when(notice, s.OFFICER, datetime(2023, 6, 1, tzinfo=UTC)).refused("RULESET_NOT_IN_FORCE")


def test_a_route_without_a_standard_is_not_announced() -> None:
    given(CAMPAIGN).when(replace(NOTICE, routes=(Route.SKILL,)), s.OFFICER).refused("ROUTE_NOT_OPEN_FOR_SERIES")
