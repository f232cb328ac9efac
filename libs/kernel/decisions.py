"""The shape of every domain: initial state, `decide`, `evolve`. Pure; time and actor are passed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a pseudonymous id, the role used for this act, and the relations that the policy compares."""

    id: str
    role: str
    unit: str = ""
    district: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What the shell knows at the moment of a decision. `now` is domain time, UTC, aware."""

    now: datetime
    actor: Actor
    command_id: UUID

    def new_id(self, what: str) -> UUID:
        """Give an id that is new to the world and the same whenever this command is decided again."""
        return uuid5(self.command_id, what)


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """A value that may be held by one stream at a time, across all streams of a service."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SideRow:
    """A row that is committed with the events but is no event, such as a sealed ballot in its box.

    `table` names one of the side tables that the service declared to the store.
    """

    table: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command causes, all of it or nothing.

    `events` are payloads of `libs.events.contracts`; `reply` holds ids and links for the caller, never
    personal data; `ruleset` is the one rule set that decided, empty where none did.
    """

    events: tuple[Any, ...] = ()
    claims: tuple[Claim, ...] = ()
    releases: tuple[Claim, ...] = ()
    rows: tuple[SideRow, ...] = ()
    reply: Mapping[str, Any] = field(default_factory=dict[str, Any])
    ruleset: str = ""


def anyone(_state: Any, _actor: Actor) -> None:
    """Admit whoever asks: `decide` alone says who may."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One kind of stream and its three functions.

    `kind` is the stream's prefix: the stream of application U is `application-U`. `decide(state, command,
    context)` returns a `Decision` or raises `Refused`; `evolve(state, payload, event)` folds one payload,
    `event` being its envelope. `admit(state, actor)` refuses whom nothing may be told, not even that the
    version is stale: it comes before every other comparison.
    """

    kind: str
    initial: Any
    decide: Callable[[Any, Any, Context], Decision]
    evolve: Callable[[Any, Any, Any], Any]
    admit: Callable[[Any, Actor], None] = anyone

    def stream(self, identity: UUID | str) -> str:
        """Name the stream of one instance."""
        return f"{self.kind}-{identity}"
