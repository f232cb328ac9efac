"""Endorsements: by real name, on a live 正高 title of a peer, before acceptance, once (七.1, §11.12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from libs.events.contracts.base import Unsealed
from libs.events.contracts.review import (
    EndorsementGiven,
    EndorsementInvited,
    EndorsementRefused,
    EndorsementWithdrawn,
)
from libs.kernel.decisions import Actor, Claim
from libs.kernel.terms import EndorsementKind, Level, Route
from services.review.domain.endorsement import (
    ENDORSEMENT,
    GiveEndorsement,
    InviteEndorser,
    LapseByBan,
    LapseByTitle,
    RefuseEndorsement,
    WithdrawEndorsement,
    endorsement_id,
)
from tests.domain.harness import Story, given, uid
from tests.domain.review.world import APPLICANT, APPLICATION, EMPLOYER, IN_FORCE, ban, stated, title

ENDORSER = uid("endorser")
PEER = Actor("peer-1", "applicant", person=ENDORSER)
INVITE = InviteEndorser(APPLICATION, APPLICANT, ENDORSER, EndorsementKind.EXPERT, "engineering", "software", EMPLOYER)
GIVE = GiveEndorsement(
    statement="业绩显著，予以推荐",
    kin=False,
    titles=(title(),),
    bans=(),
    employer=uid("elsewhere"),
    peer_specialties=("ai",),
    own_employer_given=0,
    accepted=False,
    rules=IN_FORCE,
    route=Route.EXCEPTIONAL_PEERS,
)


def invited() -> Story:
    return given(ENDORSEMENT).go(INVITE)


def endorsed() -> Story:
    return invited().go(GIVE, PEER)


def test_an_endorsement_is_asked_for_and_given_on_a_title_that_it_cites() -> None:
    given(ENDORSEMENT).when(INVITE).then(EndorsementInvited)
    outcome = invited().when(GIVE, PEER).then(EndorsementGiven)
    (event,) = outcome.events
    assert event.seen == (title().seen,)
    assert (event.endorser, event.applicant, event.application) == (ENDORSER, APPLICANT, APPLICATION)
    assert outcome.decision is not None
    assert outcome.decision.claims == (Claim("endorser", f"{APPLICATION}:{ENDORSER}"),)


@pytest.mark.parametrize(
    ("titles", "codes"),
    [
        ((), ("RECOMMENDER_UNQUALIFIED",)),
        ((title(level=Level.ASSOCIATE_SENIOR),), ("RECOMMENDER_UNQUALIFIED",)),
        ((title(live=False),), ("RECOMMENDER_UNQUALIFIED",)),
        ((title(confirmed=False),), ("RECOMMENDER_UNQUALIFIED",)),
        ((title(scope="110108"),), ("RECOMMENDER_UNQUALIFIED",)),
        ((title(series="health"),), ("NOT_A_PEER",)),
        ((title(specialty="bridges"),), ("NOT_A_PEER",)),
        ((title(specialty="ai"),), ()),
        ((title(live=False), title("second", specialty="ai")), ()),
        ((title(live=False), title("second", specialty="bridges")), ("NOT_A_PEER",)),
    ],
)
def test_only_a_live_full_senior_title_of_a_listed_peer_specialty_will_do(titles, codes) -> None:
    outcome = invited().when(replace(GIVE, titles=titles), PEER)
    if codes:
        outcome.refused(*codes)
    else:
        outcome.then(EndorsementGiven)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = replace(GIVE, titles=(title(live=False),), bans=(ban(),), kin=True, employer=EMPLOYER, own_employer_given=1)
    invited().when(wrong, PEER).refused(
        "RECOMMENDER_UNQUALIFIED",
        "RECOMMENDER_UNQUALIFIED",
        "RECOMMENDER_CONFLICT",
        "RECOMMENDER_SAME_EMPLOYER",
    )


def test_a_revoked_title_is_named_as_the_reason() -> None:
    (reason,) = invited().when(replace(GIVE, titles=(title(live=False),)), PEER).refused("RECOMMENDER_UNQUALIFIED")
    assert reason.facts["revoked"] == 1


@pytest.mark.parametrize(("last", "free"), [(date(2025, 3, 3), False), (date(2025, 3, 2), True)])
def test_a_ban_bars_endorsing_until_its_last_day(last: date, free: bool) -> None:
    outcome = invited().when(replace(GIVE, bans=(ban(last=last),)), PEER)
    if free:
        outcome.accepted()
    else:
        (reason,) = outcome.refused("RECOMMENDER_UNQUALIFIED")
        assert reason.facts["until"] == "2025-03-03"


@pytest.mark.parametrize(("most", "others", "fits"), [(1, 0, True), (1, 1, False), (2, 1, True), (0, 0, False)])
def test_at_most_the_stated_number_comes_from_the_applicants_employer(most: int, others: int, fits: bool) -> None:
    rules = stated(peers_same_employer_max=most)
    own = replace(GIVE, employer=EMPLOYER, own_employer_given=others, rules=rules)
    outcome = invited().when(own, PEER)
    if fits:
        outcome.accepted()
    else:
        outcome.refused("RECOMMENDER_SAME_EMPLOYER")
    invited().when(replace(own, employer=""), PEER).accepted()


def test_nobody_endorses_for_another_or_oneself() -> None:
    invited().when(GIVE, Actor("other", "applicant", person=uid("other"))).refused("FORBIDDEN_ACTOR")
    invited().when(RefuseEndorsement(""), Actor("other", "applicant", person=uid("other"))).refused("FORBIDDEN_ACTOR")
    given(ENDORSEMENT).when(replace(INVITE, endorser=APPLICANT)).refused("RECOMMENDER_CONFLICT")


def test_the_same_person_stands_behind_an_application_once() -> None:
    endorsed().when(GIVE, PEER).refused("DUPLICATE_RECOMMENDER")
    endorsed().when(INVITE).refused("DUPLICATE_RECOMMENDER")
    invited().when(INVITE).refused("DUPLICATE_RECOMMENDER")
    assert endorsement_id(APPLICATION, ENDORSER) == endorsement_id(APPLICATION, ENDORSER)
    assert endorsement_id(APPLICATION, ENDORSER) != endorsement_id(APPLICATION, APPLICANT)


HEAD = Actor("head", "employer_head", unit=EMPLOYER, person=ENDORSER)
AS_HEAD = replace(GIVE, titles=(), technical_lead=True)


def head_invited() -> Story:
    return given(ENDORSEMENT).go(replace(INVITE, kind=EndorsementKind.HEAD))


def test_the_head_of_the_applicants_unit_endorses_its_technical_lead_without_a_title() -> None:
    (event,) = head_invited().when(AS_HEAD, HEAD).then(EndorsementGiven).events
    assert (event.kind, event.endorser_unit, event.seen) == (EndorsementKind.HEAD, EMPLOYER, ())


@pytest.mark.parametrize(
    ("actor", "changes", "code"),
    [
        (replace(HEAD, role="employer_clerk"), {}, "NOT_UNIT_HEAD"),
        (replace(HEAD, unit=uid("another unit")), {}, "NOT_UNIT_HEAD"),
        (PEER, {}, "NOT_UNIT_HEAD"),
        (HEAD, {"technical_lead": False}, "ROLE_NOT_ELIGIBLE"),
        (HEAD, {"kin": True}, "RECOMMENDER_CONFLICT"),
        (HEAD, {"bans": (ban(),)}, "RECOMMENDER_UNQUALIFIED"),
        (replace(HEAD, person=uid("other")), {}, "FORBIDDEN_ACTOR"),
    ],
)
def test_no_other_recommends_as_head_and_no_other_than_the_technical_lead(actor, changes, code) -> None:
    head_invited().when(replace(AS_HEAD, **changes), actor).refused(code)


def institution_invited() -> Story:
    return given(ENDORSEMENT).go(replace(INVITE, kind=EndorsementKind.INSTITUTION))


AS_INSTITUTION = replace(GIVE, titles=(), route=Route.GREEN_CHANNEL, seal="电子签章 2025-17")
ASSOCIATION = Actor("association", "employer_head", unit=uid("association"), person=ENDORSER)


def test_the_head_of_an_institution_nominates_by_real_name_and_under_its_seal() -> None:
    (event,) = institution_invited().when(AS_INSTITUTION, ASSOCIATION).then(EndorsementGiven).events
    assert (event.kind, event.endorser_unit) == (EndorsementKind.INSTITUTION, uid("association"))
    assert (event.seal, event.seen) == ("电子签章 2025-17", ())
    own_unit = replace(ASSOCIATION, unit=EMPLOYER)
    institution_invited().when(AS_INSTITUTION, own_unit).then(EndorsementGiven)


def test_an_institution_without_a_seal_a_head_or_a_clean_record_does_not_nominate() -> None:
    wrong = replace(AS_INSTITUTION, seal=" ", kin=True, bans=(ban(),))
    clerk = replace(ASSOCIATION, role="employer_clerk")
    institution_invited().when(wrong, clerk).refused(
        "RECOMMENDER_UNQUALIFIED", "RECOMMENDER_CONFLICT", "NOT_UNIT_HEAD", "SEAL_MISSING"
    )


def test_an_expert_of_the_applicants_unit_nominates_without_the_cap_of_the_exceptional_route() -> None:
    own = replace(GIVE, employer=EMPLOYER, own_employer_given=2)
    invited().when(own, PEER).refused("RECOMMENDER_SAME_EMPLOYER")
    invited().when(replace(own, route=Route.GREEN_CHANNEL), PEER).then(EndorsementGiven)


def test_a_heads_endorsement_falls_with_a_ban_and_rests_on_no_title() -> None:
    story = head_invited().go(AS_HEAD, HEAD)
    story.when(LapseByTitle(uid("title"))).refused("ILLEGAL_TRANSITION")
    story.when(LapseByBan(ban())).then(EndorsementWithdrawn)


def test_who_declined_may_be_asked_again() -> None:
    story = invited()
    story.when(RefuseEndorsement("不熟悉"), PEER).then(
        EndorsementRefused(application=APPLICATION, endorser=ENDORSER, note=Unsealed(APPLICANT, "不熟悉"))
    )
    story.go(RefuseEndorsement("不熟悉"), PEER)
    story.when(GIVE, PEER).refused("ILLEGAL_TRANSITION")
    story.when(INVITE).then(EndorsementInvited)


def test_an_endorsement_comes_and_goes_only_before_acceptance() -> None:
    story = endorsed()
    story.when(WithdrawEndorsement(accepted=True), PEER).refused("ILLEGAL_TRANSITION")
    invited().when(replace(GIVE, accepted=True), PEER).refused("ILLEGAL_TRANSITION")
    outcome = story.when(WithdrawEndorsement(accepted=False), PEER)
    outcome.then(EndorsementWithdrawn(application=APPLICATION, endorser=ENDORSER, cause="withdrawn"))
    assert outcome.decision is not None
    assert outcome.decision.releases == (Claim("endorser", f"{APPLICATION}:{ENDORSER}"),)
    story.go(WithdrawEndorsement(accepted=False), PEER)
    story.when(WithdrawEndorsement(accepted=False), PEER).refused("ILLEGAL_TRANSITION")


def test_an_endorsement_lapses_with_the_title_it_rests_on_and_with_no_other() -> None:
    story = endorsed()
    story.when(LapseByTitle(uid("title"))).then(
        EndorsementWithdrawn(application=APPLICATION, endorser=ENDORSER, cause="title_revoked")
    )
    story.when(LapseByTitle(uid("another"))).refused("ILLEGAL_TRANSITION")
    invited().when(LapseByTitle(uid("title"))).refused("ILLEGAL_TRANSITION")


def test_an_endorsement_lapses_when_a_ban_starts_also_after_acceptance() -> None:
    endorsed().when(LapseByBan(ban())).then(
        EndorsementWithdrawn(application=APPLICATION, endorser=ENDORSER, cause="banned")
    )
    endorsed().when(LapseByBan(ban(date(2025, 3, 4)))).refused("ILLEGAL_TRANSITION")
