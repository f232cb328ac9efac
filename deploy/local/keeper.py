"""The process that stands between a stack and one of its servers, so that no server outlives its owner.

It is run as a script (standard library only, so that it starts in 20 ms) with one argument, a JSON object:
`argv`, `log`, `stop_signal`, `death_signal`, `grace_s`, `drop_root`. It starts the server, prints its process id,
and from then on waits for whichever comes first:

- a line on its standard input (`stop`, or `signal N`);
- the end of its standard input, or another parent than at its start: the owner is gone, even by kill -9;
- a signal to itself;
- the end of the server, whose exit status becomes its own.

Should the keeper itself be killed, Linux sends the server `death_signal`.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_TICK_S = 0.5
_LINUX = sys.platform.startswith("linux")


def _drop_root(libc: ctypes.CDLL) -> None:
    """Become `nobody`, keeping on Linux the right to reach files under root's own folders.

    PostgreSQL refuses user 0. Creating a system user or opening up the permissions of the folders above the checkout
    would change the machine outside the checkout; this changes nothing. Where the capability is not to be had
    (some containers), the folders have to be reachable for `nobody`.
    """
    nobody = pwd.getpwnam("nobody")
    if _LINUX:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    if _LINUX:
        bit = 1 << _CAP_DAC_OVERRIDE
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        # Two words of (effective, permitted, inheritable); the capability is in the first.
        data = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
        libc.capset(header, data)
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


class _Spec(TypedDict):
    argv: list[str]
    log: str
    stop_signal: int
    death_signal: int
    grace_s: float
    drop_root: bool


class _Keeper:
    def __init__(self, spec: _Spec) -> None:
        self._spec = spec
        self._owner = os.getppid()
        self._deadline: float | None = None
        self._wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        self._asked_to_stop = False
        # Before the fork: a child between fork and exec must not load libraries.
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._child = self._start()

    def _on_signal(self, number: int, _frame: object) -> None:
        if number != signal.SIGCHLD:
            self._asked_to_stop = True

    def _start(self) -> subprocess.Popen[bytes]:
        with Path(self._spec["log"]).open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                self._spec["argv"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=self._in_child,  # noqa: PLW1509 - this process has one thread
            )

    def _in_child(self) -> None:
        if self._spec["drop_root"] and os.geteuid() == 0:
            _drop_root(self._libc)
        if _LINUX:
            # After the change of user, which clears it.
            self._libc.prctl(_PR_SET_PDEATHSIG, self._spec["death_signal"], 0, 0, 0)

    def _signal_child(self, number: int) -> None:
        with suppress(ProcessLookupError):
            self._child.send_signal(number)

    def _stop(self) -> None:
        if self._deadline is None:
            self._deadline = time.monotonic() + self._spec["grace_s"]
            self._signal_child(self._spec["stop_signal"])
            self._signal_child(signal.SIGCONT)

    def _obey(self, lines: bytes) -> None:
        for line in lines.decode().splitlines():
            if line == "stop":
                self._stop()
            elif line.startswith("signal "):
                self._signal_child(int(line.removeprefix("signal ")))

    def _wait(self, inputs: list[int]) -> None:
        ready, _, _ = select.select(inputs, [], [], _TICK_S)
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)
        if 0 in ready:
            lines = os.read(0, 4096)
            if lines:
                self._obey(lines)
            else:
                inputs.remove(0)
                self._stop()

    def run(self) -> int:
        sys.stdout.write(f"{self._child.pid}\n")
        sys.stdout.flush()
        inputs = [0, self._wake_read]
        while self._child.poll() is None:
            self._wait(inputs)
            # The second test is for owners that forked: their other children hold the pipe open.
            if self._asked_to_stop or os.getppid() != self._owner:
                self._stop()
            if self._deadline is not None and time.monotonic() > self._deadline:
                self._signal_child(signal.SIGKILL)
        # Whatever the server started in its own process group.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        status = self._child.returncode
        return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(_Keeper(json.loads(sys.argv[1])).run())
