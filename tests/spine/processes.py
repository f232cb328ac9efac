"""Starting, asking and killing processes of `tests.spine.process`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from deploy.local.info import StackInfo
    from libs.events.database import Database

ROOT = Path(__file__).resolve().parents[2]


class DiedError(Exception):
    """The process ended before it answered."""


@dataclass
class Process:
    """One running process, and the answers that are awaited from it."""

    child: asyncio.subprocess.Process
    log: list[str] = field(default_factory=list[str])
    _awaited: dict[str, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    def listen(self) -> None:
        self._awaited["ready"] = asyncio.get_running_loop().create_future()
        self._readers = [asyncio.create_task(self._read()), asyncio.create_task(self._keep_log())]

    async def ready(self) -> None:
        """Wait until it serves; it may be killed before."""
        await self._awaited["ready"]

    async def ask(self, stream: str, command: str, key: str = "", **arguments: Any) -> dict[str, Any]:
        """Have a command executed.

        Raises
        ------
        DiedError
            When the process ended first: the command may have been done or not.
        """
        key = key or str(uuid4())
        return await self._send(key, {"key": key, "stream": stream, "command": command, "arguments": arguments})

    async def hammer(self, name: str, streams: Sequence[str], commands: int, callers: int) -> dict[str, Any]:
        asked = {"name": name, "streams": list(streams), "commands": commands, "callers": callers}
        return await self._send("hammer", {"hammer": asked})

    async def _send(self, key: str, line: dict[str, Any]) -> dict[str, Any]:
        answer = self._awaited[key] = asyncio.get_running_loop().create_future()
        assert self.child.stdin is not None
        if self._readers[0].done():
            raise DiedError
        self.child.stdin.write(json.dumps(line).encode() + b"\n")
        return await answer

    async def _read(self) -> None:
        assert self.child.stdout is not None
        while line := await self.child.stdout.readline():
            answer = json.loads(line)
            key = "ready" if "ready" in answer else answer.get("key", "hammer")
            self._awaited.pop(key).set_result(answer)
        for awaited in self._awaited.values():
            awaited.set_exception(DiedError("\n".join(self.log[-20:])))
            awaited.exception()

    async def _keep_log(self) -> None:
        assert self.child.stderr is not None
        while line := await self.child.stderr.readline():
            self.log.append(line.decode(errors="replace").rstrip())

    async def ended(self) -> int:
        """Wait until it is gone; give how it went."""
        status = await self.child.wait()
        await asyncio.gather(*self._readers)
        return status

    async def kill(self) -> None:
        """Kill it with SIGKILL."""
        if self.child.returncode is None:
            self.child.send_signal(signal.SIGKILL)
        await self.ended()


@asynccontextmanager
async def process(
    stack: StackInfo, database: Database, topic: str, *parts: str, kill_at: str = ""
) -> AsyncIterator[Process]:
    """Start a process with these parts (`relay`, `view`, `tally`, `reactions`).

    `kill_at` is a point of `libs.events.points`. Each process is in consumer groups of its own, so that none waits
    until the broker has buried the one before: nothing rests on groups.
    """
    settings = {
        "database": asdict(database),
        "bootstrap": stack.kafka_bootstrap,
        "topic": topic,
        "parts": parts,
        "group": f"{topic}.{uuid4()}",
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.spine.process",
        json.dumps(settings),
        cwd=ROOT,
        env=os.environ | {"ZHICHENG_KILL_AT": kill_at},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    running = Process(child)
    running.listen()
    try:
        yield running
    finally:
        await running.kill()
