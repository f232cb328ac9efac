"""A person's state, and how the person's events make it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from libs.events.contracts.intake import (
    EducationRecorded,
    EmploymentEnded,
    EmploymentStarted,
    PersonRegistered,
    SubjectErased,
)
from libs.kernel.decisions import Context, Decision
from libs.kernel.terms import Degree


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


Handler = Callable[[State, Any, Context], Decision]


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
