"""Who reads a person and the person's file: application, payments, endorsements, titles, certificates."""

from __future__ import annotations

from typing import Final

from libs.kernel.terms import Role
from services.gateway.access.grants import (
    AGENCY,
    ALL,
    BUREAUS,
    DESKS,
    EMPLOYER,
    PEOPLE,
    SEATED,
    Grant,
    R,
    applicant_on_desk,
    asked,
    candidate,
    district_is,
    office,
    on_desk,
    own,
    some,
    unit_is,
)
from services.gateway.views.rows import EMPLOYER as AT_EMPLOYER
from services.gateway.views.rows import OFFICE as AT_OFFICE

_STAFF = some("name id_kind id_number employments educations")
_FILE = some(
    "applicant employer campaign agency series specialty level route year ruleset district committed_at materials"
    " asked submitted_at endorsements warnings review returned refused publicity objections recommendation"
    " received_at correction accepted_at due not_accepted checks assessment qualification fee published_until"
    " claim recognition confirmed_at cause title holds releases barred ended note"
    " applicant_name employer_name agency_name"
)
_REVIEW = some("session held_at passed")
_BLIND = some("campaign agency agency_name series specialty level route year ruleset materials")
_IN_REVIEW_ONLY = some("ReviewScheduled ReviewVoteOpened ReviewVoteVoided ReviewPassed")

PERSON: Final = (
    own(opens=ALL),
    office(),
    Grant(
        "desk",
        BUREAUS,
        applicant_on_desk(),
        members=_STAFF | some("phone"),
        opens=some("name id_number phone certificate_no"),
    ),
    Grant("employer", EMPLOYER, unit_is(R.employer), members=_STAFF, opens=some("name id_number")),
)

APPLICATION: Final = (
    own(
        members=_FILE,
        opens=ALL,
        trims={"objections": some("summary")},
        inside=False,
        hides=_IN_REVIEW_ONLY,
    ),
    office(),
    Grant("agency", AGENCY, unit_is(R.agency, AT_OFFICE), members=_FILE | _REVIEW, opens=ALL),
    Grant("district", frozenset({Role.DISTRICT}), district_is(AT_OFFICE), members=_FILE | _REVIEW, opens=ALL),
    Grant(
        "employer",
        EMPLOYER,
        unit_is(R.employer, AT_EMPLOYER),
        members=_FILE,
        opens=ALL,
        inside=False,
        hides=_IN_REVIEW_ONLY,
    ),
    # Blind: no name, no unit, no district, and no history, since each of them leads to the person.
    Grant(
        "blind",
        SEATED,
        candidate(),
        members=_BLIND,
        filters=some("status campaign agency series level year"),
        inside=False,
        events=False,
    ),
)

PAYMENT: Final = (own(), office(), Grant("finance", frozenset({Role.FINANCE}), R.kind == "payment"))

ENDORSEMENT: Final = (
    own(members=some("application applicant endorser kind series specialty given_at")),
    office(),
    Grant("asked", PEOPLE, asked(), opens=ALL),
    Grant("desk", DESKS, on_desk(), opens=ALL),
)

TITLE: Final = (own(opens=ALL), office(), Grant("desk", DESKS, on_desk(), opens=ALL))

CERTIFICATE: Final = (own(opens=ALL), office())
