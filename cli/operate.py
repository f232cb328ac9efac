"""What an operator does: migrate, verify, rebuild, republish, rebase, dead letters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import orjson
import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.connect import STATE, Json, Root, Service, Site, chosen, console, fail, open_site, parts_of, run, say
from libs.events import maintenance
from libs.events.envelope import Event
from libs.events.leader import AlreadyLedError
from libs.events.reactions import owe_again, stuck_reactions
from libs.events.verify import verify_store
from libs.events.views import View, retry_parked
from libs.web.spine import sink_name

_RELAY_RUNS = "The relay of {} is running: stop the service first."


def register(app: typer.Typer) -> None:
    """Add the operator's commands."""
    for command in (migrate, verify, rebuild, republish, rebase):
        app.command()(command)
    letters = typer.Typer(no_args_is_help=True, help="Records that could not be applied.")
    letters.command("list")(list_letters)
    letters.command("retry")(retry_letters)
    app.add_typer(letters, name="dead-letters")


def migrate(*, root: Root = STATE, as_json: Json = False) -> None:
    """Prepare every service's database and apply the migrations that are missing."""
    run(open_site(root, prepare=True))
    say(orjson.dumps({"migrated": True}).decode() if as_json else "Every database is up to date.")


def verify(*, service: Service = "", root: Root = STATE, as_json: Json = False) -> None:
    """Walk whole stores and name the first bad byte; exit code 3 when anything is wrong."""
    faulty = run(_verify(chosen(service), root, as_json=as_json))
    if faulty:
        raise typer.Exit(3)


async def _verify(services: tuple[str, ...], root: Any, *, as_json: bool) -> bool:
    site = await open_site(root)
    faulty = False
    for service in services:
        async with site.pool(service) as pool:
            with _progress(f"{service}: records checked") as advance:
                walk = await verify_store(pool, advance)
                advance(walk.events)
        faulty = faulty or bool(walk.faults)
        if as_json:
            faults = [
                {"stream": fault.stream, "version": fault.version, "byte": fault.byte, "what": fault.what}
                for fault in walk.faults
            ]
            say(
                orjson.dumps(
                    {"service": service, "streams": walk.streams, "events": walk.events, "faults": faults}
                ).decode()
            )
            continue
        say(f"{service:12} {walk.streams:8} streams {walk.events:9} events  {'BROKEN' if walk.faults else 'whole'}")
        for fault in walk.faults:
            place = f" byte {fault.byte}" if fault.byte >= 0 else ""
            say(f"  {fault.stream} version {fault.version}{place}: {fault.what}")
    return faulty


def rebuild(
    view: Annotated[str, typer.Argument(help="SERVICE.VIEW, as `intake.titles`.")],
    *,
    root: Root = STATE,
    as_json: Json = False,
) -> None:
    """Empty a view and read everything again; it does not serve until it has caught up."""
    service, _, name = view.partition(".")
    found = {one.name: one for one in _views(chosen(service)[0])}
    if name not in found:
        fail(f"{service} has no view {name}: it has {', '.join(found) or 'none'}.", 2)
    run(_rebuild(service, found[name], root))
    say(orjson.dumps({"view": view, "state": "building"}).decode() if as_json else f"{view} is being rebuilt.")


async def _rebuild(service: str, view: View, root: Any) -> None:
    site = await open_site(root)
    async with site.pool(service) as pool:
        await maintenance.rebuild(
            pool, site.bootstrap, view, sink_name(service, view), [site.topic(source) for source in view.services]
        )


def republish(
    service: Annotated[str, typer.Argument(help="The service whose topic is filled anew.")],
    *,
    root: Root = STATE,
    as_json: Json = False,
) -> None:
    """Fill a new topic from the store. Stop the service's relay first."""
    name = chosen(service)[0]
    sent = run(_republish(name, root))
    say(orjson.dumps({"service": name, "records": sent}).decode() if as_json else f"{name}: {sent} records sent.")


async def _republish(service: str, root: Any) -> int:
    site = await open_site(root)
    async with site.pool(service) as pool:
        with _progress(f"{service}: records sent") as advance:
            try:
                return await maintenance.republish(pool, site.bootstrap, site.topic(service), advance)
            except AlreadyLedError:
                fail(_RELAY_RUNS.format(service))


def rebase(
    service: Annotated[str, typer.Argument(help="The service whose restored store goes on in this cluster.")],
    *,
    root: Root = STATE,
    as_json: Json = False,
) -> None:
    """Let a store that was restored into another cluster go on: every new tick lies above the old ones.

    Stop the service first.
    """
    name = chosen(service)[0]
    base = run(_rebase(name, root))
    say(orjson.dumps({"service": name, "base": base}).decode() if as_json else f"{name}: the base is now {base}.")


async def _rebase(service: str, root: Any) -> int:
    site: Site = await open_site(root)
    database = site.database(service)
    owner = await asyncpg.connect(site.admin_dsn.rpartition("/")[0] + f"/{database.name}")
    try:
        return await maintenance.rebase(owner, site.topic(service))
    except AlreadyLedError:
        fail(_RELAY_RUNS.format(service))
    finally:
        await owner.close()


def list_letters(*, service: Service = "", root: Root = STATE, as_json: Json = False) -> None:
    """List held and parked records, and reactions that were refused or wait; exit code 3 when any record is parked."""
    if run(_list_letters(chosen(service), root, as_json=as_json)):
        raise typer.Exit(3)


async def _list_letters(services: tuple[str, ...], root: Any, *, as_json: bool) -> bool:
    site = await open_site(root)
    parked = False
    for service in services:
        async with site.pool(service) as pool:
            letters = await pool.fetch(
                "select view, stream, version, kind, error, since from letters order by view, stream, version"
            )
            stuck = await stuck_reactions(pool)
        for row in [*map(dict, letters), *(_as_letter(service, row) for row in stuck)]:
            parked = parked or row["kind"] == "parked"
            text = f"{service}.{row['view']} {row['stream']}@{row['version']} {row['kind']}: {row['error']}"
            named = f" (id {row['id']})" if "id" in row else ""
            say(orjson.dumps({"service": service, **row}).decode() if as_json else text + named)
    return parked


def _as_letter(service: str, row: Any) -> dict[str, Any]:
    why = row["codes"] if row["outcome"] == "refused" else f"tried {row['attempts']} times, see the log"
    return {
        "view": f"{service}_reactions",
        "stream": row["source"],
        "version": Event(row["event"]).version,
        "kind": row["outcome"],
        "error": f"{row['reaction']} of {row['target']}: {why}",
        "since": row["since"],
        "id": str(row["id"]),
    }


def retry_letters(
    *,
    ids: Annotated[
        list[UUID] | None, typer.Option("--id", help="Only this refused reaction, whatever refused it; as `list` says.")
    ] = None,
    service: Service = "",
    root: Root = STATE,
    as_json: Json = False,
) -> None:
    """Try parked records again, in order, after the code was mended; and owe reactions that came too early once more.

    A reaction that was refused for the matter is owed again only when --id names it, and then nothing else is tried.
    """
    mended, owed = run(_retry_letters(chosen(service), root, ids))
    if ids and owed < len(set(ids)):
        fail(f"{owed} of the {len(set(ids))} ids are refused reactions; these are owed again.")
    text = f"{mended} streams are no longer parked, {owed} refused reactions are owed again."
    say(orjson.dumps({"mended": mended, "owed": owed}).decode() if as_json else text)


async def _retry_letters(services: tuple[str, ...], root: Any, ids: list[UUID] | None) -> tuple[int, int]:
    site = await open_site(root)
    mended = owed = 0
    for service in services:
        if ids:
            async with site.pool(service) as pool:
                owed += await owe_again(pool, ids)
            continue
        async with site.spine(service) as spine:
            for sink in spine.sinks_of_worker():
                mended += await retry_parked(spine.view_pool, sink)
            owed += await owe_again(spine.pool)
    return mended, owed


def _views(service: str) -> list[View]:
    parts = parts_of(service)
    return [*parts.views, *([parts.deadlines_view] if parts.deadlines_view else [])]


class _progress:  # noqa: N801 - used as a function
    """A progress line on standard error, as work without a known end needs it."""

    def __init__(self, what: str) -> None:
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description} {task.completed}"), TimeElapsedColumn(), console=console
        )
        self._task = self._progress.add_task(what, total=None)

    def __enter__(self) -> Callable[[int], None]:
        self._progress.start()
        return lambda done: self._progress.update(self._task, completed=done)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
