"""What may be asked of a review session, with the facts each decision needs (§8.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import BlobRef, Seen
from libs.kernel.terms import EndorsementKind, Level, Route
from services.review.domain.facts import AgencyFact, BanFact, CommitteeFact, RulesFact


class Relation(StrEnum):
    """What an expert may have with a candidate (§1.25); any one is a ground to withdraw."""

    KIN = "kin"
    SAME_EMPLOYER = "same_employer"
    MENTOR = "mentor"
    COLLABORATION = "collaboration"
    DISPUTE = "dispute"
    OTHER_INTEREST = "other_interest"


@dataclass(frozen=True, slots=True)
class PaidFile:
    """An application as review's own projection has it from ApplicationPaid.

    `standing` is `held` while a complaint or a sanction holds it, `ended` when it is over, and `earlier` what
    is not paid yet. `endorsers` are the persons whose endorsements stand.
    """

    application: str
    applicant: str
    employer: str
    agency: str
    campaign: str
    series: str
    specialty: str
    level: Level
    route: Route
    scope: str
    ruleset: str
    endorsers: tuple[str, ...]
    standing: Literal["paid", "held", "ended", "earlier"]
    seen: Seen


@dataclass(frozen=True, slots=True)
class PoolMember:
    """An expert with an appointment to the committee; `admitted` is false once removed from the pool."""

    expert: str
    admitted: bool
    appointed_from: date
    appointed_until: date
    bans: tuple[BanFact, ...]
    seen: Seen


@dataclass(frozen=True, slots=True)
class EmploymentFact:
    """The employers for whom a person works now."""

    employers: tuple[str, ...]
    seen: Seen


@dataclass(frozen=True, slots=True)
class EndorsementFact:
    """An endorsement that the application was accepted with, as it stands now.

    `cause` says why it no longer stands (`withdrawn`, `title_revoked`, `banned`) and is empty while it does.
    """

    identity: str
    endorser: str
    endorser_unit: str
    kind: EndorsementKind
    cause: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class BallotFact:
    """A ballot of this session as it stands; the counts are 0 unless it is closed."""

    identity: str
    status: Literal["open", "closed", "void"]
    agree: int
    seen: Seen


@dataclass(frozen=True, slots=True)
class PlanSession:
    """An agency plans a session: candidates that have paid, the committee, the time (UTC)."""

    held_at: datetime
    level: Level
    files: tuple[PaidFile, ...]
    agency: AgencyFact
    committee: CommitteeFact
    rules: RulesFact


@dataclass(frozen=True, slots=True)
class SeedDraw:
    """An agency commits to a seed it keeps to itself; `commitment` is the seed's SHA-256 in hexadecimal.

    `nonce` is a fact: 32 bytes that the shell takes from the system's random source, in hexadecimal. `pool`
    is everyone appointed to the committee. `replaces` names the seat to be given anew, with the `reason`;
    both are empty for the first draw.
    """

    commitment: str
    nonce: str
    pool: tuple[PoolMember, ...]
    replaces: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DrawExperts:
    """The agency discloses the seed, and with it who is drawn."""

    seed: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What an expert says of one candidate; no relations means `none`."""

    application: str
    relations: tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class DeclareRelations:
    """A seated expert answers for candidates; `employment` is a fact: where the expert works."""

    answers: tuple[Answer, ...]
    employment: EmploymentFact


@dataclass(frozen=True, slots=True)
class OrderRecusal:
    """The office tells an expert to withdraw from a candidate, and why."""

    expert: str
    application: str
    words: str


@dataclass(frozen=True, slots=True)
class AssignSupervisor:
    """The agency assigns a supervisor; `employment` is a fact: where that person works."""

    supervisor: str
    employment: EmploymentFact


@dataclass(frozen=True, slots=True)
class RaiseIrregularity:
    """The supervisor puts an irregularity on record; `words` are sealed under the supervisor's key."""

    words: Unsealed


@dataclass(frozen=True, slots=True)
class OpenSession:
    """The chair opens with the experts in the room; that the supervisor is there, the supervisor has said before."""

    chair: str
    vice_chairs: tuple[str, ...]
    present: tuple[str, ...]
    rules: RulesFact


@dataclass(frozen=True, slots=True)
class ChangePresence:
    """A seated expert, or the supervisor, comes in or leaves."""

    person: str
    present: bool


@dataclass(frozen=True, slots=True)
class FileOpinion:
    """An expert's written opinion on a candidate, to be sealed under the candidate's key."""

    application: str
    opinion: Unsealed


@dataclass(frozen=True, slots=True)
class CallVote:
    """The chair calls the vote on one candidate.

    The rest are facts: the application and the endorsements as they stand, the candidate's ballot before this
    one, if there was one and it was voided, and where each of the voters works by now.
    """

    application: str
    file: PaidFile
    endorsements: tuple[EndorsementFact, ...]
    previous: BallotFact | None
    rules: RulesFact
    employed: Mapping[str, EmploymentFact]


@dataclass(frozen=True, slots=True)
class AnnounceResult:
    """The chair announces one candidate's result; `ballot` is a fact: the candidate's closed ballot."""

    application: str
    ballot: BallotFact
    rules: RulesFact


@dataclass(frozen=True, slots=True)
class SignResults:
    """Who presides signs, once every candidate has a result."""


@dataclass(frozen=True, slots=True)
class ArchiveMinutes:
    """The agency archives the minutes."""

    minutes: BlobRef


@dataclass(frozen=True, slots=True)
class DropCandidate:
    """A candidate's application is over (reaction to ApplicationEnded)."""

    application: str
    cause: str


@dataclass(frozen=True, slots=True)
class VoidSession:
    """A session that cannot stand is ended before any result was announced: by the agency until it draws, by the city.

    `ballots` are facts: the ballots called last for the candidates whose results are open.
    """

    reason: str
    ballots: tuple[BallotFact, ...] = ()


Command = (
    PlanSession
    | SeedDraw
    | DrawExperts
    | DeclareRelations
    | OrderRecusal
    | AssignSupervisor
    | RaiseIrregularity
    | OpenSession
    | ChangePresence
    | FileOpinion
    | CallVote
    | AnnounceResult
    | SignResults
    | ArchiveMinutes
    | DropCandidate
    | VoidSession
)
