"""An application's state, its stages (rules §8.1), and what every step of it shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from libs.events.contracts.base import Payload
from libs.events.contracts.intake import ApplicationEnded, BlobRef, ConditionVerdict, Fallen, Module
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Actor, Claim, Context, Decision
from libs.kernel.periods import free_from
from libs.kernel.refusals import Reason, Refused, illegal_transition
from libs.kernel.terms import GreenCategory, Level, MaterialKind, Role, Route
from services.intake.domain.facts import Ban, CheckAnswer, Rules


class Stage(StrEnum):
    """Where an application is."""

    NONE = "NONE"
    DRAFT = "DRAFT"
    EMPLOYER_REVIEW = "EMPLOYER_REVIEW"
    EMPLOYER_PUBLICITY = "EMPLOYER_PUBLICITY"
    EMPLOYER_INQUIRY = "EMPLOYER_INQUIRY"
    RECOMMENDED = "RECOMMENDED"
    RECEIVED = "RECEIVED"
    CORRECTION_REQUIRED = "CORRECTION_REQUIRED"
    ACCEPTED = "ACCEPTED"
    QUALIFICATION_REVIEW = "QUALIFICATION_REVIEW"
    QUALIFIED = "QUALIFIED"
    PAYMENT_PENDING = "PAYMENT_PENDING"
    PAID = "PAID"
    SCHEDULED = "SCHEDULED"
    VOTE_OPEN = "VOTE_OPEN"
    PASSED = "PASSED"
    RESULT_PUBLICITY = "RESULT_PUBLICITY"
    CONFIRMED = "CONFIRMED"
    RECOGNISED = "RECOGNISED"
    CERTIFIED = "CERTIFIED"
    EMPLOYER_REFUSED = "EMPLOYER_REFUSED"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    DEEMED_ABANDONED = "DEEMED_ABANDONED"
    DISQUALIFIED = "DISQUALIFIED"
    PAYMENT_LAPSED = "PAYMENT_LAPSED"
    WITHDRAWN = "WITHDRAWN"
    NOT_PASSED = "NOT_PASSED"
    NOT_RECOGNISED = "NOT_RECOGNISED"
    RESULT_CANCELLED = "RESULT_CANCELLED"
    BARRED = "BARRED"


ENDED: Final = frozenset(
    {
        Stage.CERTIFIED,
        Stage.EMPLOYER_REFUSED,
        Stage.NOT_ACCEPTED,
        Stage.DEEMED_ABANDONED,
        Stage.DISQUALIFIED,
        Stage.PAYMENT_LAPSED,
        Stage.WITHDRAWN,
        Stage.NOT_PASSED,
        Stage.NOT_RECOGNISED,
        Stage.RESULT_CANCELLED,
        Stage.BARRED,
    }
)
LIVE: Final = frozenset(Stage) - ENDED - {Stage.NONE}
BEFORE_ACCEPTANCE: Final = frozenset(
    {
        Stage.DRAFT,
        Stage.EMPLOYER_REVIEW,
        Stage.EMPLOYER_PUBLICITY,
        Stage.EMPLOYER_INQUIRY,
        Stage.RECOMMENDED,
        Stage.RECEIVED,
        Stage.CORRECTION_REQUIRED,
    }
)
WITHDRAWABLE: Final = BEFORE_ACCEPTANCE | {
    Stage.ACCEPTED,
    Stage.QUALIFICATION_REVIEW,
    Stage.QUALIFIED,
    Stage.PAYMENT_PENDING,
    Stage.PAID,
    Stage.SCHEDULED,
}

PUBLIC_LABELS: Final[Mapping[Stage, str]] = {
    Stage.NONE: "",
    Stage.DRAFT: "填报中",
    Stage.EMPLOYER_REVIEW: "单位审核中",
    Stage.EMPLOYER_PUBLICITY: "单位公示中",
    Stage.EMPLOYER_INQUIRY: "单位公示中",
    Stage.RECOMMENDED: "待受理",
    Stage.RECEIVED: "待受理",
    Stage.CORRECTION_REQUIRED: "需补正",
    Stage.ACCEPTED: "已受理",
    Stage.QUALIFICATION_REVIEW: "资格审核中",
    Stage.QUALIFIED: "待缴费",
    Stage.PAYMENT_PENDING: "待缴费",
    Stage.PAID: "已缴费",
    Stage.SCHEDULED: "评审中",
    Stage.VOTE_OPEN: "评审中",
    Stage.PASSED: "评审中",
    Stage.RESULT_PUBLICITY: "评审通过·公示中",
    Stage.CONFIRMED: "评审通过·公示中",
    Stage.NOT_PASSED: "未通过",
    Stage.RECOGNISED: "评审中",
    Stage.NOT_RECOGNISED: "未通过",
    Stage.CERTIFIED: "已取得证书",
}


def public_label(stage: Stage) -> str:
    """Say where an application is as its applicant sees it (§8.1); a passed vote shows once published."""
    return PUBLIC_LABELS.get(stage, "已终止")


@dataclass(frozen=True, slots=True)
class Publicity:
    """The employer's publicity: when it began, how long it runs, and what stands in its way.

    `begins` and `working_days` are those of the present stretch; an inquiry stops it at `stopped_at`.
    """

    begins: datetime
    working_days: int
    ends_at: datetime
    open_objections: frozenset[str] = frozenset()
    stopped_at: datetime | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Correction:
    """The one correction: which modules it opened, which were changed, and until when."""

    modules: frozenset[Module]
    changed: frozenset[Module]
    due: datetime


@dataclass(frozen=True, slots=True)
class Assessed:
    """The last assessment; a later check makes it stale, and it is dropped."""

    outcome: str
    conditions: tuple[ConditionVerdict, ...]


@dataclass(frozen=True, slots=True)
class Bill:
    """What is to be paid, and until when; `paid` once the application was accepted as paid."""

    payment: str
    amount_fen: int
    due: datetime
    paid: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """One application."""

    stage: Stage = Stage.NONE
    identity: str = ""
    applicant: str = ""
    employer: str = ""
    campaign: str = ""
    agency: str = ""
    series: str = ""
    specialty: str = ""
    level: Level = Level.TECHNICIAN
    route: Route = Route.ORDINARY
    year: int = 0
    ruleset: str = ""
    district: str = ""
    freeing: tuple[str, ...] = ()
    materials: Mapping[MaterialKind, BlobRef] = field(default_factory=dict[MaterialKind, BlobRef])
    committed: bool = False
    asked: frozenset[str] = frozenset()
    unlocked: frozenset[Module] = frozenset(Module)
    submitted_at: datetime | None = None
    reviewed: bool = False
    in_service: bool | None = None
    publicity: Publicity | None = None
    correction: Correction | None = None
    endorsements: tuple[str, ...] = ()
    checks: Mapping[str, CheckAnswer] = field(default_factory=dict[str, CheckAnswer])
    exceptional: bool | None = None
    category: GreenCategory | None = None
    assessed: Assessed | None = None
    relied_on: Mapping[str, int] = field(default_factory=dict[str, int])
    """The titles' streams that were cited, each at the version last seen."""
    settled: Mapping[str, Fallen] = field(default_factory=dict[str, Fallen])
    """The fallen titles in spite of which a person let the application go on, as they stood then."""
    bill: Bill | None = None
    session: str = ""
    held: Mapping[str, Fallen] = field(default_factory=dict[str, Fallen])
    """The fallen titles about which a person has still to decide."""

    def answered(self, title: str, standing: Fallen) -> bool:
        """Whether a person has been asked, or has decided, about a title that stood as badly as this, or worse."""
        known = {**self.settled, **self.held}.get(title)
        return known is not None and GRAVITY.index(known) >= GRAVITY.index(standing)


GRAVITY: Final = tuple(Fallen)

T = TypeVar("T")
Handler = Callable[[State, Any, Context], Decision]


def promised(value: T | None) -> T:
    """Give what the stage promises to be there; its absence is a fault of the fold, not of a client."""
    if value is None:
        msg = "the fold has lost what the stage promises"
        raise LookupError(msg)
    return value


def related(state: State, actor: Actor) -> bool:
    """Whether this person may know the application: its applicant, its employer, its agency, and who watches all."""
    match actor.role:
        case Role.APPLICANT:
            return actor.person == state.applicant
        case Role.EMPLOYER_CLERK | Role.EMPLOYER_HEAD:
            return actor.unit == state.employer and state.submitted_at is not None
        case Role.AGENCY_OFFICER:
            return actor.unit == state.agency and state.submitted_at is not None
        case _:
            return True


def admit(state: State, actor: Actor) -> None:
    """Answer a stranger as if there were no such application; where it is, and its version, are not theirs to know."""
    if state.stage is not Stage.NONE and not related(state, actor):
        raise Refused.one("UNKNOWN_APPLICATION")


def require(state: State, command: str, *stages: Stage) -> None:
    """Refuse unless the application is in one of these stages; `UNKNOWN_APPLICATION` when it is in none."""
    if state.stage is Stage.NONE:
        raise Refused.one("UNKNOWN_APPLICATION")
    if state.stage not in stages:
        raise illegal_transition(state.stage.value, command, [stage.value for stage in stages])


def under(state: State, rules: Rules) -> Iterable[Reason]:
    """Refuse any rule set but the application's own: all its decisions cite one (invariant 21)."""
    if rules.identity != state.ruleset:
        yield Reason("RULESET_NOT_IN_FORCE", "H", {"ruleset": rules.identity}, {"ruleset": state.ruleset})


def locked(state: State, module: Module) -> Iterable[Reason]:
    """Refuse to change what was not returned for change (§16.6)."""
    if module not in state.unlocked:
        facts = {"module": module.value}
        opened = sorted(one.value for one in state.unlocked)
        yield Reason("ILLEGAL_TRANSITION", "十四.3", facts, {"open_modules": opened})


def not_held(state: State) -> Iterable[Reason]:
    """Refuse to go on while a person has still to decide about a fallen title (§11.39)."""
    if state.held:
        facts = {"held_for": {title: standing.value for title, standing in sorted(state.held.items())}}
        yield Reason("HUMAN_DECISION_REQUIRED", "十七 §11.39", facts, {"command": "release"})


def by_applicant(state: State, actor: Actor) -> Iterable[Reason]:
    """Refuse who is not the applicant: nobody acts for another."""
    if actor.person != state.applicant:
        yield Reason("FORBIDDEN_ACTOR", "附四", {"role": actor.role})


def by_employer(state: State, actor: Actor, *roles: Role) -> Iterable[Reason]:
    """Refuse who does not act for the employer, and the applicant's own hand on the own file (八.1)."""
    if actor.unit != state.employer or actor.role not in roles:
        allowed = sorted(role.value for role in roles)
        yield Reason("FORBIDDEN_ACTOR", "八.1", {"role": actor.role}, {"roles": allowed})
    if actor.person and actor.person == state.applicant:
        yield Reason("SELF_REVIEW", "八.1", change={"by": "another person of the employer"})


def by_officer(state: State, context: Context) -> Iterable[Reason]:
    """Refuse who is not an officer of the agency, or decides on the own file; a machine decides nothing."""
    if context.actor.role == Role.SYSTEM:
        yield Reason("HUMAN_DECISION_REQUIRED", "十四.1", {"role": context.actor.role})
    elif context.actor.unit != state.agency or context.actor.role != Role.AGENCY_OFFICER:
        yield Reason("FORBIDDEN_ACTOR", "§7", {"role": context.actor.role}, {"roles": [Role.AGENCY_OFFICER]})
    if context.actor.person and context.actor.person == state.applicant:
        yield Reason("SELF_REVIEW", "§7", change={"by": "another officer"})


def by_system(context: Context) -> Iterable[Reason]:
    """Refuse a person: this follows from another service's event or from a clock, and from nothing else."""
    if context.actor.role != Role.SYSTEM:
        yield Reason("FORBIDDEN_ACTOR", "§7", {"role": context.actor.role}, {"roles": [Role.SYSTEM]})


def banned(bans: Iterable[Ban], context: Context) -> Iterable[Reason]:
    """Refuse while a ban is in force, with its last day and the first day on which one may apply (十七.3)."""
    on = beijing_date(context.now)
    for ban in bans:
        if ban.covers(on):
            facts = {"until": ban.until.isoformat(), "basis": ban.basis}
            yield Reason("BANNED", "十七.3", facts, {"eligible_on": free_from(ban.until).isoformat()})


def place(state: State) -> Claim:
    """Claim the one application that a person may have in a series and review year (§11.18)."""
    return Claim("application", f"{state.applicant}/{state.series}/{state.year}")


def ending(state: State, reason: Stage, *events: Payload, reply: Mapping[str, Any] | None = None) -> Decision:
    """End an application: the events, ApplicationEnded, and the place freed where the rule set says so."""
    ended = ApplicationEnded(
        applicant=state.applicant, agency=state.agency, series=state.series, reason=reason.value.lower()
    )
    releases = (place(state),) if ended.reason in state.freeing else ()
    return Decision((*events, ended), releases=releases, reply=reply or {}, ruleset=state.ruleset)
