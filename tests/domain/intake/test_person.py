"""Persons and employers: identity checked, unique, and erased only when nothing must be kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import (
    EducationRecorded,
    EmployerDesignated,
    EmployerRegistered,
    EmploymentEnded,
    EmploymentStarted,
    PersonRegistered,
    SubjectErased,
)
from libs.kernel.decisions import Actor, Claim
from libs.kernel.terms import Degree, EmployerKind
from services.intake.domain.employer import EMPLOYER, Designate, EndDesignation, RegisterEmployer
from services.intake.domain.person import (
    PERSON,
    EndEmployment,
    Erase,
    RecordEducation,
    RegisterPerson,
    StartEmployment,
)
from tests.domain.harness import Story, given, uid

ME = uid("it")
REGISTER = RegisterPerson(ME, "王𠅤", "resident_id", "11010519491231002x", "13800000000", "ab" * 32)
WORK = StartEmployment(uid("employer"), "software", date(2019, 7, 1), employer_known=True)
DEGREE = RecordEducation(
    Degree.BACHELOR,
    "计算机",
    "software",
    date(2015, 9, 1),
    date(2019, 7, 1),
    full_time=True,
    certificate_no="1",
)
ERASE = Erase("本人申请", frozenset(), "ab" * 32, ME)


def registered() -> Story:
    return given(PERSON).go(REGISTER)


def test_a_person_is_registered_under_sealed_fields_and_a_claim_on_the_blind_index() -> None:
    outcome = given(PERSON).when(REGISTER).then(PersonRegistered)
    (event,) = outcome.events
    assert event.name == Unsealed(ME, "王𠅤")
    assert event.id_number == Unsealed(ME, "11010519491231002X")
    assert event.birth_date == Unsealed(ME, "1949-12-31")
    assert outcome.decision is not None
    assert outcome.decision.claims == (Claim("person", "ab" * 32),)


def test_everything_wrong_with_a_registration_is_said_at_once() -> None:
    wrong = replace(REGISTER, name="a\u200b" * 60, id_number="110105194912310021", phone="abc")
    reasons = given(PERSON).when(wrong).refused("FIELD_TOO_LONG", "ENCODING_INVALID", "SCHEMA_INVALID", "ID_INVALID")
    assert {reason.pointer for reason in reasons} == {"/name", "/phone", "/id_number"}


def test_an_organisation_is_no_applicant() -> None:
    wrong = replace(REGISTER, id_kind="unified_social_credit_code")
    given(PERSON).when(wrong).refused("NOT_NATURAL_PERSON")
    given(PERSON).when(replace(REGISTER, id_kind="palm")).refused("SCHEMA_INVALID")


def test_a_person_registers_once() -> None:
    registered().when(REGISTER).refused("ILLEGAL_TRANSITION")


def test_employment_starts_ends_and_is_never_in_the_future() -> None:
    registered().when(WORK).then(EmploymentStarted)
    registered().when(replace(WORK, since=date(2025, 3, 4), employer_known=False)).refused("DATE_INVALID", "NOT_FOUND")
    story = registered().go(WORK)
    story.when(WORK).refused("ILLEGAL_TRANSITION")
    story.when(EndEmployment(WORK.employer, date(2019, 6, 30))).refused("DATE_INVALID")
    story.when(EndEmployment(uid("nobody"), date(2020, 6, 30))).refused("NO_EMPLOYMENT")
    story.when(EndEmployment(WORK.employer, date(2020, 6, 30))).then(EmploymentEnded)
    story.go(EndEmployment(WORK.employer, date(2020, 6, 30))).when(WORK).then(EmploymentStarted)


def test_an_education_is_recorded_once_with_days_in_order() -> None:
    registered().when(DEGREE).then(EducationRecorded)
    registered().go(DEGREE).when(DEGREE).refused("ILLEGAL_TRANSITION")
    registered().when(replace(DEGREE, enrolled_on=date(2020, 1, 1))).refused("DATE_INVALID")
    registered().when(replace(DEGREE, graduated_on=date(2026, 1, 1))).refused("DATE_INVALID")


def test_erasure_is_refused_with_everything_that_stands() -> None:
    kept = replace(ERASE, retained=frozenset({"title", "ban"}))
    (reason,) = registered().when(kept).refused("RETENTION_REQUIRED")
    assert reason.facts["standing"] == ["ban", "title"]


def test_an_erased_person_frees_the_id_number_and_takes_no_more_commands() -> None:
    outcome = registered().when(ERASE).then(SubjectErased)
    assert outcome.decision is not None
    assert outcome.decision.releases == (Claim("person", "ab" * 32),)
    registered().go(ERASE).when(WORK).refused("ILLEGAL_TRANSITION")
    given(PERSON).when(WORK).refused("NOT_FOUND")


CITY = Actor("city", "city", person=uid("official"))
LIST = Designate("sci_tech_leader", "京科发〔2024〕1号", date(2024, 6, 1))
COMPANY = RegisterEmployer("北京某公司", "91110000600037341l", EmployerKind.NON_PUBLIC, "110108")


def test_the_city_alone_lists_a_unit_and_ends_it_with_a_last_day_and_reasons() -> None:
    unit = given(EMPLOYER).go(COMPANY)
    unit.when(LIST, replace(CITY, role="district")).refused("FORBIDDEN_ACTOR")
    unit.when(replace(LIST, document=" "), CITY).refused("SCHEMA_INVALID")
    unit.when(LIST, CITY).then(
        EmployerDesignated(kind="sci_tech_leader", document="京科发〔2024〕1号", from_day=date(2024, 6, 1))
    )
    end = EndDesignation("sci_tech_leader", date(2024, 12, 31), "复评未通过")
    unit.when(end, CITY).refused("ILLEGAL_TRANSITION")
    unit.go(LIST, CITY).when(LIST, CITY).refused("ILLEGAL_TRANSITION")
    unit.when(replace(end, until=date(2024, 5, 31), reasons=" "), CITY).refused("GROUND_REQUIRED", "DATE_INVALID")
    unit.go(end, CITY).when(end, CITY).refused("ILLEGAL_TRANSITION")
    unit.when(replace(LIST, from_day=date(2024, 12, 31)), CITY).refused("DATE_INVALID")
    unit.go(replace(LIST, from_day=date(2025, 1, 1)), CITY)
    covered = {on: [one.kind for one in unit.state.designations if one.covers(on)] for on in DAYS}
    assert covered == dict(zip(DAYS, ([], ["sci_tech_leader"], ["sci_tech_leader"], ["sci_tech_leader"]), strict=True))


DAYS = (date(2024, 5, 31), date(2024, 6, 1), date(2024, 12, 31), date(2025, 1, 1))


def test_nobody_lists_a_unit_that_is_not_registered() -> None:
    given(EMPLOYER).when(LIST, CITY).refused("NOT_FOUND")


def test_an_employer_is_registered_once_under_its_credit_code() -> None:
    command = RegisterEmployer("北京某公司", "91110000600037341l", EmployerKind.NON_PUBLIC, "110108")
    outcome = given(EMPLOYER).when(command).then(EmployerRegistered)
    assert outcome.decision is not None
    assert outcome.decision.claims == (Claim("credit_code", "91110000600037341L"),)
    given(EMPLOYER).go(command).when(command).refused("ILLEGAL_TRANSITION")
    given(EMPLOYER).when(replace(command, name=" ", credit_code="91110000600037341M")).refused(
        "SCHEMA_INVALID", "ID_INVALID"
    )


@pytest.mark.parametrize("holder", ["", uid("someone else")])
def test_an_erasure_frees_the_number_of_the_person_erased_and_no_other(holder: str) -> None:
    (reason,) = registered().when(replace(ERASE, holder=holder)).refused("ID_INVALID")
    assert reason.pointer == "/id_number"
