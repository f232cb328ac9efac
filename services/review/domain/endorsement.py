"""举荐: invited by an applicant, given by real name, refused, withdrawn, lapsed.

A peer gives it on a live 正高 title (七.1, 十.2), the head of the applicant's unit for its technical lead (八.3), the
head of an institution under its seal (十.2).

One stream is one application and one endorser (`endorsement_id`), so the same person cannot stand twice
behind one application.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, assert_never
from uuid import UUID, uuid5

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import Seen
from libs.events.contracts.review import (
    EndorsementGiven,
    EndorsementInvited,
    EndorsementRefused,
    EndorsementWithdrawn,
)
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Aggregate, Claim, Context, Decision
from libs.kernel.refusals import Reason, Refused, illegal_transition, refuse_all
from libs.kernel.terms import EndorsementKind, Level, Role, Route
from services.review.domain.facts import BanFact, RulesFact, TitleFact, ban_reasons, forbidden

Status = Literal["unknown", "invited", "given", "refused", "withdrawn"]


def endorsement_id(application: str, endorser: str) -> UUID:
    """Name the endorsement of an application by a person."""
    return uuid5(UUID(application), endorser)


@dataclass(frozen=True, slots=True)
class InviteEndorser:
    """An applicant asks for an endorsement (reaction to EndorsementRequested); `employer` is the applicant's."""

    application: str
    applicant: str
    endorser: str
    kind: EndorsementKind
    series: str
    specialty: str
    employer: str


@dataclass(frozen=True, slots=True)
class GiveEndorsement:
    """The person asked endorses. `kin` is the own declaration of kinship with the applicant.

    `technical_lead` is the head's statement that the applicant leads the unit's technical work; `seal` names the
    institution's electronic seal on the nomination. The rest are facts: every title of the endorser in review's
    projection, the bans, the endorser's employer (empty for none), the peer specialties listed for the application's
    specialty, how many *others* of the applicant's employer already stand behind the application, whether it was
    accepted, and its route.
    """

    statement: str
    kin: bool
    titles: tuple[TitleFact, ...]
    bans: tuple[BanFact, ...]
    employer: str
    peer_specialties: tuple[str, ...]
    own_employer_given: int
    accepted: bool
    rules: RulesFact
    route: Route
    technical_lead: bool = False
    seal: str = ""


@dataclass(frozen=True, slots=True)
class RefuseEndorsement:
    """The person asked declines."""

    note: str


@dataclass(frozen=True, slots=True)
class WithdrawEndorsement:
    """The endorser takes the endorsement back; `accepted` is a fact: the application has been accepted."""

    accepted: bool


@dataclass(frozen=True, slots=True)
class LapseByTitle:
    """The title relied on is revoked (reaction to TitleRevoked)."""

    title: str


@dataclass(frozen=True, slots=True)
class LapseByBan:
    """A ban on the endorser is in force (reaction to BanImposed, or its first day)."""

    ban: BanFact


Command = InviteEndorser | GiveEndorsement | RefuseEndorsement | WithdrawEndorsement | LapseByTitle | LapseByBan


@dataclass(frozen=True, slots=True)
class Endorsement:
    """An endorsement; the title it rests on, as a stream, and the endorser's unit are empty before it is given.

    `cause` says why it no longer stands, and is empty while it does.
    """

    status: Status = "unknown"
    application: str = ""
    applicant: str = ""
    endorser: str = ""
    kind: EndorsementKind = EndorsementKind.EXPERT
    series: str = ""
    specialty: str = ""
    employer: str = ""
    rests_on: str = ""
    endorser_unit: str = ""
    cause: str = ""


INITIAL = Endorsement()


def decide(state: Endorsement, command: Command, context: Context) -> Decision:
    """Decide a command on an endorsement.

    Raises
    ------
    Refused
        `RECOMMENDER_UNQUALIFIED`, `NOT_A_PEER`, `RECOMMENDER_CONFLICT`, `RECOMMENDER_SAME_EMPLOYER`,
        `DUPLICATE_RECOMMENDER`, `NOT_UNIT_HEAD`, `ROLE_NOT_ELIGIBLE`, `SEAL_MISSING`,
        `FORBIDDEN_ACTOR` for anyone but the person asked,
        `ILLEGAL_TRANSITION`.
    """
    match command:
        case InviteEndorser():
            return _invite(state, command)
        case GiveEndorsement():
            return _give(state, command, context)
        case RefuseEndorsement(note):
            _only_in(state, command, "invited")
            refuse_all(forbidden(context, "七.1", person=state.endorser))
            refused = EndorsementRefused(
                application=state.application, endorser=state.endorser, note=Unsealed(state.applicant, note)
            )
            return Decision((refused,))
        case WithdrawEndorsement(accepted):
            _only_in(state, command, "given")
            refuse_all(forbidden(context, "七.1", person=state.endorser))
            _before_acceptance(command, accepted=accepted)
            return _ended(state, "withdrawn")
        case LapseByTitle(title):
            _only_in(state, command, "given")
            if state.rests_on != f"title-{title}":
                raise illegal_transition("rests on another title", "LapseByTitle", ["rests on the title"])
            return _ended(state, "title_revoked")
        case LapseByBan(ban):
            _only_in(state, command, "given")
            if not ban.holds(beijing_date(context.now)):
                raise illegal_transition("no ban in force", "LapseByBan", ["ban in force"])
            return _ended(state, "banned")
    assert_never(command)


def _only_in(state: Endorsement, command: Command, status: Status) -> None:
    if state.status != status:
        raise illegal_transition(state.status, type(command).__name__, [status])


def _before_acceptance(command: Command, *, accepted: bool) -> None:
    """Endorsements attach, and may go, from the draft on until acceptance (§11.27)."""
    if accepted:
        raise illegal_transition("accepted", type(command).__name__, ["before acceptance"])


def _claim(state: Endorsement) -> Claim:
    return Claim("endorser", f"{state.application}:{state.endorser}")


def _ended(state: Endorsement, cause: str) -> Decision:
    ended = EndorsementWithdrawn(application=state.application, endorser=state.endorser, cause=cause)
    return Decision((ended,), releases=(_claim(state),))


def _invite(state: Endorsement, command: InviteEndorser) -> Decision:
    if state.status in {"invited", "given"}:
        raise _duplicate(command.endorser, state.status)
    reasons: list[Reason] = []
    if command.endorser == command.applicant:
        reasons.append(_conflict("self", command.endorser))
    refuse_all(reasons)
    return Decision(
        (
            EndorsementInvited(
                application=command.application,
                applicant=command.applicant,
                endorser=command.endorser,
                kind=command.kind,
                series=command.series,
                specialty=command.specialty,
                employer=command.employer,
            ),
        )
    )


def _duplicate(endorser: str, status: Status) -> Refused:
    return Refused.one(
        "DUPLICATE_RECOMMENDER",
        "七.1",
        facts={"endorser": endorser, "state": status},
        change={"needed": "another person"},
    )


def _conflict(ground: str, endorser: str) -> Reason:
    return Reason(
        "RECOMMENDER_CONFLICT",
        "七.1",
        facts={"endorser": endorser, "ground": ground},
        change={"needed": "a person without such a relation to the applicant"},
    )


def _give(state: Endorsement, command: GiveEndorsement, context: Context) -> Decision:
    if state.status == "given":
        raise _duplicate(state.endorser, state.status)
    _only_in(state, command, "invited")
    refuse_all(forbidden(context, "七.1", person=state.endorser))
    _before_acceptance(command, accepted=command.accepted)
    seen = JUDGES[state.kind](state, command, context)
    given = EndorsementGiven(
        application=state.application,
        applicant=state.applicant,
        endorser=state.endorser,
        kind=state.kind,
        series=state.series,
        specialty=state.specialty,
        endorser_unit=command.employer if state.kind is EndorsementKind.EXPERT else context.actor.unit,
        seal=command.seal.strip(),
        statement=Unsealed(state.applicant, command.statement),
        seen=seen,
    )
    return Decision((given,), claims=(_claim(state),), ruleset=command.rules.identity)


def _as_peer(state: Endorsement, command: GiveEndorsement, context: Context) -> tuple[Seen, ...]:
    """Judge a peer, and cite the title on which the endorsement rests (七.1)."""
    held = tuple(one for one in command.titles if one.usable and one.level == Level.FULL_SENIOR)
    peers = {state.specialty, *command.peer_specialties}
    fitting = [one for one in held if one.series == state.series and one.specialty in peers]
    refuse_all(
        [
            *_standing_reasons(command, held),
            *_ban_reasons(command, context),
            *_peer_reasons(state, held, fitting, peers),
            *_relation_reasons(state, command),
            *(_unit_reasons(state, command) if command.route is Route.EXCEPTIONAL_PEERS else ()),
        ]
    )
    return (min(fitting, key=lambda one: (one.obtained_on, one.identity)).seen,)


def _as_head(state: Endorsement, command: GiveEndorsement, context: Context) -> tuple[Seen, ...]:
    """Judge the head of the applicant's unit, whose endorsement rests on no title (八.3)."""
    reasons = [*_ban_reasons(command, context), *_relation_reasons(state, command)]
    actor = context.actor
    if actor.role != Role.EMPLOYER_HEAD or actor.unit != state.employer:
        facts = {"role": actor.role, "unit": actor.unit, "employer": state.employer}
        change = {"needed": {"role": Role.EMPLOYER_HEAD.value, "unit": state.employer}}
        reasons.append(Reason("NOT_UNIT_HEAD", "八.3", facts, change))
    if not command.technical_lead:
        change = {"needed": "a head's statement that the applicant is the unit's technical lead"}
        reasons.append(Reason("ROLE_NOT_ELIGIBLE", "八.3", {"technical_lead": False}, change, "/technical_lead"))
    refuse_all(reasons)
    return ()


def _as_institution(state: Endorsement, command: GiveEndorsement, context: Context) -> tuple[Seen, ...]:
    """Judge the head of an institution, who nominates by real name and under its seal (十.2, §11.13)."""
    reasons = [*_ban_reasons(command, context), *_relation_reasons(state, command)]
    actor = context.actor
    if actor.role != Role.EMPLOYER_HEAD or not actor.unit:
        change = {"needed": {"role": Role.EMPLOYER_HEAD.value}}
        reasons.append(Reason("NOT_UNIT_HEAD", "十.2", {"role": actor.role, "unit": actor.unit}, change))
    if not command.seal.strip():
        reasons.append(Reason("SEAL_MISSING", "十.2 §11.13", {}, {"needed": "the institution's seal"}, "/seal"))
    refuse_all(reasons)
    return ()


JUDGES: Final = {
    EndorsementKind.EXPERT: _as_peer,
    EndorsementKind.HEAD: _as_head,
    EndorsementKind.INSTITUTION: _as_institution,
}


def _standing_reasons(command: GiveEndorsement, held: tuple[TitleFact, ...]) -> Iterator[Reason]:
    if not held:
        of_level = [one for one in command.titles if one.level == Level.FULL_SENIOR]
        yield Reason(
            "RECOMMENDER_UNQUALIFIED",
            "七.1",
            facts={
                "condition": "title",
                "needed_level": Level.FULL_SENIOR.value,
                "titles_of_level": len(of_level),
                "revoked": sum(not one.live for one in of_level),
                "unconfirmed": sum(one.live and not one.confirmed for one in of_level),
            },
            change={"needed": "a live, confirmed 正高级 title"},
            ruleset=command.rules.identity,
        )


def _ban_reasons(command: GiveEndorsement, context: Context) -> Iterator[Reason]:
    for ban in ban_reasons(command.bans, beijing_date(context.now), "§11.23"):
        yield replace(ban, code="RECOMMENDER_UNQUALIFIED", facts={"condition": "banned", **ban.facts})


def _peer_reasons(
    state: Endorsement, held: tuple[TitleFact, ...], fitting: list[TitleFact], peers: set[str]
) -> Iterator[Reason]:
    if held and not fitting:
        yield Reason(
            "NOT_A_PEER",
            "七.1 §11.12",
            facts={
                "series": state.series,
                "peers": sorted(peers),
                "held": sorted(f"{one.series}/{one.specialty}" for one in held),
            },
            change={"needed": "a 正高级 title of the series in a listed peer specialty"},
        )


def _relation_reasons(state: Endorsement, command: GiveEndorsement) -> Iterator[Reason]:
    if state.endorser == state.applicant:
        yield _conflict("self", state.endorser)
    if command.kin:
        yield _conflict("kin", state.endorser)


def _unit_reasons(state: Endorsement, command: GiveEndorsement) -> Iterator[Reason]:
    most = command.rules.rules.integer("peers_same_employer_max")
    if command.employer == state.employer and command.own_employer_given >= most:
        yield Reason(
            "RECOMMENDER_SAME_EMPLOYER",
            "§11.12",
            facts={"employer": state.employer, "others": command.own_employer_given, "most": most},
            change={"needed": "an endorser of another employer"},
            ruleset=command.rules.identity,
        )


def evolve(state: Endorsement, payload: object, _event: object) -> Endorsement:
    """Fold one payload."""
    match payload:
        case EndorsementInvited():
            return Endorsement(
                "invited",
                payload.application,
                payload.applicant,
                payload.endorser,
                payload.kind,
                payload.series,
                payload.specialty,
                payload.employer,
            )
        case EndorsementGiven():
            return replace(
                state,
                status="given",
                rests_on=payload.seen[0].stream if payload.seen else "",
                endorser_unit=payload.endorser_unit,
            )
        case EndorsementRefused():
            return replace(state, status="refused")
        case EndorsementWithdrawn():
            return replace(state, status="withdrawn", cause=payload.cause)
        case _:
            return state


ENDORSEMENT = Aggregate("endorsement", INITIAL, decide, evolve)
