"""评审会议: planned with paid candidates, drawn by a verifiable draw, supervised, voted, signed (§8.3, 十六.4).

The session decides everything that makes a vote lawful, in one stream: so no recusal, presence or opinion can
change between the check and the call. The ballot itself is a stream of its own, opened by a reaction to
`BallotCalled`.
"""

from __future__ import annotations

from typing import assert_never

from libs.events.contracts.base import Unsealed
from libs.events.contracts.review_session import (
    CandidateDropped,
    MinutesArchived,
    SessionVoided,
)
from libs.kernel.decisions import Aggregate, Claim, Context, Decision
from libs.kernel.refusals import Refused, illegal_transition, refuse_all
from libs.kernel.terms import Role
from services.review.domain.facts import city_only, forbidden
from services.review.domain.session_commands import (
    AnnounceResult,
    ArchiveMinutes,
    AssignSupervisor,
    CallVote,
    ChangePresence,
    Command,
    DeclareRelations,
    DrawExperts,
    DropCandidate,
    FileOpinion,
    OpenSession,
    OrderRecusal,
    PlanSession,
    RaiseIrregularity,
    SeedDraw,
    SignResults,
    VoidSession,
)
from services.review.domain.session_committee import (
    assign_supervisor,
    declare_relations,
    draw_experts,
    order_recusal,
    raise_irregularity,
    seed_draw,
)
from services.review.domain.session_hall import change_presence, file_opinion, open_session
from services.review.domain.session_plan import plan_session
from services.review.domain.session_state import INITIAL, Phase, Session, evolve
from services.review.domain.session_vote import announce_result, call_vote, sign_results

BEFORE_SIGNING: tuple[Phase, ...] = ("planned", "drawn", "opened")

ALLOWED: dict[type[Command], tuple[Phase, ...]] = {
    PlanSession: ("unknown",),
    SeedDraw: BEFORE_SIGNING,
    DrawExperts: BEFORE_SIGNING,
    DeclareRelations: ("drawn", "opened"),
    OrderRecusal: ("drawn", "opened"),
    AssignSupervisor: BEFORE_SIGNING,
    RaiseIrregularity: ("drawn", "opened", "signed"),
    OpenSession: ("drawn",),
    ChangePresence: ("drawn", "opened"),
    FileOpinion: ("opened",),
    CallVote: ("opened",),
    AnnounceResult: ("opened",),
    SignResults: ("opened",),
    ArchiveMinutes: ("signed",),
    DropCandidate: BEFORE_SIGNING,
    VoidSession: BEFORE_SIGNING,
}


def decide(  # noqa: C901, PLR0911, PLR0912 - one branch a command
    state: Session, command: Command, context: Context
) -> Decision:
    """Decide a command on a session; each function called names the refusals it gives.

    Raises
    ------
    Refused
        With all failing reasons at once; `ILLEGAL_TRANSITION` when the phase does not allow the command.
    """
    if state.phase not in ALLOWED[type(command)]:
        raise illegal_transition(state.phase, type(command).__name__, ALLOWED[type(command)])
    match command:
        case PlanSession():
            return plan_session(command, context)
        case SeedDraw():
            return seed_draw(state, command, context)
        case DrawExperts():
            return draw_experts(state, command, context)
        case DeclareRelations():
            return declare_relations(state, command, context)
        case OrderRecusal():
            return order_recusal(state, command, context)
        case AssignSupervisor():
            return assign_supervisor(state, command, context)
        case RaiseIrregularity():
            return raise_irregularity(state, command, context)
        case OpenSession():
            return open_session(state, command, context)
        case ChangePresence():
            return change_presence(state, command, context)
        case FileOpinion():
            return file_opinion(state, command, context)
        case CallVote():
            return call_vote(state, command, context)
        case AnnounceResult():
            return announce_result(state, command, context)
        case SignResults():
            return sign_results(state, context)
        case ArchiveMinutes(minutes):
            refuse_all(forbidden(context, "§1.23", role=Role.AGENCY_OFFICER.value, unit=state.agency))
            return Decision((MinutesArchived(minutes=minutes),))
        case DropCandidate():
            return _drop(state, command)
        case VoidSession():
            return _void(state, command, context)
    assert_never(command)


def _drop(state: Session, command: DropCandidate) -> Decision:
    found = state.candidates.get(command.application)
    standing = found.standing if found else "no candidate"
    if found is None or standing not in {"waiting", "voting"}:
        raise illegal_transition(standing, "DropCandidate", ["waiting", "voting"])
    still_open = found.ballot if standing == "voting" else ""
    dropped = CandidateDropped(application=command.application, cause=command.cause, ballot=still_open)
    return Decision((dropped,), releases=(Claim("candidate", command.application),))


def _void(state: Session, command: VoidSession, context: Context) -> Decision:
    if state.phase != "planned" or state.pending:
        # Who drew knows the seed, and from the nonce on who is drawn: the agency does not draw until it suits.
        refuse_all(city_only(context, "十三.5 §7"))
    elif context.actor.role != Role.CITY:
        refuse_all(forbidden(context, "十二.2", role=Role.AGENCY_OFFICER.value, unit=state.agency))
    if any(one.standing == "announced" for one in state.candidates.values()):
        raise illegal_transition("results announced", "VoidSession", ["no result announced"])
    counted = sorted(one.identity for one in command.ballots if one.status == "closed")
    if counted:
        # Its count can be read: it would be thrown away because of what it says.
        raise Refused.one(
            "ILLEGAL_TRANSITION",
            "§1.20 §14.1",
            facts={"state": "ballots closed", "command": "VoidSession", "ballots": counted},
            change={"needed": "the announcement of each result"},
        )
    live = state.live()
    voided = SessionVoided(
        reason=Unsealed(state.agency, command.reason),
        candidates=live,
        ballots=tuple(state.candidates[key].ballot for key in live if state.candidates[key].ballot),
    )
    return Decision((voided,), releases=tuple(Claim("candidate", key) for key in live))


SESSION = Aggregate("session", INITIAL, decide, evolve)
