"""Given events, when a command, then events or a refusal: folds and decides without any infrastructure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from libs.kernel.decisions import Actor, Aggregate, Context, Decision
from libs.kernel.refusals import Reason, Refused

NOW = datetime(2025, 3, 3, 1, 0, tzinfo=UTC)
"""A Monday, 09:00 in Beijing."""
SYSTEM = Actor(id="system", role="system")


def uid(name: str) -> str:
    """Give the same UUID text for the same name, so that tests read by name."""
    return str(uuid5(NAMESPACE_URL, name))


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes of an event that a fold may read."""

    stream: str
    version: int
    time: datetime
    id: str
    actor_id: str
    actor_role: str
    actor_unit: str


@dataclass(slots=True)
class Outcome:
    """What came of a command: a decision, or a refusal."""

    decision: Decision | None
    refusal: Refused | None

    def then(self, *expected: Any) -> Self:
        """Expect these events, each a payload (compared whole) or a payload type, and no others."""
        events = self.events
        assert len(events) == len(expected), [type(one).__name__ for one in events]
        found: list[Any] = [
            type(event) if isinstance(want, type) else event for event, want in zip(events, expected, strict=True)
        ]
        assert found == list(expected)
        return self

    def refused(self, *codes: str) -> tuple[Reason, ...]:
        """Expect a refusal with exactly these codes, in any order; give its reasons."""
        assert self.refusal is not None, f"not refused: {self.decision}"
        assert sorted(reason.code for reason in self.refusal.reasons) == sorted(codes)
        return self.refusal.reasons

    @property
    def events(self) -> tuple[Any, ...]:
        """The events of a command that was not refused."""
        self.accepted()
        assert self.decision is not None
        return self.decision.events

    def repeats(self, again: Refused) -> Self:
        """Expect that a command repeated against the same state got the same answer (invariant 14)."""
        assert self.refusal is not None
        assert again.reasons == self.refusal.reasons
        return self

    def accepted(self) -> Self:
        """Expect that the command was not refused."""
        assert self.refusal is None, [(one.code, dict(one.facts)) for one in self.refusal.reasons]
        return self


@dataclass(slots=True)
class Story:
    """One stream in a test: its state, and the commands sent to it so far."""

    aggregate: Aggregate
    identity: str
    state: Any
    events: list[Any] = field(default_factory=list[Any])
    times: list[datetime] = field(default_factory=list[datetime])
    commands: int = 0
    actor: Actor = SYSTEM
    now: datetime = NOW

    def fold(self, *payloads: Any) -> Self:
        """Let events have happened."""
        for payload in payloads:
            self.events.append(payload)
            self.times.append(self.now)
            version = len(self.events)
            envelope = Envelope(
                self.aggregate.stream(self.identity),
                version,
                self.now,
                uid(f"{self.identity}/{version}"),
                self.actor.id,
                self.actor.role,
                self.actor.unit,
            )
            self.state = self.aggregate.evolve(self.state, payload, envelope)
        return self

    def when(self, command: Any, actor: Actor | None = None, now: datetime | None = None) -> Outcome:
        """Send a command; nothing is folded. A refusal must leave the state as it was and repeat itself."""
        self.commands += 1
        context = Context(
            now=now or self.now,
            actor=actor or SYSTEM,
            command_id=uuid5(UUID(self.identity), f"command-{self.commands}"),
        )
        outcome = self._decided(command, context)
        if outcome.refusal is not None:
            again = self._decided(command, context).refusal
            assert again is not None, "a refused command was accepted the second time (invariant 14)"
            assert again.reasons == outcome.refusal.reasons, "a repeated command got another answer (invariant 14)"
        return outcome

    def _decided(self, command: Any, context: Context) -> Outcome:
        try:
            self.aggregate.admit(self.state, context.actor)
            return Outcome(self.aggregate.decide(self.state, command, context), None)
        except Refused as refusal:
            return Outcome(None, refusal)

    def go(self, command: Any, actor: Actor | None = None, now: datetime | None = None) -> Self:
        """Send a command that must not be refused, and fold its events."""
        self.now = now or self.now
        self.actor = actor or SYSTEM
        return self.fold(*self.when(command, self.actor).events)

    def branch(self) -> Story:
        """Give a copy to go another way."""
        return replace(self, events=list(self.events), times=list(self.times))


def given(aggregate: Aggregate, *payloads: Any, identity: str = uid("it")) -> Story:
    """Start a stream in which these events have happened."""
    return Story(aggregate, identity, aggregate.initial).fold(*payloads)
