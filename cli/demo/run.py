"""`zhicheng demo`: an empty house, the story, and what it left behind."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.bootstrap import name_officials
from cli.connect import CHECKOUT, STATE, fail
from cli.demo.addresses import addresses
from cli.demo.story import tell
from cli.demo.world import OFFICIALS, StepError, World
from deploy.local import lock
from deploy.local.errors import StackError
from deploy.local.house import House
from deploy.local.profile import require_local_stack
from deploy.local.stack import LocalStack

REPORT = CHECKOUT / "build" / "demo.json"
INTERRUPTED = 130
"""The exit status of what was stopped before it was done."""

Stay = Annotated[bool, typer.Option("--stay", help="Stay up until Ctrl-C.")]


def demo(
    *, stay: Stay = False, as_json: Annotated[bool, typer.Option("--json", help="Print the report.")] = False
) -> None:
    """Start everything, drive two cases and a revocation through it, and print what happened."""
    os.environ.setdefault("ZHICHENG_PROFILE", "local")
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console(stderr=as_json, soft_wrap=True)
    try:
        require_local_stack()
    except StackError as error:
        fail(str(error))
    if lock.owner(STATE) is not None:
        fail("A house already runs here: stop it with Ctrl-C where it was started.")
    # Every run begins with an empty house (docs/adr/0007).
    shutil.rmtree(STATE, ignore_errors=True)
    begun, told = time.perf_counter(), False
    try:
        with LocalStack(STATE, outside=True) as stack:
            house = House(STATE / "house", stack.info, stack.outside)
            try:
                asyncio.run(_prepare(house))
                info = house.start()
                console.print(f"five services are ready after {time.perf_counter() - begun:.1f} s", highlight=False)
                report = asyncio.run(_tell(house, console, as_json=as_json))
                told = True
                if stay:
                    _stay(console, asyncio.run(addresses(info, report, STATE / "outside" / "idp" / "admin-secret")))
            finally:
                house.stop()
    except StackError as error:
        fail(str(error))
    except (StepError, AssertionError) as error:
        fail(f"The demonstration failed: {error}")
    except KeyboardInterrupt:
        console.print("stopped", highlight=False)
        if not told:
            raise typer.Exit(INTERRUPTED) from None


async def _prepare(house: House) -> None:
    await house.prepare()


async def _tell(house: House, console: Console, *, as_json: bool) -> dict[str, Any]:
    world = World(house.info, None if as_json else console)
    try:
        await name_officials(house, [*OFFICIALS])
        result = await tell(world)
        await world.news()
    finally:
        await world.close()
    report: dict[str, Any] = {
        "steps": [
            {
                "name": step.name,
                "actor": step.actor,
                "status": step.status,
                "events": [{name: event[name] for name in ("id", "type", "topic")} for event in step.events],
                "milliseconds": step.milliseconds,
            }
            for step in world.steps
        ],
        "events": world.counts(),
        **result,
    }
    _check(report)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        console.print(
            f"{len(report['steps'])} steps, {sum(report['events'].values())} events; {_short(REPORT)} has all"
        )
    return report


def _check(report: dict[str, Any]) -> None:
    """Look whether what was told has happened: the four events that name the system are there."""
    named = {"ApplicationSubmitted", "EndorsementGiven", "TitleGranted", "TitleRevoked"}
    missing = named - report["events"].keys()
    if missing or len(report["certificates"]) != 2:
        raise StepError(f"these events are missing: {', '.join(sorted(missing))}")


def _stay(console: Console, lines: list[str]) -> None:
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
    console.print("Ctrl-C stops everything.", highlight=False)
    signal.pause()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _short(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))
