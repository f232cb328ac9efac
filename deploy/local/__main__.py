"""The local stack from the command line: `python -m deploy.local up`, `down`, `status`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from deploy.local import info, jars, lock
from deploy.local.errors import StackError
from deploy.local.info import StackInfo
from deploy.local.outside_process import OutsideInfo
from deploy.local.profile import require_local_stack
from deploy.local.stack import LocalStack

_CHECKOUT = Path(__file__).resolve().parents[2]
_LOG = "supervisor.log"
_POLL_S = 0.05
_WATCH_S = 0.2
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
_console = Console(stderr=True)

Root = Annotated[Path, typer.Option(help="The state folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Outside = Annotated[bool, typer.Option(help="With the identity provider and the stand-ins of the outside systems.")]
_DEFAULT_ROOT = _CHECKOUT / ".local"


def _fail(error: StackError) -> NoReturn:
    _console.print(str(error), style="red", highlight=False, soft_wrap=True)
    raise typer.Exit(1)


def _report(root: Path, *, as_json: bool) -> None:
    lines: dict[str, Any] = asdict(StackInfo.read(root / info.FILE))
    # Passwords stay in their files: terminals and CI logs are kept.
    del lines["postgres_password"]
    with suppress(StackError):
        lines |= asdict(OutsideInfo.read(root / "outside"))
        del lines["admin_secret"]
    if as_json:
        sys.stdout.write(json.dumps({"running": True, **lines}, indent=2) + "\n")
        return
    for name, value in lines.items():
        sys.stdout.write(f"{name:20} {value}\n")
    sys.stdout.write(f"{'passwords':20} {root / info.FILE}\n")


@app.command()
def up(*, root: Root = _DEFAULT_ROOT, outside: Outside = True, as_json: Json = False) -> None:
    """Start the stack in the background, unless it runs, and print its addresses."""
    root = root.resolve()
    try:
        require_local_stack()
        if lock.owner(root) is None:
            jars.fetch(jars.read_lock())
            _launch(root, outside=outside)
        _report(root, as_json=as_json)
    except StackError as error:
        _fail(error)


def _launch(root: Path, *, outside: bool) -> None:
    root.mkdir(parents=True, exist_ok=True)
    (root / info.FILE).unlink(missing_ok=True)
    known = os.environ.get("PYTHONPATH")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(_CHECKOUT), *([known] if known else [])])}
    flag = "--outside" if outside else "--no-outside"
    log = os.open(root / _LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    supervisor = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "deploy.local", "supervise", "--root", str(root), flag],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        env=environment,
    )
    os.close(log)
    try:
        with _console.status("Starting PostgreSQL and Apache Kafka …"):
            while not (root / info.FILE).exists():
                if supervisor.poll() is not None:
                    said = (root / _LOG).read_text(encoding="utf-8").strip().splitlines()
                    raise StackError(said[-1] if said else f"The supervisor ended: see {root / _LOG}.")
                time.sleep(_POLL_S)
    except KeyboardInterrupt:
        supervisor.terminate()
        supervisor.wait()
        lock.wait_free(root)
        raise


@app.command(hidden=True)
def supervise(*, root: Root = _DEFAULT_ROOT, outside: Outside = True) -> None:
    """Run the stack until SIGTERM, or until one of its servers ends."""
    # Until the stack stands, a signal ends this process at once: the keepers then end what was started.
    for number in _ENDING:
        signal.signal(number, signal.SIG_DFL)
    try:
        with LocalStack(root, outside=outside) as stack:
            _watch(stack)
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(1) from None


def _watch(stack: LocalStack) -> None:
    """Return when a signal asks for the end; its handler takes note alone, for what it raised could be lost."""
    asked: list[int] = []
    for number in _ENDING:
        signal.signal(number, lambda got, _frame: asked.append(got))
    while not asked:
        if not stack.healthy():
            # Never half a stack: what uses it would fail in ways that are hard to tell apart.
            raise StackError(f"A server ended by itself, so the stack was stopped: see the logs under {stack.root}.")
        time.sleep(_WATCH_S)


@app.command()
def down(*, root: Root = _DEFAULT_ROOT) -> None:
    """Stop the stack; afterwards none of its processes is left."""
    root = root.resolve()
    owner = lock.owner(root)
    if owner is not None:
        with suppress(ProcessLookupError):
            os.kill(owner, signal.SIGTERM)
    if not lock.wait_free(root):
        _fail(StackError(f"The stack did not stop in time: see {root / _LOG}, and run `make down` again."))
    (root / info.FILE).unlink(missing_ok=True)


@app.command()
def status(*, root: Root = _DEFAULT_ROOT, as_json: Json = False) -> None:
    """Print the addresses of the running stack; exit with 1 when there is none."""
    root = root.resolve()
    if lock.owner(root) is None:
        if as_json:
            sys.stdout.write('{"running": false}\n')
            raise typer.Exit(1)
        _fail(StackError("No stack is running: start one with `make up`."))
    try:
        _report(root, as_json=as_json)
    except StackError as error:
        _fail(error)


if __name__ == "__main__":
    app()
