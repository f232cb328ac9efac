"""职称: one live title for a person, series, specialty, level and scope; void from the beginning when revoked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from libs.events.contracts.certificate import (
    ImportedTitleConfirmed,
    RelianceDecided,
    RelianceListed,
    TitleGranted,
    TitleImported,
    TitleVoided,
)
from libs.events.contracts.intake import Seen
from libs.kernel.decisions import Claim, Context
from libs.kernel.refusals import Refused
from libs.kernel.terms import Level, Role, Route
from services.certificate.domain.title import TITLE, Standing, Title, standing, title_identity
from services.certificate.domain.title_commands import (
    BanSeen,
    ConfirmTitle,
    DecideReliance,
    GrantTitle,
    ListReliance,
    ReliedTitle,
    VoidTitle,
)
from tests.domain.certificate.world import (
    APPLICANT,
    APPLICATION,
    CASE,
    CITY,
    GRANT,
    IMPORT,
    NOW,
    OTHER_TITLE,
    PERSON,
    REVOCATION,
)
from tests.domain.harness import Story, given, uid

EARLIER = Seen(stream=f"title-{OTHER_TITLE}", version=1)
EARLIER_VOID = Seen(stream=f"title-{OTHER_TITLE}", version=2)
RELYING = replace(GRANT, relied_on=(ReliedTitle(EARLIER, revoked=False),))
CLAIM = Claim("live_title", f'["{PERSON}","engineering","artificial_intelligence","associate_senior",""]')


def granted(command: GrantTitle = GRANT) -> Story:
    return given(TITLE).go(command, now=NOW)


def test_a_confirmed_result_gives_a_title_from_the_day_of_passing_in_beijing() -> None:
    outcome = given(TITLE).when(RELYING, now=NOW)
    outcome.then(
        TitleGranted(
            person=PERSON,
            application=APPLICATION,
            series="engineering",
            specialty="artificial_intelligence",
            level=Level.ASSOCIATE_SENIOR,
            route=Route.ORDINARY,
            scope="",
            obtained_on=date(2025, 2, 21),
            committee=uid("committee"),
            employer=uid("employer"),
            ruleset=uid("rules"),
            relied_on=(EARLIER,),
        )
    )
    assert outcome.decision is not None
    assert outcome.decision.ruleset == uid("rules")


def test_a_title_claims_its_place_and_gives_it_back_when_it_is_revoked() -> None:
    story = given(TITLE)
    grant = story.when(GRANT, now=NOW).decision
    void = granted().when(VoidTitle(REVOCATION)).decision
    assert grant is not None
    assert void is not None
    assert grant.claims == void.releases == (CLAIM,)


def test_the_same_result_never_gives_two_titles() -> None:
    assert title_identity(APPLICATION) == title_identity(APPLICATION)
    granted().when(GRANT).refused("ALREADY_ISSUED")


def test_a_title_that_was_revoked_is_not_granted_again() -> None:
    granted().go(VoidTitle(REVOCATION)).when(GRANT).refused("ALREADY_REVOKED")


@pytest.mark.parametrize(
    ("route", "scope", "codes"),
    [
        (Route.DIRECTED, "门头沟区", ()),
        (Route.DIRECTED, "", ("SCHEMA_INVALID",)),
        (Route.ORDINARY, "门头沟区", ("SCHEMA_INVALID",)),
        (Route.ORDINARY, "", ()),
    ],
)
def test_a_directed_title_has_a_district_and_no_other_has(route: Route, scope: str, codes: tuple[str, ...]) -> None:
    outcome = given(TITLE).when(replace(GRANT, route=route, scope=scope), now=NOW)
    if codes:
        outcome.refused(*codes)
    else:
        outcome.then(TitleGranted)


@for_all(st.sampled_from(Route), st.sampled_from(["", "东城区", "延庆区"]))
def test_every_granted_title_has_a_district_exactly_when_it_is_directed(route: Route, scope: str) -> None:
    try:
        story = granted(replace(GRANT, route=route, scope=scope))
    except AssertionError:
        assert (route is Route.DIRECTED) is not bool(scope)
    else:
        assert (route is Route.DIRECTED) is bool(story.state.scope)


@pytest.mark.parametrize(
    ("from_day", "until", "refused"),
    [
        (date(2022, 3, 2), date(2025, 3, 2), False),
        (date(2022, 3, 3), date(2025, 3, 3), True),
        (date(2025, 3, 3), date(2028, 3, 3), True),
        (date(2025, 3, 4), date(2028, 3, 4), False),
    ],
)
def test_nobody_gets_a_title_within_a_ban_and_the_refusal_names_the_first_free_day(
    from_day: date, until: date, refused: bool
) -> None:
    outcome = given(TITLE).when(replace(GRANT, bans=(BanSeen(from_day, until),)), now=NOW)
    if refused:
        (reason,) = outcome.refused("BANNED")
        assert reason.change == {"eligible_on": date(until.year, until.month, until.day + 1).isoformat()}
    else:
        outcome.then(TitleGranted)


def test_a_refused_grant_names_everything_that_is_wrong_with_it() -> None:
    hopeless = replace(
        GRANT,
        scope="东城区",
        bans=(BanSeen(date(2025, 1, 1), date(2028, 1, 1)),),
        relied_on=(ReliedTitle(EARLIER_VOID, revoked=True),),
    )
    granted().when(hopeless).refused("ALREADY_ISSUED", "SCHEMA_INVALID", "BANNED", "PRIOR_TITLE_REVOKED")


def test_a_title_is_not_granted_on_a_revoked_one_unless_the_city_says_why() -> None:
    rests_on_revoked = replace(GRANT, relied_on=(ReliedTitle(EARLIER_VOID, revoked=True),))
    by_hand = replace(rests_on_revoked, reliance_reasons="另有2012年同级职称，条件仍然满足")
    given(TITLE).when(rests_on_revoked, now=NOW).refused("PRIOR_TITLE_REVOKED")
    given(TITLE).when(by_hand, APPLICANT, NOW).refused("PRIOR_TITLE_REVOKED")
    story = given(TITLE).go(by_hand, CITY, NOW)
    assert [type(event) for event in story.events] == [TitleGranted, RelianceDecided]
    assert standing(story.state) is Standing.LIVE


def test_a_title_is_not_granted_on_one_that_became_doubtful_unless_the_city_says_why() -> None:
    rests_on_doubted = replace(GRANT, relied_on=(ReliedTitle(EARLIER, revoked=False, doubted=True),))
    by_hand = replace(rests_on_doubted, reliance_reasons="另有2012年同级职称，条件仍然满足")
    given(TITLE).when(rests_on_doubted, now=NOW).refused("PRIOR_TITLE_REVOKED")
    story = given(TITLE).go(by_hand, CITY, NOW)
    assert [type(event) for event in story.events] == [TitleGranted, RelianceDecided]
    assert standing(story.state) is Standing.LIVE
    story.when(ListReliance(EARLIER_VOID)).then(RelianceListed)


def test_a_title_is_doubted_from_the_first_question_until_a_person_lets_it_stand() -> None:
    listed = granted(RELYING).go(ListReliance(EARLIER_VOID))
    assert listed.state.doubted_at == len(listed.events)
    assert listed.branch().go(DecideReliance(stands=True, reasons="独立成立"), CITY).state.doubted_at == 0
    fallen = listed.go(DecideReliance(stands=False, reasons="条件不再满足"), CITY)
    assert fallen.state.doubted_at == len(listed.events) - 1


def test_an_imported_title_is_kept_as_it_is_and_what_is_missing_stays_unknown() -> None:
    bare = replace(IMPORT, specialty="", level=None, obtained_on=None, certificate_no="")
    outcome = given(TITLE).when(bare, CITY)
    (imported,) = outcome.events
    assert isinstance(imported, TitleImported)
    assert (imported.level, imported.obtained_on, imported.specialty) == (None, None, "")
    assert outcome.decision is not None
    assert outcome.decision.claims == ()


def test_an_imported_number_is_taken_for_ever_among_those_of_its_issuer() -> None:
    decision = given(TITLE).when(IMPORT, CITY).decision
    assert decision is not None
    number = Claim("certificate_number", '["北京市人力资源和社会保障局","ZG-2015-0042"]')
    assert number in decision.claims
    void = given(TITLE).go(IMPORT, CITY).when(VoidTitle(REVOCATION)).decision
    assert void is not None
    assert number not in void.releases


def test_an_import_says_where_it_comes_from_and_lies_not_in_the_future() -> None:
    command = replace(IMPORT, provenance=" ", obtained_on=date(2025, 3, 4))
    given(TITLE).when(command, CITY, NOW).refused("SOURCE_MISSING", "DATE_INVALID")


def test_only_a_person_confirms_the_title_of_another_province() -> None:
    elsewhere = replace(IMPORT, issuer="河北省人力资源和社会保障厅")
    given(TITLE).when(elsewhere).refused("HUMAN_DECISION_REQUIRED")
    story = given(TITLE).go(replace(elsewhere, confirmed=False))
    assert standing(story.state) is Standing.UNCONFIRMED
    confirm = ConfirmTitle("发证机关已函复确认")
    story.when(confirm).refused("FORBIDDEN_ACTOR")
    story.when(ConfirmTitle(""), CITY).refused("GROUND_REQUIRED")
    story.go(confirm, CITY)
    assert isinstance(story.events[-1], ImportedTitleConfirmed)
    assert standing(story.state) is Standing.LIVE
    story.when(confirm, CITY).refused("ILLEGAL_TRANSITION")


@pytest.mark.parametrize(
    "command", [VoidTitle(REVOCATION), ListReliance(EARLIER_VOID), ConfirmTitle("x"), DecideReliance(True, "x")]
)
def test_what_does_not_exist_is_unknown(command: Any) -> None:
    given(TITLE).when(command, CITY).refused("UNKNOWN_CERTIFICATE")


def test_a_revoked_title_cites_the_citys_case_decision_and_ground() -> None:
    granted().when(VoidTitle(REVOCATION)).then(
        TitleVoided(
            person=PERSON,
            case=CASE,
            decision_no="京人社职撤〔2025〕3号",
            ground="false_material",
            decided_at=REVOCATION.decided_at,
            decided_by_role=Role.CITY,
            seen=(REVOCATION.seen,),
        )
    )


def test_a_revocation_lacking_role_ground_and_case_is_refused_for_all_three() -> None:
    lame = replace(REVOCATION, decided_by_role=Role.DISTRICT, ground="dislike", decision_no="")
    granted().when(VoidTitle(lame)).refused("FORBIDDEN_ACTOR", "GROUND_REQUIRED", "CASE_REQUIRED")


def test_a_second_revocation_changes_nothing_and_tells_whether_it_is_the_same_decision() -> None:
    story = granted().go(VoidTitle(REVOCATION))
    (same,) = story.when(VoidTitle(REVOCATION)).refused("ALREADY_REVOKED")
    (other,) = story.when(VoidTitle(replace(REVOCATION, decision_no="别号"))).refused("ALREADY_REVOKED")
    assert same.facts["same_decision"] is True
    assert other.facts["same_decision"] is False


def test_a_title_that_rested_on_a_revoked_one_waits_for_a_person_and_is_never_revoked_by_itself() -> None:
    story = granted(RELYING).go(ListReliance(EARLIER_VOID))
    assert story.events[-1] == RelianceListed(person=PERSON, relied_on=OTHER_TITLE, seen=(EARLIER_VOID,))
    assert standing(story.state) is Standing.IN_QUESTION
    story.when(ListReliance(EARLIER_VOID)).refused("ILLEGAL_TRANSITION")
    story.when(DecideReliance(True, "理由")).refused("FORBIDDEN_ACTOR")
    stands = story.branch().go(DecideReliance(True, "理由"), CITY)
    assert standing(stands.state) is Standing.LIVE
    stands.when(ListReliance(EARLIER_VOID)).refused("ILLEGAL_TRANSITION")
    falls = story.branch().go(DecideReliance(False, "理由"), CITY)
    assert standing(falls.state) is Standing.NO_BASIS
    assert falls.state.revoked_by is None
    falls.when(DecideReliance(True, "理由"), CITY).refused("ILLEGAL_TRANSITION")


def test_only_a_title_that_rested_on_the_revoked_one_is_listed() -> None:
    granted().when(ListReliance(EARLIER_VOID)).refused("ILLEGAL_TRANSITION")


COMMANDS = st.sampled_from(
    [
        (GRANT, CITY),
        (RELYING, CITY),
        (replace(IMPORT, confirmed=False), CITY),
        (ConfirmTitle("理由"), CITY),
        (VoidTitle(REVOCATION), CITY),
        (VoidTitle(replace(REVOCATION, decision_no="别号")), CITY),
        (ListReliance(EARLIER_VOID), CITY),
        (DecideReliance(True, "理由"), CITY),
        (DecideReliance(False, "理由"), CITY),
    ]
)


@for_all(st.lists(COMMANDS, max_size=12))
def test_revoked_is_absorbing_whatever_is_asked_afterwards(asked: list[tuple[Any, Any]]) -> None:
    story = given(TITLE)
    for command, actor in asked:
        state: Title | None = story.state
        was_revoked = state is not None and state.revoked_by is not None
        before = len(story.events)
        try:
            context = Context(NOW, actor, UUID(uid(f"command {before}")))
            story.fold(*TITLE.decide(story.state, command, context).events)
        except Refused:
            assert len(story.events) == before
        if was_revoked:
            assert story.state == state
            assert len(story.events) == before


@for_all(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b"]),
            st.sampled_from([Level.INTERMEDIATE, Level.ASSOCIATE_SENIOR]),
            st.booleans(),
        ),
        max_size=15,
    )
)
def test_claims_leave_at_most_one_live_title_for_a_person_series_specialty_level_and_scope(
    asked: list[tuple[str, Level, bool]],
) -> None:
    held: dict[Claim, str] = {}
    live: dict[str, Story] = {}
    for place, (person, level, revoke) in enumerate(asked):
        application = uid(f"application {place}")
        command = replace(GRANT, application=application, person=uid(person), level=level)
        decision = given(TITLE).when(command, now=NOW).decision
        assert decision is not None
        if not any(claim in held for claim in decision.claims):
            held.update(dict.fromkeys(decision.claims, application))
            live[application] = given(TITLE, *decision.events)
        if revoke and live:
            application, story = live.popitem()
            void = story.when(VoidTitle(REVOCATION)).decision
            assert void is not None
            for claim in void.releases:
                assert held.pop(claim) == application
        keys = [(s.state.person, s.state.series, s.state.level, s.state.scope) for s in live.values()]
        assert len(keys) == len(set(keys))


def test_no_official_brings_a_title_of_their_own_into_the_register_or_judges_one() -> None:
    official = replace(CITY, person=PERSON)
    given(TITLE).when(IMPORT, official).refused("SEPARATION_OF_DUTIES")
    unconfirmed = given(TITLE).go(replace(IMPORT, confirmed=False), CITY)
    unconfirmed.when(ConfirmTitle("发证机关已函复确认"), official).refused("SEPARATION_OF_DUTIES")
