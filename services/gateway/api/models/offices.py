"""Units, rules, bodies, integrity, clients."""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime

from services.gateway.api.models.base import Digest, Evidence, File, Id, Part, Resource


class Designation(Part):
    """A kind of unit among which the city lists it (八.3), from a day on; `until` is null while it stands."""

    kind: str
    document: str
    from_day: date
    until: date | None


class Employer(Resource):
    """An employer (用人单位)."""

    name: str
    credit_code: str
    kind: str
    district: str
    superior: str
    designations: list[Designation] | None = None


class RuleSet(Resource):
    """A rule set; `document` is its canonical JSON text, left out of lists."""

    code: str
    title: str
    series: str
    levels: list[str]
    effective_from: date
    until: date | None = None
    document: str | None = None
    document_hash: Digest
    drafted_by: str | None = None
    published_at: AwareDatetime | None = None


class Campaign(Resource):
    """A campaign's notice with its five parts (附六.7)."""

    agency: Id
    agency_name: str | None = None
    series: str
    specialties: list[str]
    levels: list[str]
    routes: list[str]
    year: int
    opens_at: AwareDatetime
    closes_at: AwareDatetime
    ruleset: Id
    conditions: str
    procedure: str
    method: str
    time_and_place: str
    materials: str


class Agency(Resource):
    """A review agency (评审服务机构)."""

    name: str
    credit_code: str
    district: str
    series: list[str]
    filed_from: date
    filed_until: date
    year: int | None = None
    listed_until: date | None = None
    reason: str | None = None


class Committee(Resource):
    """A committee's filing (评审委员会)."""

    agency: Id
    agency_name: str | None = None
    name: str
    committee_kind: str
    series: str
    specialty: str
    level: str
    size: int
    filed_from: date
    filed_until: date
    ruleset: Id
    reason: str | None = None


class Admission(Part):
    """What an expert may review, by whose admission, on which title."""

    agency: Id
    series: str
    specialty: str
    level: str
    title: Id


class Term(Part):
    """One appointment to a committee, both days included."""

    committee: Id
    agency: Id
    term: int
    from_day: date
    until: date


class Removal(Part):
    """Why an expert is out of the pool."""

    cause: str
    reason: str | None


class Expert(Resource):
    """An expert (评审专家); the id is the person's."""

    name: str | None = None
    admissions: list[Admission] | None = None
    terms: list[Term] | None = None
    removed: Removal | None = None


class Hearing(Part):
    """How the subject was heard."""

    declined: bool
    note: str | None
    minutes: File | None
    at: AwareDatetime


class CaseDecision(Part):
    """The city's decision on a case."""

    founded: bool
    severity: str | None
    severity_reasons: str | None
    findings: str | None
    evidence: list[Evidence]
    ban_basis: str | None
    decision_no: str
    effective_on: date
    at: AwareDatetime


class RevokedTitle(Part):
    """A title that the case revoked."""

    title: Id
    person: Id
    ground: str
    decision_no: str
    decided_at: AwareDatetime
    reasons: str | None
    evidence: list[Evidence]


class Case(Resource):
    """An integrity case (诚信案件)."""

    subject_kind: str
    subject: Id
    person_name: str | None = None
    allegation: str | None
    lead: str | None = None
    facts: str | None = None
    evidence: list[Evidence] | None = None
    served_at: AwareDatetime | None = None
    hearing: Hearing | None = None
    decision: CaseDecision | None = None
    revocations: list[RevokedTitle] | None = None


class Ban(Resource):
    """A ban from its first to its last day, both included."""

    case: Id
    person: Id
    person_name: str | None = None
    kinds: list[str]
    basis: str
    from_day: date
    until: date
    free_from: date | None = None


class Record(Resource):
    """An entry in the integrity archive, shown until the end of `expires_on`."""

    case: Id
    subject_kind: str
    subject: Id
    person_name: str | None = None
    facts: str | None
    recorded_on: date
    expires_on: date
    withdrawn_because: str | None = None


class Client(Resource):
    """A system that may integrate."""

    client_id: str
    roles: list[str]
    unit: str
    district: str
