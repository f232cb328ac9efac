"""A running service: its database, bus, keys, blobs, and the workers behind its HTTP side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import structlog
from starlette.types import ASGIApp

from libs.events import bus as bus_module
from libs.events.blobs import Blobs, local_store
from libs.events.bus import CommandBus
from libs.events.commit import GroupCommit
from libs.events.consumer import TopicConsumer
from libs.events.database import check_cluster, connect, open_pool
from libs.events.deadlines import Deadline, DeadlineTimer
from libs.events.leader import lead
from libs.events.letters import alarm_held
from libs.events.maintenance import forget_replies
from libs.events.reactions import Reaction, ReactionExecutor, ReactionSink
from libs.events.reading import Folded
from libs.events.relay import Relay
from libs.events.sealing import KeyRing, PersonKeys
from libs.events.sweeping import sweep_blobs
from libs.events.topics import ensure_topics, topic_name
from libs.events.views import View, ViewSink
from libs.web.auth import Tokens
from libs.web.credentials import ServiceCredentials
from libs.web.keys import HttpKeys
from libs.web.revocations import Revocations
from libs.web.settings import SERVICES, Settings

log = structlog.get_logger(__name__)
HOUSEKEEPING_SECONDS = 3600
WATCH_SECONDS = 10
REVOCATIONS_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Parts:
    """What one service is made of; `app.py` of each service fills it, and nothing else wires parts together.

    `keys`, `adapters` and `reactions` are given the running spine, so that they can use its pool and clients.
    """

    name: str
    migrations: Path
    routers: Sequence[Any] = ()
    views: Sequence[View] = ()
    listens: Sequence[str] = ()
    reaction_kinds: frozenset[str] = frozenset()
    reactions: Callable[[Spine], Sequence[Reaction]] | None = None
    deadlines_view: View | None = None
    deadlines: Sequence[Deadline] = ()
    claim_codes: Mapping[str, str] = field(default_factory=dict[str, str])
    keys: Callable[[Spine], PersonKeys] | None = None
    adapters: Callable[[Spine], Any] | None = None
    workers: Sequence[Callable[[Spine], Awaitable[None]]] = ()
    """Loops of the service's own; each runs in the worker role until it is cancelled."""
    front: Callable[[Spine, ASGIApp], ASGIApp] | None = None
    """What stands before the app and may answer in its place."""


class Spine:
    """Everything a handler may use."""

    def __init__(self, parts: Parts, settings: Settings) -> None:
        self.parts = parts
        self.settings = settings
        self.clock = settings.clock()
        self.database = settings.database()
        self.roles = frozenset(settings.roles.split(","))
        self.http = httpx2.AsyncClient(timeout=settings.outside_seconds)
        self.revocations = Revocations(settings.revocations, self.http)
        self.tokens = Tokens(settings.issuer, settings.audience, self.http, self.revocations.has)
        self.credentials = (
            ServiceCredentials(settings.issuer, settings.client_id, settings.client_key, self.http)
            if settings.client_key
            else None
        )
        self.sinks: dict[str, ViewSink] = {}
        self.reactions: ReactionSink | None = None
        self.consumers: list[TopicConsumer] = []
        self.relay: Relay | None = None
        self.pool: asyncpg.Pool
        self.view_pool: asyncpg.Pool
        """For what is folded from topics: its commits need not wait for the disk."""
        self.views: Folded
        self.bus: CommandBus
        self.keys: KeyRing
        self.blobs: Blobs
        self.adapters: Any = None
        self.exits = AsyncExitStack()
        """Closed when the service stops; what `adapters` opens is entered here."""
        self._commit: GroupCommit
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open the store and start the roles that this process plays."""
        await self.open()
        topics = [topic_name(self.settings.topic_prefix, service) for service in SERVICES]
        await ensure_topics(self.settings.kafka, topics)
        if self.settings.revocations:
            self._start(_for_ever(_follow_revocations, self))
        if "relay" in self.roles:
            topic = topic_name(self.settings.topic_prefix, self.parts.name)
            self.relay = Relay(self.database, self.settings.kafka, topic)
            self._start(self.relay.run())
        if "worker" in self.roles:
            self._start_workers()

    async def open(self) -> None:
        """Open the store and what commands and reactions need, and start nothing."""
        bus_module.CLAIM_CODES.update(self.parts.claim_codes)
        self.pool = await open_pool(self.database)
        self.views = Folded(self.pool)
        self.view_pool = await open_pool(self.database, derived=True)
        await check_cluster(self.pool)
        self.keys = KeyRing(self.parts.keys(self) if self.parts.keys else HttpKeys(self))
        self.blobs = Blobs(local_store(self.settings.state / "blobs"), self.keys)
        self._commit = GroupCommit(lambda: connect(self.database))
        self.bus = CommandBus(self.pool, self._commit, self.clock, self.keys)
        self.adapters = self.parts.adapters(self) if self.parts.adapters else None
        for view in self.parts.views:
            self.sinks[view.name] = ViewSink(view)
        if self.parts.reactions is not None:
            self.reactions = ReactionSink(
                self.parts.name, self.parts.listens, self.parts.reactions(self), self.parts.reaction_kinds
            )

    async def stop(self) -> None:
        """Stop every worker, then close what they used."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._commit.close()
        await self.exits.aclose()
        await self.http.aclose()
        for pool in (self.pool, self.view_pool):
            await asyncio.wait_for(pool.close(), 10)

    async def service_headers(self) -> dict[str, str]:
        """Give the credentials for a call to another service."""
        if self.credentials is None:
            msg = "this service has no credentials of its own: set ZHICHENG_CLIENT_ID and ZHICHENG_CLIENT_KEY"
            raise RuntimeError(msg)
        return await self.credentials.headers()

    def sinks_of_worker(self) -> list[ViewSink]:
        """Give every sink that the worker role feeds, views first, what reacts last."""
        due = self.parts.deadlines_view
        return [
            *self.sinks.values(),
            *([ViewSink(due, sink_name(self.parts.name, due))] if due else []),
            *([self.reactions] if self.reactions else []),
        ]

    def _start_workers(self) -> None:
        for sink in self.sinks_of_worker():
            self._consume(sink, sink.view.services)
        if self.parts.deadlines_view is not None:
            timer = DeadlineTimer(self.pool, self.bus, self.clock, self.parts.name, self.parts.deadlines)
            self._start(lead(self.database, "deadlines", timer.work))
        if self.reactions is not None:
            executor = ReactionExecutor(self.pool, self.bus, self.parts.name, self.reactions)
            self._start(lead(self.database, "reactions", executor.work))
        for worker in self.parts.workers:
            self._start(_for_ever(worker, self))
        self._start(_for_ever(_housekeeping, self))
        self._start(_for_ever(_watch_letters, self))

    def _consume(self, sink: ViewSink, services: Sequence[str]) -> None:
        topics = [topic_name(self.settings.topic_prefix, service) for service in services]
        # With the service's name: two services with a view of one name must not share its partitions.
        group = f"{self.settings.topic_prefix}.{self.parts.name}.{sink.name}.g1"
        consumer = TopicConsumer(self.view_pool, self.settings.kafka, group, topics, sink)
        self.consumers.append(consumer)
        self._start(consumer.run())

    def _start(self, work: Any) -> None:
        self._tasks.append(asyncio.create_task(work))


def sink_name(service: str, view: View) -> str:
    """Name the offsets and letters of a view; every service has a view called `deadlines`."""
    return f"{service}_deadlines" if view.name == "deadlines" else view.name


async def _for_ever(worker: Callable[[Spine], Awaitable[None]], spine: Spine) -> None:
    while True:
        try:
            await worker(spine)
        except Exception as error:  # noqa: BLE001 - a worker's failure is logged and tried again, never silent
            log.warning("worker failed", worker=getattr(worker, "__name__", ""), error=repr(error))
            await asyncio.sleep(1)


async def sweep(spine: Spine) -> None:
    """Delete stored files that no event has named within a day; a worker of every service that stores files."""
    deleted = await sweep_blobs(spine.pool, spine.blobs)
    if deleted:
        log.info("files swept that no event names", deleted=deleted)
    await asyncio.sleep(spine.settings.sweep_seconds)


async def _housekeeping(spine: Spine) -> None:
    await forget_replies(spine.pool)
    await asyncio.sleep(HOUSEKEEPING_SECONDS)


async def _follow_revocations(spine: Spine) -> None:
    await spine.revocations.fetch()
    await asyncio.sleep(REVOCATIONS_SECONDS)


async def _watch_letters(spine: Spine) -> None:
    await alarm_held(spine.pool)
    await asyncio.sleep(WATCH_SECONDS)
