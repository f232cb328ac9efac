"""Wires intake: the only place where its parts meet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from libs.kernel.calendars import Calendar, published_calendar
from libs.web.server import Server
from libs.web.service import build
from libs.web.settings import Settings
from libs.web.spine import Parts, Spine, sweep
from services.intake import deadlines, reactions
from services.intake.adapters.keys import KeyTable, master_key
from services.intake.adapters.payment import PaymentChannel
from services.intake.adapters.registers import EducationRegister, InsuranceRegister
from services.intake.api import (
    agency_side,
    campaigns,
    drafts,
    employer_side,
    employers,
    enquiries,
    internal,
    materials,
    payments,
    persons,
    recognitions,
    rulesets,
)
from services.intake.domain import application, employer, payment, person, ruleset
from services.intake.views import others, own


@dataclass(frozen=True, slots=True)
class Adapters:
    """The outside systems and stores that intake's handlers use."""

    keys: KeyTable
    education: EducationRegister
    insurance: InsuranceRegister
    payment: PaymentChannel
    calendar: Calendar


def _key_table(spine: Spine) -> KeyTable:
    return KeyTable(spine.pool, master_key(spine.settings.master_key))


def _adapters(spine: Spine) -> Adapters:
    settings = spine.settings
    return Adapters(
        keys=_key_table(spine),
        education=EducationRegister(settings.education_url, spine.http),
        insurance=InsuranceRegister(settings.insurance_url, spine.http),
        payment=PaymentChannel(settings.payment_url, settings.gateway_url, spine.http),
        calendar=published_calendar(),
    )


PARTS = Parts(
    name="intake",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=(
        persons.commands,
        employers.commands,
        rulesets.commands,
        campaigns.commands,
        drafts.commands,
        employer_side.commands,
        agency_side.commands,
        recognitions.commands,
        materials.commands,
        payments.commands,
        enquiries.commands,
        internal.commands,
    ),
    views=(
        others.TITLES,
        others.BANS,
        others.ENDORSEMENTS,
        others.RECORDS,
        others.CASES,
        own.APPLICATIONS,
        own.RULESETS,
    ),
    listens=("intake", "review", "certificate", "integrity"),
    reaction_kinds=reactions.KINDS,
    reactions=reactions.reactions,
    deadlines_view=deadlines.VIEW,
    deadlines=deadlines.DEADLINES,
    claim_codes={
        **application.CLAIM_CODES,
        **employer.CLAIM_CODES,
        **payment.CLAIM_CODES,
        **person.CLAIM_CODES,
        **ruleset.CLAIM_CODES,
    },
    keys=_key_table,
    adapters=_adapters,
    workers=(reactions.destroy_keys, sweep),
)


def create(settings: Settings) -> Server:
    """Build intake's ASGI app."""
    return build(PARTS, settings)
