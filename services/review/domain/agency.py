"""评审服务机构: filed and listed by the city, suspended, reinstated, delisted (十二)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never

from libs.events.contracts.review_bodies import (
    AgencyDelisted,
    AgencyFiled,
    AgencyListed,
    AgencyReinstated,
    AgencySuspended,
)
from libs.kernel.decisions import Aggregate, Claim, Context, Decision
from libs.kernel.refusals import Reason, illegal_transition, refuse_all
from services.review.domain.facts import city_only, dates_reason

Status = Literal["unknown", "filed", "listed", "suspended", "delisted"]


@dataclass(frozen=True, slots=True)
class FileAgency:
    """The city files an agency, or files it anew; `credit_code` is its checked unified social credit code."""

    name: str
    credit_code: str
    district: str
    series: tuple[str, ...]
    filed_from: date
    filed_until: date


@dataclass(frozen=True, slots=True)
class ListAgency:
    """The city puts a filed agency on the list of a year."""

    year: int
    listed_until: date


@dataclass(frozen=True, slots=True)
class SuspendAgency:
    """The city stops an agency for a time."""

    reason: str


@dataclass(frozen=True, slots=True)
class ReinstateAgency:
    """The city lets a suspended agency act again."""

    reason: str


@dataclass(frozen=True, slots=True)
class DelistAgency:
    """The city takes an agency off the list."""

    reason: str


Command = FileAgency | ListAgency | SuspendAgency | ReinstateAgency | DelistAgency


@dataclass(frozen=True, slots=True)
class Agency:
    """What later decisions need of an agency; its validity is read with `facts.agency_reasons`."""

    status: Status = "unknown"
    credit_code: str = ""
    series: tuple[str, ...] = ()
    filed_until: date | None = None
    listed_until: date | None = None


INITIAL = Agency()

ALLOWED: dict[type[Command], tuple[Status, ...]] = {
    FileAgency: ("unknown", "filed", "listed", "delisted"),
    ListAgency: ("filed", "listed"),
    SuspendAgency: ("listed",),
    ReinstateAgency: ("suspended",),
    DelistAgency: ("filed", "listed", "suspended"),
}


def decide(state: Agency, command: Command, context: Context) -> Decision:
    """Decide a command of the city on an agency.

    Raises
    ------
    Refused
        `FORBIDDEN_ACTOR` for anyone but the city, `ILLEGAL_TRANSITION`, `DATE_INVALID`, `FILING_EXPIRED`
        for a listing that outlives the filing, `SCHEMA_INVALID` for a filing without a series.
    """
    refuse_all(city_only(context, "十二.1"))
    allowed = ALLOWED[type(command)]
    if state.status not in allowed:
        raise illegal_transition(state.status, type(command).__name__, allowed)
    match command:
        case FileAgency():
            return _file(state, command)
        case ListAgency():
            return _list(state, command)
        case SuspendAgency(reason):
            return Decision((AgencySuspended(reason=reason),))
        case ReinstateAgency(reason):
            return Decision((AgencyReinstated(reason=reason),))
        case DelistAgency(reason):
            return Decision((AgencyDelisted(reason=reason),))
    assert_never(command)


def _file(state: Agency, command: FileAgency) -> Decision:
    reasons = list(dates_reason(command.filed_from, command.filed_until, "/filed_until"))
    if not command.series:
        reasons.append(Reason("SCHEMA_INVALID", "十二.2", facts={"failing": "empty"}, pointer="/series"))
    refuse_all(reasons)
    filed = AgencyFiled(
        name=command.name,
        credit_code=command.credit_code,
        district=command.district,
        series=command.series,
        filed_from=command.filed_from,
        filed_until=command.filed_until,
    )
    if state.credit_code == command.credit_code:
        return Decision((filed,))
    given_up = (Claim("agency", state.credit_code),) if state.credit_code else ()
    return Decision((filed,), claims=(Claim("agency", command.credit_code),), releases=given_up)


def _list(state: Agency, command: ListAgency) -> Decision:
    if state.filed_until is not None and command.listed_until > state.filed_until:
        refuse_all(
            [
                Reason(
                    "FILING_EXPIRED",
                    "十二.2",
                    facts={
                        "listed_until": command.listed_until.isoformat(),
                        "filed_until": state.filed_until.isoformat(),
                    },
                    change={"listed_until_at_most": state.filed_until.isoformat()},
                    pointer="/listed_until",
                )
            ]
        )
    return Decision((AgencyListed(year=command.year, listed_until=command.listed_until),))


def evolve(state: Agency, payload: object, _event: object) -> Agency:
    """Fold one payload."""
    match payload:
        case AgencyFiled():
            status = "filed" if state.status in {"unknown", "delisted"} else state.status
            return replace(
                state,
                status=status,
                credit_code=payload.credit_code,
                series=payload.series,
                filed_until=payload.filed_until,
            )
        case AgencyListed():
            return replace(state, status="listed", listed_until=payload.listed_until)
        case AgencySuspended():
            return replace(state, status="suspended")
        case AgencyReinstated():
            return replace(state, status="listed")
        case AgencyDelisted():
            return replace(state, status="delisted", listed_until=None)
        case _:
            return state


AGENCY = Aggregate("agency", INITIAL, decide, evolve)
