"""Planning a session: who is a candidate, before which committee (附十, 十一.4, §1.8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from libs.events.contracts.review import SessionPlanned
from libs.events.contracts.review_session import Candidate
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Claim, Context, Decision
from libs.kernel.refusals import Reason, refuse_all
from libs.kernel.terms import Role, Route
from services.review.domain.facts import (
    agency_reasons,
    committee_reasons,
    forbidden,
    ruleset_reasons,
)
from services.review.domain.session_commands import PaidFile, PlanSession


def plan_session(command: PlanSession, context: Context) -> Decision:
    """Plan a session.

    Raises
    ------
    Refused
        `ILLEGAL_TRANSITION` for a file that is not paid, held or over; `GROUP_MIXED` for files of more than
        one agency, campaign, series, level or kind; `OUT_OF_GRANT_SCOPE` for what the committee does not
        review; `FILING_EXPIRED`, `AGENCY_NOT_LISTED` on the day it is held; `RULESET_NOT_IN_FORCE`,
        `FORBIDDEN_ACTOR`, `DATE_INVALID`, `SCHEMA_INVALID` for no candidate or one named twice.
    """
    committee, day = command.committee, beijing_date(command.held_at)
    refuse_all(
        [
            *forbidden(context, "§7", role=Role.AGENCY_OFFICER.value, unit=command.agency.identity),
            *_form_reasons(command, context),
            *agency_reasons(command.agency, committee.series, day),
            *committee_reasons(committee, day),
            *(reason for one in command.files for reason in _file_reasons(command, one)),
            *_group_reasons(command),
        ]
    )
    kinds = {one.route == Route.DIRECTED for one in command.files}
    planned = SessionPlanned(
        committee=committee.identity,
        agency=command.agency.identity,
        campaign=command.files[0].campaign,
        ruleset=command.rules.identity,
        level=command.level,
        candidates=tuple(one.application for one in command.files),
        held_at=command.held_at,
        series=committee.series,
        session_kind="directed" if kinds == {True} else "ordinary",
        committee_size=committee.size,
        committee_until=committee.filed_until,
        files=tuple(_candidate(one) for one in command.files),
        seen=(
            command.agency.seen,
            committee.seen,
            command.rules.seen,
            *(one.seen for one in command.files),
        ),
    )
    return Decision(
        (planned,),
        claims=tuple(Claim("candidate", one.application) for one in command.files),
        ruleset=command.rules.identity,
    )


def _candidate(file: PaidFile) -> Candidate:
    return Candidate(
        application=file.application,
        applicant=file.applicant,
        employer=file.employer,
        specialty=file.specialty,
        route=file.route,
        scope=file.scope,
        endorsers=file.endorsers,
    )


def _form_reasons(command: PlanSession, context: Context) -> Iterator[Reason]:
    if not command.files:
        yield Reason("SCHEMA_INVALID", facts={"failing": "empty"}, pointer="/candidates")
    times = Counter(one.application for one in command.files)
    twice = sorted(key for key, number in times.items() if number > 1)
    if twice:
        yield Reason("SCHEMA_INVALID", facts={"named_twice": twice}, pointer="/candidates")
    if command.held_at <= context.now:
        yield Reason(
            "DATE_INVALID",
            facts={"held_at": command.held_at.isoformat(), "now": context.now.isoformat()},
            change={"held_at_after": context.now.isoformat()},
            pointer="/held_at",
        )


def _file_reasons(command: PlanSession, file: PaidFile) -> Iterator[Reason]:
    committee = command.committee
    if file.route is Route.GREEN_CHANNEL:
        facts = {"application": file.application, "route": file.route.value}
        yield Reason("ILLEGAL_TRANSITION", "十.3", facts, {"needed": "the city's recognition, without a vote"})
    if file.standing != "paid":
        yield Reason(
            "ILLEGAL_TRANSITION",
            "十四.3 §14.3",
            facts={"application": file.application, "state": file.standing, "command": "PlanSession"},
            change={"allowed_in": ["paid"]},
        )
    yield from ruleset_reasons(command.rules, file.ruleset)
    fits = committee.series == file.series and committee.level.rank >= file.level.rank
    if not fits or committee.specialty not in {"", file.specialty}:
        yield Reason(
            "OUT_OF_GRANT_SCOPE",
            "§1.38 九.2",
            facts={
                "application": file.application,
                "asked": f"{file.series}/{file.specialty}/{file.level}",
                "committee": f"{committee.series}/{committee.specialty or '*'}/{committee.level}",
            },
            change={"needed": "a committee filed for the series, specialty and level"},
        )


def _group_reasons(command: PlanSession) -> Iterator[Reason]:
    """One session is of one agency, campaign, series and level; 定向评价 is a group of its own (十一.4)."""
    own = {
        "agency": {command.agency.identity, command.committee.agency},
        "level": {command.level.value},
        "campaign": set[str](),
        "directed": set[str](),
    }
    for one in command.files:
        own["agency"].add(one.agency)
        own["level"].add(one.level.value)
        own["campaign"].add(one.campaign)
        own["directed"].add(str(one.route == Route.DIRECTED))
    mixed = {name: sorted(values) for name, values in own.items() if len(values) > 1}
    if mixed:
        yield Reason(
            "GROUP_MIXED",
            "十一.4",
            facts={"mixed": mixed},
            change={"needed": "a session for each"},
            pointer="/candidates",
        )
