"""What rests on a revoked title waits for a person, from whichever side the revocation is heard of first."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from libs.events.contracts.base import Unsealed
from libs.events.contracts.certificate import Basis, RelianceDecided, RelianceListed, TitleVoided
from libs.events.contracts.intake import EligibilityAssessed, Seen
from libs.kernel.terms import Role
from tests.services.intake.files import submitted

if TYPE_CHECKING:
    from tests.services.bureau import Bureau


def assessed(bureau: Bureau, title: str) -> EligibilityAssessed:
    """An assessment that rests on a title."""
    return EligibilityAssessed(
        ruleset=str(uuid4()),
        on=bureau.today(),
        outcome="met",
        conditions=(),
        warnings=(),
        seen=(Seen(stream=f"title-{title}", version=0),),
    )


async def test_an_application_assessed_on_a_title_is_held_when_the_titles_own_stream_says_that_it_fell(
    bureau: Bureau,
) -> None:
    file, title = await submitted(bureau), str(uuid4())
    case = str(uuid4())
    voided = TitleVoided(
        person=file.applicant.person,
        case=case,
        decision_no="1",
        ground="false_material",
        decided_at=bureau.clock.now(),
        decided_by_role=Role.CITY,
        seen=(),
    )
    await bureau.tell("intake", file.stream, assessed(bureau, title))
    await bureau.tell("certificate", f"title-{title}", voided)
    (*_, held) = await bureau.until("intake", file.stream, "ApplicationHeld")
    assert (held.data["title"], held.data["case"]) == (title, case)


@pytest.mark.parametrize("decided", [False, True])
async def test_an_application_is_held_when_a_title_that_it_rests_on_is_in_question_or_found_no_basis(
    bureau: Bureau, decided: bool
) -> None:
    file, title, revoked = await submitted(bureau), str(uuid4()), str(uuid4())
    person = file.applicant.person
    listed = RelianceListed(person=person, relied_on=revoked, seen=())
    fallen = RelianceDecided(
        person=person,
        relied_on=(revoked,),
        stands=False,
        reasons=Unsealed(person, "条件不再满足"),
        standing=Basis.NO_BASIS,
    )
    await bureau.tell("intake", file.stream, assessed(bureau, title))
    await bureau.tell("certificate", f"title-{title}", fallen if decided else listed)
    (*_, held) = await bureau.until("intake", file.stream, "ApplicationHeld")
    expected = (title, None, "no_basis" if decided else "unknown")
    assert (held.data["title"], held.data["case"], held.data["standing"]) == expected
