"""`python -m bench`: print the table and write `build/bench.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import uvloop

from bench import spine
from bench.rows import Row
from deploy.local.stack import LocalStack

CHECKOUT = Path(__file__).resolve().parents[1]


async def _measure(stack: LocalStack, only: set[str]) -> list[Row]:
    rows: list[Row] = []
    if not only or "append" in only:
        rows += await spine.append(stack.info)
    if not only or "flow" in only:
        rows += await spine.flow(stack.info, 300_000)
    return rows


def main(only: set[str]) -> int:
    """Measure everything, or the parts named."""
    with LocalStack(CHECKOUT / ".local" / "bench") as stack:
        rows = uvloop.run(_measure(stack, only))
    (CHECKOUT / "build").mkdir(exist_ok=True)
    (CHECKOUT / "build" / "bench.json").write_text(
        json.dumps([row.json() for row in rows], ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    for row in rows:
        ratio = f"{row.ratio:8.2f}" if row.ratio is not None else "        "
        print(f"{row.row:58} {row.value:12,.1f} {row.unit:12} {ratio}  {'met ' if row.met else 'MISSED'}  {row.budget}")
    return 0


if __name__ == "__main__":
    sys.exit(main(set(sys.argv[1:])))
