"""`python -m bench [PART ...]`: print the table and write `build/bench.json`."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from bench import web
from bench.append import append
from bench.document import document
from bench.enquiry import enquiry
from bench.flow import flow
from bench.rows import Row, table
from bench.start import start
from deploy.local.stack import LocalStack

CHECKOUT = Path(__file__).resolve().parents[1]
STATE = CHECKOUT / ".local" / "bench"
PARTS: dict[str, Callable[[LocalStack], Awaitable[list[Row]]]] = {
    "append": lambda stack: append(stack.info),
    "commands": web.commands,
    "gateway": web.gateway,
    "flow": lambda stack: flow(stack.info),
    "verify": web.verify,
    "document": lambda _: document(),
    "enquiry": lambda _: enquiry(),
    "start": start,
}


async def _measure(stack: LocalStack, parts: list[str]) -> list[Row]:
    rows: list[Row] = []
    for part in parts:
        print(f"measuring {part} ...", file=sys.stderr, flush=True)
        rows += await PARTS[part](stack)
    return rows


def main(parts: list[str]) -> int:
    """Measure everything, or the parts named; give the exit status."""
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        print(f"There is no {', '.join(unknown)}; the parts are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    # A fresh stack, and nothing left of it: a run writes gigabytes.
    shutil.rmtree(STATE, ignore_errors=True)
    try:
        with LocalStack(STATE, outside=True) as stack:
            rows = uvloop.run(_measure(stack, parts or list(PARTS)))
    finally:
        shutil.rmtree(STATE, ignore_errors=True)
    file = CHECKOUT / "build" / "bench.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps([row.json() for row in rows], ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
