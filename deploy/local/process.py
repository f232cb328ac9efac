"""A server under a keeper, seen from its owner."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.local.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_KEEPER = Path(__file__).with_name("keeper.py")
_POLL_S = 0.01


@dataclass(frozen=True)
class Recipe:
    """How a server is started and ended.

    Parameters
    ----------
    argv
        The command.
    log
        The file to which its output is appended.
    stop_signal
        What asks it to end in good order.
    death_signal
        What it gets when its keeper dies (Linux).
    grace_s
        Seconds between `stop_signal` and SIGKILL.
    drop_root
        Run it as `nobody` when the owner is root.
    hold
        File descriptors that the keeper keeps open until the server has ended: a lock held that way
        is free only when nothing of the stack is left.
    """

    argv: Sequence[str]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace_s: float = 20.0
    drop_root: bool = False
    hold: tuple[int, ...] = ()


class KeptProcess:
    """A running server that cannot outlive this process."""

    def __init__(self, recipe: Recipe, env: Mapping[str, str] | None = None) -> None:
        self.recipe = recipe
        spec = {
            "argv": list(recipe.argv),
            "log": str(recipe.log),
            "stop_signal": int(recipe.stop_signal),
            "death_signal": int(recipe.death_signal),
            "grace_s": recipe.grace_s,
            "drop_root": recipe.drop_root,
        }
        # -I -S: the keeper needs nothing but the standard library, and starts three times as fast without `site`.
        self._keeper = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", str(_KEEPER), json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A session of its own: Ctrl-C in the terminal reaches the owner, which then stops things in order.
            start_new_session=True,
            pass_fds=recipe.hold,
            env=None if env is None else dict(env),
        )
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._commands = self._keeper.stdin
        with self._keeper.stdout as answer:
            line = answer.readline()
        if not line:
            self._keeper.wait()
            self._commands.close()
            raise StackError(f"{recipe.argv[0]} could not be started: see {recipe.log}.")
        self.pid = int(line)

    @property
    def keeper_pid(self) -> int:
        """The process id of the keeper."""
        return self._keeper.pid

    def running(self) -> bool:
        """Whether the server runs."""
        return self._keeper.poll() is None

    def _say(self, line: str) -> None:
        try:
            self._commands.write(f"{line}\n".encode())
            self._commands.flush()
        except (BrokenPipeError, ValueError):
            # It has ended on its own: what was asked for is so.
            return

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server."""
        self._say(f"signal {int(number)}")

    def stop(self) -> None:
        """Ask the server to end; SIGKILL follows when its grace is over."""
        self._say("stop")

    def wait(self) -> int:
        """Wait for the end of server and keeper, and return the server's exit status."""
        status = self._keeper.wait()
        self._commands.close()
        return status

    def wait_until(self, ready: Callable[[], bool], what: str, timeout_s: float) -> None:
        """Wait until `ready`, or raise StackError when the server ends first or `timeout_s` is over."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.running():
                self.wait()
                raise StackError(f"{what} ended while it started: see the end of {self.recipe.log}.")
            if time.monotonic() > deadline:
                self.stop()
                self.wait()
                raise StackError(f"{what} was not ready after {timeout_s:.0f} s: see the end of {self.recipe.log}.")
            time.sleep(_POLL_S)
