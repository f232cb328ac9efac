"""The one view: a row a stream, of any kind, found by its columns and shown from its document.

A view ignores what it does not know: an event of a type that this code has never heard of moves a stream's
version on and changes nothing else, and the chain is checked all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from libs.events.contracts import registry
from libs.events.contracts.base import Payload
from libs.events.contracts.gateway import ClientRegistered
from libs.events.envelope import Event
from libs.events.views import Row, View
from services.gateway.views import bodies, filing, history, integrity, people, results, rules, sessions, titles
from services.gateway.views.rows import OWNER, change, said

Fold = Callable[[Row, Payload, Event], Row]


def _client(row: Row, payload: Payload, event: Event) -> Row:  # noqa: ARG001 - one shape for all
    match payload:
        case ClientRegistered():
            return change(row, said(payload), status="registered", label=payload.client_id)
        case _:
            return row


FOLDS: Final[dict[str, Fold]] = {
    "person": people.person,
    "employer": people.employer,
    "ruleset": rules.ruleset,
    "campaign": rules.campaign,
    "application": filing.application,
    "payment": rules.payment,
    "agency": bodies.agency,
    "committee": bodies.committee,
    "expert": bodies.expert,
    "endorsement": results.endorsement,
    "session": sessions.session,
    "ballot": sessions.ballot,
    "notice": results.notice,
    "title": titles.title,
    "certificate": titles.certificate,
    "case": integrity.case,
    "ban": integrity.ban,
    "record": integrity.record,
    "client": _client,
}

COLUMNS: Final = {
    "kind": "text",
    "status": "text",
    "shown": "text",
    "label": "text",
    "person": "text",
    "employer": "text",
    "agency": "text",
    "district": "text",
    "campaign": "text",
    "application": "text",
    "session": "text",
    "title": "text",
    "series": "text",
    "level": "text",
    "year": "integer",
    "reach": "smallint",
    "parties": "jsonb",
    "shown_until": "timestamptz",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
    "doc": "jsonb",
}


def fold(row: Row, event: Event) -> Row:
    """Fold one event into its stream's row; raises for a known type that cannot be read, which is poison."""
    begun = row or {"kind": event.kind, "created_at": event.time, "reach": OWNER, "parties": [], "doc": {}}
    moved = {**begun, "updated_at": event.time}
    if event.type not in registry.current:
        return moved
    return FOLDS[event.kind](moved, event.payload, event)


RESOURCES = View(
    name="resources",
    services=("intake", "review", "certificate", "integrity", "gateway"),
    kinds=frozenset(FOLDS),
    columns=COLUMNS,
    fold=fold,
    effects=history.append,
    beside=("history",),
)
VIEWS = (RESOURCES,)
