"""A small domain of the tests' own: counters, which ask one another, take names, and ring when something is due."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from libs.events.contracts.base import Instant, Part, Payload, Sealed, Unsealed, registry
from libs.events.deadlines import Deadline, deadlines_view
from libs.events.views import View
from libs.kernel.decisions import Aggregate, Claim, Context, Decision, SideRow
from libs.kernel.refusals import Refused, illegal_transition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from libs.events.envelope import Event
    from libs.events.views import Row


class ToyCounted(Payload):
    amount: int
    label: str = ""


class ToyNoted(Payload):
    person: str
    text: Sealed


class ToyRemark(Part):
    about: str
    words: Sealed


class ToyRemarked(Payload):
    remarks: tuple[ToyRemark, ...]
    reasons: tuple[Sealed, ...]


class ToyAsked(Payload):
    of: str
    amount: int


class ToyDueSet(Payload):
    name: str
    due: Instant | None


class ToyRang(Payload):
    name: str


PAYLOADS = (ToyCounted, ToyNoted, ToyRemarked, ToyAsked, ToyDueSet, ToyRang)


def register() -> None:
    """Let the registry know the toys; it is shared with the real contracts, so `unregister` follows."""
    for payload in PAYLOADS:
        payload.service = "toy"
        if payload.__name__ not in registry.current:
            registry.add(payload)


def unregister() -> None:
    for payload in PAYLOADS:
        registry.current.pop(payload.__name__, None)


@dataclass(frozen=True, slots=True)
class Add:
    """Count `amount`, unless the total would pass `limit`; `times` events at once."""

    amount: int = 1
    limit: int | None = None
    times: int = 1
    label: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Bring the total up to `total`; nothing to do when it is there."""

    total: int


@dataclass(frozen=True, slots=True)
class Take:
    """Take names, which one stream may hold at a time, and give back others."""

    names: tuple[str, ...] = ()
    give_back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Box:
    """Count once, and put a row beside the event."""

    table: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    person: str
    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Say something of each of these persons."""

    remarks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask another counter to count `amount`: the reaction's cause."""

    of: str
    amount: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """Count what another asked for; only a counter that has begun can."""

    amount: int


@dataclass(frozen=True, slots=True)
class SetDue:
    name: str
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Ring:
    """What a deadline commands: it rings only where it is still wanted, and only when it is due."""

    name: str


@dataclass(frozen=True, slots=True)
class Counter:
    total: int = 0
    events: int = 0
    due: tuple[tuple[str, datetime], ...] = ()


def decide(state: Counter, command: Any, context: Context) -> Decision:
    match command:
        case Add():
            if command.limit is not None and state.total + command.amount * command.times > command.limit:
                raise Refused.one("AMOUNT_MISMATCH", facts={"total": state.total, "limit": command.limit})
            counted = ToyCounted(amount=command.amount, label=command.label)
            return Decision((counted,) * command.times, reply={"total": state.total + command.amount})
        case Reach():
            missing = command.total - state.total
            events = (ToyCounted(amount=missing),) if missing > 0 else ()
            return Decision(events, reply={"missing": missing})
        case Take():
            claims = tuple(Claim("name", name) for name in command.names)
            releases = tuple(Claim("name", name) for name in command.give_back)
            return Decision((ToyCounted(amount=1),), claims=claims, releases=releases)
        case Box():
            return Decision((ToyCounted(amount=1),), rows=(SideRow(command.table, command.values),))
        case Note():
            return Decision((ToyNoted(person=command.person, text=Unsealed(command.person, command.text)),))
        case Remark():
            remarks = tuple(ToyRemark(about=person, words=Unsealed(person, words)) for person, words in command.remarks)
            reasons = tuple(Unsealed(person, f"because {words}") for person, words in command.remarks)
            return Decision((ToyRemarked(remarks=remarks, reasons=reasons),))
        case Ask():
            return Decision((ToyAsked(of=command.of, amount=command.amount),))
        case Answer():
            if state.events == 0:
                raise illegal_transition("absent", "answer", ["begun"])
            if command.amount < 0:
                raise Refused.one("AMOUNT_MISMATCH")
            return Decision((ToyCounted(amount=command.amount),))
        case _:
            return _decide_due(state, command, context)


def _decide_due(state: Counter, command: SetDue | Ring, context: Context) -> Decision:
    if isinstance(command, SetDue):
        return Decision((ToyDueSet(name=command.name, due=command.due),))
    due = dict(state.due).get(command.name)
    if due is None:
        return Decision()
    if due > context.now:
        raise Refused.one("DATE_INVALID", facts={"due": due.isoformat()})
    return Decision((ToyRang(name=command.name),))


def evolve(state: Counter, payload: Payload, event: Any) -> Counter:
    state = replace(state, events=state.events + 1)
    match payload:
        case ToyCounted():
            return replace(state, total=state.total + payload.amount)
        case ToyDueSet():
            rest = tuple(one for one in state.due if one[0] != payload.name)
            return replace(state, due=(*rest, (payload.name, payload.due)) if payload.due else rest)
        case ToyRang():
            return replace(state, due=tuple(one for one in state.due if one[0] != payload.name))
        case _:
            return state


COUNTER = Aggregate("counter", Counter(), decide, evolve)


def fold_counter(row: Row, event: Event) -> Row:
    """Fold a counter: its total, its last label, all its labels in order."""
    amount = event.data["amount"] if event.type == "ToyCounted" else 0
    label = event.data.get("label", "")
    if label == "poison":
        raise ValueError(label)
    return {
        "total": row.get("total", 0) + amount,
        "label": label or row.get("label", ""),
        "labels": [*row.get("labels", []), *([label] if label else [])],
    }


def fold_notes(row: Row, event: Event) -> Row:
    """Keep what is sealed as it is: a fold never decrypts."""
    return {"texts": [*row.get("texts", []), *([event.data["text"]] if event.type == "ToyNoted" else [])]}


_KINDS = frozenset({"counter"})
COUNTERS = View("counters", ("toy",), _KINDS, {"total": "bigint", "label": "text", "labels": "jsonb"}, fold_counter)
NOTES = View("notes", ("toy",), _KINDS, {"texts": "jsonb"}, fold_notes)


def _wanted(event: Event) -> Mapping[str, datetime | None]:
    if event.type == "ToyDueSet":
        due = event.data["due"]
        return {event.data["name"]: datetime.fromisoformat(due) if due else None}
    return {event.data["name"]: None} if event.type == "ToyRang" else {}


DUE = deadlines_view("toy", _KINDS, _wanted)
DEADLINES = [Deadline(name, COUNTER, lambda name=name: Ring(name)) for name in ("tea", "coffee", "cake")]
