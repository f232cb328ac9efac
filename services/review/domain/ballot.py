"""无记名投票: who has voted, never how (§14.1). The choices are sealed by the voters' own programs.

A cast ballot is a mark in the stream and a sealed box in the side table `ballot_box`, in one transaction, so
marks and boxes are equal in number by construction. What is sealed can be opened only while the ballot's key
exists, which the shell keeps behind `BallotKeys` and destroys when the ballot is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from libs.events.contracts.review import BallotClosed, BallotKeyDestroyed, BallotOpened, VoteVoided
from libs.events.contracts.review_session import VoterMarked
from libs.kernel.decisions import Aggregate, Claim, Context, Decision, SideRow
from libs.kernel.refusals import Reason, Refused, illegal_transition, refuse_all
from libs.kernel.terms import Role
from services.review.domain.facts import Envelope, RulesFact, forbidden
from services.review.domain.votes import quorum_met, quorum_of

Status = Literal["unknown", "open", "closed", "void"]
RECEIPT = "receipt"
"""The claim that a ballot holds on each receipt until it is closed; its value is `<ballot>:<receipt>`."""


@dataclass(frozen=True, slots=True)
class OpenBallot:
    """Open the ballot that a session called (reaction to BallotCalled, whose fields these are).

    `public_key` is a fact: what `BallotKeys.create` gave for this ballot.
    """

    session: str
    application: str
    applicant: str
    public_key: str
    voters: tuple[str, ...]
    recused: tuple[str, ...]
    absent: tuple[str, ...]
    committee_size: int


@dataclass(frozen=True, slots=True, repr=False)
class CastVote:
    """A voter casts. It has no repr, so that no log or trace prints a sealed box beside its voter.

    `box`, `receipt` and `copied` are facts: a random id that the shell takes from the system's random source,
    SHA-256 of the sealed bytes (`libs.ballot.receipt`), and whether the ballot has a box with this receipt.
    """

    voter: str
    sealed: bytes
    box: str
    receipt: str
    copied: bool = False


@dataclass(frozen=True, slots=True)
class CloseBallot:
    """Close with the count; everything here is a fact, read from marks and boxes in one snapshot.

    `room` are the experts in the session's room now, and `rules` what it decides by. `version` is the stream's
    version in that snapshot, `marks` and `boxes` the numbers found in it; the counts and receipts come from
    opening the boxes in memory (`BallotKeys.count`).
    """

    room: frozenset[str]
    rules: RulesFact
    version: int
    marks: int
    boxes: int
    agree: int
    against: int
    abstain: int
    invalid: int
    receipts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VoidBallot:
    """End the ballot unopened: an irregularity, a lost key, a candidate who left, a void session."""

    cause: str


@dataclass(frozen=True, slots=True)
class RecordKeyDestroyed:
    """The shell has destroyed the key and deleted the boxes."""


Command = OpenBallot | CastVote | CloseBallot | VoidBallot | RecordKeyDestroyed


@dataclass(frozen=True, slots=True)
class Ballot:
    """A ballot as its events tell it; nothing in it ties a voter to a choice or a receipt."""

    identity: str = ""
    version: int = 0
    status: Status = "unknown"
    session: str = ""
    application: str = ""
    public_key: str = ""
    voters: frozenset[str] = frozenset()
    recused: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    marked: frozenset[str] = frozenset()
    size: int = 0
    """The members of the full committee, of whom a quorum is a share."""
    agree: int = 0
    key_destroyed: bool = False


INITIAL = Ballot()


def decide(state: Ballot, command: Command, context: Context) -> Decision:
    """Decide a command on a ballot.

    Raises
    ------
    Refused
        For a voter `ALREADY_VOTED`, `RECUSED`, `NOT_PRESENT`, `NOT_DRAWN`, `PROXY_FORBIDDEN`, `LATE_BALLOT`,
        `FORBIDDEN_ACTOR`; for who closes `ILLEGAL_TRANSITION` while somebody in the room has not voted,
        `QUORUM_NOT_MET` for fewer votes than a quorum; for the shell `WRITE_CONFLICT` when the stream has moved
        on since its snapshot; `ILLEGAL_TRANSITION`.
    """
    match command:
        case OpenBallot():
            return _open(state, command, context)
        case CastVote():
            return _cast(state, command, context)
        case CloseBallot():
            return _close(state, command)
        case VoidBallot(cause):
            if state.status != "open":
                raise illegal_transition(state.status, "VoidBallot", ["open"])
            return _void(state, cause)
        case RecordKeyDestroyed():
            refuse_all(forbidden(context, "§14.1", role=Role.SYSTEM.value))
            if state.status not in {"closed", "void"} or state.key_destroyed:
                now = "key destroyed" if state.key_destroyed else state.status
                raise illegal_transition(now, "RecordKeyDestroyed", ["closed", "void"])
            return Decision((BallotKeyDestroyed(session=state.session, application=state.application),))
    assert_never(command)


def _open(state: Ballot, command: OpenBallot, context: Context) -> Decision:
    refuse_all(forbidden(context, "§14.1", role=Role.SYSTEM.value))
    if state.status != "unknown":
        raise illegal_transition(state.status, "OpenBallot", ["unknown"])
    opened = BallotOpened(
        session=command.session,
        application=command.application,
        applicant=command.applicant,
        public_key=command.public_key,
        voters=command.voters,
        committee_size=command.committee_size,
        present=len(command.voters),
        recused=command.recused,
        absent=command.absent,
    )
    return Decision((opened,))


def _cast(state: Ballot, command: CastVote, context: Context) -> Decision:
    if state.status == "unknown":
        raise illegal_transition(state.status, "CastVote", ["open"])
    refuse_all(_cast_reasons(state, command, context))
    return Decision(
        (VoterMarked(voter=command.voter),),
        claims=(_receipt_claim(state, command.receipt),),
        rows=(SideRow("ballot_box", {"ballot": state.identity, "id": command.box, "sealed": command.sealed}),),
        reply={"receipt": command.receipt},
    )


def _receipt_claim(state: Ballot, receipt: str) -> Claim:
    """Keep a receipt, so that a copied box is refused; given up when the receipts are published.

    A claim that this ballot itself holds is no obstacle to it, so the shell looks first (`CastVote.copied`); of
    copies at the very same moment the table takes one.
    """
    return Claim(RECEIPT, f"{state.identity}:{receipt}")


def _cast_reasons(state: Ballot, command: CastVote, context: Context) -> Iterator[Reason]:
    """Say why a vote is not taken; of a voter nothing to anybody else, of the ballot nothing to a stranger."""
    voter = command.voter
    if context.actor.role not in {Role.EXPERT, Role.CHAIR}:
        yield Reason(
            "FORBIDDEN_ACTOR",
            "§7 十六.4",
            facts={"role": context.actor.role},
            change={"needed": [Role.EXPERT.value, Role.CHAIR.value]},
        )
    if context.actor.person != voter:
        yield Reason(
            "PROXY_FORBIDDEN",
            "§1.20",
            facts={"voter": voter, "person": context.actor.person},
            change={"needed": "the voter in person"},
        )
        return
    if voter in state.recused:
        yield Reason("RECUSED", "§1.25 §11.6", facts={"voter": voter})
    elif voter in state.absent:
        yield Reason("NOT_PRESENT", "§1.20", facts={"voter": voter, "at": "the call of the vote"})
    elif voter not in state.voters:
        yield Reason("NOT_DRAWN", "十三.5", facts={"voter": voter})
        return
    if voter in state.marked:
        yield Reason("ALREADY_VOTED", "§14.5", facts={"voter": voter})
    elif command.copied:
        facts = {"receipt": command.receipt}
        yield Reason("ALREADY_VOTED", "§14.5", facts=facts, change={"needed": "a box sealed anew"}, pointer="/sealed")
    if state.status != "open":
        yield Reason("LATE_BALLOT", "§1.20", facts={"voter": voter, "state": state.status})


def _close(state: Ballot, command: CloseBallot) -> Decision:
    if state.status != "open":
        raise illegal_transition(state.status, "CloseBallot", ["open"])
    if command.version != state.version:
        raise Refused.one(
            "WRITE_CONFLICT",
            "§14.1",
            facts={"counted_at": command.version, "version": state.version},
            change={"needed": "a count of the ballot as it stands"},
        )
    total = command.agree + command.against + command.abstain + command.invalid
    if not command.marks == command.boxes == len(state.marked) == total == len(set(command.receipts)):
        return _void(state, "marks and boxes differ")
    refuse_all(_early_reasons(state, command))
    closed = BallotClosed(
        session=state.session,
        application=state.application,
        agree=command.agree,
        against=command.against,
        abstain=command.abstain,
        invalid=command.invalid,
        receipts=tuple(sorted(command.receipts)),
    )
    releases = tuple(_receipt_claim(state, receipt) for receipt in sorted(command.receipts))
    return Decision((closed,), releases=releases, reply={"status": "closed"})


def _early_reasons(state: Ballot, command: CloseBallot) -> Iterator[Reason]:
    """Say why it is too early to count: a known count of few votes would tell how each of them was cast."""
    present, voted = state.voters & command.room, len(state.marked)
    if present - state.marked:
        yield Reason(
            "ILLEGAL_TRANSITION",
            "§1.20 §14.1",
            facts={"state": "votes outstanding", "command": "CloseBallot", "voted": voted, "present": len(present)},
            change={"needed": "the vote of everyone in the room", "or": "put on record that they have left the room"},
        )
    elif not quorum_met(command.rules.rules, voted, state.size):
        needed = quorum_of(command.rules.rules, state.size)
        yield Reason(
            "QUORUM_NOT_MET",
            "§1.19 §11.6",
            facts={"voted": voted, "size": state.size, "needed": needed},
            change={"votes_at_least": needed, "or": "void the ballot and call the vote again"},
            ruleset=command.rules.identity,
        )


def _void(state: Ballot, cause: str) -> Decision:
    voided = VoteVoided(session=state.session, application=state.application, cause=cause)
    return Decision((voided,), reply={"status": "void"})


def evolve(state: Ballot, payload: object, event: Envelope) -> Ballot:
    """Fold one payload."""
    state = replace(state, version=event.version)
    match payload:
        case BallotOpened():
            return replace(
                state,
                identity=event.stream.removeprefix("ballot-"),
                status="open",
                session=payload.session,
                application=payload.application,
                public_key=payload.public_key,
                voters=frozenset(payload.voters),
                recused=frozenset(payload.recused),
                absent=frozenset(payload.absent),
                size=payload.committee_size,
            )
        case VoterMarked():
            return replace(state, marked=state.marked | {payload.voter})
        case BallotClosed():
            return replace(state, status="closed", agree=payload.agree)
        case VoteVoided():
            return replace(state, status="void")
        case BallotKeyDestroyed():
            return replace(state, key_destroyed=True)
        case _:
            return state


BALLOT = Aggregate("ballot", INITIAL, decide, evolve)
