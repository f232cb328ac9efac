"""Clients: only the city registers them, and no system acts in person."""

from __future__ import annotations

import pytest

from libs.events.contracts.gateway import ClientRegistered
from libs.kernel.decisions import Actor
from libs.kernel.terms import Role
from services.gateway.domain.client import CLIENT, RegisterClient, client_identity
from tests.domain.harness import given, uid

CITY = Actor("official-1", "city")
UNIT = uid("agency")


def register(*roles: Role, client_id: str = "bureau-1", unit: str = "", district: str = "") -> RegisterClient:
    return RegisterClient(client_id, roles, unit, district)


def test_the_city_registers_a_system_with_its_unit():
    registered = ClientRegistered(client_id="bureau-1", roles=("agency_officer",), unit=UNIT, district="")
    given(CLIENT).when(register(Role.AGENCY_OFFICER, unit=UNIT), CITY).then(registered)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.CITY])
def test_nobody_but_the_city_registers_a_system(role):
    given(CLIENT).when(register(Role.AUDITOR), Actor("a", role)).refused("FORBIDDEN_ACTOR")


@pytest.mark.parametrize(
    "role", [Role.APPLICANT, Role.EXPERT, Role.CHAIR, Role.SUPERVISOR, Role.EMPLOYER_HEAD, Role.PUBLIC, Role.SYSTEM]
)
def test_a_system_never_carries_a_role_that_acts_in_person(role):
    (reason,) = given(CLIENT).when(register(role), CITY).refused("PROXY_FORBIDDEN")
    assert reason.pointer == "/roles/0"


def test_everything_that_is_wrong_is_told_at_once():
    command = register(Role.AGENCY_OFFICER, Role.DISTRICT, Role.EXPERT, client_id="a b")
    reasons = (
        given(CLIENT)
        .when(command, CITY)
        .refused("SCHEMA_INVALID", "PROXY_FORBIDDEN", "SCHEMA_INVALID", "SCHEMA_INVALID")
    )
    assert {reason.pointer for reason in reasons} == {"/client_id", "/roles/2", "/unit", "/district"}


def test_a_system_without_a_role_is_none():
    given(CLIENT).when(register(), CITY).refused("SCHEMA_INVALID")


def test_a_client_id_is_registered_once_whoever_asks():
    assert client_identity("bureau-1") == client_identity("bureau-1") != client_identity("bureau-2")
    known = ClientRegistered(client_id="bureau-1", roles=("auditor",), unit="", district="")
    given(CLIENT, known).when(register(Role.AUDITOR), CITY).refused("ILLEGAL_TRANSITION")
