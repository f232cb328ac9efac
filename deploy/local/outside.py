"""The outside systems in one process: `python -m deploy.local.outside --state DIR`.

The development identity provider and the three stand-ins, each on a port of its own. When all answer, their addresses
are written to `<state>/outside.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from deploy.local import ports
from deploy.local.errors import StackError
from deploy.local.idp import app as idp
from deploy.local.info import write_private
from deploy.local.outside_process import FILE, OutsideInfo
from deploy.local.profile import require_local_profile
from deploy.local.standins import education, insurance, payment

if TYPE_CHECKING:
    from collections.abc import Generator

    from fastapi import FastAPI

_NAMES = ("issuer", "education", "insurance", "payment")
_POLL_S = 0.01


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals alone: one handler stops all four."""
        yield


def _choose_ports(state: Path) -> dict[str, int]:
    state.mkdir(parents=True, exist_ok=True)
    file = state / "ports.json"
    # The issuer is in every token: its port has to be the same after a restart whenever that is possible.
    remembered: dict[str, int] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    chosen: dict[str, int] = {}
    for name in _NAMES:
        chosen[name] = ports.choose(name, f"ZHICHENG_{name.upper()}_PORT", remembered, chosen.values())
    write_private(file, json.dumps(chosen))
    return chosen


async def serve(state: Path) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises
    ------
    StackError
        When the profile is not `local` or `test`, or a port is taken.
    """
    require_local_profile()
    chosen = _choose_ports(state)
    base = {name: f"http://{ports.HOST}:{port}" for name, port in chosen.items()}
    apps: dict[str, FastAPI] = {
        "issuer": idp.build(state / "idp", base["issuer"]),
        "education": education.build(state),
        "insurance": insurance.build(state),
        "payment": payment.build(state, base["payment"]),
    }
    servers = [
        # No access log: paths and queries are none of a log's business here.
        _Server(uvicorn.Config(app, ports.HOST, chosen[name], log_level="warning", access_log=False))
        for name, app in apps.items()
    ]

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    tasks = [asyncio.create_task(server.serve()) for server in servers]
    while not all(server.started for server in servers):
        if any(task.done() for task in tasks):
            raise StackError("An outside system could not start: see the end of outside.log.")
        await asyncio.sleep(_POLL_S)
    secret = (state / "idp" / "admin-secret").read_text(encoding="utf-8").strip()
    info = OutsideInfo(**base, admin_secret=secret)
    write_private(state / FILE, json.dumps(asdict(info), indent=2) + "\n")
    try:
        await asyncio.gather(*tasks)
    finally:
        (state / FILE).unlink(missing_ok=True)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.outside", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the state folder")
    os.umask(0o077)
    try:
        asyncio.run(serve(parser.parse_args().state.resolve()))
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
