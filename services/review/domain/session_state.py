"""A review session as its events tell it (§8.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Literal

from libs.events.contracts.intake import BlobRef
from libs.events.contracts.review import ResultAnnounced, SessionPlanned
from libs.events.contracts.review_session import (
    BallotCalled,
    Candidate,
    CandidateDropped,
    ExpertDrawn,
    ExpertDrawSeeded,
    ExpertReplaced,
    MinutesArchived,
    OpinionFiled,
    PresenceChanged,
    RecusalGranted,
    RecusalOrdered,
    RelationDeclared,
    ResultSigned,
    SessionOpened,
    SessionVoided,
    SupervisorAssigned,
    SupervisorAttended,
)
from libs.kernel.calendars import beijing_date
from libs.kernel.terms import Level
from services.review.domain.facts import Envelope

Phase = Literal["unknown", "planned", "drawn", "opened", "signed", "archived", "void"]
Standing = Literal["waiting", "voting", "announced", "dropped"]


@dataclass(frozen=True, slots=True)
class OnFile:
    """One candidate: the file, where it stands, who gave an opinion, and the ballot called last."""

    file: Candidate
    standing: Standing = "waiting"
    opinions: frozenset[str] = frozenset()
    ballot: str = ""
    voters: int = 0
    passed: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """What a session's decisions need. A pair is (expert, application)."""

    identity: str = ""
    phase: Phase = "unknown"
    agency: str = ""
    committee: str = ""
    committee_size: int = 0
    committee_until: date = date.min
    series: str = ""
    ruleset: str = ""
    level: Level = Level.TECHNICIAN
    held_on: date = date.min
    candidates: Mapping[str, OnFile] = field(default_factory=lambda: MappingProxyType({}))
    pending: ExpertDrawSeeded | None = None
    seats: tuple[str, ...] = ()
    former: frozenset[str] = frozenset()
    answered: frozenset[tuple[str, str]] = frozenset()
    recused: frozenset[tuple[str, str]] = frozenset()
    present: frozenset[str] = frozenset()
    presiding: tuple[str, ...] = ()
    supervisor: str = ""
    attended_on: date = date.min
    """The day on which the supervisor came last and has not left: a presence counts for its own day."""
    minutes: BlobRef | None = None

    def attended(self, today: date) -> bool:
        """Say whether the supervisor is in the room on a day in Beijing."""
        return self.attended_on == today

    def voters(self, application: str) -> tuple[str, ...]:
        """Give the experts who may vote on a candidate now: seated, in the room, not recused (§11.6)."""
        return tuple(
            sorted(one for one in self.seats if one in self.present and (one, application) not in self.recused)
        )

    def live(self) -> tuple[str, ...]:
        """Give the applications that are still candidates, in the order planned."""
        return tuple(key for key, one in self.candidates.items() if one.standing != "dropped")

    def unanswered(self, applications: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Give the pairs whose declaration is still only asked for."""
        return tuple(
            (expert, application)
            for expert in self.seats
            for application in applications
            if (expert, application) not in self.answered
        )


INITIAL = Session()


def evolve(  # noqa: C901, PLR0911, PLR0912 - one branch an event
    state: Session, payload: object, event: Envelope
) -> Session:
    """Fold one payload."""
    match payload:
        case SessionPlanned():
            return _planned(payload, event.stream)
        case ExpertDrawSeeded():
            return replace(state, pending=payload)
        case ExpertDrawn():
            return replace(state, phase="drawn", pending=None, seats=payload.drawn)
        case ExpertReplaced():
            return replace(
                state,
                pending=None,
                seats=tuple(payload.drawn if one == payload.out else one for one in state.seats),
                former=state.former | {payload.out},
                present=state.present - {payload.out},
                presiding=tuple(one for one in state.presiding if one != payload.out),
            )
        case RelationDeclared(expert=expert, answers=answers):
            pairs = {(expert, one.application) for one in answers}
            return replace(state, answered=state.answered | pairs)
        case RecusalGranted() | RecusalOrdered():
            return replace(state, recused=state.recused | {(payload.expert, payload.application)})
        case SupervisorAssigned():
            return replace(
                state,
                supervisor=payload.supervisor,
                attended_on=state.attended_on if payload.supervisor == state.supervisor else date.min,
            )
        case SupervisorAttended(present=present):
            return replace(state, attended_on=beijing_date(event.time) if present else date.min)
        case SessionOpened():
            return replace(
                state,
                phase="opened",
                present=frozenset(payload.present),
                presiding=(payload.chair, *payload.vice_chairs),
            )
        case PresenceChanged(expert=expert, present=present):
            room = state.present | {expert} if present else state.present - {expert}
            return replace(state, present=room)
        case ResultSigned():
            return replace(state, phase="signed")
        case MinutesArchived():
            return replace(state, phase="archived", minutes=payload.minutes)
        case SessionVoided():
            return replace(state, phase="void")
        case _:
            return _candidate_changed(state, payload)


def _planned(payload: SessionPlanned, stream: str) -> Session:
    return Session(
        identity=stream.removeprefix("session-"),
        phase="planned",
        agency=payload.agency,
        committee=payload.committee,
        committee_size=payload.committee_size,
        committee_until=payload.committee_until,
        series=payload.series,
        ruleset=payload.ruleset,
        level=payload.level,
        held_on=beijing_date(payload.held_at),
        candidates=MappingProxyType({one.application: OnFile(one) for one in payload.files}),
    )


def _candidate_changed(state: Session, payload: object) -> Session:
    match payload:
        case OpinionFiled(application=application):
            before = state.candidates[application]
            after = replace(before, opinions=before.opinions | {payload.expert})
        case BallotCalled(application=application):
            before = state.candidates[application]
            after = replace(before, standing="voting", ballot=payload.ballot, voters=len(payload.voters))
        case ResultAnnounced(application=application):
            after = replace(state.candidates[application], standing="announced", passed=payload.passed)
        case CandidateDropped(application=application):
            after = replace(state.candidates[application], standing="dropped")
        case _:
            return state
    return replace(state, candidates=MappingProxyType({**state.candidates, application: after}))
