"""A ban ends every application that is live while it runs, and none before its first day (invariant 10)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from libs.kernel.calendars import start_of_day
from services.integrity.domain.consequences import ban_identity
from tests.services.intake.files import drafted

if TYPE_CHECKING:
    from tests.services.bureau import Bureau


async def test_a_ban_for_a_later_day_ends_what_is_live_on_that_day_and_nothing_before(bureau: Bureau) -> None:
    await bureau.rules("notice-2023-10")
    city, first = await bureau.city(), bureau.today() + timedelta(days=9)
    early = await drafted(bureau)
    case, _ = await bureau.case_on(city, early.applicant.person, "grave", effective_on=first.isoformat())
    ban = f"ban-{ban_identity(case)}"
    await bureau.until("integrity", ban, "BanImposed")
    await bureau.seen_in("intake", "bans", ban, 1)
    await bureau.seen_in("intake", "reaction_streams", ban, 1)
    late = await drafted(bureau, early.applicant, 2027)
    for file in (early, late):
        assert [event.type for event in await bureau.events("intake", file.stream)] == ["DraftStarted"]
    bureau.clock.move_to(start_of_day(first))
    for file in (early, late):
        events = await bureau.until("intake", file.stream, "ApplicationEnded")
        assert [event.type for event in events] == ["DraftStarted", "ApplicationBarred", "ApplicationEnded"]
