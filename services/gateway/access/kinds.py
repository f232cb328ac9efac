"""The collections: what each is called, how it may be filtered, where its sealed members stand, who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from services.gateway.access import files, offices, reviews
from services.gateway.access.grants import Grant


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind of resource.

    Parameters
    ----------
    seals
        Where sealed members stand in the document: a path of names, through lists and objects.
    names
        Members that name what a column refers to: member to (kind, column).
    heavy
        Members that a list leaves out.
    """

    name: str
    collection: str
    filters: tuple[str, ...]
    grants: tuple[Grant, ...]
    seals: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    heavy: frozenset[str] = frozenset()


_APPLICANT: Final = ("person", "person")
_EMPLOYER: Final = ("employer", "employer")
_AGENCY: Final = ("agency", "agency")

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            "person",
            "persons",
            ("status", "employer"),
            files.PERSON,
            seals=("name", "id_number", "birth_date", "phone", "educations.certificate_no"),
        ),
        Kind("employer", "employers", ("district", "name"), offices.EMPLOYER_),
        Kind("ruleset", "rulesets", ("status", "series"), offices.RULESET, heavy=frozenset({"document"})),
        Kind("campaign", "campaigns", ("agency", "series", "year"), offices.CAMPAIGN, names={"agency_name": _AGENCY}),
        Kind(
            "application",
            "applications",
            ("status", "campaign", "person", "employer", "agency", "district", "series", "level", "year"),
            files.APPLICATION,
            seals=(
                "review.opinion",
                "returned.reason",
                "refused",
                "objections.summary",
                "objections.answer",
                "recommendation.statement",
                "correction.items.reason",
                "not_accepted.reason",
                "checks.*.reasons",
                "qualification.note",
                "releases.reasons",
                "claim.grounds",
                "recognition.reasons",
                "note",
            ),
            names={"applicant_name": _APPLICANT, "employer_name": _EMPLOYER, "agency_name": _AGENCY},
        ),
        Kind("payment", "payments", ("status", "application", "person"), files.PAYMENT),
        Kind("agency", "agencies", ("status", "district", "name"), offices.AGENCY_),
        Kind(
            "committee",
            "committees",
            ("status", "agency", "series", "level"),
            offices.COMMITTEE,
            names={"agency_name": _AGENCY},
        ),
        Kind(
            "expert",
            "experts",
            ("status", "series", "level"),
            offices.EXPERT,
            seals=("removed.reason",),
            names={"name": _APPLICANT},
        ),
        Kind(
            "endorsement",
            "endorsements",
            ("status", "application", "person"),
            files.ENDORSEMENT,
            seals=("statement", "note"),
            names={"applicant_name": _APPLICANT, "employer_name": _EMPLOYER, "names": ("person", "parties")},
        ),
        Kind(
            "session",
            "sessions",
            ("status", "agency", "campaign", "series", "level"),
            reviews.SESSION,
            seals=("opinions.opinion", "irregularities.words", "recusals.words", "draws.reason", "reason"),
            names={"agency_name": _AGENCY, "names": ("person", "parties")},
        ),
        Kind(
            "ballot",
            "ballots",
            ("status", "session", "application"),
            reviews.BALLOT,
            names={"names": ("person", "parties")},
        ),
        Kind(
            "notice",
            "notices",
            ("status", "employer", "agency", "application", "series", "level"),
            reviews.NOTICE,
            seals=("objections.words", "objections.reasons"),
            names={"applicant_name": _APPLICANT, "employer_name": _EMPLOYER},
        ),
        Kind(
            "title",
            "titles",
            ("status", "person", "series", "level", "application"),
            files.TITLE,
            seals=("confirmed_because", "reliances.reasons"),
            names={"person_name": _APPLICANT, "employer_name": _EMPLOYER},
        ),
        Kind(
            "certificate",
            "certificates",
            ("status", "person", "title"),
            files.CERTIFICATE,
            seals=("name", "id_number"),
        ),
        Kind(
            "case",
            "cases",
            ("status", "person"),
            offices.CASE,
            seals=(
                "allegation",
                "lead",
                "facts",
                "evidence.title",
                "hearing.note",
                "decision.severity_reasons",
                "decision.findings",
                "decision.evidence.title",
                "revocations.reasons",
                "revocations.evidence.title",
            ),
            names={"person_name": _APPLICANT},
        ),
        Kind("ban", "bans", ("status", "person", "case"), offices.BAN, names={"person_name": _APPLICANT}),
        Kind(
            "record",
            "records",
            ("status", "person", "case"),
            offices.RECORD,
            seals=("facts", "withdrawn_because"),
            names={"person_name": _APPLICANT},
        ),
        Kind("client", "clients", ("unit",), offices.CLIENT),
    )
}
BY_COLLECTION: Final = {kind.collection: kind for kind in KINDS.values()}
