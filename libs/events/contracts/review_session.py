"""What review publishes about a session and its ballots: draw, recusals, presence, opinions, minutes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from libs.events.contracts.base import Part, Payload, Sealed, contract
from libs.events.contracts.intake import BlobRef, Identity, Seen, Sha256
from libs.kernel.terms import Route

Seed = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""32 random bytes in hexadecimal."""


class Candidate(Part):
    """One paid application of a session, and who may not judge it."""

    application: Identity
    applicant: Identity
    employer: Identity
    specialty: str
    route: Route
    scope: str
    """Empty, or the district to which a directed title is limited."""
    endorsers: tuple[Identity, ...]


class Exclusion(Part):
    """Someone of the pool who is not drawn, with the refusal code that says why."""

    expert: Identity
    code: str


class RelationAnswer(Part):
    """An expert's answer on one candidate: `none`, or `list` with the kinds of relation."""

    application: Identity
    answer: Literal["none", "list"]
    relations: tuple[str, ...]


@contract("review", "十三.5")
class ExpertDrawSeeded(Payload):
    """A draw is fixed before anyone can know it: the agency's seed by its hash, then the nonce, then the pool.

    The agency chose its seed before it saw the nonce, and the service gave the nonce before it saw the seed;
    so neither can try seeds until the draw suits them. `replaces` is empty for the first draw.
    """

    commitment: Sha256
    """SHA-256 of the 32 bytes of the seed."""
    nonce: Seed
    seats: Annotated[int, Field(ge=1)]
    pool: tuple[Identity, ...]
    excluded: tuple[Exclusion, ...]
    replaces: str
    reason: Sealed | None
    """Why a seat is given anew, sealed under the key of who holds it; None for the first draw."""
    seen: tuple[Seen, ...]


@contract("review", "十三.5 §1.11")
class ExpertDrawn(Payload):
    """The seed disclosed and the seats it gives; anyone can redo it from this and `ExpertDrawSeeded`."""

    seed: Seed
    drawn: tuple[Identity, ...]


@contract("review", "十三.5 §1.25")
class ExpertReplaced(Payload):
    """A seat is given to the next draw's expert; what the former one judged before stays; its draw says why."""

    seed: Seed
    out: Identity
    drawn: Identity


@contract("review", "§1.25")
class RelationDeclared(Payload):
    """A seated expert answers for candidates; until then the state is `asked`."""

    expert: Identity
    answers: tuple[RelationAnswer, ...]


@contract("review", "§1.25 §11.6")
class RecusalGranted(Payload):
    """The expert withdraws on an own declaration, and is not present for this candidate."""

    expert: Identity
    application: Identity


@contract("review", "§1.25 §11.6")
class RecusalOrdered(Payload):
    """The office or a fact tells the expert to withdraw; the expert is not present for this candidate."""

    expert: Identity
    application: Identity
    ground: Literal["same_employer", "ordered"]
    words: Sealed | None
    """The office's words, sealed under the candidate's key; None where a fact is the ground."""
    seen: tuple[Seen, ...]


@contract("review", "十六.4")
class SupervisorAssigned(Payload):
    """A supervisor (监督委员) is to watch the session on site; a later one takes the place of an earlier one."""

    supervisor: Identity
    seen: tuple[Seen, ...]


@contract("review", "十六.4")
class SupervisorAttended(Payload):
    """The supervisor comes into the room or leaves it; without the supervisor in it, no session opens and no vote."""

    supervisor: Identity
    present: bool


@contract("review", "十六.4")
class IrregularityRaised(Payload):
    """The supervisor puts an irregularity on record, in words sealed under the supervisor's own key."""

    supervisor: Identity
    words: Sealed


@contract("review", "§1.19 十六.4")
class SessionOpened(Payload):
    """The chair presides over the experts present, a quorum of `size`, with the supervisor in the room."""

    chair: Identity
    vice_chairs: tuple[Identity, ...]
    """Those present who preside in the chair's place, such as when the chair is recused."""
    supervisor: Identity
    present: tuple[Identity, ...]
    size: int
    ruleset: Identity


@contract("review", "§1.19 §1.20")
class PresenceChanged(Payload):
    """A seated expert comes in or leaves; who has left is no voter of a ballot called later."""

    expert: Identity
    present: bool


@contract("review", "§1.21")
class OpinionFiled(Payload):
    """A written opinion on a candidate, sealed under the candidate's key."""

    expert: Identity
    application: Identity
    opinion: Sealed


@contract("review", "§14.1 §11.6")
class BallotCalled(Payload):
    """The chair calls the vote on one candidate; every condition of it was met at this moment.

    `recused` and `absent` are the seated experts who are no voters.
    """

    ballot: Identity
    application: Identity
    applicant: Identity
    voters: tuple[Identity, ...]
    recused: tuple[Identity, ...]
    absent: tuple[Identity, ...]
    committee_size: int
    ruleset: Identity
    seen: tuple[Seen, ...]


@contract("review", "十四.3")
class CandidateDropped(Payload):
    """A candidate leaves the session: withdrawn or ended elsewhere. `ballot` is one still open, or empty."""

    application: Identity
    cause: str
    ballot: str


@contract("review", "§1.22")
class ResultSigned(Payload):
    """The presiding chair signs the results of the session; `chair` is who presided."""

    chair: Identity
    passed: tuple[Identity, ...]
    not_passed: tuple[Identity, ...]


@contract("review", "§1.23")
class MinutesArchived(Payload):
    """The minutes, with attendance, objects, opinions and counts, are in the archive."""

    minutes: BlobRef


@contract("review", "十二.2")
class SessionVoided(Payload):
    """The session counts for nothing; its candidates can be planned again. `ballots` are those still open."""

    reason: Sealed
    """Sealed under the agency's key."""
    candidates: tuple[Identity, ...]
    ballots: tuple[Identity, ...]


@contract("review", "§14.1")
class VoterMarked(Payload):
    """The voter has cast a ballot. No choice, no receipt, nothing of the sealed box."""

    voter: Identity
