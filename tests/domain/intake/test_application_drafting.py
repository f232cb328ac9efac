"""申报: what may be drafted, attached and submitted, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import (
    ApplicationEnded,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    DraftChanged,
    DraftStarted,
    EndorsementRequested,
    Item,
    MaterialAttached,
    Module,
)
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Actor, Claim
from libs.kernel.terms import Level, MaterialKind, Route
from services.intake.domain.application import APPLICATION, Stage, public_label
from services.intake.domain.application.drafting import (
    AttachMaterial,
    ChangeDraft,
    RequestEndorsement,
    SignCommitment,
    Withdraw,
)
from services.intake.domain.application.employer import ReturnToApplicant
from tests.domain.harness import given, uid
from tests.domain.intake import stories as s

UNCLEAR = (Item(module=Module.WORKS, reason=Unsealed(s.PERSON, "不清晰")),)


def test_a_draft_claims_the_one_place_a_person_has_in_a_series_and_year() -> None:
    outcome = given(APPLICATION).when(s.start(), s.APPLICANT, s.DRAFTED).then(DraftStarted)
    assert outcome.decision is not None
    assert outcome.decision.claims == (Claim("application", f"{s.PERSON}/engineering/2025"),)


def test_a_banned_person_starts_nothing_and_learns_the_first_free_day() -> None:
    ban = s.ban(date(2022, 3, 3), date(2025, 3, 3))
    (reason,) = given(APPLICATION).when(s.start(bans=(ban,)), s.APPLICANT, s.DRAFTED).refused("BANNED")
    assert reason.facts["until"] == "2025-03-03"
    assert reason.change == {"eligible_on": "2025-03-04"}


def test_on_the_day_after_a_ban_one_may_apply() -> None:
    ban = s.ban(date(2022, 3, 2), date(2025, 3, 2))
    given(APPLICATION).when(s.start(bans=(ban,)), s.APPLICANT, s.DRAFTED).then(DraftStarted)


def test_a_draft_outside_the_campaign_learns_everything_that_is_wrong_at_once() -> None:
    campaign = replace(s.CAMPAIGN, levels=(Level.INTERMEDIATE,), closes_at=s.DRAFTED)
    command = s.start(specialty="medicine", campaign=campaign, employments=())
    given(APPLICATION).when(command, s.APPLICANT, s.DRAFTED).refused(
        "NOT_IN_CAMPAIGN_SCOPE", "NOT_IN_CAMPAIGN_SCOPE", "WINDOW_CLOSED", "NO_EMPLOYMENT"
    )


def test_a_rule_set_that_is_not_in_force_judges_nobody() -> None:
    rules = replace(s.RULES, identity=uid("other rules"))
    given(APPLICATION).when(s.start(rules=rules), s.APPLICANT, s.DRAFTED).refused("RULESET_NOT_IN_FORCE")


def test_only_the_applicant_changes_the_draft() -> None:
    change = ChangeDraft("civil", Level.FULL_SENIOR, Route.ORDINARY, s.EMPLOYER, s.CAMPAIGN, s.RULES, (s.JOB,))
    s.draft().when(change, s.APPLICANT).then(DraftChanged)
    s.draft().when(change, Actor("x", "applicant", person=uid("other"))).refused("UNKNOWN_APPLICATION")


def test_a_second_material_of_a_kind_replaces_only_when_asked_to() -> None:
    story = s.ready()
    story.when(AttachMaterial(MaterialKind.FORM, s.upload("new")), s.APPLICANT).refused("MATERIAL_DUPLICATE")
    command = AttachMaterial(MaterialKind.FORM, s.upload("new"), replace=True)
    (event,) = story.when(command, s.APPLICANT).events
    assert event.replaces == s.upload("form").blob.hash


def test_a_file_that_is_not_what_was_announced_is_refused_with_every_reason() -> None:
    upload = replace(s.upload("form"), readable=False)
    command = AttachMaterial(MaterialKind.FORM, upload, classified=True, declared_hash="b" * 64)
    s.draft().when(command, s.APPLICANT).refused("MATERIAL_TAMPERED", "NOT_ELECTRONIC", "CLASSIFIED_MATERIAL")


def test_the_publicity_material_is_the_employers() -> None:
    command = AttachMaterial(MaterialKind.PUBLICITY, s.upload("proof"))
    s.draft().when(command, s.APPLICANT).refused("ILLEGAL_TRANSITION")


def test_a_submission_lists_everything_that_is_missing() -> None:
    early = replace(s.CAMPAIGN, opens_at=s.DRAFTED + s.HOUR)
    reasons = (
        s.draft()
        .when(s.submit(campaign=early), s.APPLICANT, s.DRAFTED)
        .refused("MATERIAL_MISSING", "COMMITMENT_REQUIRED", "WINDOW_CLOSED")
    )
    assert reasons[0].facts["missing"] == ["form", "works"]


@pytest.mark.parametrize(
    ("late", "refused"), [(timedelta(microseconds=1), False), (timedelta(0), True), (s.HOUR, True)]
)
def test_the_window_closes_at_its_instant(late: timedelta, refused: bool) -> None:
    at = s.CAMPAIGN.closes_at + (late if refused else -late)
    outcome = s.ready().when(s.submit(), s.APPLICANT, at)
    if refused:
        outcome.refused("WINDOW_CLOSED")
    else:
        outcome.then(ApplicationSubmitted)


def test_short_endorsements_only_warn_at_submission() -> None:
    story = s.ready(route=Route.EXCEPTIONAL_PEERS)
    (event,) = story.when(s.submit(endorsements=s.PEERS[:1]), s.APPLICANT).events
    assert event.warnings == ("RECOMMENDERS_SHORT",)
    assert event.endorsements == (s.PEERS[0].identity,)


def test_an_endorsement_is_asked_of_others_once_and_only_where_the_route_has_one() -> None:
    story = s.draft(route=Route.EXCEPTIONAL_PEERS)
    story.when(RequestEndorsement(s.PERSON), s.APPLICANT).refused("SELF_RECOMMENDATION")
    story.when(RequestEndorsement(uid("peer")), s.APPLICANT).then(EndorsementRequested)
    story.go(RequestEndorsement(uid("peer")), s.APPLICANT)
    story.when(RequestEndorsement(uid("peer")), s.APPLICANT).refused("DUPLICATE_RECOMMENDER")
    s.draft().when(RequestEndorsement(uid("peer")), s.APPLICANT).refused("ILLEGAL_TRANSITION")


def test_a_returned_file_is_open_only_where_it_was_returned_and_may_come_back_after_the_window() -> None:
    story = s.submitted().go(ReturnToApplicant(UNCLEAR), s.CLERK)
    form = AttachMaterial(MaterialKind.FORM, s.upload("new"), replace=True)
    works = AttachMaterial(MaterialKind.WORKS, s.upload("new"), replace=True)
    story.when(form, s.APPLICANT).refused("ILLEGAL_TRANSITION")
    story.when(SignCommitment("a" * 64), s.APPLICANT).refused("ILLEGAL_TRANSITION")
    story.when(works, s.APPLICANT).then(MaterialAttached)
    story.when(s.submit(), s.APPLICANT, s.CAMPAIGN.closes_at + s.HOUR).then(ApplicationSubmitted)


def test_withdrawing_frees_the_place_because_the_rule_set_says_so() -> None:
    outcome = s.submitted().when(Withdraw("个人原因"), s.APPLICANT).then(ApplicationWithdrawn, ApplicationEnded)
    assert outcome.decision is not None
    assert outcome.decision.releases == (Claim("application", f"{s.PERSON}/engineering/2025"),)


def test_an_ended_application_takes_no_more_commands() -> None:
    story = s.submitted().go(Withdraw(), s.APPLICANT)
    story.when(Withdraw(), s.APPLICANT).refused("ILLEGAL_TRANSITION")
    given(APPLICATION).when(Withdraw(), s.APPLICANT).refused("UNKNOWN_APPLICATION")


def test_a_passed_vote_stays_under_review_for_the_public_until_it_is_published() -> None:
    assert public_label(Stage.PASSED) == "评审中"
    assert public_label(Stage.RESULT_PUBLICITY) == "评审通过·公示中"
    assert public_label(Stage.BARRED) == "已终止"
    assert {public_label(stage) for stage in Stage if stage is not Stage.NONE} == {
        "填报中", "单位审核中", "单位公示中", "待受理", "需补正", "已受理", "资格审核中", "待缴费", "已缴费",
        "评审中", "评审通过·公示中", "未通过", "已取得证书", "已终止",
    }  # fmt: skip


def test_a_rule_set_that_has_ended_judges_no_new_application() -> None:
    today = beijing_date(s.DRAFTED)
    last_day = s.start(rules=replace(s.RULES, until=today))
    given(APPLICATION).when(last_day, s.APPLICANT, s.DRAFTED).accepted()
    ended = s.start(rules=replace(s.RULES, until=today - timedelta(days=1)))
    (reason,) = given(APPLICATION).when(ended, s.APPLICANT, s.DRAFTED).refused("RULESET_NOT_IN_FORCE")
    assert reason.facts["until"] == (today - timedelta(days=1)).isoformat()
    assert "campaign" in reason.change


def test_a_draft_is_first_submitted_while_its_rule_set_is_in_force_and_returned_ones_whenever_they_come() -> None:
    ended = s.submit(rules=replace(s.RULES, until=beijing_date(s.DRAFTED) - timedelta(days=1)))
    s.ready().when(s.submit(rules=replace(s.RULES, until=beijing_date(s.DRAFTED))), s.APPLICANT).accepted()
    (reason,) = s.ready().when(ended, s.APPLICANT).refused("RULESET_NOT_IN_FORCE")
    assert "campaign" in reason.change
    returned = s.submitted().go(ReturnToApplicant(UNCLEAR), s.CLERK)
    returned.when(ended, s.APPLICANT).accepted()
