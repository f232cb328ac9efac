"""What rests on a revoked title waits for a person, from whichever side the revocation is heard of first."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from libs.events.contracts.certificate import TitleVoided
from libs.events.contracts.intake import EligibilityAssessed, Seen
from libs.kernel.terms import Role
from tests.services.intake.files import submitted

if TYPE_CHECKING:
    from tests.services.bureau import Bureau


async def test_an_application_assessed_on_a_title_is_held_when_the_titles_own_stream_says_that_it_fell(
    bureau: Bureau,
) -> None:
    file, title = await submitted(bureau), str(uuid4())
    assessed = EligibilityAssessed(
        ruleset=str(uuid4()),
        on=bureau.today(),
        outcome="met",
        conditions=(),
        warnings=(),
        seen=(Seen(stream=f"title-{title}", version=0),),
    )
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
    await bureau.tell("intake", file.stream, assessed)
    await bureau.tell("certificate", f"title-{title}", voided)
    (*_, held) = await bureau.until("intake", file.stream, "ApplicationHeld")
    assert (held.data["title"], held.data["case"]) == (title, case)
