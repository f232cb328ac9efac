"""取消职称及岗位晋升资格: a ban on a founded case, for the years that its law gives (十七.3, §11.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Protocol, assert_never

from libs.events.contracts.integrity import BanBasis, BanBegan, BanEnded, BanImposed, BanKind, SubjectKind
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Aggregate, Context, Decision
from libs.kernel.periods import free_from, last_day
from libs.kernel.refusals import Reason, Refused, illegal_transition, refuse_all
from services.integrity.domain.consequences import YEARS, CaseFacts, RulesFact

CLAUSE = "十七.3"

KINDS: Mapping[BanBasis, tuple[BanKind, ...]] = MappingProxyType(
    {
        BanBasis.SERIOUS_FRAUD_NOTICE17: (BanKind.TITLE, BanKind.POST),
        BanBasis.FALSE_COMMITMENT_2024: (BanKind.TITLE,),
    }
)
"""What each basis bars: the notice names titles and posts, the measures of 2024 only applications."""


@dataclass(frozen=True, slots=True)
class ImposeBan:
    """Impose the ban that follows from a case: a reaction to IntegrityCaseDecided.

    Parameters
    ----------
    case
        The decided case, as the shell read it.
    until
        The last day as the sender states it, to be compared with the law's; None to have it computed.
    """

    case: CaseFacts
    until: date | None
    rules: RulesFact


@dataclass(frozen=True, slots=True)
class BeginBan:
    """Say that the first day of a ban has come: the deadline at its start, where it was imposed before."""


@dataclass(frozen=True, slots=True)
class EndBan:
    """Say that the ban is over: the deadline at the start of the first free day."""


Command = ImposeBan | BeginBan | EndBan


@dataclass(frozen=True, slots=True)
class Ban:
    """A ban from its first to its last day, both included."""

    person: str
    basis: str
    from_day: date
    until: date
    begun: bool
    ended: bool = False


State = Ban | None

INITIAL: State = None


def bars(ban: Ban, on: date) -> bool:
    """Say whether a ban is in force on a day; by the dates alone, whether or not its end was recorded."""
    return ban.from_day <= on <= ban.until


def decide(state: State, command: Command, context: Context) -> Decision:
    """Decide on one ban; raises `Refused` with every failing reason."""
    match command:
        case ImposeBan():
            return _impose(state, command)
        case BeginBan():
            return _begin(state, context)
        case EndBan():
            return _end(state, context)
        case _:
            assert_never(command)


class Happened(Protocol):
    """What the fold reads of an event's envelope."""

    @property
    def time(self) -> datetime:
        """When it happened, in domain time."""
        ...


def evolve(state: State, payload: object, event: Happened) -> State:
    """Fold one event of a ban's stream."""
    match payload:
        case BanImposed():
            begun = payload.from_day <= beijing_date(event.time)
            return Ban(payload.person, payload.basis, payload.from_day, payload.until, begun)
        case BanBegan() if state:
            return replace(state, begun=True)
        case BanEnded() if state:
            return replace(state, ended=True)
        case _:
            return state


def _impose(state: State, command: ImposeBan) -> Decision:
    case = command.case
    if state is not None:
        raise illegal_transition("ended" if state.ended else "in_force", "ImposeBan", ["none"])
    basis = case.ban_basis
    if basis is None or not case.founded or case.subject_kind is not SubjectKind.APPLICANT:
        raise Refused((_no_case(case),))
    years = command.rules.rules.integer(YEARS[basis])
    until = last_day(case.effective_on, years=years)
    refuse_all(_wrong_length(command, until, years))
    imposed = BanImposed(
        case=case.case,
        person=case.subject,
        kinds=tuple(kind.value for kind in KINDS[basis]),
        basis=basis.value,
        from_day=case.effective_on,
        until=until,
        seen=(case.seen, command.rules.seen),
    )
    return Decision(events=(imposed,), ruleset=command.rules.identity)


def _no_case(case: CaseFacts) -> Reason:
    return Reason(
        "CASE_REQUIRED",
        CLAUSE,
        facts={"case": case.case, "founded": case.founded, "subject_kind": case.subject_kind.value},
        change={"needs": "a founded case on an applicant that is grave, or a false commitment"},
    )


def _wrong_length(command: ImposeBan, until: date, years: int) -> Iterator[Reason]:
    if command.until is not None and command.until != until:
        yield Reason(
            "BAN_LENGTH",
            CLAUSE,
            facts={"until": command.until.isoformat(), "years": years},
            change={"until": until.isoformat()},
            pointer="/until",
            ruleset=command.rules.identity,
        )


def _begin(state: State, context: Context) -> Decision:
    if state is None or state.begun or beijing_date(context.now) < state.from_day:
        now = "none" if state is None else "begun" if state.begun else f"from_{state.from_day.isoformat()}"
        raise illegal_transition(now, "BeginBan", ["due"])
    began = BanBegan(person=state.person, basis=state.basis, from_day=state.from_day, until=state.until)
    return Decision(events=(began,))


def _end(state: State, context: Context) -> Decision:
    if state is None or state.ended or beijing_date(context.now) <= state.until:
        now = "none" if state is None else "ended" if state.ended else f"in_force_until_{state.until.isoformat()}"
        raise illegal_transition(now, "EndBan", ["over"])
    return Decision(events=(BanEnded(person=state.person, free_from=free_from(state.until)),))


BAN = Aggregate("ban", INITIAL, decide, evolve)
