"""The tables and views that queries read, and the parameters of the caller."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

_META = sa.MetaData()
_INSTANT = sa.DateTime(timezone=True)

resources: Final = sa.Table(
    "resources",
    _META,
    sa.Column("stream", sa.Text),
    sa.Column("version", sa.BigInteger),
    sa.Column("hash", sa.LargeBinary),
    *(
        sa.Column(name, sa.Text)
        for name in (
            "kind",
            "status",
            "shown",
            "label",
            "person",
            "employer",
            "agency",
            "district",
            "campaign",
            "application",
            "session",
            "title",
            "series",
            "level",
        )
    ),
    sa.Column("year", sa.Integer),
    sa.Column("reach", sa.SmallInteger),
    sa.Column("parties", JSONB),
    *(sa.Column(name, _INSTANT) for name in ("shown_until", "created_at", "updated_at")),
    sa.Column("doc", JSONB),
)
history: Final = sa.Table(
    "history",
    _META,
    sa.Column("stream", sa.Text),
    sa.Column("version", sa.BigInteger),
    sa.Column("id", sa.Uuid),
    *(sa.Column(name, sa.Text) for name in ("type", "service", "role", "actor", "clauses", "ruleset")),
    *(sa.Column(name, _INSTANT) for name in ("time", "recorded")),
    *(sa.Column(name, sa.LargeBinary) for name in ("hash", "prevhash")),
    *(sa.Column(name, sa.BigInteger) for name in ("tick", "seq")),
)
my_applications: Final = sa.table("my_applications", sa.column("application", sa.Text), sa.column("person", sa.Text))
case_streams: Final = sa.table("case_streams", sa.column("application", sa.Text), sa.column("stream", sa.Text))
my_candidates: Final = sa.table("my_candidates", sa.column("application", sa.Text))
my_sessions: Final = sa.table(
    "my_sessions",
    sa.column("session", sa.Text),
    sa.column("held", sa.Boolean),
    sa.column("parties", JSONB),
    sa.column("supervised", sa.Boolean),
)

ME: Final = sa.bindparam("viewer_person", type_=sa.Text)
UNIT: Final = sa.bindparam("viewer_unit", type_=sa.Text)
DISTRICT: Final = sa.bindparam("viewer_district", type_=sa.Text)
NOW: Final = sa.bindparam("viewer_now", type_=_INSTANT)
