"""职称: granted on a confirmed result or imported as it is, and void from the beginning when revoked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final, Protocol, assert_never
from uuid import UUID, uuid5

from libs.events.contracts.base import Unsealed
from libs.events.contracts.certificate import (
    Basis,
    ImportedTitleConfirmed,
    RelianceDecided,
    RelianceListed,
    TitleGranted,
    TitleImported,
    TitleVoided,
)
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Aggregate, Context, Decision, SideRow
from libs.kernel.periods import free_from
from libs.kernel.refusals import Reason, Refused, illegal_transition, own_matter, refuse_all
from libs.kernel.terms import Level, Role
from services.certificate.domain import claims, scope
from services.certificate.domain.issuer import ISSUER
from services.certificate.domain.revocation import Revocation, already_revoked, lacking
from services.certificate.domain.title_commands import (
    Command,
    ConfirmTitle,
    DecideReliance,
    GrantTitle,
    ImportTitle,
    ListReliance,
    VoidTitle,
)

RELIANCE: Final = "reliance"
"""The side table of which title rested on which: committed with the grant, so that no revocation overlooks one."""


class Standing(StrEnum):
    """What a title is worth as a basis: for eligibility, for endorsing, for sitting on a committee."""

    LIVE = "live"
    UNCONFIRMED = "unconfirmed"
    """Granted elsewhere and not confirmed yet: unknown (§11.39)."""
    IN_QUESTION = "in_question"
    """It rested on a title that was revoked, and nobody has decided yet: unknown (§11.39)."""
    NO_BASIS = "no_basis"
    """A person has decided that it may not be relied on."""
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Title:
    """A title; the two reliances are titles on which it rested and that were revoked since."""

    person: str
    series: str
    specialty: str
    level: Level | None
    scope: str
    confirmed: bool
    relied_on: frozenset[str] = frozenset()
    """The streams of the titles on which the application rested."""
    open_reliance: frozenset[str] = frozenset()
    settled_reliance: frozenset[str] = frozenset()
    basis: bool = True
    granted: bool = False
    """Granted here, so that a certificate goes with it; false for an imported one."""
    revoked_by: str | None = None
    """The number of the decision that revoked it."""
    voided_at: int = 0
    """The version at which it was voided: who read an earlier one relied on a title that still counted."""
    doubted_at: int = 0
    """The version since which it is in question, or no basis; 0 while it is neither."""


State = Title | None


class Happened(Protocol):
    """What the fold reads of an event's envelope."""

    @property
    def version(self) -> int:
        """The event's place in its stream."""
        ...


INITIAL: State = None


def title_identity(application: str) -> UUID:
    """Name the title of an application: the same whoever asks, so that no result gives two."""
    return uuid5(UUID(application), "title")


def standing(title: Title) -> Standing:
    """Say what a title is worth as a basis, the gravest first."""
    if title.revoked_by is not None:
        return Standing.REVOKED
    if not title.basis:
        return Standing.NO_BASIS
    if title.open_reliance:
        return Standing.IN_QUESTION
    return Standing.LIVE if title.confirmed else Standing.UNCONFIRMED


def decide(state: State, command: Command, context: Context) -> Decision:
    """Decide on one title; raises `Refused` with every failing reason."""
    match command:
        case GrantTitle():
            return _grant(state, command, context)
        case ImportTitle():
            return _import(state, command, context)
        case ConfirmTitle():
            return _confirm(_known(state), command, context)
        case VoidTitle():
            return _void(_known(state), command.revocation)
        case ListReliance():
            return _list_reliance(_known(state), command)
        case DecideReliance():
            return _decide_reliance(_known(state), command, context)
        case _:
            assert_never(command)


def evolve(state: State, payload: object, event: Happened) -> State:
    """Fold one event of a title's stream."""
    match payload:
        case TitleGranted() | TitleImported():
            return _begun(payload)
        case ImportedTitleConfirmed() if state:
            return replace(state, confirmed=True)
        case TitleVoided() if state:
            return replace(state, revoked_by=payload.decision_no, voided_at=event.version)
        case RelianceListed() if state:
            return replace(
                state,
                open_reliance=state.open_reliance | {payload.relied_on},
                doubted_at=state.doubted_at or event.version,
            )
        case RelianceDecided() if state:
            decided = frozenset(payload.relied_on)
            stands = state.basis and payload.standing is Basis.LIVE
            return replace(
                state,
                open_reliance=state.open_reliance - decided,
                settled_reliance=state.settled_reliance | decided,
                basis=stands,
                doubted_at=0 if stands and state.open_reliance <= decided else state.doubted_at or event.version,
            )
        case _:
            return state


def _begun(payload: TitleGranted | TitleImported) -> Title:
    granted = isinstance(payload, TitleGranted)
    return Title(
        person=payload.person,
        series=payload.series,
        specialty=payload.specialty,
        level=payload.level,
        scope=payload.scope,
        confirmed=granted or payload.confirmed,
        relied_on=frozenset(seen.stream for seen in payload.relied_on) if granted else frozenset(),
        granted=granted,
    )


def _known(state: State) -> Title:
    if state is None:
        raise Refused.one("UNKNOWN_CERTIFICATE", "十七.2")
    return state


def _taken(state: State) -> Iterator[Reason]:
    if state is not None:
        code = "ALREADY_ISSUED" if state.revoked_by is None else "ALREADY_REVOKED"
        yield Reason(code, "附九", facts={"standing": standing(state).value})


def _grant(state: State, command: GrantTitle, context: Context) -> Decision:
    today = beijing_date(context.now)
    obtained_on = beijing_date(command.passed_at)
    revoked = [relied.seen.stream.partition("-")[2] for relied in command.relied_on if relied.revoked]
    doubted = [relied.seen.stream.partition("-")[2] for relied in command.relied_on if relied.doubted]
    kept_by_hand = bool(command.reliance_reasons) and context.actor.role == Role.CITY
    reasons = [
        *_taken(state),
        *own_matter(context.actor, command.person),
        *scope.misfits(command.route, command.scope),
        *_out_of_order(obtained_on, today),
    ]
    reasons += (
        Reason(
            "BANNED",
            "十七.3",
            facts={"until": ban.until.isoformat()},
            change={"eligible_on": free_from(ban.until).isoformat()},
        )
        for ban in command.bans
        if ban.from_day <= today <= ban.until
    )
    if (revoked or doubted) and not kept_by_hand:
        reasons.append(
            Reason(
                "PRIOR_TITLE_REVOKED",
                "§11.7 §11.39",
                facts={"revoked": revoked, "doubted": doubted},
                change={"needs": "a reasoned decision of the city that the result stands"},
            )
        )
    refuse_all(reasons)
    title = TITLE.stream(title_identity(command.application))
    granted = TitleGranted(
        person=command.person,
        application=command.application,
        series=command.series,
        specialty=command.specialty,
        level=command.level,
        route=command.route,
        scope=command.scope,
        obtained_on=obtained_on,
        committee=command.committee,
        employer=command.employer,
        ruleset=command.ruleset,
        relied_on=tuple(relied.seen for relied in command.relied_on),
    )
    decided = RelianceDecided(
        person=command.person,
        # Not the doubted ones: should one be revoked later, this title is put before a person again.
        relied_on=tuple(revoked),
        stands=True,
        reasons=Unsealed(command.person, command.reliance_reasons),
        standing=Basis.LIVE,
    )
    return Decision(
        events=(granted, decided) if revoked or doubted else (granted,),
        claims=claims.live_title(command.person, command.series, command.specialty, command.level, command.scope),
        rows=tuple(SideRow(RELIANCE, {"relied": relied.seen.stream, "title": title}) for relied in command.relied_on),
        ruleset=command.ruleset,
    )


def _import(state: State, command: ImportTitle, context: Context) -> Decision:
    reasons = [*_taken(state), *own_matter(context.actor, command.person)]
    if not command.provenance.strip():
        reasons.append(
            Reason(
                "SOURCE_MISSING",
                "QA一b",
                change={"needs": "where the record comes from"},
                pointer="/provenance",
            )
        )
    if command.obtained_on is not None:
        reasons += _out_of_order(command.obtained_on, beijing_date(context.now))
    if command.confirmed and command.issuer != ISSUER and context.actor.role != Role.CITY:
        reasons.append(
            Reason(
                "HUMAN_DECISION_REQUIRED",
                "§11.39",
                facts={"issuer": command.issuer},
                change={"confirmed": False},
                pointer="/confirmed",
            )
        )
    refuse_all(reasons)
    imported = TitleImported(
        person=command.person,
        series=command.series,
        specialty=command.specialty,
        level=command.level,
        scope=command.scope,
        obtained_on=command.obtained_on,
        issuer=command.issuer,
        certificate_no=command.certificate_no,
        provenance=command.provenance,
        confirmed=command.confirmed,
    )
    return Decision(
        events=(imported,),
        claims=(
            *claims.live_title(command.person, command.series, command.specialty, command.level, command.scope),
            *claims.certificate_number(command.issuer, command.certificate_no),
        ),
    )


def _confirm(title: Title, command: ConfirmTitle, context: Context) -> Decision:
    refuse_all((*_city_only(context, title.person), *_unreasoned(command.reasons)))
    if standing(title) is not Standing.UNCONFIRMED:
        raise illegal_transition(standing(title).value, "ConfirmTitle", [Standing.UNCONFIRMED.value])
    return Decision(
        events=(ImportedTitleConfirmed(person=title.person, reasons=Unsealed(title.person, command.reasons)),)
    )


def _void(title: Title, revocation: Revocation) -> Decision:
    if title.revoked_by is not None:
        raise already_revoked(title.revoked_by, revocation.decision_no)
    refuse_all(lacking(revocation))
    voided = TitleVoided(
        person=title.person,
        case=revocation.case,
        decision_no=revocation.decision_no,
        ground=revocation.ground,
        decided_at=revocation.decided_at,
        decided_by_role=revocation.decided_by_role,
        seen=(revocation.seen,),
    )
    held = claims.live_title(title.person, title.series, title.specialty, title.level, title.scope)
    return Decision(events=(voided,), releases=held)


def _list_reliance(title: Title, command: ListReliance) -> Decision:
    voided = command.voided.stream.partition("-")[2]
    before = standing(title)
    relied = command.voided.stream in title.relied_on
    listed = voided in title.open_reliance | title.settled_reliance
    if before is Standing.REVOKED or listed or not relied:
        state = "listed" if listed else before.value if relied else "independent"
        raise illegal_transition(state, "ListReliance", [Standing.LIVE.value, Standing.NO_BASIS.value])
    return Decision(events=(RelianceListed(person=title.person, relied_on=voided, seen=(command.voided,)),))


def _decide_reliance(title: Title, command: DecideReliance, context: Context) -> Decision:
    refuse_all((*_city_only(context, title.person), *_unreasoned(command.reasons)))
    if title.revoked_by is not None or not title.open_reliance:
        raise illegal_transition(standing(title).value, "DecideReliance", [Standing.IN_QUESTION.value])
    decided = RelianceDecided(
        person=title.person,
        relied_on=tuple(sorted(title.open_reliance)),
        stands=command.stands,
        reasons=Unsealed(title.person, command.reasons),
        standing=Basis.LIVE if title.basis and command.stands else Basis.NO_BASIS,
    )
    return Decision(events=(decided,))


def _out_of_order(obtained_on: date, today: date) -> Iterator[Reason]:
    if obtained_on > today:
        yield Reason(
            "DATE_INVALID",
            facts={"obtained_on": obtained_on.isoformat(), "today": today.isoformat()},
            pointer="/obtained_on",
        )


def _city_only(context: Context, holder: str) -> Iterator[Reason]:
    if context.actor.role != Role.CITY:
        yield Reason("FORBIDDEN_ACTOR", "附十一", facts={"role": context.actor.role}, change={"role": Role.CITY.value})
    yield from own_matter(context.actor, holder)


def _unreasoned(reasons: str) -> Iterator[Reason]:
    if not reasons.strip():
        yield Reason("GROUND_REQUIRED", change={"needs": "reasons"}, pointer="/reasons")


TITLE = Aggregate("title", INITIAL, decide, evolve)
