"""评审委员会: filed by an agency, approved by the city, odd and large enough, for a limited time (§1.6-1.9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never

from libs.events.contracts.review_bodies import CommitteeApproved, CommitteeCancelled, CommitteeFiled
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Aggregate, Context, Decision
from libs.kernel.periods import corresponding_day
from libs.kernel.refusals import Reason, illegal_transition, refuse_all
from libs.kernel.terms import Level
from services.review.domain.facts import (
    AgencyFact,
    RulesFact,
    agency_reasons,
    city_only,
    dates_reason,
    forbidden,
)

Status = Literal["unknown", "filed", "approved", "cancelled"]
Kind = Literal["series", "specialty"]

BANDS = {
    Level.FULL_SENIOR: "senior",
    Level.ASSOCIATE_SENIOR: "senior",
    Level.INTERMEDIATE: "intermediate",
    Level.ASSISTANT: "junior",
    Level.TECHNICIAN: "junior",
}
"""高级, 中级, 初级: committees are formed by these (§1.6)."""


@dataclass(frozen=True, slots=True)
class FileCommittee:
    """An agency files a committee, or files it anew after a cancellation.

    `agency` and `rules` are facts: the agency as it stands, and the rule set of the series in force.
    """

    name: str
    committee_kind: Kind
    series: str
    specialty: str
    level: Level
    size: int
    filed_from: date
    filed_until: date
    agency: AgencyFact
    rules: RulesFact


@dataclass(frozen=True, slots=True)
class ApproveCommittee:
    """The city approves the filing; `agency` is the agency as it stands."""

    agency: AgencyFact


@dataclass(frozen=True, slots=True)
class CancelCommittee:
    """The city ends the filing."""

    reason: str


Command = FileCommittee | ApproveCommittee | CancelCommittee


@dataclass(frozen=True, slots=True)
class Committee:
    """A committee as filed; `series` and the rest are empty before."""

    status: Status = "unknown"
    agency: str = ""
    series: str = ""
    filed_until: date | None = None
    specialty: str = ""
    level: Level = Level.TECHNICIAN
    size: int = 0
    filed_from: date = date.min


INITIAL = Committee()

ALLOWED: dict[type[Command], tuple[Status, ...]] = {
    FileCommittee: ("unknown", "cancelled"),
    ApproveCommittee: ("filed",),
    CancelCommittee: ("filed", "approved"),
}


def decide(state: Committee, command: Command, context: Context) -> Decision:
    """Decide a command on a committee.

    Raises
    ------
    Refused
        `COMMITTEE_NOT_ODD`, `COMMITTEE_TOO_SMALL`, `FILING_EXPIRED` (over, too long, or the agency's),
        `AGENCY_NOT_LISTED`, `DATE_INVALID`, `FORBIDDEN_ACTOR`, `SEPARATION_OF_DUTIES` when the agency
        itself would approve, `ILLEGAL_TRANSITION`.
    """
    allowed = ALLOWED[type(command)]
    if state.status not in allowed:
        raise illegal_transition(state.status, type(command).__name__, allowed)
    match command:
        case FileCommittee():
            return _file(command, context)
        case ApproveCommittee(agency):
            refuse_all(_approval_reasons(state, agency, context))
            return Decision((CommitteeApproved(agency=state.agency, seen=(agency.seen,)),))
        case CancelCommittee(reason):
            refuse_all(city_only(context, "§1.8"))
            return Decision((CommitteeCancelled(agency=state.agency, reason=reason),))
    assert_never(command)


def _file(command: FileCommittee, context: Context) -> Decision:
    refuse_all(
        [
            *forbidden(context, "§1.8", unit=command.agency.identity),
            *agency_reasons(command.agency, command.series, beijing_date(context.now)),
            *_size_reasons(command),
            *dates_reason(command.filed_from, command.filed_until, "/filed_until"),
            *_period_reasons(command, beijing_date(context.now)),
        ]
    )
    filed = CommitteeFiled(
        agency=command.agency.identity,
        name=command.name,
        committee_kind=command.committee_kind,
        series=command.series,
        specialty=command.specialty if command.committee_kind == "specialty" else "",
        level=command.level,
        size=command.size,
        filed_from=command.filed_from,
        filed_until=command.filed_until,
        ruleset=command.rules.identity,
        seen=(command.agency.seen, command.rules.seen),
    )
    return Decision((filed,), ruleset=command.rules.identity)


def _size_reasons(command: FileCommittee) -> Iterator[Reason]:
    least = command.rules.rules.integer(f"committee_min_{BANDS[command.level]}_{command.committee_kind}")
    facts = {"size": command.size, "kind": command.committee_kind, "level": command.level.value}
    if command.size % 2 == 0:
        yield Reason(
            "COMMITTEE_NOT_ODD",
            "§1.9",
            facts=facts,
            change={"size": max(command.size + 1, least)},
            pointer="/size",
            ruleset=command.rules.identity,
        )
    if command.size < least:
        yield Reason(
            "COMMITTEE_TOO_SMALL",
            "§1.9",
            facts={**facts, "least": least},
            change={"size": least},
            pointer="/size",
            ruleset=command.rules.identity,
        )


def _period_reasons(command: FileCommittee, today: date) -> Iterator[Reason]:
    years = command.rules.rules.integer("committee_filing_years_max")
    latest = corresponding_day(command.filed_from, years=years)
    if not today <= command.filed_until <= latest:
        yield Reason(
            "FILING_EXPIRED",
            "§1.8",
            facts={
                "filed_from": command.filed_from.isoformat(),
                "filed_until": command.filed_until.isoformat(),
                "today": today.isoformat(),
                "years_max": years,
            },
            change={"filed_until_between": [today.isoformat(), latest.isoformat()]},
            pointer="/filed_until",
            ruleset=command.rules.identity,
        )


def _approval_reasons(state: Committee, agency: AgencyFact, context: Context) -> Iterator[Reason]:
    today = beijing_date(context.now)
    yield from city_only(context, "§1.8")
    yield from agency_reasons(agency, state.series, today)
    if context.actor.unit == state.agency:
        yield Reason(
            "SEPARATION_OF_DUTIES",
            "§7",
            facts={"unit": context.actor.unit, "filed_by": state.agency},
            change={"needed": "an official of another unit"},
        )
    if state.filed_until is not None and today > state.filed_until:
        yield Reason(
            "FILING_EXPIRED",
            "§1.8",
            facts={"filed_until": state.filed_until.isoformat(), "today": today.isoformat()},
            change={"needed": "a new filing"},
        )


def evolve(state: Committee, payload: object, _event: object) -> Committee:
    """Fold one payload."""
    match payload:
        case CommitteeFiled():
            return Committee(
                "filed",
                payload.agency,
                payload.series,
                payload.filed_until,
                payload.specialty,
                payload.level,
                payload.size,
                payload.filed_from,
            )
        case CommitteeApproved():
            return replace(state, status="approved")
        case CommitteeCancelled():
            return replace(state, status="cancelled")
        case _:
            return state


COMMITTEE = Aggregate("committee", INITIAL, decide, evolve)
