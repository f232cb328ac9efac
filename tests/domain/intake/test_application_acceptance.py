"""受理: receipt, the one correction, acceptance."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import (
    ApplicationAccepted,
    ApplicationEnded,
    ApplicationNotAccepted,
    CorrectionRequested,
    CorrectionSubmitted,
    DeemedAbandoned,
    Item,
    Module,
)
from libs.kernel.terms import MaterialKind, Route
from services.intake.domain.application.acceptance import (
    LapseCorrection,
    NotAccept,
    RequestCorrection,
    SubmitCorrection,
)
from services.intake.domain.application.drafting import AttachMaterial
from services.intake.domain.facts import Endorsement, Standing
from tests.domain.harness import SYSTEM, Story, uid
from tests.domain.intake import stories as s

WORKS = (Item(module=Module.WORKS, reason=Unsealed(s.PERSON, "缺少第三章")),)


def request(*endorsements: Endorsement, items: tuple[Item, ...] = WORKS) -> RequestCorrection:
    return RequestCorrection(items, s.RULES, s.CALENDAR, endorsements)


def corrected() -> Story:
    story = s.received().go(request(), s.OFFICER)
    story.go(AttachMaterial(MaterialKind.WORKS, s.upload("new works"), replace=True), s.APPLICANT)
    return story.go(SubmitCorrection(), s.APPLICANT)


def test_acceptance_starts_the_promised_twenty_working_days() -> None:
    (event,) = s.received().when(s.accept(), s.OFFICER).then(ApplicationAccepted).events
    assert event.due > s.received().now + timedelta(days=27)
    assert event.calendar == s.CALENDAR.version


def test_a_correction_is_requested_once() -> None:
    corrected().when(request(), s.OFFICER).refused("CORRECTION_ALREADY_USED")
    s.received().go(request(), s.OFFICER).when(request(), s.OFFICER).refused("CORRECTION_ALREADY_USED")


def test_a_correction_lists_what_the_system_knows_to_be_missing_too() -> None:
    story = s.received(route=Route.EXCEPTIONAL_PEERS)
    (event,) = story.when(request(s.PEERS[0]), s.OFFICER).then(CorrectionRequested).events
    assert [item.module for item in event.items] == [Module.WORKS, Module.ENDORSEMENTS]


def test_a_correction_without_any_item_is_no_correction() -> None:
    s.received().when(request(items=()), s.OFFICER).refused("GROUND_REQUIRED")


def test_a_corrected_file_goes_back_to_the_agency_with_what_was_changed() -> None:
    story = s.received().go(request(), s.OFFICER)
    form = AttachMaterial(MaterialKind.FORM, s.upload("new form"), replace=True)
    story.when(form, s.APPLICANT).refused("ILLEGAL_TRANSITION")
    story.go(AttachMaterial(MaterialKind.WORKS, s.upload("new works"), replace=True), s.APPLICANT)
    story.when(SubmitCorrection(), s.APPLICANT).then(CorrectionSubmitted(modules=(Module.WORKS,)))
    corrected().when(s.accept(), s.OFFICER).then(ApplicationAccepted)


def test_what_is_not_corrected_in_time_is_deemed_abandoned_and_frees_the_place() -> None:
    story = s.received().go(request(), s.OFFICER)
    due = story.state.correction.due
    story.when(LapseCorrection(), SYSTEM, due - s.HOUR).refused("ILLEGAL_TRANSITION")
    story.when(SubmitCorrection(), s.APPLICANT, due).refused("WINDOW_CLOSED")
    outcome = story.when(LapseCorrection(), SYSTEM, due).then(DeemedAbandoned, ApplicationEnded)
    assert outcome.decision is not None
    assert len(outcome.decision.releases) == 1
    corrected().when(LapseCorrection(), SYSTEM, due).refused("ILLEGAL_TRANSITION")


@pytest.mark.parametrize(
    ("peers", "codes"),
    [
        ((), ["RECOMMENDERS_SHORT"]),
        (s.PEERS[:1], ["RECOMMENDERS_SHORT"]),
        ((s.PEERS[0], s.PEERS[0]), ["RECOMMENDERS_SHORT", "DUPLICATE_RECOMMENDER"]),
        (
            (s.PEERS[0], s.endorsement("b", full_senior=Standing.REVOKED)),
            ["RECOMMENDERS_SHORT", "RECOMMENDER_UNQUALIFIED"],
        ),
        ((s.PEERS[0], s.endorsement("b", barred=True)), ["RECOMMENDERS_SHORT", "RECOMMENDER_UNQUALIFIED"]),
        ((s.PEERS[0], s.endorsement("b", full_senior=Standing.UNKNOWN)), ["RECOMMENDERS_SHORT"]),
        ((s.PEERS[0], s.endorsement("b", peer_specialty=False)), ["RECOMMENDERS_SHORT", "NOT_A_PEER"]),
        (
            (s.endorsement("a", employer=s.EMPLOYER), s.endorsement("b", employer=s.EMPLOYER)),
            ["RECOMMENDERS_SHORT", "RECOMMENDER_SAME_EMPLOYER"],
        ),
    ],
)
def test_an_exceptional_file_is_accepted_with_two_peers_that_count(
    peers: tuple[Endorsement, ...], codes: list[str]
) -> None:
    s.received(route=Route.EXCEPTIONAL_PEERS).when(s.accept(*peers), s.OFFICER).refused(*codes)


def test_two_peers_are_enough_and_one_may_be_of_the_own_employer() -> None:
    peers = (s.PEERS[0], s.endorsement("colleague", employer=s.EMPLOYER))
    (event,) = s.received(route=Route.EXCEPTIONAL_PEERS).when(s.accept(*peers), s.OFFICER).events
    assert event.endorsements == tuple(peer.identity for peer in peers)
    assert peers[0].seen[0] in event.seen


def test_only_an_officer_of_the_campaigns_agency_accepts_and_no_machine() -> None:
    story = s.received()
    story.when(s.accept(), replace(s.OFFICER, unit=uid("another agency"))).refused("UNKNOWN_APPLICATION")
    story.when(s.accept(), SYSTEM).refused("HUMAN_DECISION_REQUIRED")


def test_a_ban_that_came_meanwhile_refuses_acceptance() -> None:
    ban = s.ban(date(2025, 3, 4), date(2028, 3, 4))
    s.received().when(s.accept(bans=(ban,)), s.OFFICER).refused("BANNED")


def test_a_file_is_not_accepted_with_reasons_only() -> None:
    s.received().when(NotAccept(()), s.OFFICER).refused("GROUND_REQUIRED")
    s.received().when(NotAccept(WORKS), s.OFFICER).then(ApplicationNotAccepted, ApplicationEnded)
