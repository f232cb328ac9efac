"""Where a person works and worked, and which degrees were stated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import EducationRecorded, EmploymentEnded, EmploymentStarted
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Context, Decision
from libs.kernel.identity import name_reasons
from libs.kernel.refusals import Reason, Refused, refuse_all
from libs.kernel.terms import Degree
from services.intake.domain.person.state import Handler, State


@dataclass(frozen=True, slots=True)
class StartEmployment:
    """The person works for an employer; `employer_known` says that such an employer is registered."""

    employer: str
    specialty: str
    since: date
    employer_known: bool


@dataclass(frozen=True, slots=True)
class EndEmployment:
    """The employment is over; `until` is its last day."""

    employer: str
    until: date


@dataclass(frozen=True, slots=True)
class RecordEducation:
    """A degree as the person states it."""

    degree: Degree
    major: str
    specialty: str
    enrolled_on: date
    graduated_on: date
    full_time: bool
    certificate_no: str


def _start(state: State, command: StartEmployment, context: Context) -> Decision:
    found: list[Reason] = []
    if not command.employer_known:
        found.append(Reason("NOT_FOUND", "附六.1", {"employer": command.employer}, pointer="/employer"))
    if command.employer in state.working:
        facts = {"employer": command.employer, "since": state.working[command.employer].isoformat()}
        found.append(Reason("ILLEGAL_TRANSITION", "附六.1", facts, {"command": "end_employment"}))
    found.extend(not_future(command.since, context, "/since"))
    refuse_all(found)
    event = EmploymentStarted(employer=command.employer, specialty=command.specialty, since=command.since)
    return Decision((event,))


def _end(state: State, command: EndEmployment, context: Context) -> Decision:
    since = state.working.get(command.employer)
    if since is None:
        raise Refused.one("NO_EMPLOYMENT", "附六.1", facts={"employer": command.employer}, pointer="/employer")
    refuse_all([*ordered(since, command.until, "/until"), *not_future(command.until, context, "/until")])
    return Decision((EmploymentEnded(employer=command.employer, until=command.until),))


def _educate(state: State, command: RecordEducation, context: Context) -> Decision:
    found = [
        *name_reasons(command.major, "/major"),
        *name_reasons(command.certificate_no, "/certificate_no"),
        *ordered(command.enrolled_on, command.graduated_on, "/graduated_on"),
        *not_future(command.graduated_on, context, "/graduated_on"),
    ]
    if (command.degree, command.graduated_on) in state.educations:
        facts = {"degree": command.degree.value, "graduated_on": command.graduated_on.isoformat()}
        found.append(Reason("ILLEGAL_TRANSITION", "说一", {**facts, "recorded": True}))
    refuse_all(found)
    event = EducationRecorded(
        degree=command.degree,
        major=command.major,
        specialty=command.specialty,
        enrolled_on=command.enrolled_on,
        graduated_on=command.graduated_on,
        full_time=command.full_time,
        certificate_no=Unsealed(state.identity, command.certificate_no),
    )
    return Decision((event,))


def not_future(day: date, context: Context, pointer: str) -> Iterator[Reason]:
    """Refuse a day that lies ahead."""
    today = beijing_date(context.now)
    if day > today:
        yield Reason("DATE_INVALID", "", {"date": day.isoformat(), "today": today.isoformat()}, pointer=pointer)


def ordered(first: date, last: date, pointer: str) -> Iterator[Reason]:
    """Refuse a last day that lies before the first."""
    if last < first:
        yield Reason("DATE_INVALID", "", {"from": first.isoformat(), "to": last.isoformat()}, pointer=pointer)


HANDLERS: Final[Mapping[type, Handler]] = {
    StartEmployment: _start,
    EndEmployment: _end,
    RecordEducation: _educate,
}
