"""评审专家: admitted to the pool on a live title, appointed by terms, removed (十三, §2.6, §11.10).

One stream is one natural person: the identity of an expert is that of the person, city-wide. So the three
terms in all are counted in one place, whichever agency appoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never

from libs.events.contracts.base import Unsealed
from libs.events.contracts.review_bodies import ExpertAdmitted, ExpertAppointed, ExpertRemoved
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Aggregate, Context, Decision
from libs.kernel.periods import corresponding_day
from libs.kernel.refusals import Reason, Refused, illegal_transition, refuse_all
from libs.kernel.terms import Level, Role
from services.review.domain.facts import (
    AgencyFact,
    BanFact,
    CommitteeFact,
    RulesFact,
    TitleFact,
    agency_reasons,
    ban_reasons,
    committee_reasons,
    dates_reason,
    forbidden,
)

Status = Literal["unknown", "admitted", "removed"]


@dataclass(frozen=True, slots=True)
class AdmitExpert:
    """An agency admits a person, whose stream this is, to review a series up to a level.

    The rest are facts: every title of the person in review's projection, the age in full years today (the
    birth date itself stays sealed), the bans, and whether a live integrity record stands against the person.
    """

    series: str
    specialty: str
    level: Level
    agency: AgencyFact
    titles: tuple[TitleFact, ...]
    age: int
    bans: tuple[BanFact, ...]
    on_record: bool
    rules: RulesFact


@dataclass(frozen=True, slots=True)
class AppointExpert:
    """An agency appoints an admitted expert to one of its committees for a term, both days included."""

    from_day: date
    until: date
    agency: AgencyFact
    committee: CommitteeFact
    bans: tuple[BanFact, ...]
    rules: RulesFact


@dataclass(frozen=True, slots=True)
class RemoveExpert:
    """An agency that admitted the person ends it, with a reason to be sealed under the person's key."""

    reason: Unsealed


@dataclass(frozen=True, slots=True)
class RemoveBannedExpert:
    """A ban is in force: its bearer is no expert (reaction to BanImposed, or its first day)."""

    ban: BanFact


@dataclass(frozen=True, slots=True)
class RemoveUntitledExpert:
    """The title that an admission rests on is revoked (reaction to TitleRevoked); it works from the beginning."""

    title: TitleFact


Command = AdmitExpert | AppointExpert | RemoveExpert | RemoveBannedExpert | RemoveUntitledExpert


@dataclass(frozen=True, slots=True)
class Admission:
    """What a person may review, by whose admission, on which title."""

    agency: str
    series: str
    specialty: str
    level: Level
    title: str


@dataclass(frozen=True, slots=True)
class Term:
    """One appointment; `ended` once its bearer was removed."""

    committee: str
    from_day: date
    until: date
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Expert:
    """A person as an expert. Terms outlive a removal: they are counted in all."""

    status: Status = "unknown"
    admissions: tuple[Admission, ...] = ()
    terms: tuple[Term, ...] = ()

    def may_review(self, series: str, level: Level) -> bool:
        """Whether an admission covers a series at a level."""
        return any(one.series == series and one.level.rank >= level.rank for one in self.admissions)


INITIAL = Expert()


def decide(state: Expert, command: Command, context: Context) -> Decision:
    """Decide a command on an expert.

    Raises
    ------
    Refused
        `EXPERT_CONDITIONS_UNMET` with each failing condition, `TERM_LIMIT`, `BANNED`, `UNKNOWN_EXPERT`,
        `AGENCY_NOT_LISTED`, `FILING_EXPIRED`, `FORBIDDEN_ACTOR`, `DATE_INVALID`, `ILLEGAL_TRANSITION`.
    """
    match command:
        case AdmitExpert():
            return _admit(state, command, context)
        case AppointExpert():
            return _appoint(state, command, context)
        case RemoveExpert(reason):
            _must_be_admitted(state, command)
            if context.actor.unit not in {one.agency for one in state.admissions}:
                refuse_all(forbidden(context, "§7", unit=state.admissions[0].agency))
            return Decision((ExpertRemoved(cause="agency", reason=reason, seen=()),))
        case RemoveBannedExpert(ban):
            _must_be_admitted(state, command)
            if not ban.holds(beijing_date(context.now)):
                raise illegal_transition("no ban in force", "RemoveBannedExpert", ["ban in force"])
            return Decision((ExpertRemoved(cause="banned", reason=None, seen=(ban.seen,)),))
        case RemoveUntitledExpert(title):
            _must_be_admitted(state, command)
            if title.live or title.identity not in {one.title for one in state.admissions}:
                raise illegal_transition("title not relied on", "RemoveUntitledExpert", ["title relied on"])
            return Decision((ExpertRemoved(cause="title_revoked", reason=None, seen=(title.seen,)),))
    assert_never(command)


def _must_be_admitted(state: Expert, command: Command) -> None:
    if state.status != "admitted":
        raise illegal_transition(state.status, type(command).__name__, ["admitted"])


def _admit(state: Expert, command: AdmitExpert, context: Context) -> Decision:
    if any(one.series == command.series and one.level == command.level for one in state.admissions):
        raise illegal_transition("admitted", "AdmitExpert", ["unknown", "removed"])
    today = beijing_date(context.now)
    base = _title_held(command, today)
    refuse_all(
        [
            *forbidden(context, "§2.6", role=Role.AGENCY_OFFICER.value, unit=command.agency.identity),
            *agency_reasons(command.agency, command.series, today),
            *ban_reasons(command.bans, today, "§11.23"),
            *_person_reasons(command, base, today),
        ]
    )
    if base is None:  # refused above; said again for the type checker
        raise Refused.one("EXPERT_CONDITIONS_UNMET", "§2.6")
    admitted = ExpertAdmitted(
        agency=command.agency.identity,
        series=command.series,
        specialty=command.specialty,
        level=command.level,
        title=base.identity,
        ruleset=command.rules.identity,
        seen=(base.seen, command.agency.seen, command.rules.seen),
    )
    return Decision((admitted,), ruleset=command.rules.identity)


def _title_held(command: AdmitExpert, today: date) -> TitleFact | None:
    """Give the first title that carries the admission: a higher level, or the level for the stated years."""
    years = command.rules.rules.integer("expert_title_years")
    return next(
        (
            one
            for one in sorted(command.titles, key=lambda one: (-one.level.rank, one.obtained_on))
            if one.usable
            and one.series == command.series
            and (
                one.level.rank > command.level.rank
                or (one.level == command.level and corresponding_day(one.obtained_on, years=years) <= today)
            )
        ),
        None,
    )


def _person_reasons(command: AdmitExpert, base: TitleFact | None, today: date) -> Iterator[Reason]:
    rules = command.rules
    if base is None:
        years = rules.rules.integer("expert_title_years")
        level = [one for one in command.titles if one.usable and one.series == command.series]
        same = [corresponding_day(one.obtained_on, years=years) for one in level if one.level == command.level]
        yield Reason(
            "EXPERT_CONDITIONS_UNMET",
            "十三.1 §2.6",
            facts={
                "condition": "title",
                "needed_level": command.level.value,
                "years": years,
                "usable_titles_of_series": len(level),
                "on": today.isoformat(),
            },
            change={"eligible_on": min(same).isoformat()} if same else {"needed": "a live title of the level"},
            ruleset=rules.identity,
        )
    below = rules.rules.integer("expert_age_below")
    if command.age >= below:
        yield Reason(
            "EXPERT_CONDITIONS_UNMET",
            "§2.6",
            facts={"condition": "age", "below": below},
            ruleset=rules.identity,
        )
    if command.on_record:
        yield Reason(
            "EXPERT_CONDITIONS_UNMET",
            "§2.6",
            facts={"condition": "integrity_record"},
            change={"needed": "the integrity record's expiry"},
            ruleset=rules.identity,
        )


def _appoint(state: Expert, command: AppointExpert, context: Context) -> Decision:
    if state.status != "admitted":
        raise Refused.one("UNKNOWN_EXPERT", "十三.1", facts={"state": state.status}, change={"needed": "admission"})
    today = beijing_date(context.now)
    committee = command.committee
    refuse_all(
        [
            *forbidden(context, "§2.6", role=Role.AGENCY_OFFICER.value, unit=committee.agency),
            *agency_reasons(command.agency, committee.series, today),
            *committee_reasons(committee, today),
            *ban_reasons(command.bans, today, "§11.23"),
            *dates_reason(command.from_day, command.until, "/until"),
            *_term_reasons(state, command),
        ]
    )
    appointed = ExpertAppointed(
        committee=committee.identity,
        agency=committee.agency,
        term=len(state.terms) + 1,
        from_day=command.from_day,
        until=command.until,
        ruleset=command.rules.identity,
        seen=(command.agency.seen, committee.seen, command.rules.seen),
    )
    return Decision((appointed,), ruleset=command.rules.identity)


def _term_reasons(state: Expert, command: AppointExpert) -> Iterator[Reason]:
    rules, committee = command.rules, command.committee
    if not state.may_review(committee.series, committee.level):
        yield Reason(
            "EXPERT_CONDITIONS_UNMET",
            "十三.1 §2.6",
            facts={
                "condition": "admission",
                "series": committee.series,
                "level": committee.level.value,
                "admitted_for": sorted(f"{one.series}/{one.level}" for one in state.admissions),
            },
            change={"needed": f"admission for {committee.series}/{committee.level}"},
        )
    most = rules.rules.integer("expert_terms_max")
    if len(state.terms) >= most:
        yield Reason(
            "TERM_LIMIT",
            "十三.4 §11.10",
            facts={"terms": len(state.terms), "most": most},
            ruleset=rules.identity,
        )
    years = rules.rules.integer("expert_term_years_max")
    latest = corresponding_day(command.from_day, years=years)
    if command.until > latest:
        yield Reason(
            "TERM_LIMIT",
            "§1.10 §11.10",
            facts={
                "from": command.from_day.isoformat(),
                "until": command.until.isoformat(),
                "years_max": years,
            },
            change={"until_at_most": latest.isoformat()},
            pointer="/until",
            ruleset=rules.identity,
        )
    standing = [one for one in state.terms if one.committee == committee.identity and not one.ended]
    if any(one.from_day <= command.until and command.from_day <= one.until for one in standing):
        last = max(one.until for one in standing)
        yield Reason(
            "ILLEGAL_TRANSITION",
            "十三.4",
            facts={"committee": committee.identity, "term_until": last.isoformat()},
            change={"from_day_after": last.isoformat()},
            pointer="/from_day",
        )


def evolve(state: Expert, payload: object, _event: object) -> Expert:
    """Fold one payload."""
    match payload:
        case ExpertAdmitted():
            admission = Admission(payload.agency, payload.series, payload.specialty, payload.level, payload.title)
            return replace(state, status="admitted", admissions=(*state.admissions, admission))
        case ExpertAppointed():
            term = Term(payload.committee, payload.from_day, payload.until)
            return replace(state, terms=(*state.terms, term))
        case ExpertRemoved():
            ended = tuple(replace(one, ended=True) for one in state.terms)
            return replace(state, status="removed", admissions=(), terms=ended)
        case _:
            return state


EXPERT = Aggregate("expert", INITIAL, decide, evolve)
