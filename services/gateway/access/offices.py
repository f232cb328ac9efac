"""Who reads units, rules, bodies, integrity cases and clients."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from libs.kernel.terms import Role
from services.gateway.access.grants import (
    AGENCY,
    ALL,
    EMPLOYER,
    EVERYONE,
    OFFICE,
    PEOPLE,
    Grant,
    R,
    mine,
    office,
    own,
    shown,
    some,
    unit_is,
)
from services.gateway.access.tables import ME, UNIT
from services.gateway.views.rows import OFFICE as AT_OFFICE

_AGENCY = some("name credit_code district series filed_from filed_until year listed_until")
_RULES = some("code title series levels effective_from until document document_hash published_at")
_SERVED = some("subject_kind subject allegation facts evidence served_at hearing decision revocations")

EMPLOYER_: Final = (office(), Grant("everyone", EVERYONE, sa.true(), events=False))

RULESET: Final = (office(), Grant("everyone", EVERYONE, R.status != "draft", members=_RULES))

CAMPAIGN: Final = (Grant("everyone", EVERYONE, sa.true()),)

AGENCY_: Final = (
    office(),
    Grant("itself", AGENCY, unit_is(R.agency)),
    Grant("everyone", EVERYONE, sa.true(), members=_AGENCY, events=False),
)

COMMITTEE: Final = (office(), Grant("agency", AGENCY, unit_is(R.agency)))

EXPERT: Final = (own(opens=ALL), office(), Grant("agency", AGENCY, R.parties.has_key(UNIT), opens=ALL))

CASE: Final = (
    Grant("subject", PEOPLE, sa.and_(mine(), R.reach >= AT_OFFICE), members=_SERVED, opens=ALL),
    # Not to an official whom it is about: as a person they read it once it is served.
    Grant("office", OFFICE, sa.or_(R.person.is_(None), R.person.is_distinct_from(ME)), opens=ALL),
    Grant("employer", EMPLOYER, unit_is(R.employer, AT_OFFICE), members=_SERVED, opens=ALL),
    Grant("agency", AGENCY, unit_is(R.agency, AT_OFFICE), members=_SERVED, opens=ALL),
)

BAN: Final = (own(), office())

_SHOWN = sa.and_(R.status == "shown", shown())
RECORD: Final = (
    Grant("own", PEOPLE, sa.and_(mine(), _SHOWN), opens=ALL),
    # After its last day a record is kept for the audit only (§11.8).
    Grant("audit", frozenset({Role.AUDITOR}), sa.true(), opens=ALL),
    Grant("city", frozenset({Role.CITY}), shown(), opens=ALL),
    Grant("employer", EMPLOYER, sa.and_(unit_is(R.employer), _SHOWN), opens=ALL),
    Grant("agency", AGENCY, sa.and_(unit_is(R.agency), _SHOWN), opens=ALL),
)

CLIENT: Final = (office(),)
