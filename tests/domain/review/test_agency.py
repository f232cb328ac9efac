"""Agencies: the city alone files, lists, suspends and delists them (十二)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from libs.events.contracts.review_bodies import (
    AgencyDelisted,
    AgencyFiled,
    AgencyListed,
    AgencyReinstated,
    AgencySuspended,
)
from libs.kernel.decisions import Claim
from services.review.domain.agency import (
    AGENCY,
    DelistAgency,
    FileAgency,
    ListAgency,
    ReinstateAgency,
    SuspendAgency,
)
from services.review.domain.facts import agency_reasons
from tests.domain.harness import Story, given
from tests.domain.review.world import CITY, OFFICER, TODAY, agency

FILE = FileAgency(
    "北京市工程技术评审中心",
    "91110108MA01ABCD1X",
    "110108",
    ("engineering",),
    date(2024, 1, 1),
    date(2026, 12, 31),
)
LIST = ListAgency(2025, date(2025, 12, 31))


def listed() -> Story:
    return given(AGENCY).go(FILE, CITY).go(LIST, CITY)


def test_the_city_files_lists_suspends_reinstates_and_delists_an_agency() -> None:
    story = given(AGENCY)
    outcome = story.when(FILE, CITY).then(AgencyFiled)
    assert outcome.decision is not None
    assert outcome.decision.claims == (Claim("agency", FILE.credit_code),)
    story.go(FILE, CITY)
    story.when(LIST, CITY).then(AgencyListed(year=2025, listed_until=date(2025, 12, 31)))
    story.go(LIST, CITY)
    story.when(SuspendAgency("复查"), CITY).then(AgencySuspended(reason="复查"))
    story.go(SuspendAgency("复查"), CITY)
    story.when(ReinstateAgency("已整改"), CITY).then(AgencyReinstated)
    story.when(DelistAgency("收回"), CITY).then(AgencyDelisted)


@pytest.mark.parametrize("command", [LIST, SuspendAgency("x"), ReinstateAgency("x"), DelistAgency("x")])
def test_nothing_is_done_to_an_agency_that_was_never_filed(command: object) -> None:
    given(AGENCY).when(command, CITY).refused("ILLEGAL_TRANSITION")


@pytest.mark.parametrize("command", [FILE, LIST, SuspendAgency("x"), ReinstateAgency("x"), DelistAgency("x")])
def test_nobody_but_the_city_decides_on_an_agency(command: object) -> None:
    listed().when(command, OFFICER).refused("FORBIDDEN_ACTOR")


def test_a_suspended_agency_is_not_made_whole_by_filing_or_listing() -> None:
    story = listed().go(SuspendAgency("复查"), CITY)
    story.when(FILE, CITY).refused("ILLEGAL_TRANSITION")
    story.when(LIST, CITY).refused("ILLEGAL_TRANSITION")
    story.when(SuspendAgency("again"), CITY).refused("ILLEGAL_TRANSITION")


def test_a_delisted_agency_comes_back_only_by_filing_and_listing() -> None:
    story = listed().go(DelistAgency("收回"), CITY)
    story.when(LIST, CITY).refused("ILLEGAL_TRANSITION")
    assert story.go(FILE, CITY).state.status == "filed"
    assert story.go(LIST, CITY).state.status == "listed"


def test_an_agency_renewed_under_another_credit_code_gives_the_old_one_up() -> None:
    outcome = listed().when(replace(FILE, credit_code="91110108MA01ABCD2Y"), CITY).accepted()
    assert outcome.decision is not None
    assert outcome.decision.claims == (Claim("agency", "91110108MA01ABCD2Y"),)
    assert outcome.decision.releases == (Claim("agency", FILE.credit_code),)


def test_a_filing_says_everything_that_is_wrong_at_once() -> None:
    wrong = replace(FILE, series=(), filed_until=date(2023, 1, 1))
    given(AGENCY).when(wrong, CITY).refused("DATE_INVALID", "SCHEMA_INVALID")


def test_a_listing_does_not_outlive_the_filing() -> None:
    story = given(AGENCY).go(FILE, CITY)
    story.when(ListAgency(2027, date(2027, 1, 1)), CITY).refused("FILING_EXPIRED")


def codes(**changes: Any) -> list[str]:
    return [one.code for one in agency_reasons(agency(**changes), "engineering", TODAY)]


def test_an_agency_acts_only_while_listed_and_filed_and_for_its_series() -> None:
    assert codes() == []
    assert codes(listed=False) == ["AGENCY_NOT_LISTED"]
    assert codes(listed_until=None) == ["AGENCY_NOT_LISTED"]
    assert codes(listed_until=date(2025, 3, 2)) == ["AGENCY_NOT_LISTED"]
    assert codes(listed_until=TODAY, filed_until=TODAY) == []
    assert codes(series=("health",)) == ["AGENCY_NOT_LISTED"]
    assert codes(filed_until=date(2025, 3, 2), listed=False) == ["AGENCY_NOT_LISTED", "FILING_EXPIRED"]
