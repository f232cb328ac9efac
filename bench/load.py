"""The load generator, in a process of its own: `python -m bench.load`, a job a line in, a result a line out.

One generator serves what is measured and what it is measured against, and tells how busy it was itself: a
generator that is at its end measures nothing but itself.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
import uvloop

from bench.bodies import BODIES

CONNECTIONS = 64
MOST_REQUESTS = 200_000


@dataclass(frozen=True, slots=True)
class Job:
    """What to send: bodies of a kind from a number on, to one address on this machine, for some seconds."""

    url: str
    bodies: str
    first: int
    seconds: float
    tokens: list[str] = field(default_factory=list[str])
    keyed: bool = False
    """With an Idempotency-Key, another for each request."""
    connections: int = CONNECTIONS


@dataclass(frozen=True, slots=True)
class Result:
    """What came back."""

    rate: float
    """Answers a second."""
    good: int
    bad: dict[str, int]
    """Answers that were not of 200 or 201, by status."""
    p50: float
    p99: float
    """Milliseconds."""
    busy: float
    """The share of a core that the generator itself used."""


async def _run(job: Job) -> Result:
    if not job.url.startswith("http://127.0.0.1:"):
        raise ValueError("load is for this machine alone")
    body = BODIES[job.bodies]
    due = [body(job.first + number).encode() for number in range(min(MOST_REQUESTS, int(job.seconds * 8000)))]
    due.reverse()
    bad: dict[str, int] = {}
    times: list[float] = []
    run = f"{time.time_ns():x}"

    async def caller(session: aiohttp.ClientSession, number: int) -> None:
        headers = {"Content-Type": "application/json"}
        if job.tokens:
            headers["Authorization"] = f"Bearer {job.tokens[number % len(job.tokens)]}"
        while due and time.perf_counter() < until:
            data = due.pop()
            if job.keyed:
                headers["Idempotency-Key"] = f"{run}-{len(due)}"
            begun = time.perf_counter()
            async with session.post(job.url, data=data, headers=headers) as answer:
                await answer.read()
                if answer.status in {200, 201}:
                    times.append(time.perf_counter() - begun)
                else:
                    bad[str(answer.status)] = bad.get(str(answer.status), 0) + 1

    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        used, begun = time.process_time(), time.perf_counter()
        until = begun + job.seconds
        await asyncio.gather(*(caller(session, number) for number in range(job.connections)))
        took = time.perf_counter() - begun
        used = time.process_time() - used
    times.sort()
    p50, p99 = (times[int(len(times) * part)] * 1000 if times else 0.0 for part in (0.5, 0.99))
    return Result(len(times) / took, len(times), bad, p50, p99, used / took)


class Generator:
    """The generator's process, seen from the benchmark; it ends with its input."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> Self:
        """Start it."""
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bench.load",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=Path(__file__).resolve().parents[1],
            )
        )

    async def run(self, job: Job) -> Result:
        """Do a job.

        Raises
        ------
        RuntimeError
            When answers were bad: a rate of refusals says nothing.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
        line = await asyncio.wait_for(self._process.stdout.readline(), job.seconds + 60)
        if not line:
            raise RuntimeError("the load generator ended: see what it wrote above")
        result = Result(**json.loads(line))
        if result.bad:
            raise RuntimeError(f"{job.url} answered {result.bad} beside {result.good} good ones")
        return result

    async def stop(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


def main() -> None:
    """Do jobs until the input ends."""
    for line in sys.stdin:
        members: dict[str, Any] = json.loads(line)
        print(json.dumps(asdict(uvloop.run(_run(Job(**members))))), flush=True)


if __name__ == "__main__":
    main()
