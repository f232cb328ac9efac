"""A result's publicity as its events tell it (§8.1, §11.36)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

from libs.events.contracts.review import ResultCancelled, ResultConfirmed, ResultPublicityStarted
from libs.events.contracts.review_notice import (
    InquiryDecided,
    InquiryOpened,
    ObjectionReceived,
    ResultPublicityEnded,
    ResultPublicityPaused,
    ResultPublicityResumed,
)
from libs.kernel.terms import Level, Route
from services.review.domain.facts import Envelope

Status = Literal["unknown", "running", "paused", "ended", "confirmed", "cancelled"]
Objection = Literal["received", "inquiry", "decided"]
NEVER = datetime.min.replace(tzinfo=UTC)


class Case(NamedTuple):
    """The result on show, as it is confirmed in the end."""

    application: str = ""
    applicant: str = ""
    session: str = ""
    employer: str = ""
    agency: str = ""
    committee: str = ""
    series: str = ""
    specialty: str = ""
    level: Level = Level.TECHNICIAN
    route: Route = Route.ORDINARY
    scope: str = ""
    ruleset: str = ""
    passed_at: datetime = NEVER


@dataclass(frozen=True, slots=True)
class Notice:
    """A publicity. `since` is when it began or last went on; `remaining` is set while it is paused."""

    status: Status = "unknown"
    case: Case = field(default_factory=Case)
    since: datetime = NEVER
    ends_at: datetime = NEVER
    remaining: int = 0
    objections: Mapping[str, Objection] = field(default_factory=lambda: MappingProxyType({}))
    objectors: frozenset[str] = frozenset()


INITIAL = Notice()


def evolve(state: Notice, payload: object, event: Envelope) -> Notice:
    """Fold one payload."""
    match payload:
        case ResultPublicityStarted():
            case = Case(**{name: getattr(payload, name) for name in Case._fields})
            return replace(state, status="running", case=case, since=event.time, ends_at=payload.ends_at)
        case ResultPublicityPaused():
            return replace(state, status="paused", remaining=payload.remaining)
        case ResultPublicityResumed():
            return replace(state, status="running", since=event.time, ends_at=payload.ends_at, remaining=0)
        case ResultPublicityEnded():
            return replace(state, status="ended")
        case ObjectionReceived(objection=objection):
            known = state.objectors | ({payload.objector} if payload.objector else set[str]())
            return replace(_objection(state, objection, "received"), objectors=known)
        case InquiryOpened(objection=objection):
            return _objection(state, objection, "inquiry")
        case InquiryDecided(objection=objection):
            return _objection(state, objection, "decided")
        case ResultConfirmed():
            return replace(state, status="confirmed")
        case ResultCancelled():
            return replace(state, status="cancelled")
        case _:
            return state


def _objection(state: Notice, objection: str, where: Objection) -> Notice:
    return replace(state, objections=MappingProxyType({**state.objections, objection: where}))
