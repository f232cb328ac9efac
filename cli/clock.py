"""`zhicheng clock`: move the domain's time of a local house, for all its processes at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from cli.connect import STATE, Json, fail, instant, say
from deploy.local.errors import StackError
from deploy.local.house import FILE, HouseInfo
from libs.events.clock import FileClock

House = Annotated[Path, typer.Option(help="The folder of the running house.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(clock)


def clock(
    to: Annotated[str, typer.Argument(help="An RFC 3339 instant to move to; without one, the clock is told.")] = "",
    *,
    house: House = STATE / "house",
    as_json: Json = False,
) -> None:
    """Tell or move the domain's time. Only a local house has a clock that moves."""
    try:
        moved = FileClock(Path(HouseInfo.read(house).clock_file))
    except StackError as error:
        fail(f"{error} ({house / FILE} is missing)")
    if to:
        moved.move_to(instant(to))
    now = moved.now().isoformat(timespec="seconds")
    say(orjson.dumps({"now": now}).decode() if as_json else now)
