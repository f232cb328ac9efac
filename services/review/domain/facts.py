"""What the shell reads elsewhere for a decision, and the conditions that several aggregates share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from libs.events.contracts.intake import Seen
from libs.kernel.decisions import Context
from libs.kernel.refusals import Reason
from libs.kernel.rulesets import RuleSet
from libs.kernel.terms import Level, Role


class Envelope(Protocol):
    """What a fold may read of an event's envelope."""

    @property
    def stream(self) -> str:
        """The stream, such as `session-<uuid>`."""
        ...

    @property
    def version(self) -> int:
        """The event's version in its stream."""
        ...

    @property
    def time(self) -> datetime:
        """When it happened: domain time, UTC."""
        ...


@dataclass(frozen=True, slots=True)
class RulesFact:
    """The one rule set that decides (invariant 21): its identity, its document, its version as read."""

    identity: str
    rules: RuleSet
    seen: Seen


@dataclass(frozen=True, slots=True)
class AgencyFact:
    """An agency as the shell read it; `listed` is false while it is suspended, delisted or only filed."""

    identity: str
    series: tuple[str, ...]
    listed: bool
    listed_until: date | None
    filed_until: date
    seen: Seen


@dataclass(frozen=True, slots=True)
class CommitteeFact:
    """A committee as the shell read it; `approved` is false while it is only filed, and once cancelled."""

    identity: str
    agency: str
    series: str
    specialty: str
    level: Level
    size: int
    approved: bool
    filed_from: date
    filed_until: date
    seen: Seen


@dataclass(frozen=True, slots=True)
class TitleFact:
    """A title from review's own projection of titles.

    `live` is false once it is revoked; `confirmed` is false for one of another province, or one that rested
    on a revoked one, until a human has decided (§11.39). `scope` is empty or a district (§11.11).
    """

    identity: str
    series: str
    specialty: str
    level: Level
    obtained_on: date
    live: bool
    confirmed: bool
    scope: str
    seen: Seen

    @property
    def usable(self) -> bool:
        """Whether it may be relied on here: neither revoked nor unconfirmed nor limited to a district."""
        return self.live and self.confirmed and not self.scope


@dataclass(frozen=True, slots=True)
class BanFact:
    """A ban; both days included (十七.3)."""

    from_day: date
    until: date
    seen: Seen

    def holds(self, on: date) -> bool:
        """Whether it is in force on a day."""
        return self.from_day <= on <= self.until


def forbidden(context: Context, clause: str, **needed: str) -> Iterator[Reason]:
    """Give `FORBIDDEN_ACTOR` when the actor's role, unit or person is not the one needed.

    `needed` names attributes of `Actor` and their values, as the law relates them to the case.
    """
    wrong = {name: value for name, value in needed.items() if getattr(context.actor, name) != value}
    if wrong:
        yield Reason(
            "FORBIDDEN_ACTOR",
            clause,
            facts={name: getattr(context.actor, name) for name in wrong},
            change={"needed": wrong},
        )


def city_only(context: Context, clause: str) -> Iterator[Reason]:
    """Give `FORBIDDEN_ACTOR` for anyone but the city (十七.2, 十二.2)."""
    return forbidden(context, clause, role=Role.CITY.value)


def dates_reason(first: date, last: date, pointer: str) -> Iterator[Reason]:
    """Give `DATE_INVALID` when a period ends before it begins."""
    if last < first:
        yield Reason(
            "DATE_INVALID",
            facts={"from": first.isoformat(), "until": last.isoformat()},
            change={"until_at_least": first.isoformat()},
            pointer=pointer,
        )


def agency_reasons(agency: AgencyFact, series: str, on: date) -> Iterator[Reason]:
    """Say why an agency may not act for a series on a day: `AGENCY_NOT_LISTED`, `FILING_EXPIRED` (十二)."""
    if not agency.listed or agency.listed_until is None or on > agency.listed_until:
        until = agency.listed_until.isoformat() if agency.listed_until else None
        yield Reason(
            "AGENCY_NOT_LISTED",
            "十二.1",
            facts={"agency": agency.identity, "listed": agency.listed, "listed_until": until},
            change={"needed": "the agency on the list of the year"},
        )
    elif series not in agency.series:
        yield Reason(
            "AGENCY_NOT_LISTED",
            "十二.2",
            facts={"agency": agency.identity, "series": series, "filed_for": sorted(agency.series)},
            change={"needed": f"a filing for {series}"},
        )
    if on > agency.filed_until:
        yield Reason(
            "FILING_EXPIRED",
            "十二.2",
            facts={"agency": agency.identity, "filed_until": agency.filed_until.isoformat()},
            change={"needed": "a new filing"},
        )


def committee_reasons(committee: CommitteeFact, on: date) -> Iterator[Reason]:
    """Say why a committee may not act on a day: not approved, or outside its filing (§1.8)."""
    if not committee.approved or not committee.filed_from <= on <= committee.filed_until:
        yield Reason(
            "FILING_EXPIRED",
            "§1.8",
            facts={
                "committee": committee.identity,
                "approved": committee.approved,
                "filed_from": committee.filed_from.isoformat(),
                "filed_until": committee.filed_until.isoformat(),
                "on": on.isoformat(),
            },
            change={"needed": "an approved filing that covers the day"},
        )


def ban_reasons(bans: Iterable[BanFact], on: date, clause: str) -> Iterator[Reason]:
    """Give `BANNED` with its last day; a ban also bars endorsing, sitting and nominating (§11.23)."""
    ends = [ban.until for ban in bans if ban.holds(on)]
    if ends:
        yield Reason(
            "BANNED",
            f"十七.3 {clause}",
            facts={"on": on.isoformat(), "until": max(ends).isoformat()},
            change={"free_after": max(ends).isoformat()},
        )


def ruleset_reasons(fact: RulesFact, planned: str) -> Iterator[Reason]:
    """Give `RULESET_NOT_IN_FORCE` when a decision is asked under another rule set than the case's own."""
    if fact.identity != planned:
        yield Reason(
            "RULESET_NOT_IN_FORCE",
            "H §14.21",
            facts={"asked": fact.identity, "in_force": planned},
            change={"needed": planned},
            ruleset=fact.identity,
        )
