"""A person and the person's file."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from services.gateway.api.models.base import File, Id, Part, Resource, Seen


class Employment(Part):
    """A spell of work; `until` is its last day."""

    employer: Id
    specialty: str
    since: date
    until: date | None


class Education(Part):
    """A degree as the person states it."""

    degree: str
    major: str
    specialty: str
    enrolled_on: date
    graduated_on: date
    full_time: bool
    certificate_no: str | None = None


class Person(Resource):
    """A natural person. The ID number is masked; what was sealed is null after an erasure."""

    name: str | None = None
    id_kind: str | None = None
    id_number: str | None = None
    birth_date: date | None = None
    phone: str | None = None
    employments: list[Employment] | None = None
    educations: list[Education] | None = None


class Item(Part):
    """One thing to be changed, and why."""

    module: str
    reason: str | None


class Review(Part):
    """The employer's opinion."""

    opinion: str | None
    in_service: bool


class Publicity(Part):
    """The publicity inside the unit."""

    working_days: int
    ends_at: AwareDatetime
    place: str
    ended_at: AwareDatetime | None = None


class EmployerObjection(Part):
    """An objection during the employer's publicity, with its answer."""

    objection: Id
    summary: str | None = None
    real_name: bool
    received_at: AwareDatetime
    founded: bool | None = None
    answer: str | None = None


class Recommendation(Part):
    """The head's recommendation."""

    statement: str | None
    recommended_at: AwareDatetime


class Correction(Part):
    """The one correction."""

    items: list[Item]
    working_days: int
    due: AwareDatetime
    requested_at: AwareDatetime
    submitted_at: AwareDatetime | None = None
    modules: list[str] | None = None


class CheckAnswer(Part):
    """A data check: its answer, and what a person decided where it left something open."""

    answer: str | None = None
    source: str | None = None
    at: AwareDatetime | None = None
    stands: bool | None = None
    reasons: str | None = None


class Condition(Part):
    """One condition of an assessment; `facts` and `change` are canonical JSON text."""

    id: str
    clause: str
    verdict: str
    source: str
    tag: str
    facts: str
    change: str
    code: str


class Assessment(Part):
    """Every condition under one rule set."""

    ruleset: Id
    on: date
    outcome: str
    conditions: list[Condition]
    warnings: list[str]
    at: AwareDatetime


class Qualification(Part):
    """The decision on the assessment."""

    qualified: bool
    note: str | None
    codes: list[str] | None = None
    at: AwareDatetime


class Fee(Part):
    """What is to be paid, in integer fen."""

    payment: Id
    amount_fen: int
    working_days: int
    due: AwareDatetime
    paid_at: AwareDatetime | None = None


class Hold(Part):
    """A title for which a file stands still until a person decides; without a case while it is not revoked."""

    title: Id
    standing: Literal["unknown", "no_basis", "revoked"]
    case: Id | None
    since: AwareDatetime


class Release(Part):
    """Why a held file went on, by the word of a person (§11.39), and the titles settled."""

    titles: list[Id]
    reasons: str | None = None
    at: AwareDatetime


class Bar(Part):
    """The ban that ended the file."""

    ban: Id
    until: date
    basis: str


class Claim(Part):
    """The category of the green channel that is claimed, and what speaks for it (十.1)."""

    category: str
    grounds: str | None


class Recognition(Part):
    """The city's decision on the green channel (十.3)."""

    granted: bool
    decision_no: str
    reasons: str | None
    at: AwareDatetime


class Application(Resource):
    """An application (申报). `label` is its public state in words."""

    label: str
    applicant: Id | None = None
    applicant_name: str | None = None
    employer: Id | None = None
    employer_name: str | None = None
    campaign: Id | None = None
    agency: Id | None = None
    agency_name: str | None = None
    series: str | None = None
    specialty: str | None = None
    level: str | None = None
    route: str | None = None
    year: int | None = None
    ruleset: Id | None = None
    district: str | None = None
    committed_at: AwareDatetime | None = None
    materials: dict[str, File] | None = None
    asked: list[Id] | None = None
    submitted_at: AwareDatetime | None = None
    endorsements: list[Id] | None = None
    warnings: list[str] | None = None
    review: Review | None = None
    returned: list[Item] | None = None
    refused: list[str | None] | None = None
    publicity: Publicity | None = None
    objections: list[EmployerObjection] | None = None
    recommendation: Recommendation | None = None
    received_at: AwareDatetime | None = None
    correction: Correction | None = None
    accepted_at: AwareDatetime | None = None
    due: AwareDatetime | None = None
    not_accepted: list[Item] | None = None
    checks: dict[str, CheckAnswer] | None = None
    assessment: Assessment | None = None
    qualification: Qualification | None = None
    decided_by: str | None = None
    fee: Fee | None = None
    claim: Claim | None = None
    recognition: Recognition | None = None
    session: Id | None = None
    held_at: AwareDatetime | None = None
    passed: bool | None = None
    published_until: AwareDatetime | None = None
    confirmed_at: AwareDatetime | None = None
    cause: str | None = None
    title: Id | None = None
    holds: list[Hold] | None = None
    releases: list[Release] | None = None
    barred: Bar | None = None
    ended: str | None = None
    note: str | None = None


class PaymentReport(Part):
    """What the payment channel reported, exactly as it wrote the amount."""

    channel_id: str
    amount: str
    paid_at: AwareDatetime


class Refund(Part):
    """Money owed back, and the code that says why."""

    channel_id: str
    amount: str
    reason: str


class Payment(Resource):
    """A bill, in integer fen."""

    application: Id
    applicant: Id
    amount_fen: int
    due: AwareDatetime
    reports: list[PaymentReport] | None = None
    refunds: list[Refund] | None = None
    paid_at: AwareDatetime | None = None
    channel_id: str | None = None
    cause: str | None = None


class Endorsement(Resource):
    """An endorsement (举荐)."""

    application: Id
    applicant: Id
    applicant_name: str | None = None
    endorser: Id
    kind: str
    series: str
    specialty: str
    employer: Id | None = None
    employer_name: str | None = None
    names: dict[str, str | None] | None = None
    statement: str | None = None
    endorser_unit: str | None = None
    seal: str | None = None
    given_at: AwareDatetime | None = None
    note: str | None = None
    cause: str | None = None


class Reliance(Part):
    """A decision whether a title may be a basis although one that it rested on was revoked."""

    relied_on: list[Id]
    stands: bool
    reasons: str | None
    standing: str


class Revocation(Part):
    """The decision that revoked."""

    case: Id
    decision_no: str
    ground: str
    decided_at: AwareDatetime | None = None
    revoked_on: date | None = None
    decided_by_role: str


class Title(Resource):
    """A title (职称); the status is what it is worth as a basis."""

    person: Id
    person_name: str | None = None
    application: Id | None = None
    series: str
    specialty: str
    level: str | None
    route: str | None = None
    scope: str
    obtained_on: date | None
    committee: Id | None = None
    employer: Id | None = None
    employer_name: str | None = None
    ruleset: Id | None = None
    relied_on: list[Seen] | None = None
    issuer: str | None = None
    certificate_no: str | None = None
    provenance: str | None = None
    confirmed: bool | None = None
    confirmed_because: str | None = None
    questions: list[Id] | None = None
    reliances: list[Reliance] | None = None
    revocation: Revocation | None = None


class Certificate(Resource):
    """An electronic certificate. One that was revoked before it was issued has no number."""

    title: Id
    person: Id
    number: str
    code: str | None = None
    name: str | None = None
    id_number: str | None = None
    series: str | None = None
    specialty: str | None = None
    level: str | None = None
    title_name: str | None = None
    scope: str | None = None
    obtained_on: date | None = None
    issued_on: date | None = None
    issuer: str | None = None
    document: File | None = None
    revocation: Revocation | None = None
