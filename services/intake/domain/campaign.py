"""A campaign (评审工作安排): the agency's notice with its five parts, its window, and its one rule set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from libs.events.contracts.intake import CampaignNoticePublished
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Aggregate, Context, Decision
from libs.kernel.refusals import Reason, illegal_transition, refuse_all
from libs.kernel.rulesets import EVERY_SERIES
from libs.kernel.terms import Level, Role, Route
from services.intake.domain.facts import Rules

PARTS: Final = ("conditions", "procedure", "method", "time_and_place", "materials")
"""申报条件、工作程序、评审方式、受理时间地点、材料要求 (附六.7)."""


@dataclass(frozen=True, slots=True)
class PublishNotice:
    """Publish a campaign's notice; facts: the rule set. The agency is the officer's own."""

    series: str
    specialties: tuple[str, ...]
    levels: tuple[Level, ...]
    routes: tuple[Route, ...]
    year: int
    opens_at: datetime
    closes_at: datetime
    conditions: str
    procedure: str
    method: str
    time_and_place: str
    materials: str
    rules: Rules


@dataclass(frozen=True, slots=True)
class State:
    """The notice, once it is out."""

    notice: CampaignNoticePublished | None = None


def _incomplete(command: PublishNotice) -> Iterator[Reason]:
    missing = [part for part in PARTS if not str(getattr(command, part)).strip()]
    missing.extend(name for name in ("specialties", "levels", "routes") if not getattr(command, name))
    if missing:
        yield Reason("NOTICE_INCOMPLETE", "附六.7", {"missing": missing}, {"state": missing})


def _window(command: PublishNotice, context: Context) -> Iterator[Reason]:
    facts = {"opens_at": command.opens_at.isoformat(), "closes_at": command.closes_at.isoformat()}
    if command.closes_at <= command.opens_at:
        yield Reason("DATE_INVALID", "附六.7", facts, pointer="/closes_at")
    if command.opens_at < context.now:
        yield Reason("NOTICE_REQUIRED", "附六.7", {**facts, "now": context.now.isoformat()}, pointer="/opens_at")


def _governed(command: PublishNotice) -> Iterator[Reason]:
    """Refuse a rule set that does not govern the campaign on the day on which it opens."""
    rules, opens = command.rules.rules, beijing_date(command.opens_at)
    until = command.rules.until
    if (
        rules.series not in (command.series, EVERY_SERIES)
        or not set(command.levels) <= set(rules.levels)
        or opens < rules.effective_from
        or (until is not None and opens > until)
    ):
        facts = {"ruleset": rules.code, "series": rules.series, "from": rules.effective_from.isoformat()}
        yield Reason("RULESET_NOT_IN_FORCE", "H", {**facts, "opens_on": opens.isoformat()}, pointer="/ruleset")
        return
    closed = [f"{at}/{by}" for at in command.levels for by in command.routes if not rules.covers(at, by)]
    if closed:
        yield Reason("ROUTE_NOT_OPEN_FOR_SERIES", "附六.3", {"closed": closed, "ruleset": rules.code})


def decide(state: State, command: PublishNotice, context: Context) -> Decision:
    """Decide the publication, with everything that the notice lacks at once."""
    if state.notice is not None:
        raise illegal_transition("PUBLISHED", "publish_notice", ["NONE"])
    found = [*_incomplete(command), *_window(command, context), *_governed(command)]
    if context.actor.role != Role.AGENCY_OFFICER:
        found.append(Reason("FORBIDDEN_ACTOR", "§7", {"role": context.actor.role}))
    refuse_all(found)
    event = CampaignNoticePublished(
        agency=context.actor.unit,
        series=command.series,
        specialties=command.specialties,
        levels=command.levels,
        routes=command.routes,
        year=command.year,
        opens_at=command.opens_at,
        closes_at=command.closes_at,
        ruleset=command.rules.identity,
        conditions=command.conditions,
        procedure=command.procedure,
        method=command.method,
        time_and_place=command.time_and_place,
        materials=command.materials,
    )
    return Decision((event,), ruleset=command.rules.identity)


def evolve(state: State, payload: Any, _event: Any) -> State:
    """Fold one payload."""
    return State(payload) if isinstance(payload, CampaignNoticePublished) else state


CAMPAIGN: Final = Aggregate("campaign", State(), decide, evolve)
