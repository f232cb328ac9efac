from __future__ import annotations

import pytest

from libs.events.contracts.base import Unsealed
from libs.events.contracts.integrity import OfficialAppointed, OfficialDismissed, OfficialsNamed
from libs.kernel.decisions import Actor
from services.integrity.domain.office import (
    CITY_OFFICE,
    OFFICE,
    AppointOfficial,
    DismissOfficial,
    NameFirstOfficials,
)
from tests.domain.harness import SYSTEM, Story, given

FIRST, SECOND, THIRD = (Actor(f"official-{number}", "city") for number in (1, 2, 3))
NAMED = OfficialsNamed(officials=(FIRST.id, SECOND.id))


def office(*payloads: object) -> Story:
    return given(OFFICE, *payloads, identity=str(CITY_OFFICE))


def test_the_first_two_officials_are_named_by_the_system_once() -> None:
    command = NameFirstOfficials(FIRST.id, SECOND.id)
    office().when(command, SYSTEM).then(NAMED)
    office(NAMED).when(command, SYSTEM).refused("ILLEGAL_TRANSITION")


def test_nobody_but_the_system_names_the_first_and_never_one_person_twice() -> None:
    office().when(NameFirstOfficials(FIRST.id, FIRST.id), FIRST).refused("FORBIDDEN_ACTOR", "DISTINCT_PERSONS_REQUIRED")


@pytest.mark.parametrize("actor", [THIRD, SYSTEM, Actor(FIRST.id, "district")])
def test_only_an_appointed_official_of_the_city_appoints_and_dismisses(actor: Actor) -> None:
    office(NAMED).when(AppointOfficial(THIRD.id), actor).refused("FORBIDDEN_ACTOR")
    office(NAMED).when(DismissOfficial(SECOND.id, "调离"), actor).refused("FORBIDDEN_ACTOR")
    office().when(AppointOfficial(THIRD.id), actor).refused("FORBIDDEN_ACTOR")


def test_an_official_appoints_another_who_is_not_one_yet() -> None:
    office(NAMED).when(AppointOfficial(THIRD.id), FIRST).then(OfficialAppointed(official=THIRD.id))
    office(NAMED).when(AppointOfficial(SECOND.id), FIRST).refused("ILLEGAL_TRANSITION")


def test_an_official_dismisses_another_with_reasons_and_never_the_last_one() -> None:
    office(NAMED).when(DismissOfficial(SECOND.id, "调离"), FIRST).then(
        OfficialDismissed(official=SECOND.id, reasons=Unsealed(str(CITY_OFFICE), "调离"))
    )
    office(NAMED).when(DismissOfficial(FIRST.id, " "), FIRST).refused("SEPARATION_OF_DUTIES", "GROUND_REQUIRED")
    alone = office(NAMED, OfficialDismissed(official=SECOND.id, reasons=Unsealed(str(CITY_OFFICE), "调离")))
    alone.when(DismissOfficial(FIRST.id, "调离"), FIRST).refused("SEPARATION_OF_DUTIES")
    alone.when(AppointOfficial(THIRD.id), SECOND).refused("FORBIDDEN_ACTOR")
    alone.when(DismissOfficial(THIRD.id, "调离"), FIRST).refused("ILLEGAL_TRANSITION")
