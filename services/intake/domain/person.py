"""A natural person: who it is, where the person works and worked, which degrees were stated, and erasure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import (
    EducationRecorded,
    EmploymentEnded,
    EmploymentStarted,
    PersonRegistered,
    SubjectErased,
)
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Aggregate, Claim, Context, Decision
from libs.kernel.identity import birth_date, name_reasons, resident_number
from libs.kernel.refusals import Reason, Refused, illegal_transition, refuse_all
from libs.kernel.terms import Degree

RESIDENT_ID: Final = "resident_id"
ORGANISATION_ID: Final = "unified_social_credit_code"
PHONE: Final = re.compile(r"\+?[0-9]{6,15}")
CLAIM_CODES: Final = {"person": "POSSIBLE_DUPLICATE_PERSON"}
"""The refusal that a taken claim means."""


@dataclass(frozen=True, slots=True)
class RegisterPerson:
    """Make a person known; `blind_index` is the keyed hash of the ID number, in hexadecimal, by the shell."""

    person: str
    name: str
    id_kind: str
    id_number: str
    phone: str
    blind_index: str


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


@dataclass(frozen=True, slots=True)
class Erase:
    """Destroy the person's key; facts: what must be kept, the blind index to free, and who holds it.

    `retained` names what stands: `application`, `title`, `ban`, `record`, `case`. `holder` is the person whose
    ID number the blind index stands for; empty when it is nobody's.
    """

    reason: str
    retained: frozenset[str]
    blind_index: str
    holder: str


@dataclass(frozen=True, slots=True)
class Spell:
    """Work for one employer; `until` None means: still."""

    employer: str
    specialty: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What decisions need of a person; personal values stay sealed and are never opened here."""

    identity: str = ""
    name: str = ""
    id_number: str = ""
    erased: bool = False
    spells: tuple[Spell, ...] = ()
    degrees: tuple[EducationRecorded, ...] = ()
    working: Mapping[str, date] = field(default_factory=dict[str, date])
    """The employments that go on: employer and first day."""
    educations: frozenset[tuple[Degree, date]] = frozenset()


def _register(state: State, command: RegisterPerson, context: Context) -> Decision:
    if state.identity:
        raise illegal_transition("REGISTERED", "register_person", ["NONE"])
    found = list(name_reasons(command.name))
    if not PHONE.fullmatch(command.phone):
        found.append(Reason("SCHEMA_INVALID", "附四", {"failing": "phone"}, pointer="/phone"))
    born, number = date.min, ""
    if command.id_kind == ORGANISATION_ID:
        found.append(Reason("NOT_NATURAL_PERSON", "附四", {"id_kind": command.id_kind}, pointer="/id_kind"))
    elif command.id_kind != RESIDENT_ID:
        facts = {"id_kind": command.id_kind}
        found.append(Reason("SCHEMA_INVALID", "附四", facts, {"id_kinds": [RESIDENT_ID]}, "/id_kind"))
    else:
        try:
            number = resident_number(command.id_number)
            born = birth_date(number)
        except Refused as refused:
            found.extend(refused.reasons)
        if born > beijing_date(context.now):
            found.append(Reason("ID_INVALID", "附四", {"failing": "birth_date"}, pointer="/id_number"))
    refuse_all(found)
    event = PersonRegistered(
        name=Unsealed(command.person, command.name.strip()),
        id_kind=command.id_kind,
        id_number=Unsealed(command.person, number),
        birth_date=Unsealed(command.person, born.isoformat()),
        phone=Unsealed(command.person, command.phone),
    )
    return Decision((event,), claims=(Claim("person", command.blind_index),))


def _start(state: State, command: StartEmployment, context: Context) -> Decision:
    found: list[Reason] = []
    if not command.employer_known:
        found.append(Reason("NOT_FOUND", "附六.1", {"employer": command.employer}, pointer="/employer"))
    if command.employer in state.working:
        facts = {"employer": command.employer, "since": state.working[command.employer].isoformat()}
        found.append(Reason("ILLEGAL_TRANSITION", "附六.1", facts, {"command": "end_employment"}))
    found.extend(_not_future(command.since, context, "/since"))
    refuse_all(found)
    event = EmploymentStarted(employer=command.employer, specialty=command.specialty, since=command.since)
    return Decision((event,))


def _not_future(day: date, context: Context, pointer: str) -> Iterator[Reason]:
    today = beijing_date(context.now)
    if day > today:
        yield Reason("DATE_INVALID", "", {"date": day.isoformat(), "today": today.isoformat()}, pointer=pointer)


def _ordered(first: date, last: date, pointer: str) -> Iterator[Reason]:
    if last < first:
        yield Reason("DATE_INVALID", "", {"from": first.isoformat(), "to": last.isoformat()}, pointer=pointer)


def _end(state: State, command: EndEmployment, context: Context) -> Decision:
    since = state.working.get(command.employer)
    if since is None:
        raise Refused.one("NO_EMPLOYMENT", "附六.1", facts={"employer": command.employer}, pointer="/employer")
    refuse_all([*_ordered(since, command.until, "/until"), *_not_future(command.until, context, "/until")])
    return Decision((EmploymentEnded(employer=command.employer, until=command.until),))


def _educate(state: State, command: RecordEducation, context: Context) -> Decision:
    found = [
        *name_reasons(command.major, "/major"),
        *name_reasons(command.certificate_no, "/certificate_no"),
        *_ordered(command.enrolled_on, command.graduated_on, "/graduated_on"),
        *_not_future(command.graduated_on, context, "/graduated_on"),
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


def _erase(state: State, command: Erase, _context: Context) -> Decision:
    found: list[Reason] = []
    if command.retained:
        facts = {"standing": sorted(command.retained)}
        found.append(Reason("RETENTION_REQUIRED", "个人信息保护法 第19、47条", facts, {"instead": "freeze access"}))
    if not command.reason.strip():
        found.append(Reason("GROUND_REQUIRED", "个人信息保护法 第47条", pointer="/reason"))
    if command.holder != state.identity:
        # Freed is what was typed: a slip would keep this person's number taken for ever, and free another's.
        found.append(Reason("ID_INVALID", "附四", {"of": "another or nobody"}, pointer="/id_number"))
    refuse_all(found)
    return Decision(
        (SubjectErased(reason=Unsealed(state.identity, command.reason)),),
        releases=(Claim("person", command.blind_index),),
    )


def decide(state: State, command: Any, context: Context) -> Decision:
    """Decide one command about a person."""
    if isinstance(command, RegisterPerson):
        return _register(state, command, context)
    if not state.identity:
        raise Refused.one("NOT_FOUND", "附四")
    if state.erased:
        raise illegal_transition("ERASED", type(command).__name__, ["REGISTERED"])
    match command:
        case StartEmployment():
            return _start(state, command, context)
        case EndEmployment():
            return _end(state, command, context)
        case RecordEducation():
            return _educate(state, command, context)
        case Erase():
            return _erase(state, command, context)
        case _:
            raise TypeError(command)


def evolve(state: State, payload: Any, event: Any) -> State:
    """Fold one payload."""
    match payload:
        case PersonRegistered():
            identity = str(event.stream).removeprefix("person-")
            return State(identity=identity, name=payload.name, id_number=payload.id_number)
        case EmploymentStarted():
            begun = Spell(payload.employer, payload.specialty, payload.since)
            working = {**state.working, payload.employer: payload.since}
            return replace(state, working=working, spells=(*state.spells, begun))
        case EmploymentEnded():
            return replace(
                state,
                working={k: v for k, v in state.working.items() if k != payload.employer},
                spells=tuple(
                    replace(one, until=payload.until) if one.employer == payload.employer and not one.until else one
                    for one in state.spells
                ),
            )
        case EducationRecorded():
            return replace(
                state,
                educations=state.educations | {(payload.degree, payload.graduated_on)},
                degrees=(*state.degrees, payload),
            )
        case SubjectErased():
            return replace(state, erased=True)
        case _:
            return state


PERSON: Final = Aggregate("person", State(), decide, evolve)
