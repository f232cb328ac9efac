"""What the operator's commands need: the databases and addresses of the house in this checkout."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import asyncpg
import typer
from rich.console import Console

from deploy.local.errors import StackError
from deploy.local.house import House
from deploy.local.outside_process import OutsideInfo
from deploy.local.stack import open_stack
from libs.events.database import Database, json_codecs
from libs.events.topics import topic_name
from libs.web.settings import SERVICES, Settings
from libs.web.spine import Parts, Spine

CHECKOUT = Path(__file__).resolve().parents[1]
STATE = CHECKOUT / ".local" / "demo"
"""Where `make run` keeps its house; every operator command looks there unless told otherwise."""
READER_GONE = 128 + signal.SIGPIPE
"""The exit status of what nobody reads any longer, as a shell tells it of other programs."""
console = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
Service = Annotated[str, typer.Option(help="One service only; all five otherwise.")]
Root = Annotated[Path, typer.Option(help="The state folder of the house.")]


@dataclass(frozen=True, slots=True)
class Site:
    """A house that was made: where its stack is and how its databases are reached."""

    house: House
    bootstrap: str
    admin_dsn: str

    def database(self, service: str) -> Database:
        """Give a service's database and login."""
        return self.house.database(service)

    def topic(self, service: str) -> str:
        """Give a service's topic."""
        return topic_name(self.house.prefix, service)

    @asynccontextmanager
    async def pool(self, service: str) -> AsyncGenerator[asyncpg.Pool]:
        """Open a small pool for a service's login."""
        async with asyncpg.create_pool(
            **self.database(service).arguments(), min_size=1, max_size=4, init=json_codecs
        ) as pool:
            yield pool

    @asynccontextmanager
    async def spine(self, service: str) -> AsyncGenerator[Spine]:
        """Open what a service is made of, without its workers and its HTTP side."""
        values = self.house.settings(service)
        given: dict[str, Any] = {name.removeprefix("ZHICHENG_").lower(): value for name, value in values.items()}
        spine = Spine(parts_of(service), Settings(**given))
        await spine.open()
        try:
            yield spine
        finally:
            await spine.stop()


async def open_site(root: Path, *, prepare: bool = False) -> Site:
    """Reach the stack that runs (or the external one) and the house on it; prepare it only where that is asked."""
    stack = open_stack(root)
    house = House(root / "house", stack, OutsideInfo.read(root / "outside"))
    if prepare:
        await house.prepare()
    else:
        house.reopen()
    return Site(house, stack.kafka_bootstrap, stack.dsn("postgres"))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a command's work; what an operator can mend is one sentence and exit code 1."""
    try:
        return asyncio.run(work)
    except typer.Exit:  # which is a RuntimeError too
        raise
    except (StackError, RuntimeError, OSError) as error:
        fail(str(error))
    except asyncpg.PostgresError as error:
        fail(f"The database answered: {error.args[0] if error.args else type(error).__name__}")


def fail(message: str, code: int = 1) -> NoReturn:
    """End with one sentence."""
    console.print(message, style="red", highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def instant(text: str) -> datetime:
    """Read an RFC 3339 instant that a person typed."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text} is no RFC 3339 instant, as 2026-09-01T08:00:00+08:00.", 2)
    if found.tzinfo is None:
        fail(f"{text} names no offset: write 2026-09-01T08:00:00+08:00 or ...Z.", 2)
    return found


def say(line: str) -> None:
    """Print one line of output."""
    with reader():
        sys.stdout.write(line + "\n")


@contextmanager
def reader() -> Generator[None]:
    """End quietly when whoever read the output has gone, as `head` does."""
    try:
        yield
    except BrokenPipeError:
        # What is still buffered goes nowhere, or the interpreter would complain of it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(READER_GONE) from None


def finish() -> None:
    """Write out what is left of the output."""
    with reader():
        sys.stdout.flush()


def chosen(service: str) -> tuple[str, ...]:
    """Give the services that an option names."""
    if not service:
        return SERVICES
    if service not in SERVICES:
        fail(f"There is no service {service}: use one of {', '.join(SERVICES)}.", 2)
    return (service,)


def parts_of(service: str) -> Parts:
    """Give what a service is made of, as its `app.py` wires it."""
    return importlib.import_module(f"services.{service}.app").PARTS
