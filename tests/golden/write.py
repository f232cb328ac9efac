"""Write the golden streams that are missing: the shortest stream of `tests/domain` that ends with each payload type.

What was released is never touched. What was not, and can no longer be read, is written anew.
"""

from __future__ import annotations

import hashlib
import itertools
import sys
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from uuid import NAMESPACE_URL, uuid5

import pytest

from libs.events import schemas
from libs.events.contracts import registry
from libs.events.envelope import GENESIS, Cause, write
from libs.events.sealing import EventSealer
from tests.domain.harness import Story
from tests.golden.read import FOLDER, fault, files

if TYPE_CHECKING:
    from pathlib import Path

Seen = dict[str, tuple[Any, ...]]
"""By payload type: the shortest stream that ends with it, with what is needed to write it."""


class _Keys(dict[str, bytes]):
    """A fixed key for every person."""

    def __missing__(self, person: str) -> bytes:
        return hashlib.sha256(person.encode()).digest()


def collect() -> Seen:
    """Run the domain's tests and listen to their stories."""
    seen: Seen = {}
    when = Story.when

    def listen(story: Story, *arguments: Any, **more: Any) -> Any:
        outcome = when(story, *arguments, **more)
        if outcome.decision is not None:
            told = list(story.events)
            for event in outcome.decision.events:
                told.append(event)
                name = type(event).__name__
                if name not in seen or len(told) < len(seen[name][1]):
                    seen[name] = (story.aggregate.stream(story.identity), tuple(told), story.now, story.actor)
        return outcome

    with patch.object(Story, "when", listen):
        code = pytest.main(
            [
                "-q",
                "-p",
                "no:cacheprovider",
                "--no-header",
                "tests/domain",
                "--deselect",
                "tests/domain/test_golden_events.py",
            ]
        )
    if code:
        sys.exit("the domain's tests fail: mend them first")
    return seen


def record(name: str, stream: str, payloads: tuple[Any, ...], now: Any, actor: Any) -> bytes:
    """Write a stream as the spine does, with identities and keys that do not change from one run to the next."""
    numbers = itertools.count(1)

    def fixed(*_: Any) -> str:
        return str(uuid5(NAMESPACE_URL, f"golden/{name}/{next(numbers)}"))

    lines: list[bytes] = []
    chain = GENESIS
    with patch("libs.events.envelope.new_id", fixed), patch("libs.events.sealing.os.urandom", bytes):
        for version, payload in enumerate(payloads, 1):
            event = write(
                payload,
                stream=stream,
                version=version,
                time=now,
                recorded=now,
                prev_hash=chain,
                cause=Cause(fixed(), actor.id, str(actor.role), actor.unit, fixed(), fixed(), ""),
                ruleset="",
                sealer=lambda event_id: EventSealer(event_id, _Keys()),
            )
            lines.append(event.record)
            chain = event.hash
    return b"\n".join(lines) + b"\n"


def path_of(name: str) -> Path:
    """Give the file of a payload type's current version."""
    model = registry.current[name]
    return FOLDER / model.service / f"{name}.{model.version}.jsonl"


def main() -> int:
    """Add what is missing; exit code 1 when a payload type never happens in the domain's tests."""
    released = schemas.released()
    kept = {file for file in files() if schemas.key_of(file, FOLDER) in released or not fault(file)}
    wanted = {name for name in registry.current if path_of(name) not in kept}
    seen = collect() if wanted else {}
    for name in sorted(wanted & seen.keys()):
        path = path_of(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(record(name, *seen[name]))
        sys.stdout.write(f"wrote {path.relative_to(FOLDER)}\n")
    never = sorted(wanted - seen.keys())
    sys.stdout.writelines(f"{name} never happens in tests/domain\n" for name in never)
    return 1 if never else 0


if __name__ == "__main__":
    sys.exit(main())
