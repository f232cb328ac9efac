"""Who reads sessions, ballots and notices (rules §14.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from libs.kernel.terms import Role
from services.gateway.access.grants import (
    AGENCY,
    ALL,
    DESKS,
    EVERYONE,
    SEATED,
    Grant,
    R,
    asked,
    in_held_session,
    in_own_session,
    office,
    on_desk,
    own,
    shown,
    some,
    unit_is,
)
from services.gateway.access.viewer import Viewer

_WHO = some("applicant employer endorsers scope")
_HALL = some(
    "committee agency campaign ruleset level series session_kind committee_size committee_until held_at candidates"
    " seats supervisor supervisor_present chair vice_chairs present recusals signed_by signed_at reason"
    " agency_name names"
)
_WATCH = _HALL | some("draws declarations")
_BLIND = {"candidates": _WHO, "draws": some("pool"), "recusals": some("ground words")}
_COUNTS = some("agree against abstain invalid receipts closed_at cause key_destroyed_at")
_BALLOT = some("session application committee_size present voters recused absent names")
_BY_WHAT_IS_SHOWN = some("status agency campaign series level")


def _turnout(doc: Mapping[str, Any], _: Viewer) -> dict[str, Any]:
    return {"turnout": len(doc.get("marked", ()))}


def _own_mark(doc: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
    marked = doc.get("marked", ())
    return {"turnout": len(marked), "voted": viewer.person in marked}


SESSION: Final = (
    office(),
    Grant(
        "agency",
        AGENCY,
        unit_is(R.agency),
        opens=some("words reason"),
        trims={"opinions": some("opinion"), "irregularities": some("words")},
    ),
    Grant(
        "supervisor",
        frozenset({Role.SUPERVISOR}),
        asked(),
        members=_WATCH | some("irregularities"),
        opens=some("words reason"),
        trims=_BLIND,
        filters=_BY_WHAT_IS_SHOWN,
    ),
    Grant(
        "chair",
        frozenset({Role.CHAIR}),
        asked(),
        members=_WATCH | some("opinions"),
        opens=some("opinion reason"),
        trims=_BLIND,
        filters=_BY_WHAT_IS_SHOWN,
    ),
    Grant("seated", SEATED, asked(), members=_HALL, opens=some("reason"), trims=_BLIND, filters=_BY_WHAT_IS_SHOWN),
)

BALLOT: Final = (
    office(members=_BALLOT | _COUNTS | some("applicant public_key"), derive=_turnout),
    Grant("agency", AGENCY, in_held_session(), members=_BALLOT | _COUNTS, derive=_turnout),
    Grant(
        "supervisor",
        frozenset({Role.SUPERVISOR}),
        in_own_session(supervised=True),
        members=_BALLOT | _COUNTS,
        derive=_turnout,
    ),
    Grant(
        "chair",
        frozenset({Role.CHAIR}),
        sa.or_(asked(), in_own_session(supervised=False)),
        members=_BALLOT | _COUNTS | some("public_key"),
        derive=_own_mark,
    ),
    # Own mark and the receipts, to look for the own one among them; the counts are for those who watch over it.
    Grant(
        "voter",
        SEATED,
        asked(),
        members=_BALLOT - some("absent recused") | some("public_key receipts closed_at cause key_destroyed_at"),
        derive=_own_mark,
    ),
)

_RESULT = some("applicant_name employer employer_name series specialty level result ends_at")
NOTICE: Final = (
    own(
        members=_RESULT | some("application applicant agency objections confirmed_at ended_at cause remaining"),
        opens=some("reasons"),
        trims={"objections": some("objector words")},
    ),
    office(),
    Grant(
        "desk",
        DESKS,
        sa.or_(on_desk(), unit_is(R.agency)),
        members=_RESULT
        | some(
            "application applicant agency session committee route scope ruleset passed_at objections confirmed_at"
            " ended_at cause remaining"
        ),
        opens=ALL,
        trims={"objections": some("objector")},
    ),
    # While it runs, the fields of §11.21 and no others.
    Grant(
        "everyone",
        EVERYONE,
        sa.and_(R.status == "running", shown()),
        members=_RESULT,
        filters=some("status employer series level"),
        events=False,
    ),
)
