"""Calling the vote on a candidate, announcing its result, signing (§1.20-1.22, §14.4, §14.6, §14.20)."""

from __future__ import annotations

from collections.abc import Iterator

from libs.events.contracts.review import ResultAnnounced
from libs.events.contracts.review_session import BallotCalled, Candidate, ResultSigned
from libs.kernel.decisions import Actor, Context, Decision
from libs.kernel.refusals import Reason, Refused, illegal_transition, refuse_all
from libs.kernel.terms import EndorsementKind, Route
from services.review.domain.facts import RulesFact, ruleset_reasons
from services.review.domain.session_commands import AnnounceResult, CallVote, EndorsementFact, Relation
from services.review.domain.session_hall import (
    declaration_reasons,
    expert_reasons,
    lawful_committee_reasons,
    quorum_reasons,
    supervision_reasons,
)
from services.review.domain.session_state import OnFile, Session
from services.review.domain.votes import passed


def call_vote(state: Session, command: CallVote, context: Context) -> Decision:
    """Call the vote on one candidate, for the first time or after a void ballot.

    Raises
    ------
    Refused
        Everything that invariant 4 needs and lacks: `QUORUM_NOT_MET` for this candidate, `RECUSED` and the
        like for who presides, `RECUSED` for a voter who works for the candidate's employer,
        `SUPERVISOR_REQUIRED`, `FILING_EXPIRED`, open declarations, too few opinions (`ILLEGAL_TRANSITION`);
        `RECOMMENDERS_SHORT` with the reason why each one fell out (§11.31); `ILLEGAL_TRANSITION` for an
        application that is held or over; `RULESET_NOT_IN_FORCE`.
    """
    application = command.application
    found = _candidate(state, application)
    _callable(found, command)
    voters = state.voters(application)
    refuse_all(
        [
            *presiding_reasons(state, application, context.actor),
            *supervision_reasons(state, context),
            *ruleset_reasons(command.rules, state.ruleset),
            *lawful_committee_reasons(state, context),
            *declaration_reasons(state, (application,)),
            *quorum_reasons(command.rules, len(voters), state.committee_size, application),
            *_opinion_reasons(state, found, command.rules),
            *_colleague_reasons(found.file, voters, command),
            *_file_reasons(command),
            *_endorsement_reasons(found.file, command),
        ]
    )
    seated = sorted(state.seats)
    recused = tuple(one for one in seated if (one, application) in state.recused)
    previous = (command.previous.seen,) if command.previous else ()
    called = BallotCalled(
        ballot=str(context.new_id("ballot")),
        application=application,
        applicant=found.file.applicant,
        voters=voters,
        recused=recused,
        absent=tuple(one for one in seated if one not in {*voters, *recused}),
        committee_size=state.committee_size,
        ruleset=state.ruleset,
        seen=(command.file.seen, *(one.seen for one in command.endorsements), *previous),
    )
    return Decision((called,), reply={"ballot": called.ballot}, ruleset=state.ruleset)


def _candidate(state: Session, application: str) -> OnFile:
    found = state.candidates.get(application)
    if found is None:
        raise Refused.one("UNKNOWN_APPLICATION", facts={"application": application})
    return found


def _callable(found: OnFile, command: CallVote) -> None:
    """Refuse unless the candidate is waiting, or the ballot called last was voided."""
    last = command.previous
    voided = last is not None and last.identity == found.ballot and last.status == "void"
    if found.standing != "waiting" and not (found.standing == "voting" and voided):
        raise illegal_transition(found.standing, "CallVote", ["waiting", "ballot void"])


def presiding_reasons(state: Session, application: str, actor: Actor) -> Iterator[Reason]:
    """Say why the actor may not preside over a candidate: no chair of this session, recused, or not there."""
    person = actor.person
    if person not in state.presiding:
        yield Reason(
            "FORBIDDEN_ACTOR",
            "§1.19 §1.22",
            facts={"person": person, "role": actor.role},
            change={"needed": "the chair or a vice-chair of this session"},
        )
    else:
        yield from expert_reasons(state, person, application, "§1.19")


def _opinion_reasons(state: Session, found: OnFile, rules: RulesFact) -> Iterator[Reason]:
    """Opinions count while their author still has no reason to withdraw; a recusal takes them back."""
    least = rules.rules.integer("opinions_min")
    application = found.file.application
    counting = [one for one in found.opinions if (one, application) not in state.recused]
    if len(counting) < least:
        yield Reason(
            "ILLEGAL_TRANSITION",
            "§1.21",
            facts={"state": "opinions_open", "application": application, "opinions": len(counting)},
            change={"opinions_at_least": least},
            ruleset=rules.identity,
        )


def _colleague_reasons(file: Candidate, voters: tuple[str, ...], command: CallVote) -> Iterator[Reason]:
    """Look again at what was a fact when relations were declared: an employment may have begun since."""
    for expert in voters:
        if expert in command.employed and file.employer in command.employed[expert].employers:
            yield Reason(
                "RECUSED",
                "§1.25 §7",
                facts={"expert": expert, "application": file.application, "ground": Relation.SAME_EMPLOYER.value},
                change={"needed": "an order to withdraw, or that they have left the room"},
            )


def _file_reasons(command: CallVote) -> Iterator[Reason]:
    if command.file.standing != "paid":
        yield Reason(
            "ILLEGAL_TRANSITION",
            "十四.3 §11.19",
            facts={
                "application": command.application,
                "state": command.file.standing,
                "command": "CallVote",
            },
            change={"allowed_in": ["paid"]},
        )


def _endorsement_reasons(file: Candidate, command: CallVote) -> Iterator[Reason]:
    """破格: enough endorsements still stand at the vote (七.1 with their cap per employer, 八.3; §14.20)."""
    rules = command.rules.rules
    match file.route:
        case Route.EXCEPTIONAL_PEERS:
            peers = [one for one in command.endorsements if one.kind == EndorsementKind.EXPERT]
            have = _counted(peers, file.employer, rules.integer("peers_same_employer_max"))
            need, clause = rules.integer("peers_required"), "七.1"
        case Route.EXCEPTIONAL_HEAD:
            peers = [one for one in command.endorsements if one.kind == EndorsementKind.HEAD]
            have = sum(not one.cause for one in peers)
            need, clause = rules.integer("heads_required"), "八.3"
        case _:
            return
    if have >= need:
        return
    yield Reason(
        "RECOMMENDERS_SHORT",
        f"{clause} §11.27",
        facts={"application": file.application, "need": need, "have": have},
        change={"needed": need - have},
        ruleset=command.rules.identity,
    )
    for one in peers:
        if one.cause:
            yield Reason(
                "RECOMMENDER_UNQUALIFIED",
                f"{clause} §11.31",
                facts={"endorsement": one.identity, "cause": one.cause},
                ruleset=command.rules.identity,
            )


def _counted(peers: list[EndorsementFact], employer: str, own_most: int) -> int:
    """Count distinct persons whose endorsement stands, at most `own_most` of the applicant's employer."""
    standing = {one.endorser: one.endorser_unit for one in peers if not one.cause}
    own = sum(unit == employer for unit in standing.values())
    return len(standing) - own + min(own, own_most)


def announce_result(state: Session, command: AnnounceResult, context: Context) -> Decision:
    """Announce one candidate's result from the closed ballot, counted in whole numbers.

    Raises
    ------
    Refused
        `ILLEGAL_TRANSITION` when the candidate has no ballot called, or the ballot is another one, open or
        void; `FORBIDDEN_ACTOR` for who does not preside, `RECUSED`, `NOT_PRESENT`, `RULESET_NOT_IN_FORCE`.
    """
    application, ballot = command.application, command.ballot
    found = _candidate(state, application)
    if found.standing != "voting":
        raise illegal_transition(found.standing, "AnnounceResult", ["voting"])
    if ballot.identity != found.ballot or ballot.status != "closed":
        raise illegal_transition(f"ballot {ballot.status}", "AnnounceResult", ["ballot closed"])
    refuse_all(
        [
            *presiding_reasons(state, application, context.actor),
            *ruleset_reasons(command.rules, state.ruleset),
        ]
    )
    announced = ResultAnnounced(
        session=state.identity,
        application=application,
        applicant=found.file.applicant,
        passed=passed(command.rules.rules, ballot.agree, found.voters, state.committee_size),
        present=found.voters,
        agree=ballot.agree,
        ruleset=state.ruleset,
        seen=(ballot.seen,),
    )
    return Decision((announced,), ruleset=state.ruleset)


def sign_results(state: Session, context: Context) -> Decision:
    """Sign the results of the session.

    Raises
    ------
    Refused
        `ILLEGAL_TRANSITION` while a candidate has no result; `FORBIDDEN_ACTOR` for who does not preside,
        `NOT_PRESENT` for who has left.
    """
    pending = sorted(key for key in state.live() if state.candidates[key].standing != "announced")
    if pending:
        raise Refused.one(
            "ILLEGAL_TRANSITION",
            "§1.22",
            facts={"state": "results open", "command": "SignResults", "without_result": pending},
            change={"allowed_in": ["all announced"]},
        )
    refuse_all(presiding_reasons(state, "", context.actor))
    results = {key: state.candidates[key].passed for key in state.live()}
    signed = ResultSigned(
        chair=context.actor.person,
        passed=tuple(key for key, won in results.items() if won),
        not_passed=tuple(key for key, won in results.items() if not won),
    )
    return Decision((signed,))
