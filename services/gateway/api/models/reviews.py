"""Sessions, ballots, notices."""

from __future__ import annotations

from datetime import date

from pydantic import AwareDatetime

from services.gateway.api.models.base import Digest, File, Id, Part, Resource


class Candidate(Part):
    """One candidate of a session; who it is, the blind do not see."""

    application: Id
    specialty: str
    route: str
    standing: str
    ballot: Id | None = None
    passed: bool | None = None
    applicant: Id | None = None
    employer: Id | None = None
    endorsers: list[Id] | None = None
    scope: str | None = None


class Draw(Part):
    """A draw, from its commitment to the seed disclosed."""

    commitment: Digest
    nonce: Digest
    seats: int
    pool: list[Id] | None = None
    replaces: str
    reason: str | None = None
    seed: Digest | None = None


class Declaration(Part):
    """An expert's answer on one candidate."""

    expert: Id
    application: Id
    answer: str
    relations: list[str]


class Recusal(Part):
    """An expert who is not present for a candidate."""

    expert: Id
    application: Id
    ground: str | None = None
    words: str | None = None


class Opinion(Part):
    """A written opinion on a candidate."""

    expert: Id
    application: Id
    opinion: str | None = None
    filed_at: AwareDatetime


class Irregularity(Part):
    """What the supervisor put on record."""

    supervisor: Id
    words: str | None = None


class Session(Resource):
    """A review session (评审会议)."""

    committee: Id
    agency: Id
    agency_name: str | None = None
    campaign: Id
    ruleset: Id
    level: str
    series: str
    session_kind: str
    committee_size: int
    committee_until: date
    held_at: AwareDatetime
    candidates: list[Candidate]
    seats: list[Id] | None = None
    names: dict[str, str | None] | None = None
    supervisor: Id | None = None
    supervisor_present: bool | None = None
    chair: Id | None = None
    vice_chairs: list[Id] | None = None
    present: list[Id] | None = None
    draws: list[Draw] | None = None
    declarations: list[Declaration] | None = None
    recusals: list[Recusal] | None = None
    opinions: list[Opinion] | None = None
    irregularities: list[Irregularity] | None = None
    signed_by: Id | None = None
    signed_at: AwareDatetime | None = None
    minutes: File | None = None
    reason: str | None = None


class Ballot(Resource):
    """A secret ballot: who has voted is counted, how anyone voted is in nobody's reach."""

    session: Id
    application: Id
    applicant: Id | None = None
    public_key: str | None = None
    voters: list[Id]
    recused: list[Id] | None = None
    absent: list[Id] | None = None
    names: dict[str, str | None] | None = None
    committee_size: int
    present: int
    turnout: int
    voted: bool | None = None
    agree: int | None = None
    against: int | None = None
    abstain: int | None = None
    invalid: int | None = None
    receipts: list[str] | None = None
    closed_at: AwareDatetime | None = None
    cause: str | None = None
    key_destroyed_at: AwareDatetime | None = None


class Objection(Part):
    """An objection to a result, with its answer."""

    objection: Id
    real_name: bool
    objector: str | None = None
    words: str | None = None
    state: str
    received_at: AwareDatetime
    founded: bool | None = None
    reasons: str | None = None
    decided_at: AwareDatetime | None = None


class Notice(Resource):
    """A result on public notice (公示). The public sees it while it runs, with these fields of §11.21 only."""

    applicant_name: str | None = None
    employer: Id
    employer_name: str | None = None
    series: str
    specialty: str
    level: str
    result: str
    ends_at: AwareDatetime
    applicant: Id | None = None
    application: Id | None = None
    session: Id | None = None
    agency: Id | None = None
    committee: Id | None = None
    route: str | None = None
    scope: str | None = None
    ruleset: Id | None = None
    passed_at: AwareDatetime | None = None
    objections: list[Objection] | None = None
    remaining: int | None = None
    ended_at: AwareDatetime | None = None
    confirmed_at: AwareDatetime | None = None
    confirmed_by: str | None = None
    cause: str | None = None
