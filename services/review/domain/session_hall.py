"""In the room: opening with a quorum under supervision, coming and going, written opinions (§1.19, §1.21)."""

from __future__ import annotations

from collections.abc import Iterator

from libs.events.contracts.review_session import OpinionFiled, PresenceChanged, SessionOpened, SupervisorAttended
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Context, Decision
from libs.kernel.refusals import Reason, illegal_transition, refuse_all
from libs.kernel.terms import Role
from services.review.domain.facts import RulesFact, forbidden, ruleset_reasons
from services.review.domain.session_commands import ChangePresence, FileOpinion, OpenSession
from services.review.domain.session_state import Session
from services.review.domain.votes import quorum_met, quorum_of


def open_session(state: Session, command: OpenSession, context: Context) -> Decision:
    """Open the session.

    Raises
    ------
    Refused
        `QUORUM_NOT_MET`, `SUPERVISOR_REQUIRED`, `NOT_DRAWN` for someone in the room without a seat,
        `NOT_PRESENT` for a chair who is not there, `FILING_EXPIRED`, `ILLEGAL_TRANSITION` for declarations
        still open, `RULESET_NOT_IN_FORCE`, `FORBIDDEN_ACTOR`.
    """
    strangers = sorted(set(command.present) - set(state.seats))
    missing = sorted({command.chair, *command.vice_chairs} - set(command.present))
    refuse_all(
        [
            *_hall_reasons(state, (command.chair,), context),
            *(Reason("NOT_DRAWN", "十三.5", facts={"expert": one}, pointer="/present") for one in strangers),
            *(Reason("NOT_PRESENT", "§1.19", facts={"expert": one}, pointer="/chair") for one in missing),
            *supervision_reasons(state, context),
            *ruleset_reasons(command.rules, state.ruleset),
            *quorum_reasons(command.rules, len(set(command.present) & set(state.seats)), state.committee_size),
            *lawful_committee_reasons(state, context),
            *declaration_reasons(state, state.live()),
        ]
    )
    opened = SessionOpened(
        chair=command.chair,
        vice_chairs=tuple(sorted(set(command.vice_chairs))),
        supervisor=state.supervisor,
        present=tuple(sorted(set(command.present))),
        size=state.committee_size,
        ruleset=state.ruleset,
    )
    return Decision((opened,), ruleset=state.ruleset)


def _hall_reasons(state: Session, presiding: tuple[str, ...], context: Context) -> Iterator[Reason]:
    """Give `FORBIDDEN_ACTOR` for anyone but who presides and the officers of the session's agency."""
    if context.actor.role != Role.CHAIR or context.actor.person not in presiding:
        yield from forbidden(context, "§1.19", role=Role.AGENCY_OFFICER.value, unit=state.agency)


def supervision_reasons(state: Session, context: Context) -> Iterator[Reason]:
    """Give `SUPERVISOR_REQUIRED` when nobody is assigned, or the one assigned did not come today (十六.4)."""
    if not state.attended(beijing_date(context.now)):
        yield Reason(
            "SUPERVISOR_REQUIRED",
            "十六.4",
            facts={"assigned": bool(state.supervisor), "in_the_room": False},
            change={"needed": "an assigned supervisor who came to the room today"},
        )


def quorum_reasons(rules: RulesFact, present: int, size: int, application: str = "") -> Iterator[Reason]:
    """Give `QUORUM_NOT_MET`, for the session or for one candidate, against the full committee (§11.6)."""
    if not quorum_met(rules.rules, present, size):
        needed = quorum_of(rules.rules, size)
        yield Reason(
            "QUORUM_NOT_MET",
            "§1.19 §11.6",
            facts={"present": present, "size": size, "needed": needed, "application": application},
            change={"present_at_least": needed, "or": "draw an alternate, or put the vote off"},
            ruleset=rules.identity,
        )


def lawful_committee_reasons(state: Session, context: Context) -> Iterator[Reason]:
    """Give `FILING_EXPIRED` or `COMMITTEE_NOT_ODD` for a committee that may not vote today (§14.4)."""
    today = beijing_date(context.now)
    if today > state.committee_until:
        yield Reason(
            "FILING_EXPIRED",
            "§1.8 §14.4",
            facts={"committee": state.committee, "filed_until": state.committee_until.isoformat()},
            change={"needed": "a new filing"},
        )
    if len(state.seats) % 2 == 0:
        yield Reason("COMMITTEE_NOT_ODD", "§1.9 §14.4", facts={"seats": len(state.seats)})


def declaration_reasons(state: Session, applications: tuple[str, ...]) -> Iterator[Reason]:
    """Give `ILLEGAL_TRANSITION` while a seated expert has still to answer for a candidate (§14.4)."""
    open_pairs = state.unanswered(applications)
    if open_pairs:
        yield Reason(
            "ILLEGAL_TRANSITION",
            "§1.25 §14.4",
            facts={"state": "declarations_open", "asked": [f"{who}:{what}" for who, what in open_pairs]},
            change={"needed": "every answer, or the expert's replacement"},
        )


def change_presence(state: Session, command: ChangePresence, context: Context) -> Decision:
    """Record that a seated expert, or the supervisor, comes in or leaves.

    Experts come and go once the session is open, by the word of who presides or of the office. The supervisor may
    come before, and comes by the own word alone, for that day; that the supervisor has left, they may say too.

    Raises
    ------
    Refused
        `NOT_DRAWN`, `FORBIDDEN_ACTOR`, `ILLEGAL_TRANSITION` when it is so already.
    """
    who, comes = command.person, command.present
    supervises = bool(state.supervisor) and who == state.supervisor
    own_word = supervises and context.actor.role == Role.SUPERVISOR and context.actor.person == who
    if supervises and (comes or own_word):
        reasons = list(forbidden(context, "十六.4", role=Role.SUPERVISOR.value, person=who))
    else:
        reasons = list(_hall_reasons(state, state.presiding, context))
    if not supervises and who not in state.seats:
        reasons.append(Reason("NOT_DRAWN", "十三.5", facts={"expert": who}))
    refuse_all(reasons)
    if not supervises and state.phase != "opened":
        raise illegal_transition(state.phase, "ChangePresence", ["opened"])
    if (state.attended(beijing_date(context.now)) if supervises else who in state.present) == comes:
        now, other = ("present", "absent") if comes else ("absent", "present")
        raise illegal_transition(now, "ChangePresence", [other])
    if supervises:
        return Decision((SupervisorAttended(supervisor=who, present=comes),))
    return Decision((PresenceChanged(expert=who, present=comes),))


def expert_reasons(state: Session, expert: str, application: str, clause: str) -> Iterator[Reason]:
    """Say why someone has no say on a candidate: `NOT_DRAWN`, or `RECUSED` and `NOT_PRESENT`."""
    facts = {"expert": expert, "application": application}
    if expert not in state.seats:
        yield Reason("NOT_DRAWN", f"十三.5 {clause}", facts=facts)
        return
    if (expert, application) in state.recused:
        yield Reason("RECUSED", f"§1.25 §11.6 {clause}", facts=facts)
    if expert not in state.present:
        yield Reason("NOT_PRESENT", clause, facts=facts, change={"needed": "presence in the room"})


def file_opinion(state: Session, command: FileOpinion, context: Context) -> Decision:
    """File an expert's own opinion on a candidate, once, before the vote.

    Raises
    ------
    Refused
        `NOT_DRAWN`, `RECUSED`, `NOT_PRESENT`, `ILLEGAL_TRANSITION` for a second opinion or once the ballot
        has been called.
    """
    expert, application = context.actor.person, command.application
    refuse_all(expert_reasons(state, expert, application, "§1.21"))
    found = state.candidates.get(application)
    standing = found.standing if found else "no candidate"
    if found is None or standing != "waiting":
        raise illegal_transition(standing, "FileOpinion", ["waiting"])
    if expert in found.opinions:
        raise illegal_transition("opinion filed", "FileOpinion", ["no opinion filed"])
    return Decision((OpinionFiled(expert=expert, application=application, opinion=command.opinion),))
