"""评审 公示 发证, as other services report them; the hold after a revocation; the end by a ban.

Topics are ordered by stream, not across streams: a later report may come first. So a report moves the
application forward from any earlier stage of the review, and an overtaken one is refused and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import (
    ApplicationBarred,
    ApplicationCertified,
    ApplicationHeld,
    ApplicationReleased,
    Fallen,
    ReviewCancelled,
    ReviewConfirmed,
    ReviewNotPassed,
    ReviewPassed,
    ReviewPublished,
    ReviewScheduled,
    ReviewVoteOpened,
    ReviewVoteVoided,
    Seen,
)
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Context, Decision
from libs.kernel.refusals import Reason, refuse_all
from libs.kernel.terms import Role
from services.intake.domain.application.state import (
    LIVE,
    Handler,
    Stage,
    State,
    by_officer,
    by_system,
    ending,
    require,
)

REVIEW: Final = (
    Stage.PAID,
    Stage.SCHEDULED,
    Stage.VOTE_OPEN,
    Stage.PASSED,
    Stage.RESULT_PUBLICITY,
    Stage.CONFIRMED,
)
"""The stages of the review, in their order."""


@dataclass(frozen=True, slots=True)
class RecordScheduled:
    """SessionPlanned names the application as a candidate."""

    session: str
    held_at: datetime
    seen: Seen


@dataclass(frozen=True, slots=True)
class RecordVoteOpened:
    """BallotOpened on the application."""

    session: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class RecordVoteVoided:
    """VoteVoided on the application."""

    session: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class RecordResult:
    """ResultAnnounced for the application."""

    session: str
    passed: bool
    seen: Seen


@dataclass(frozen=True, slots=True)
class RecordPublished:
    """ResultPublicityStarted for the application."""

    ends_at: datetime
    seen: Seen


@dataclass(frozen=True, slots=True)
class RecordConfirmed:
    """ResultConfirmed for the application."""

    seen: Seen


@dataclass(frozen=True, slots=True)
class RecordCancelled:
    """ResultCancelled for the application."""

    cause: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class RecordCertified:
    """TitleGranted on the application."""

    title: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class Hold:
    """What made a title on which the application rests count no longer.

    TitleRevoked or TitleVoided; RelianceListed, or RelianceDecided against it, which belong to no `case`.
    `fell_at` is the version at which the title's own stream says it, None while it has not said it yet; what cites
    that has taken it into account.
    """

    title: str
    case: str | None
    seen: Seen
    fell_at: int | None = None
    standing: Fallen = Fallen.REVOKED


@dataclass(frozen=True, slots=True)
class Release:
    """Let a held application go on in spite of all that holds it; it is assessed again before it is qualified."""

    reasons: str


@dataclass(frozen=True, slots=True)
class EndByBan:
    """The first day of a ban on the applicant has come: BanImposed, or BanBegan where it was imposed before."""

    ban: str
    from_day: date
    until: date
    basis: str
    seen: Seen


def _before(stage: Stage) -> tuple[Stage, ...]:
    return REVIEW[: REVIEW.index(stage)]


def _reported(state: State, context: Context, command: str, stage: Stage, event: Any) -> Decision:
    """Move on to a stage of the review, from any that comes before it."""
    require(state, command, *_before(stage))
    refuse_all(by_system(context))
    return Decision((event,))


def _scheduled(state: State, command: RecordScheduled, context: Context) -> Decision:
    require(state, "record_scheduled", Stage.PAID, Stage.SCHEDULED)
    found = list(by_system(context))
    if state.session == command.session:
        found.append(Reason("ILLEGAL_TRANSITION", "十四.3", {"session": command.session, "scheduled": True}))
    refuse_all(found)
    event = ReviewScheduled(session=command.session, held_at=command.held_at, seen=(command.seen,))
    return Decision((event,))


def _vote_opened(state: State, command: RecordVoteOpened, context: Context) -> Decision:
    event = ReviewVoteOpened(session=command.session, seen=(command.seen,))
    return _reported(state, context, "record_vote_opened", Stage.VOTE_OPEN, event)


def _vote_voided(state: State, command: RecordVoteVoided, context: Context) -> Decision:
    require(state, "record_vote_voided", Stage.VOTE_OPEN)
    refuse_all(by_system(context))
    return Decision((ReviewVoteVoided(session=command.session, seen=(command.seen,)),))


def _result(state: State, command: RecordResult, context: Context) -> Decision:
    if command.passed:
        event = ReviewPassed(session=command.session, seen=(command.seen,))
        return _reported(state, context, "record_result", Stage.PASSED, event)
    require(state, "record_result", *_before(Stage.PASSED))
    refuse_all(by_system(context))
    return ending(state, Stage.NOT_PASSED, ReviewNotPassed(session=command.session, seen=(command.seen,)))


def _published(state: State, command: RecordPublished, context: Context) -> Decision:
    event = ReviewPublished(ends_at=command.ends_at, seen=(command.seen,))
    return _reported(state, context, "record_published", Stage.RESULT_PUBLICITY, event)


def _confirmed(state: State, command: RecordConfirmed, context: Context) -> Decision:
    event = ReviewConfirmed(seen=(command.seen,))
    return _reported(state, context, "record_confirmed", Stage.CONFIRMED, event)


def _cancelled(state: State, command: RecordCancelled, context: Context) -> Decision:
    require(state, "record_cancelled", *REVIEW)
    refuse_all(by_system(context))
    return ending(state, Stage.RESULT_CANCELLED, ReviewCancelled(cause=command.cause, seen=(command.seen,)))


def _certified(state: State, command: RecordCertified, context: Context) -> Decision:
    require(state, "record_certified", *REVIEW, Stage.RECOGNISED)
    refuse_all(by_system(context))
    return ending(state, Stage.CERTIFIED, ApplicationCertified(title=command.title, seen=(command.seen,)))


def _hold(state: State, command: Hold, context: Context) -> Decision:
    require(state, "hold", *LIVE)
    found = list(by_system(context))
    cited = state.relied_on.get(f"title-{command.title}")
    if cited is None:
        facts = {"title": command.title, "held": bool(state.held)}
        found.append(Reason("ILLEGAL_TRANSITION", "§11.39", facts, {"relied_on": sorted(state.relied_on)}))
    refuse_all(found)
    known = cited is not None and command.fell_at is not None and cited >= command.fell_at
    if known or state.answered(command.title, command.standing):
        return Decision()  # a revocation is heard of twice, from integrity and from the title's own stream
    event = ApplicationHeld(title=command.title, standing=command.standing, case=command.case, seen=(command.seen,))
    return Decision((event,))


def _release(state: State, command: Release, context: Context) -> Decision:
    require(state, "release", *LIVE)
    found = [] if context.actor.role == Role.CITY else list(by_officer(state, context))
    if not state.held:
        found.append(Reason("ILLEGAL_TRANSITION", "§11.39", {"held": False}))
    if not command.reasons.strip():
        found.append(Reason("GROUND_REQUIRED", "§11.39", pointer="/reasons"))
    refuse_all(found)
    reasons = Unsealed(state.applicant, command.reasons)
    return Decision((ApplicationReleased(titles=tuple(sorted(state.held)), reasons=reasons),))


def _barred(state: State, command: EndByBan, context: Context) -> Decision:
    require(state, "end_by_ban", *LIVE)
    found, on = list(by_system(context)), beijing_date(context.now)
    if on < command.from_day:
        facts = {"from": command.from_day.isoformat(), "on": on.isoformat()}
        found.append(Reason("ILLEGAL_TRANSITION", "十七.3 §11.5", facts))
    refuse_all(found)
    event = ApplicationBarred(ban=command.ban, until=command.until, basis=command.basis, seen=(command.seen,))
    return ending(state, Stage.BARRED, event)


HANDLERS: Final[Mapping[type, Handler]] = {
    RecordScheduled: _scheduled,
    RecordVoteOpened: _vote_opened,
    RecordVoteVoided: _vote_voided,
    RecordResult: _result,
    RecordPublished: _published,
    RecordConfirmed: _confirmed,
    RecordCancelled: _cancelled,
    RecordCertified: _certified,
    Hold: _hold,
    Release: _release,
    EndByBan: _barred,
}
