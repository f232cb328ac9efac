"""The statements: who sees which rows, filtered, a page at a time. Built once for each shape, then kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from libs.kernel.refusals import Refused
from libs.kernel.terms import Level, Role
from services.gateway.access.grants import Condition, Grant, R
from services.gateway.access.kinds import KINDS, Kind
from services.gateway.access.tables import case_streams, history, resources
from services.gateway.access.viewer import Viewer

_DIALECT: Final = dialect()
_YEARS: Final = range(1900, 3000)
_LONGEST: Final = 100
H: Final = history.c


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its parameters by name, in the order of their numbers.

    `anew` has it planned for the values of each call: how many rows a caller has decides how a list is best read.
    """

    text: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]
    anew: bool = False

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Give the arguments in order."""
        return [values[name] if name in values else self.fixed[name] for name in self.names]


def _compiled(statement: sa.Select[Any], *, anew: bool = False) -> Statement:
    compiled: Any = statement.compile(dialect=_DIALECT)
    fixed = {name: bind.effective_value for name, bind in compiled.binds.items()}
    return Statement(str(compiled), tuple(compiled.positiontup), fixed, anew)


def _identity(text: str) -> str:
    return str(UUID(text))


def _word(text: str) -> str:
    if not 0 < len(text) <= _LONGEST or not text.isprintable():
        raise ValueError(text)
    return text


def _year(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text[:5]) not in _YEARS:
        raise ValueError(text)
    return int(text)


@dataclass(frozen=True, slots=True)
class Filter:
    """One query key: how its value is read, and which rows it finds."""

    parse: Callable[[str], Any]
    rows: Callable[[sa.BindParameter[Any], Grant], Condition]


def _column(name: str, parse: Callable[[str], Any]) -> Filter:
    return Filter(parse, lambda value, _: R[name] == value)


FILTERS: Final[Mapping[str, Filter]] = {
    # By what the caller sees: the status inside the offices would tell others how a vote went.
    "status": Filter(_word, lambda value, grant: (R.status if grant.inside else R.shown) == value),
    **{
        name: _column(name, _identity)
        for name in ("person", "employer", "agency", "campaign", "application", "session", "title")
    },
    "case": Filter(_identity, lambda value, _: R.doc["case"].astext == value),
    "unit": Filter(_identity, lambda value, _: R.doc["unit"].astext == value),
    "series": _column("series", _word),
    "district": _column("district", _word),
    "level": _column("level", Level),
    "year": _column("year", _year),
    "name": Filter(_word, lambda value, _: sa.func.strpos(R.label, value) > 0),
}


def grants_of(kind: Kind, viewer: Viewer) -> tuple[Grant, ...]:
    """Give the lines of the policy table that a caller's roles open.

    Raises
    ------
    Refused
        UNAUTHENTICATED for the public, FORBIDDEN_ACTOR for everyone else, where there is none.
    """
    found = tuple(grant for grant in kind.grants if grant.roles & viewer.roles)
    if found:
        return found
    if viewer.roles == frozenset({Role.PUBLIC.value}):
        raise Refused.one("UNAUTHENTICATED", change={"header": "Authorization"})
    needed = sorted({role.value for grant in kind.grants for role in grant.roles})
    raise Refused.one("FORBIDDEN_ACTOR", "§7", facts={"roles": sorted(viewer.roles)}, change={"allowed": needed})


def _each_alone(grants: Iterable[Grant]) -> list[tuple[Grant, Condition]]:
    """Give each grant with the rows for which it is the first that fits."""
    found: list[tuple[Grant, Condition]] = []
    for grant in grants:
        earlier = (sa.not_(sa.func.coalesce(one.rows, sa.false())) for one, _ in found)
        found.append((grant, sa.and_(grant.rows, *earlier)))
    return found


def _columns(kind: Kind, grants: list[tuple[Grant, Condition]]) -> list[sa.ColumnElement[Any]]:
    which = sa.case(*((rows, kind.grants.index(grant)) for grant, rows in grants)).label("grant")
    shown = ("stream", "version", "hash", "status", "shown", "person", "employer", "agency", "parties")
    return [*(R[name] for name in shown), R.created_at, R.updated_at, R.doc, which]


@lru_cache(maxsize=4096)
def item(kind: Kind, grants: tuple[Grant, ...]) -> Statement:
    """Find one resource, by the parameter `stream`."""
    alone = _each_alone(grants)
    return _compiled(
        sa.select(*_columns(kind, alone)).where(
            R.stream == sa.bindparam("stream", type_=sa.Text), sa.or_(*(rows for _, rows in alone))
        )
    )


@lru_cache(maxsize=4096)
def listing(kind: Kind, grants: tuple[Grant, ...], filters: frozenset[str], forward: bool | None) -> Statement:  # noqa: FBT001 - a key of the cache
    """Find a page of a collection, newest first, or oldest first going back.

    The parameters are `size`, the filters', and from a cursor on (`forward` is not None) `at` and `after`.
    """
    alone = _each_alone(grants)
    open_to_filters = [
        sa.and_(rows, *(FILTERS[name].rows(sa.bindparam(f"by_{name}"), grant) for name in sorted(filters)))
        for grant, rows in alone
        if grant.filters is None or filters <= grant.filters
    ]
    statement = sa.select(*_columns(kind, alone)).where(R.kind == kind.name, sa.or_(sa.false(), *open_to_filters))
    place = sa.tuple_(R.created_at, R.stream)
    if forward is not None:
        limit = sa.tuple_(sa.bindparam("at", type_=sa.DateTime(timezone=True)), sa.bindparam("after", type_=sa.Text))
        statement = statement.where(place < limit if forward else place > limit)
    ordered = (R.created_at, R.stream) if forward is False else (R.created_at.desc(), R.stream.desc())
    return _compiled(statement.order_by(*ordered).limit(sa.bindparam("size", type_=sa.BigInteger)), anew=True)


@lru_cache(maxsize=1024)
def feed(roles: frozenset[str], filters: frozenset[str]) -> Statement:
    """Find the next events of what a caller may see, in the order of the feed.

    The parameters are `tick` and `seq` (the place), `gate`, `size`, and those of the filters: `stream`,
    `application` (with all that belongs to it), `kind`, `type`.
    """
    seen = [
        sa.and_(R.kind == kind.name, rows, *(H.type != hidden for hidden in sorted(grant.hides)))
        for kind in KINDS.values()
        # A grant without events takes none away from another that has them.
        for grant, rows in _each_alone(grant for grant in kind.grants if grant.roles & roles and grant.events)
    ]
    conditions: dict[str, Condition] = {
        "stream": H.stream == sa.bindparam("by_stream", type_=sa.Text),
        "application": H.stream.in_(
            sa.select(case_streams.c.stream).where(
                case_streams.c.application == sa.bindparam("by_application", type_=sa.Text)
            )
        ),
        "kind": R.kind == sa.bindparam("by_kind", type_=sa.Text),
        "type": H.type == sa.bindparam("by_type", type_=sa.Text),
    }
    place = sa.tuple_(sa.bindparam("tick", type_=sa.BigInteger), sa.bindparam("seq", type_=sa.BigInteger))
    return _compiled(
        sa.select(history)
        .join(resources, R.stream == H.stream)
        .where(
            sa.tuple_(H.tick, H.seq) > place,
            H.tick < sa.bindparam("gate", type_=sa.BigInteger),
            sa.or_(sa.false(), *seen),
            *(conditions[name] for name in sorted(filters)),
        )
        .order_by(H.tick, H.seq)
        .limit(sa.bindparam("size", type_=sa.BigInteger))
    )
