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
from typing import Any, Self, cast
from urllib.parse import urlsplit

import httptools
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


class _Caller(asyncio.Protocol):
    """One connection: a request, its answer, the next request.

    Bytes are written as they are and answers parsed in C: on two cores, what a generator costs is taken from what
    is measured.
    """

    def __init__(self, run: _Run, head: bytes) -> None:
        self._run = run
        self._head = head
        self._parser = httptools.HttpResponseParser(self)
        self._begun = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def _next(self) -> None:
        self._begun = time.perf_counter()
        if not self._run.due or self._begun > self._run.until:
            self._transport.close()
            return
        body = self._run.due.pop()
        key = b"Idempotency-Key: %s-%d\r\n" % (self._run.key, len(self._run.due)) if self._run.key else b""
        self._transport.write(b"%s%sContent-Length: %d\r\n\r\n%s" % (self._head, key, len(body), body))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Take note of an answer."""
        status = self._parser.get_status_code()
        if status in {200, 201}:
            self._run.times.append(time.perf_counter() - self._begun)
        else:
            self._run.bad[str(status)] = self._run.bad.get(str(status), 0) + 1
        # A parser counts messages of one connection by itself; a keep-alive answer leaves it ready for the next.
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


@dataclass(slots=True)
class _Run:
    """What the connections of one job share."""

    due: list[bytes]
    key: bytes
    until: float
    times: list[float] = field(default_factory=list[float])
    bad: dict[str, int] = field(default_factory=dict[str, int])


async def _run(job: Job) -> Result:
    address = urlsplit(job.url)
    if address.hostname != "127.0.0.1":
        raise ValueError("load is for this machine alone")
    body = BODIES[job.bodies]
    due = [body(job.first + number).encode() for number in range(min(MOST_REQUESTS, int(job.seconds * 8000)))]
    due.reverse()
    used, begun = time.process_time(), time.perf_counter()
    run = _Run(due, f"{time.time_ns():x}".encode() if job.keyed else b"", begun + job.seconds)
    head = f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
    loop = asyncio.get_running_loop()
    callers: list[_Caller] = []
    for number in range(job.connections):
        token = f"Authorization: Bearer {job.tokens[number % len(job.tokens)]}\r\n" if job.tokens else ""
        caller = _Caller(run, (head + token).encode())
        await loop.create_connection(lambda caller=caller: caller, address.hostname, address.port)
        callers.append(caller)
    async with asyncio.timeout(job.seconds + 30):
        await asyncio.gather(*(caller.done for caller in callers))
    took, times = time.perf_counter() - begun, sorted(run.times)
    used = time.process_time() - used
    p50, p99 = (times[int(len(times) * part)] * 1000 if times else 0.0 for part in (0.5, 0.99))
    return Result(len(times) / took, len(times), run.bad, p50, p99, used / took)


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
