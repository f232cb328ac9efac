"""The local stack: PostgreSQL and Apache Kafka, started and stopped together.

`LocalStack` owns its servers: they end with it, also when its process is killed. `open_stack` gives the addresses
of whichever stack `ZHICHENG_STACK` names: `local` (default) or `external`.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal, Self

from deploy.local import info, lock, ports
from deploy.local.errors import StackError
from deploy.local.info import StackInfo
from deploy.local.kafka import Kafka
from deploy.local.lock import Lock
from deploy.local.outside_process import OutsideInfo, OutsideProcess
from deploy.local.postgres import SUPERUSER, Postgres

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

__all__ = ["LocalStack", "OutsideInfo", "StackError", "StackInfo", "open_stack"]


class LocalStack:
    """PostgreSQL and Kafka with their state under `root`.

    Parameters
    ----------
    root
        The state folder. Two stacks with two roots run side by side; a second one on the same root is refused.
    outside
        Start the stand-ins of the outside systems and the development identity provider too.
    """

    def __init__(self, root: Path, *, outside: bool = False) -> None:
        self.root = root.resolve()
        self._postgres = Postgres(self.root / "postgres")
        self._kafka = Kafka(self.root / "kafka")
        self._outside = OutsideProcess(self.root / "outside") if outside else None
        self._lock: Lock | None = None
        self._info: StackInfo | None = None

    @property
    def info(self) -> StackInfo:
        """The addresses of the running stack."""
        if self._info is None:
            raise StackError("The stack is not running: call start() first.")
        return self._info

    @property
    def outside(self) -> OutsideInfo:
        """The addresses of the outside systems, for a stack that was asked to start them."""
        if self._outside is None:
            raise StackError("This stack has no outside systems: make it with outside=True.")
        return self._outside.info

    @property
    def pids(self) -> list[int]:
        """The process ids of the servers and their keepers."""
        servers = (self._postgres, self._kafka, self._outside)
        processes = [one.process for one in servers if one is not None and one.process is not None]
        return [pid for process in processes for pid in (process.pid, process.keeper_pid)]

    def healthy(self) -> bool:
        """Whether every server that was started and not stopped still runs."""
        servers = (self._postgres, self._kafka, self._outside)
        return all(one.process.running() for one in servers if one is not None and one.process is not None)

    def start(self) -> StackInfo:
        """Start all servers, in parallel, and write `<root>/stack.json`.

        Raises
        ------
        StackError
            When the root is in use, a port is taken, or a server's package is missing or does not start.
        """
        if self._info is not None:
            return self._info
        self._lock = Lock.take(self.root)
        self._postgres.hold = self._kafka.hold = (self._lock.descriptor,)
        if self._outside is not None:
            self._outside.hold = (self._lock.descriptor,)
        try:
            # In this thread: it draws a progress bar, and Ctrl-C has to reach it.
            self._kafka.prepare()
            self._run_together(self._start_calls())
        except BaseException:
            self.stop()
            raise
        self._info = StackInfo(
            postgres_host=ports.HOST,
            postgres_port=self._postgres.port,
            postgres_superuser=SUPERUSER,
            postgres_password=self._postgres.password,
            kafka_bootstrap=self._kafka.bootstrap,
        )
        self._info.write(self.root)
        return self._info

    def stop(self) -> None:
        """Stop all servers in good order; afterwards none of their processes is left."""
        if self._lock is None:
            return
        (self.root / info.FILE).unlink(missing_ok=True)
        self._info = None
        self._stop_servers()
        self._lock.release()
        self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop_postgres(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop PostgreSQL: `fast` in good order, `immediate` as a crash would."""
        self._postgres.stop(mode)

    def start_postgres(self) -> None:
        """Start PostgreSQL again on its port."""
        self._postgres.start_again()

    def restart_postgres(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Restart PostgreSQL on its port; `immediate` is a crash and a recovery."""
        self._postgres.stop(mode)
        self._postgres.start_again()

    def stop_kafka(self) -> None:
        """Stop the broker in good order."""
        self._kafka.stop()

    def kill_kafka(self) -> None:
        """Kill the broker with SIGKILL."""
        self._kafka.stop("kill")

    def start_kafka(self) -> None:
        """Start the broker again on its port."""
        self._kafka.start_again()

    def pause_kafka(self) -> None:
        """Freeze the broker: it takes connections and answers none."""
        self._kafka.pause()

    def resume_kafka(self) -> None:
        """Thaw the broker."""
        self._kafka.resume()

    def _start_calls(self) -> list[Callable[[], None]]:
        file = self.root / "ports.json"
        remembered: dict[str, int] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        chosen: dict[str, int] = {}
        for name, variable in (
            ("postgres", "ZHICHENG_POSTGRES_PORT"),
            ("kafka", "ZHICHENG_KAFKA_PORT"),
            ("controller", "ZHICHENG_KAFKA_CONTROLLER_PORT"),
        ):
            chosen[name] = ports.choose(name, variable, remembered, chosen.values())
        info.write_private(file, json.dumps(chosen))
        calls: list[Callable[[], None]] = [
            lambda: self._postgres.start(chosen["postgres"]),
            lambda: self._kafka.start(chosen["kafka"], chosen["controller"]),
        ]
        if self._outside is not None:
            calls.append(self._outside.start)
        return calls

    def _run_together(self, calls: list[Callable[[], None]]) -> None:
        with ThreadPoolExecutor(len(calls)) as pool:
            futures = [pool.submit(call) for call in calls]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                # Ends the waiting of the other calls; leaving the `with` then joins them.
                self._stop_servers()
                raise

    def _stop_servers(self) -> None:
        stops: list[Callable[[], None]] = [self._postgres.stop, self._kafka.stop]
        if self._outside is not None:
            stops.append(self._outside.stop)
        with ThreadPoolExecutor(len(stops)) as pool:
            ends = [pool.submit(stop) for stop in stops]
        for end in ends:
            end.result()


def open_stack(root: Path) -> StackInfo:
    """Return the addresses of the stack that ZHICHENG_STACK names; nothing is started.

    `local` (default): the stack that runs in `root`.
    `external`: what ZHICHENG_POSTGRES_DSN and ZHICHENG_KAFKA say.

    Raises
    ------
    StackError
        When there is no such stack.
    """
    kind = os.environ.get("ZHICHENG_STACK") or "local"
    if kind == "external":
        return StackInfo.from_environment(os.environ)
    if kind == "containers":
        raise StackError("ZHICHENG_STACK=containers is not built yet: use `local` or `external`.")
    if kind != "local":
        raise StackError(f"ZHICHENG_STACK is {kind!r}: set it to `local`, `external` or `containers`.")
    if lock.owner(root) is None:
        raise StackError(
            f"No stack runs in {root}: start one with `make run`, or set ZHICHENG_STACK=external for servers of yours."
        )
    if not (root / info.FILE).exists():
        raise StackError(f"The stack in {root} is still starting: try again in a moment.")
    return StackInfo.read(root / info.FILE)
