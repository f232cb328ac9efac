"""What the system tells: every record on the topics, and the story of one case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from aiokafka import TopicPartition

from cli.connect import STATE, Json, Root, Service, Site, chosen, console, fail, instant, open_site, run, say
from libs.events.database import unhurried
from libs.events.envelope import GENESIS, Event
from libs.events.topics import everything
from libs.web.settings import SERVICES

Raw = Annotated[bool, typer.Option("--raw", help="The record's own bytes, unchanged, one record a line.")]
At = Annotated[str, typer.Option(help="Only what was recorded up to this instant (RFC 3339).")]


def register(app: typer.Typer) -> None:
    """Add the telling commands."""
    app.command()(events)
    app.command()(replay)


def events(*, service: Service = "", raw: Raw = False, root: Root = STATE, as_json: Json = False) -> None:
    """Print every record on the topics."""
    run(_events(chosen(service), root, raw=raw, as_json=as_json))


async def _events(services: tuple[str, ...], root: Path, *, raw: bool, as_json: bool) -> None:
    site = await open_site(root)
    async for partition, record in everything(site.bootstrap, [site.topic(name) for name in services]):
        say(_line(partition, record, raw=raw, as_json=as_json))


def _line(partition: TopicPartition, record: Any, *, raw: bool, as_json: bool) -> str:
    if raw:
        return record.value.decode()
    if as_json:
        place = {"topic": partition.topic, "partition": partition.partition, "offset": record.offset}
        return orjson.dumps({**place, "record": orjson.Fragment(record.value)}).decode()
    event = Event(record.value)
    return f"{event.attributes['recordedtime']}  {event.stream}@{event.version}  {event.type}"


def replay(
    application: Annotated[str, typer.Argument(help="The application's id.")],
    *,
    at: At = "",
    root: Root = STATE,
    as_json: Json = False,
) -> None:
    """Tell the story of a case from the stores themselves, with clauses and hashes; exit code 3 when it is broken.

    It goes on with the title that was granted: its certificate, a case that revoked it, the ban and the entry in the
    archive that followed.
    """
    until = instant(at) if at else None
    if run(_replay(application, until, root, as_json=as_json)):
        raise typer.Exit(3)


async def _replay(application: str, until: datetime | None, root: Path, *, as_json: bool) -> bool:
    site = await open_site(root)
    found: list[Passage] = []
    broken: list[str] = []

    async def follow(services: Sequence[str], ids: set[str], tell: Callable[[Sequence[Event]], list[Passage]]) -> None:
        for service in services if ids else ():
            for records in await _streams_naming(site, service, ids):
                known = [event for event in records if until is None or event.recorded <= until]
                told = tell(known) if known else []
                found.extend(told)
                broken.extend(_breaks(records) if told else [])

    # What names the application, then what names the title that it was granted, then what a revoking case led to.
    await follow(SERVICES, {application}, lambda records: concerning(records, application))
    titles = {one.event.identity for one in found if one.event.type == "TitleGranted"}
    await follow(("certificate", "integrity"), titles, lambda records: of_titles(records, titles))
    cases = {one.event.identity for one in found if one.event.type == "TitleRevoked"}
    await follow(("integrity",), cases, lambda records: of_cases(records, cases))
    if not found:
        fail(f"No event of application {application} is known{' by then' if until else ''}.", 2)
    # Within a stream by version; between streams by when it was recorded.
    for one in sorted(found, key=lambda one: (one.event.recorded, one.event.stream, one.event.version)):
        say(tell_json(one) if as_json else _tell(one.event))
    for place in broken:
        console.print(f"the chain is broken at {place}", style="red")
    return bool(broken)


async def _streams_naming(site: Site, service: str, ids: set[str]) -> list[list[Event]]:
    """Give the streams of a service, whole, that are or whose records name one of these."""
    # It looks into every record of the store, which takes longer than a service's login is given.
    async with site.pool(service) as pool, unhurried(pool) as connection:
        rows = await connection.fetch(
            "select stream, record from events where stream in (select distinct stream from events"
            " where stream like any($1) or convert_from(record, 'UTF8') like any($1)) order by stream, version",
            [f"%{one}%" for one in ids],
        )
    streams: dict[str, list[Event]] = {}
    for row in rows:
        streams.setdefault(row["stream"], []).append(Event(row["record"]))
    return list(streams.values())


def _breaks(records: Sequence[Event]) -> list[str]:
    chain, found = GENESIS, list[str]()
    for event in records:
        if event.prev_hash != chain:
            found.append(f"{event.stream}@{event.version}")
        chain = event.hash
    return found


@dataclass(frozen=True, slots=True)
class Passage:
    """An event of a case's story; `alone` where it names no other case."""

    event: Event
    alone: bool = True


def concerning(records: Sequence[Event], application: str) -> list[Passage]:
    """Give what of a stream concerns a case.

    A stream that began for the case alone belongs to it whole: an endorsement names the case only at first. In any
    other, each event is asked by itself. What a session says of no candidate, as that it opened, concerns them all.
    """
    first = records[0]
    if first.identity == application or first.data.get("application") == application:
        return [Passage(event) for event in records]
    candidates: list[str] = first.data.get("candidates", [])
    others = [one.encode() for one in candidates if one != application]
    found = [(event, any(other in event.record for other in others)) for event in records]
    return [
        Passage(event, alone=not shared)
        for event, shared in found
        if _names(event, application) or (application in candidates and not shared)
    ]


def of_titles(records: Sequence[Event], titles: set[str]) -> list[Passage]:
    """Give what of a stream follows from titles that were granted: a certificate, and a case that revoked one.

    A case that revoked other titles too is told without these.
    """
    if records[0].data.get("title") in titles:
        return [Passage(event) for event in records]
    revoking = {event.version: event.data["title"] in titles for event in records if event.type == "TitleRevoked"}
    return [Passage(event) for event in records if any(revoking.values()) and revoking.get(event.version, True)]


def of_cases(records: Sequence[Event], cases: set[str]) -> list[Passage]:
    """Give a stream that a case led to, whole: a ban, an entry in the archive."""
    return [Passage(event) for event in records if records[0].data.get("case") in cases]


def _names(event: Event, application: str) -> bool:
    said = event.data.get("application")
    return said == application if said else application.encode() in event.record


def _tell(event: Event) -> str:
    clauses = event.attributes.get("clauses", "")
    head = f"{event.attributes['time']}  {event.type:28} {event.actor_role:15} {event.stream}@{event.version}"
    return f"{head}\n    clauses {clauses or '-'}  hash {event.hash.hex()}"


def tell_json(passage: Passage) -> str:
    """Write one event as it is stored; without its data where that names other cases, whose story is not this one."""
    event = passage.event
    if passage.alone:
        return orjson.dumps({"hash": event.hash.hex(), "record": orjson.Fragment(event.record)}).decode()
    envelope = {name: value for name, value in event.attributes.items() if name != "data"}
    return orjson.dumps({"hash": event.hash.hex(), "record": envelope, "withheld": "data"}).decode()
