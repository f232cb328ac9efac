"""A session's committee: the draw and its replacements, relations and recusals, the supervisor (十三.5, §1.25)."""

from __future__ import annotations

from collections.abc import Iterator

from libs.events.contracts.base import Unsealed
from libs.events.contracts.review_session import (
    Exclusion,
    ExpertDrawn,
    ExpertDrawSeeded,
    ExpertReplaced,
    IrregularityRaised,
    RecusalGranted,
    RecusalOrdered,
    RelationAnswer,
    RelationDeclared,
    SupervisorAssigned,
)
from libs.kernel.decisions import Context, Decision
from libs.kernel.refusals import Reason, Refused, illegal_transition, refuse_all
from libs.kernel.terms import Role
from services.review.domain.draw import commitment_of, draw
from services.review.domain.facts import forbidden
from services.review.domain.session_commands import (
    AssignSupervisor,
    DeclareRelations,
    DrawExperts,
    OrderRecusal,
    PoolMember,
    RaiseIrregularity,
    Relation,
    SeedDraw,
)
from services.review.domain.session_state import Session


def seed_draw(state: Session, command: SeedDraw, context: Context) -> Decision:
    """Fix a draw: the commitment, the nonce, the pool, and everyone left out with the reason's code.

    Raises
    ------
    Refused
        `COMMITTEE_TOO_SMALL` when the pool cannot fill the seats, `SEPARATION_OF_DUTIES` when who draws is in
        the pool, `NOT_DRAWN` for the replacement of someone who holds no seat, `FORBIDDEN_ACTOR`,
        `ILLEGAL_TRANSITION` while another draw is pending or a ballot is open.
    """
    if state.pending is not None:
        raise illegal_transition("draw pending", "SeedDraw", ["no draw pending"])
    first = state.phase == "planned"
    if first == bool(command.replaces):
        raise illegal_transition(state.phase, "SeedDraw", ["drawn", "opened"] if first else ["planned"])
    if any(one.standing == "voting" for one in state.candidates.values()):
        raise illegal_transition("ballot called", "SeedDraw", ["no ballot called"])
    seats = state.committee_size if first else 1
    others = [one for one in command.pool if one.expert not in {*state.seats, *state.former}]
    excluded = tuple(
        Exclusion(expert=one.expert, code=code)
        for one in sorted(others, key=lambda one: one.expert)
        if (code := _excluded(state, one))
    )
    out = {one.expert for one in excluded}
    pool = tuple(sorted({one.expert for one in others} - out))
    refuse_all(
        [
            *forbidden(context, "§7", role=Role.AGENCY_OFFICER.value, unit=state.agency),
            *_drawer_reasons(command, context),
            *_seat_reasons(state, command),
            *_pool_reasons(pool, excluded, seats),
        ]
    )
    return Decision(
        (
            ExpertDrawSeeded(
                commitment=command.commitment,
                nonce=command.nonce,
                seats=seats,
                pool=pool,
                excluded=excluded,
                replaces=command.replaces,
                reason=Unsealed(command.replaces, command.reason) if command.replaces else None,
                seen=tuple(one.seen for one in others),
            ),
        ),
        reply={"nonce": command.nonce},
    )


def _excluded(state: Session, member: PoolMember) -> str:
    """Give the code that keeps a member of the pool out of the draw; empty for none."""
    files = [one.file for one in state.candidates.values() if one.standing != "dropped"]
    if any(ban.holds(state.held_on) for ban in member.bans):
        return "BANNED"
    if not member.admitted or not member.appointed_from <= state.held_on <= member.appointed_until:
        return "EXPERT_CONDITIONS_UNMET"
    if any(member.expert == file.applicant for file in files):
        return "SELF_REVIEW"
    if any(member.expert in file.endorsers for file in files):
        return "SEPARATION_OF_DUTIES"
    return "SUPERVISOR_CONFLICT" if member.expert == state.supervisor else ""


def _drawer_reasons(command: SeedDraw, context: Context) -> Iterator[Reason]:
    if context.actor.person and context.actor.person in {one.expert for one in command.pool}:
        yield Reason(
            "SEPARATION_OF_DUTIES",
            "§7",
            facts={"person": context.actor.person, "duties": ["draw", "pool"]},
            change={"needed": "an officer who is not in the pool"},
        )


def _seat_reasons(state: Session, command: SeedDraw) -> Iterator[Reason]:
    if command.replaces and command.replaces not in state.seats:
        yield _not_drawn(command.replaces)


def _pool_reasons(pool: tuple[str, ...], excluded: tuple[Exclusion, ...], seats: int) -> Iterator[Reason]:
    if len(pool) < seats:
        yield Reason(
            "COMMITTEE_TOO_SMALL",
            "§1.11",
            facts={"pool": len(pool), "excluded": len(excluded), "seats": seats},
            change={"appoint_at_least": seats - len(pool)},
        )


def _not_drawn(expert: str) -> Reason:
    return Reason(
        "NOT_DRAWN", "十三.5", facts={"expert": expert}, change={"needed": "an expert drawn for this session"}
    )


def draw_experts(state: Session, command: DrawExperts, context: Context) -> Decision:
    """Disclose the seed and draw.

    Raises
    ------
    Refused
        `DRAW_NOT_REPRODUCIBLE` when the seed is not the one committed to, `ILLEGAL_TRANSITION` when no draw
        is pending, `FORBIDDEN_ACTOR`.
    """
    pending = state.pending
    if pending is None:
        raise illegal_transition("no draw pending", "DrawExperts", ["draw pending"])
    refuse_all(forbidden(context, "§7", role=Role.AGENCY_OFFICER.value, unit=state.agency))
    disclosed = commitment_of(command.seed)
    if disclosed != pending.commitment:
        raise Refused.one(
            "DRAW_NOT_REPRODUCIBLE",
            "十三.5",
            facts={"committed": pending.commitment, "disclosed": disclosed},
            change={"needed": "the seed that was committed to"},
        )
    drawn = draw(command.seed, pending.nonce, pending.pool, pending.seats)
    if pending.replaces:
        replaced = ExpertReplaced(seed=command.seed, out=pending.replaces, drawn=drawn[0])
        return Decision((replaced,))
    return Decision((ExpertDrawn(seed=command.seed, drawn=drawn),))


def declare_relations(state: Session, command: DeclareRelations, context: Context) -> Decision:
    """Take a seated expert's answers; any relation, and working or acting for the candidate's employer, is a recusal.

    An answer may be given again to add a relation found later, never to take one back.

    Raises
    ------
    Refused
        `NOT_DRAWN`, `ILLEGAL_TRANSITION` for an answer that was given before, and for a candidate whose
        ballot has been called or who is none.
    """
    expert = context.actor.person
    refuse_all(
        [
            *([] if expert in state.seats else [_not_drawn(expert)]),
            *(
                _standing_reason(state, one.application, "DeclareRelations", pointer=f"/answers/{position}")
                for position, one in enumerate(command.answers)
                if not _waiting(state, one.application)
                or ((expert, one.application) in state.answered and not one.relations)
                or (expert, one.application) in state.recused & state.answered
            ),
        ]
    )
    declared = RelationDeclared(
        expert=expert,
        answers=tuple(
            RelationAnswer(
                application=one.application,
                answer="list" if one.relations else "none",
                relations=tuple(sorted(one.relations)),
            )
            for one in command.answers
        ),
    )
    listed = {one.application for one in command.answers if one.relations}
    # Who acts for a unit in the same token speaks for it, and may have recommended its people (§7 b).
    units = {*command.employment.employers, context.actor.unit}
    granted = [
        RecusalGranted(expert=expert, application=one) for one in sorted(listed) if (expert, one) not in state.recused
    ]
    colleagues = [
        RecusalOrdered(
            expert=expert,
            application=one.application,
            ground=Relation.SAME_EMPLOYER.value,
            words=None,
            seen=(command.employment.seen,),
        )
        for one in command.answers
        if not one.relations
        and (expert, one.application) not in state.recused
        and state.candidates[one.application].file.employer in units
    ]
    return Decision((declared, *granted, *colleagues))


def _waiting(state: Session, application: str) -> bool:
    found = state.candidates.get(application)
    return found is not None and found.standing == "waiting"


def _standing_reason(state: Session, application: str, command: str, pointer: str = "") -> Reason:
    found = state.candidates.get(application)
    standing = found.standing if found else "no candidate"
    return Reason(
        "ILLEGAL_TRANSITION",
        "十四.3",
        facts={"application": application, "state": standing, "command": command},
        change={"allowed_in": ["waiting"]},
        pointer=pointer,
    )


def order_recusal(state: Session, command: OrderRecusal, context: Context) -> Decision:
    """Tell an expert to withdraw from a candidate.

    Raises
    ------
    Refused
        `NOT_DRAWN`, `RECUSED` when it has been done, `FORBIDDEN_ACTOR`, `ILLEGAL_TRANSITION` once the
        candidate's ballot has been called: it is voided first.
    """
    reasons = list(forbidden(context, "§1.25", role=Role.AGENCY_OFFICER.value, unit=state.agency))
    if command.expert not in state.seats:
        reasons.append(_not_drawn(command.expert))
    if not _waiting(state, command.application):
        reasons.append(_standing_reason(state, command.application, "OrderRecusal"))
    if (command.expert, command.application) in state.recused:
        reasons.append(Reason("RECUSED", "§1.25", facts={"expert": command.expert, "application": command.application}))
    refuse_all(reasons)
    ordered = RecusalOrdered(
        expert=command.expert,
        application=command.application,
        ground="ordered",
        words=Unsealed(state.candidates[command.application].file.applicant, command.words),
        seen=(),
    )
    return Decision((ordered,))


def assign_supervisor(state: Session, command: AssignSupervisor, context: Context) -> Decision:
    """Assign the supervisor, who is no expert here and stands in no relation to a candidate.

    Raises
    ------
    Refused
        `SUPERVISOR_CONFLICT` with the grounds, `FORBIDDEN_ACTOR`.
    """
    who = command.supervisor
    files = [one.file for one in state.candidates.values() if one.standing != "dropped"]
    pool = set(state.pending.pool) if state.pending else set[str]()
    grounds = {
        "expert": who in {*state.seats, *state.former, *pool},
        "candidate": any(who == file.applicant for file in files),
        "endorser": any(who in file.endorsers for file in files),
        "candidate's employer": any(file.employer in command.employment.employers for file in files),
    }
    reasons = list(forbidden(context, "十六.4", role=Role.AGENCY_OFFICER.value, unit=state.agency))
    if any(grounds.values()):
        reasons.append(
            Reason(
                "SUPERVISOR_CONFLICT",
                "十六.4",
                facts={"supervisor": who, "grounds": [name for name, holds in grounds.items() if holds]},
                change={"needed": "a person without a part in this session"},
            )
        )
    refuse_all(reasons)
    return Decision((SupervisorAssigned(supervisor=who, seen=(command.employment.seen,)),))


def raise_irregularity(state: Session, command: RaiseIrregularity, context: Context) -> Decision:
    """Put the supervisor's words on record; `FORBIDDEN_ACTOR` for anyone but the supervisor assigned."""
    refuse_all(forbidden(context, "十六.4", role=Role.SUPERVISOR.value, person=state.supervisor))
    return Decision((IrregularityRaised(supervisor=state.supervisor, words=command.words),))
