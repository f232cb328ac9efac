"""What integrity does when a case has been decided: the archive's entry, and the ban where there is one (十七)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from libs.events.contracts.integrity import IntegrityCaseDecided
from libs.events.envelope import Event
from libs.events.reactions import Reaction
from libs.kernel.calendars import beijing_date
from libs.web.spine import Spine
from services.integrity import facts
from services.integrity.domain.ban import BAN, ImposeBan
from services.integrity.domain.consequences import CaseFacts, case_facts, consequences
from services.integrity.domain.record import RECORD, RecordCase

KINDS = frozenset({"case"})
"""The kind of stream that integrity reacts to."""


def reactions(spine: Spine) -> tuple[Reaction, ...]:
    """List integrity's reactions, with what they need to read."""

    async def record(event: Event, _: str) -> RecordCase:
        case = _decided(event)
        found = await facts.findings(spine, case)
        return RecordCase(case, found, None, await facts.rules(spine, beijing_date(event.time)))

    async def bar(event: Event, _: str) -> ImposeBan:
        return ImposeBan(_decided(event), None, await facts.rules(spine, beijing_date(event.time)))

    return (
        Reaction("record", "IntegrityCaseDecided", RECORD, _record_of, record),
        Reaction("bar", "IntegrityCaseDecided", BAN, _ban_of, bar),
    )


def _decided(event: Event) -> CaseFacts:
    return case_facts(cast("IntegrityCaseDecided", event.payload), event.stream, event.version)


def _record_of(event: Event) -> Sequence[str]:
    record = consequences(_decided(event)).record
    return (RECORD.stream(record),) if record else ()


def _ban_of(event: Event) -> Sequence[str]:
    ban = consequences(_decided(event)).ban
    return (BAN.stream(ban),) if ban else ()
