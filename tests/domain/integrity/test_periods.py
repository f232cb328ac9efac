"""Bans and records: as long as the rule set says, counted by the civil code, over by the date alone (§10.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from libs.events.contracts.integrity import (
    BanBasis,
    BanBegan,
    BanEnded,
    BanImposed,
    IntegrityRecorded,
    IntegrityRecordExpired,
    IntegrityRecordWithdrawn,
    SubjectKind,
)
from libs.kernel.calendars import start_of_day
from libs.kernel.refusals import Refused
from services.integrity.domain.ban import BAN, BeginBan, EndBan, ImposeBan, bars
from services.integrity.domain.consequences import (
    ban_identity,
    case_facts,
    consequences,
    record_identity,
)
from services.integrity.domain.record import (
    RECORD,
    ExpireRecord,
    RecordCase,
    WithdrawRecord,
    refuse_hidden,
    visible,
)
from tests.domain.harness import Story, given, uid
from tests.domain.integrity.world import (
    CASE_ID,
    CITY,
    DECIDE,
    DECIDED,
    FOUND,
    NOW,
    OPEN,
    PERSON,
    REVOKE,
    founded,
    rules,
)

# §10.3: effective or recorded, last day, first free day.
THREE_YEARS = [
    (date(2024, 2, 29), date(2027, 2, 28), date(2027, 3, 1)),
    (date(2023, 6, 14), date(2026, 6, 14), date(2026, 6, 15)),
    (date(2024, 8, 31), date(2027, 8, 31), date(2027, 9, 1)),
    (date(2021, 2, 28), date(2024, 2, 28), date(2024, 2, 29)),
    (date(2025, 12, 31), date(2028, 12, 31), date(2029, 1, 1)),
]
DAYS = st.dates(date(2021, 1, 1), date(2090, 12, 31))


def noon(on: date) -> datetime:
    return start_of_day(on) + timedelta(hours=12)


def banned(effective_on: date) -> Story:
    command = ImposeBan(replace(DECIDED, effective_on=effective_on), until=None, rules=rules())
    return given(BAN).go(command, now=noon(effective_on))


def recorded(on: date) -> Story:
    return given(RECORD).go(RecordCase(DECIDED, FOUND.value, expires_on=None, rules=rules()), now=noon(on))


@pytest.mark.parametrize(("effective_on", "last", "free"), THREE_YEARS)
def test_a_ban_of_three_years_ends_on_the_corresponding_day_and_the_next_is_free(
    effective_on: date, last: date, free: date
) -> None:
    story = banned(effective_on)
    assert story.events == [
        BanImposed(
            case=CASE_ID,
            person=PERSON,
            kinds=("TITLE", "POST"),
            basis="SERIOUS_FRAUD_NOTICE17",
            from_day=effective_on,
            until=last,
            seen=(DECIDED.seen, rules().seen),
        )
    ]
    assert bars(story.state, effective_on)
    assert bars(story.state, last)
    assert not bars(story.state, free)
    assert not bars(story.state, effective_on - timedelta(days=1))
    story.when(EndBan(), now=start_of_day(free)).then(BanEnded(person=PERSON, free_from=free))


@pytest.mark.parametrize(("on", "last", "free"), THREE_YEARS)
def test_a_record_is_shown_through_its_last_day_and_hidden_from_the_next(on: date, last: date, free: date) -> None:
    story = recorded(on)
    assert story.events == [
        IntegrityRecorded(
            case=CASE_ID,
            subject_kind="applicant",
            subject=PERSON,
            facts=FOUND,
            recorded_on=on,
            expires_on=last,
            seen=(DECIDED.seen, rules().seen),
        )
    ]
    refuse_hidden(story.state, last)
    with pytest.raises(Refused, match="RECORD_EXPIRED"):
        refuse_hidden(story.state, free)
    story.when(ExpireRecord(), now=start_of_day(free)).then(IntegrityRecordExpired(subject=PERSON, expired_on=free))


@for_all(DAYS, st.integers(-2000, 2000))
def test_a_record_is_visible_exactly_until_its_last_day_whether_or_not_its_expiry_was_noted(
    on: date, shift: int
) -> None:
    story = recorded(on)
    (event,) = story.events
    day = on + timedelta(days=shift)
    assert visible(story.state, day) is (day <= event.expires_on)
    assert (event.expires_on.year, event.expires_on.month) == (on.year + 3, on.month)
    if day > event.expires_on:
        assert not visible(story.go(ExpireRecord(), now=noon(day)).state, day)


@for_all(DAYS, st.integers(-2000, 2000))
def test_a_ban_bars_every_day_from_the_first_to_the_last_and_no_other(on: date, shift: int) -> None:
    story = banned(on)
    (event,) = story.events
    day = on + timedelta(days=shift)
    assert bars(story.state, day) is (on <= day <= event.until)
    assert not bars(story.state, event.until + timedelta(days=1))
    outcome = story.when(EndBan(), now=noon(day))
    if day > event.until:
        outcome.then(BanEnded)
    else:
        outcome.refused("ILLEGAL_TRANSITION")


def test_the_first_day_of_a_ban_imposed_for_later_is_told_once_and_never_before_it_comes() -> None:
    first = date(2023, 6, 14)
    command = ImposeBan(replace(DECIDED, effective_on=first), until=None, rules=rules())
    story = given(BAN).go(command, now=noon(first - timedelta(days=9)))
    story.when(BeginBan(), now=start_of_day(first) - timedelta(microseconds=1)).refused("ILLEGAL_TRANSITION")
    (began,) = story.when(BeginBan(), now=start_of_day(first)).then(BanBegan).events
    assert (began.person, began.from_day) == (PERSON, first)
    story.go(BeginBan(), now=start_of_day(first)).when(BeginBan()).refused("ILLEGAL_TRANSITION")
    banned(first).when(BeginBan(), now=noon(first)).refused("ILLEGAL_TRANSITION")


def test_a_ban_ends_at_midnight_in_beijing_and_not_a_microsecond_before() -> None:
    story = banned(date(2023, 6, 14))
    midnight = datetime(2026, 6, 14, 16, 0, tzinfo=UTC)
    story.when(EndBan(), now=midnight - timedelta(microseconds=1)).refused("ILLEGAL_TRANSITION")
    story.go(EndBan(), now=midnight).when(EndBan(), now=midnight).refused("ILLEGAL_TRANSITION")


@pytest.mark.parametrize("until", [date(2026, 6, 13), date(2026, 6, 15), date(2025, 6, 14), date(2028, 6, 14)])
def test_a_ban_of_any_other_length_is_refused_with_the_right_last_day(until: date) -> None:
    case = replace(DECIDED, effective_on=date(2023, 6, 14))
    (reason,) = given(BAN).when(ImposeBan(case, until, rules())).refused("BAN_LENGTH")
    assert reason.change == {"until": "2026-06-14"}
    given(BAN).when(ImposeBan(case, date(2026, 6, 14), rules())).then(BanImposed)


def test_the_length_of_ban_and_record_is_the_rule_sets_and_not_the_codes() -> None:
    longer = rules(ban_years=5, record_years=4)
    case = replace(DECIDED, effective_on=date(2025, 3, 3))
    (ban,) = given(BAN).when(ImposeBan(case, None, longer)).events
    (record,) = given(RECORD).when(RecordCase(case, FOUND.value, None, longer), now=NOW).events
    assert (ban.until, record.expires_on) == (date(2030, 3, 3), date(2029, 3, 3))


@pytest.mark.parametrize(
    "changes",
    [
        {"founded": False},
        {"ban_basis": None},
        {"subject_kind": SubjectKind.EXPERT},
        {"subject_kind": SubjectKind.EMPLOYER},
    ],
)
def test_nobody_is_banned_without_a_founded_case_on_an_applicant_with_a_basis(changes: dict[str, Any]) -> None:
    given(BAN).when(ImposeBan(replace(DECIDED, **changes), None, rules())).refused("CASE_REQUIRED")


def test_a_false_commitment_bars_from_titles_alone_and_for_the_years_of_its_own_law() -> None:
    case = replace(DECIDED, ban_basis=BanBasis.FALSE_COMMITMENT_2024)
    (ban,) = given(BAN).when(ImposeBan(case, None, rules(ban_years=9))).events
    assert (ban.kinds, ban.basis) == (("TITLE",), "FALSE_COMMITMENT_2024")
    assert ban.until == date(ban.from_day.year + 3, ban.from_day.month, ban.from_day.day)


def test_a_case_bars_its_subject_once() -> None:
    banned(date(2025, 3, 3)).when(ImposeBan(DECIDED, None, rules())).refused("ILLEGAL_TRANSITION")


def test_a_record_needs_a_founded_case_and_the_term_of_the_rule_set() -> None:
    unfounded = RecordCase(replace(DECIDED, founded=False), FOUND.value, date(2028, 3, 4), rules())
    given(RECORD).when(unfounded, now=NOW).refused("CASE_REQUIRED", "RECORD_TERM")


def test_a_record_does_not_expire_early() -> None:
    (reason,) = recorded(date(2023, 6, 14)).when(ExpireRecord(), now=noon(date(2026, 6, 14))).refused("RECORD_TERM")
    assert reason.change == {"from": "2026-06-15"}


def test_an_expired_record_neither_expires_again_nor_is_withdrawn() -> None:
    story = recorded(date(2023, 6, 14)).go(ExpireRecord(), now=noon(date(2026, 6, 15)))
    story.when(ExpireRecord(), now=noon(date(2026, 6, 16))).refused("RECORD_EXPIRED")
    story.when(WithdrawRecord("理由"), CITY).refused("RECORD_EXPIRED")


def test_the_city_withdraws_a_record_with_reasons_and_it_is_hidden_at_once() -> None:
    story = recorded(date(2025, 3, 3))
    story.when(WithdrawRecord("")).refused("FORBIDDEN_ACTOR", "GROUND_REQUIRED")
    own = replace(CITY, person=PERSON)
    story.when(WithdrawRecord("复核认定记录有误"), own).refused("SEPARATION_OF_DUTIES")
    story.go(WithdrawRecord("复核认定记录有误"), CITY)
    assert isinstance(story.events[-1], IntegrityRecordWithdrawn)
    with pytest.raises(Refused, match="NOT_FOUND"):
        refuse_hidden(story.state, date(2025, 3, 3))
    story.when(WithdrawRecord("复核认定记录有误"), CITY).refused("ILLEGAL_TRANSITION")


def test_one_grave_case_brings_the_revocation_the_ban_and_the_record() -> None:
    story = founded().go(REVOKE, CITY, NOW)
    facts = case_facts(story.events[3], f"case-{CASE_ID}", 4)
    assert facts == DECIDED
    follow = consequences(facts)
    assert (follow.ban, follow.record) == (ban_identity(CASE_ID), record_identity(CASE_ID))
    given(BAN).when(ImposeBan(facts, None, rules())).then(BanImposed)
    given(RECORD).when(RecordCase(facts, FOUND.value, None, rules())).then(IntegrityRecorded)


@pytest.mark.parametrize(
    ("decision", "kind", "recorded", "barred"),
    [
        (DECIDE, SubjectKind.APPLICANT, True, True),
        (DECIDE, SubjectKind.EXPERT, True, False),
        (DECIDE, SubjectKind.AGENCY, True, False),
        (replace(DECIDE, founded=False, severity=None), SubjectKind.APPLICANT, False, False),
    ],
)
def test_a_founded_case_is_recorded_whoever_its_subject_is_and_an_unfounded_one_leaves_nothing(
    decision: Any, kind: SubjectKind, recorded: bool, barred: bool
) -> None:
    story = founded(decision, replace(OPEN, subject_kind=kind))
    follow = consequences(case_facts(story.events[-1], f"case-{uid('case')}", 4))
    assert (follow.record is not None, follow.ban is not None) == (recorded, barred)
