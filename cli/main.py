"""The `zhicheng` command line."""

from __future__ import annotations

import importlib

import asyncpg
import typer
import uvicorn

from cli import bootstrap, clock, operate, rules, tell
from cli.connect import fail, finish, run
from cli.demo.run import demo
from libs.events.database import Database, connect
from libs.web.settings import SERVICES, Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)
operate.register(app)
tell.register(app)
bootstrap.register(app)
clock.register(app)
rules.register(app)
app.command()(demo)


@app.callback(help=__doc__)
def begin(context: typer.Context) -> None:
    """Have the output written out before the command ends."""
    context.call_on_close(finish)


@app.command()
def serve(service: str) -> None:
    """Run one service: its HTTP side, relay and workers, as ZHICHENG_ROLES says."""
    if service not in SERVICES:
        raise typer.BadParameter(f"one of {', '.join(SERVICES)}")
    settings = Settings(service=service)
    run(_reach(settings.database()))
    asgi = importlib.import_module(f"services.{service}.app").create(settings)
    # No access log: a path or query may carry what a log must not hold.
    uvicorn.run(
        asgi,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
        server_header=False,
    )


async def _reach(database: Database) -> None:
    """See that the service's database is there: a server that ends on its way up says so in many lines."""
    try:
        await (await connect(database)).close()
    except (OSError, asyncpg.PostgresError) as error:
        fail(
            f"The database {database.name} at {database.host}:{database.port} does not answer ({type(error).__name__}):"
            " name it with ZHICHENG_POSTGRES_HOST and its like (libs/web/settings.py), or start a house by `make run`."
        )


if __name__ == "__main__":
    app()
