"""Reading the golden streams, and folding them with today's code."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path

import services
from libs.events.envelope import GENESIS, Event
from libs.kernel.decisions import Aggregate

FOLDER = Path(__file__).parent


def files() -> list[Path]:
    """Give every golden stream."""
    return sorted(FOLDER.glob("*/*.jsonl"))


def events_in(file: Path) -> list[Event]:
    """Read a golden stream."""
    return [Event(line) for line in file.read_bytes().splitlines()]


@cache
def aggregates() -> dict[str, Aggregate]:
    """Give every kind of stream that a service has, by name."""
    found: dict[str, Aggregate] = {}
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if ".domain." in module.name:
            members = vars(importlib.import_module(module.name)).values()
            found |= {member.kind: member for member in members if isinstance(member, Aggregate)}
    return found


def fault(file: Path) -> str:
    """Say why today's code does not read and fold a golden stream; nothing when it does."""
    try:
        events = events_in(file)
        aggregate = aggregates()[events[0].stream.partition("-")[0]]
        state, chain = aggregate.initial, GENESIS
        for number, event in enumerate(events, 1):
            if (event.version, event.prev_hash) != (number, chain):
                return f"{event.type} does not follow the record before it"
            state, chain = aggregate.evolve(state, event.payload, event), event.hash
    except Exception as error:  # noqa: BLE001 - whatever keeps it from being read is what is asked for
        return repr(error)
    name, version, _ = file.name.split(".")
    if (events[-1].type, events[-1].schema_version) != (name, int(version)):
        return f"it ends with {events[-1].type} version {events[-1].schema_version}"
    return ""
