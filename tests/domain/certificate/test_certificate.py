"""北京市职称证书: issued once for a title, revoked once and for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from libs.events.contracts.certificate import CertificateIssued, CertificateRevoked
from libs.kernel.decisions import Claim, Context
from libs.kernel.refusals import Refused
from libs.kernel.terms import Level, Role, Route
from services.certificate.domain.certificate import (
    CERTIFICATE,
    IssueCertificate,
    RevokeCertificate,
    certificate_identity,
)
from services.certificate.domain.issuer import ISSUER
from services.certificate.domain.numbering import certificate_number, is_certificate_number
from services.certificate.domain.verification_codes import code_of, read_code
from tests.domain.certificate.world import (
    CASE,
    CITY,
    DOCUMENT,
    ISSUE,
    NOW,
    PERSON,
    REVOCATION,
    TITLE,
    TITLE_FACTS,
    TODAY,
    rules,
)
from tests.domain.harness import Story, given, uid

REVOKE = RevokeCertificate(TITLE, PERSON, REVOCATION)


def issued() -> Story:
    return given(CERTIFICATE).go(ISSUE, now=NOW)


def test_a_certificate_carries_everything_that_is_printed_on_it() -> None:
    outcome = given(CERTIFICATE).when(ISSUE, now=NOW)
    number = certificate_number("2021-1", year=2025, series_number=5, level=Level.ASSOCIATE_SENIOR, serial=123)
    outcome.then(
        CertificateIssued(
            title=TITLE,
            person=PERSON,
            number=number,
            template="2021-1",
            code=code_of(ISSUE.token),
            name=ISSUE.name,
            id_number=ISSUE.id_number,
            series="engineering",
            specialty="artificial_intelligence",
            level=Level.ASSOCIATE_SENIOR,
            title_name="高级工程师",
            scope="",
            obtained_on=date(2025, 2, 21),
            issued_on=TODAY,
            issuer=ISSUER,
            document=DOCUMENT,
            seen=(TITLE_FACTS.seen, ISSUE.rules.seen),
        )
    )
    assert outcome.decision is not None
    assert outcome.decision.reply == {"number": number}


def test_number_code_and_title_are_each_claimed_for_this_certificate_alone() -> None:
    decision = given(CERTIFICATE).when(ISSUE, now=NOW).decision
    assert decision is not None
    (event,) = decision.events
    assert set(decision.claims) == {
        Claim("certificate_of_title", TITLE),
        Claim("certificate_number", f'["{ISSUER}","{event.number}"]'),
        Claim("verification_code", event.code),
    }
    revoked = issued().when(REVOKE).decision
    assert revoked is not None
    assert revoked.releases == ()


def test_a_certificate_is_issued_once() -> None:
    issued().when(ISSUE).refused("ALREADY_ISSUED")


def test_no_certificate_is_issued_for_a_title_that_was_revoked_meanwhile() -> None:
    given(CERTIFICATE).when(replace(ISSUE, title=replace(TITLE_FACTS, revoked=True)), now=NOW).refused(
        "ALREADY_REVOKED"
    )


def test_a_revocation_that_comes_before_the_certificate_keeps_it_from_being_issued() -> None:
    story = given(CERTIFICATE).go(REVOKE)
    assert story.events[-1].number == ""
    story.when(ISSUE, now=NOW).refused("ALREADY_REVOKED")
    assert certificate_identity(TITLE) == certificate_identity(TITLE)


def test_another_issuer_is_refused() -> None:
    (reason,) = given(CERTIFICATE).when(replace(ISSUE, issuer="某某培训中心"), now=NOW).refused("ISSUER_INVALID")
    assert reason.change == {"issuer": ISSUER}


@pytest.mark.parametrize(
    ("granted_on", "issued_on", "first_year", "codes"),
    [
        (date(2025, 3, 1), date(2025, 3, 1), 2021, ()),
        (date(2025, 3, 1), date(2025, 3, 3), 2021, ()),
        (date(2025, 3, 1), date(2025, 2, 28), 2021, ("DATE_INVALID",)),
        (date(2025, 3, 1), date(2025, 3, 4), 2021, ("DATE_INVALID",)),
        (date(2020, 12, 31), date(2020, 12, 31), 2021, ("ISSUE_DATE_INVALID",)),
        (date(2020, 12, 31), date(2021, 1, 1), 2021, ()),
        (date(2020, 12, 31), date(2021, 1, 1), 2022, ("ISSUE_DATE_INVALID",)),
    ],
)
def test_the_issue_date_lies_between_grant_and_today_and_not_before_the_year_of_the_rule_set(
    granted_on: date, issued_on: date, first_year: int, codes: tuple[str, ...]
) -> None:
    command = replace(
        ISSUE, title=replace(TITLE_FACTS, granted_on=granted_on), issued_on=issued_on, rules=rules(first_year)
    )
    outcome = given(CERTIFICATE).when(command, now=NOW)
    if codes:
        outcome.refused(*codes)
    else:
        outcome.then(CertificateIssued)


def test_a_rule_set_that_does_not_state_the_year_refuses_instead_of_guessing() -> None:
    silent = rules()
    document = silent.rules.model_copy(update={"parameters": {}})
    given(CERTIFICATE).when(replace(ISSUE, rules=replace(silent, rules=document)), now=NOW).refused("SOURCE_MISSING")


@for_all(st.sampled_from(Route), st.sampled_from(["", "东城区"]))
def test_a_certificate_has_a_district_exactly_when_its_title_is_directed(route: Route, scope: str) -> None:
    outcome = given(CERTIFICATE).when(replace(ISSUE, title=replace(TITLE_FACTS, route=route, scope=scope)), now=NOW)
    if (route is Route.DIRECTED) is bool(scope):
        assert outcome.events[0].scope == scope
    else:
        outcome.refused("SCHEMA_INVALID")


def test_a_revoked_certificate_says_by_which_decision_of_the_city() -> None:
    story = issued()
    story.when(REVOKE).then(
        CertificateRevoked(
            title=TITLE,
            person=PERSON,
            number=story.state.number,
            case=CASE,
            decision_no=REVOCATION.decision_no,
            ground="false_material",
            revoked_on=date(2025, 6, 1),
            decided_by_role=Role.CITY,
            seen=(REVOCATION.seen,),
        )
    )


COMMANDS: list[IssueCertificate | RevokeCertificate] = [
    ISSUE,
    replace(ISSUE, serial=124, token=bytes(10)),
    REVOKE,
    replace(REVOKE, revocation=replace(REVOCATION, decision_no="别号")),
    replace(REVOKE, revocation=replace(REVOCATION, ground="")),
    replace(REVOKE, revocation=replace(REVOCATION, decided_by_role=Role.AGENCY_OFFICER)),
    replace(REVOKE, revocation=replace(REVOCATION, case="")),
]


@for_all(st.lists(st.sampled_from(COMMANDS), max_size=10))
def test_revoked_is_absorbing_and_always_has_role_ground_decision_and_case(asked: list[Any]) -> None:
    state: Any = CERTIFICATE.initial
    revocations: list[CertificateRevoked] = []
    for place, command in enumerate(asked):
        context = Context(NOW, CITY, UUID(uid(str(place))))
        try:
            events = CERTIFICATE.decide(state, command, context).events
        except Refused:
            continue
        assert not revocations, "something happened to a revoked certificate"
        for event in events:
            state = CERTIFICATE.evolve(state, event, None)
            if isinstance(event, CertificateRevoked):
                revocations.append(event)
    for event in revocations:
        assert event.decided_by_role is Role.CITY
        assert event.ground
        assert event.decision_no
        assert event.case


@for_all(st.lists(st.tuples(st.integers(1, 6), st.binary(min_size=10, max_size=10)), max_size=12))
def test_under_the_claims_no_number_and_no_code_is_ever_given_twice(asked: list[tuple[int, bytes]]) -> None:
    held: set[Claim] = set()
    numbers: list[str] = []
    codes: list[str] = []
    for place, (serial, token) in enumerate(asked):
        title = replace(TITLE_FACTS, title=uid(f"title {place}"))
        story = given(CERTIFICATE)
        decision = story.when(replace(ISSUE, title=title, serial=serial, token=token), now=NOW).decision
        assert decision is not None
        if held.isdisjoint(decision.claims):
            held.update(decision.claims)
            numbers.append(decision.events[0].number)
            codes.append(decision.events[0].code)
            # Also after it was revoked: nothing is released.
            after = story.fold(*decision.events).when(REVOKE).decision
            assert after is not None
            assert after.releases == ()
    assert len(set(numbers)) == len(numbers)
    assert len(set(codes)) == len(codes)
    assert all(is_certificate_number(number) for number in numbers)
    assert all(read_code(code) == code for code in codes)
