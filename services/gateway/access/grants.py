"""What a grant is: one way in which a caller may read resources of one kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from libs.kernel.terms import Role
from services.gateway.access.tables import (
    DISTRICT,
    ME,
    NOW,
    UNIT,
    my_applications,
    my_candidates,
    my_sessions,
    resources,
)
from services.gateway.access.viewer import Viewer

Condition = sa.ColumnElement[bool]
R: Final = resources.c

EVERYONE: Final = frozenset(Role) - {Role.SYSTEM}
PEOPLE: Final = EVERYONE - {Role.PUBLIC}
"""Whoever has a token: their own data are theirs, whatever their roles."""
EMPLOYER: Final = frozenset({Role.EMPLOYER_CLERK, Role.EMPLOYER_HEAD})
AGENCY: Final = frozenset({Role.AGENCY_OFFICER})
BUREAUS: Final = frozenset({Role.AGENCY_OFFICER, Role.DISTRICT})
DESKS: Final = EMPLOYER | BUREAUS
OFFICE: Final = frozenset({Role.CITY, Role.AUDITOR})
SEATED: Final = frozenset({Role.EXPERT, Role.CHAIR, Role.SUPERVISOR})

ALL: Final = None
"""Of members, filters or seals: every one."""
NONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Grant:
    """One line of the policy table. Of two that fit a row, the first one of its kind counts, and it alone.

    Parameters
    ----------
    name
        Of the relation, for tests and readers.
    roles
        A caller needs one of them.
    rows
        Which rows.
    members
        Which members of the document; `ALL` or some.
    opens
        Which sealed members are opened, by their own name; the others are left out.
    trims
        What is left out of the items of a list.
    filters
        Which filters may find these rows: none by what is not shown, or counts would tell it.
    inside
        Whether the offices' status is shown, or the one for everyone else.
    events
        Whether the history is shown, and `hides` which events of it are not.
    derive
        Members computed from the document for this caller.
    """

    name: str
    roles: frozenset[Role]
    rows: Condition
    members: frozenset[str] | None = ALL
    opens: frozenset[str] | None = NONE
    trims: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    filters: frozenset[str] | None = ALL
    inside: bool = True
    events: bool = True
    hides: frozenset[str] = NONE
    derive: Callable[[Mapping[str, Any], Viewer], dict[str, Any]] | None = None


def some(names: str) -> frozenset[str]:
    """Write a set of names as text."""
    return frozenset(names.split())


def shown() -> Condition:
    """Hold while the row's time on show lasts."""
    return R.shown_until > NOW


def mine() -> Condition:
    """Hold for what is the caller's own."""
    return R.person == ME


def asked() -> Condition:
    """Hold where the caller, or the caller's seat, is one of the parties."""
    return R.parties.has_key(ME)


# By a LIMIT asked row by row: an office has more files than a page has rows, and an EXISTS would hash them all.
def on_desk() -> Condition:
    """Hold for what belongs to an application that the caller's office or unit has."""
    return _one(my_applications.c.application == R.application)


def applicant_on_desk() -> Condition:
    """Hold for the persons whose applications the caller's office has."""
    return _one(my_applications.c.person == R.person)


def _one(found: Condition) -> Condition:
    return sa.select(sa.true()).where(found).limit(1).scalar_subquery().correlate(resources)


# Asked once, as an array that an index can be searched with: what one person sits over is little.
def candidate() -> Condition:
    """Hold for the applications that the caller may judge or watch over."""
    return R.application == _one_of(sa.select(my_candidates.c.application))


def in_held_session() -> Condition:
    """Hold for what belongs to a session of the caller's agency."""
    return R.session == _one_of(sa.select(my_sessions.c.session).where(my_sessions.c.held))


def in_own_session(*, supervised: bool) -> Condition:
    """Hold for what belongs to a session that the caller supervises, or sits in."""
    part = my_sessions.c.supervised if supervised else my_sessions.c.parties.has_key(ME)
    return R.session == _one_of(sa.select(my_sessions.c.session).where(part))


def _one_of(found: sa.Select[tuple[str]]) -> sa.ColumnElement[Any]:
    return sa.any_(sa.func.array(found.scalar_subquery(), type_=ARRAY(sa.Text)))


def unit_is(column: sa.ColumnElement[str | None], reach: int = 0) -> Condition:
    """Hold where a column is the caller's unit, and the file has come that far."""
    return sa.and_(column == UNIT, R.reach >= reach)


def district_is(reach: int) -> Condition:
    """Hold in the caller's district, where the file has come that far."""
    return sa.and_(R.district == DISTRICT, R.reach >= reach)


def office(**more: Any) -> Grant:
    """Let the city and the auditor read everything, ID numbers masked like everyone."""
    return Grant("office", OFFICE, sa.true(), opens=ALL, **more)


def own(**more: Any) -> Grant:
    """Let people read what is theirs."""
    return Grant("own", PEOPLE, mine(), **more)
