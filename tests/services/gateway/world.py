"""What the gateway's tests stand on: the gateway on real servers, small services behind it, events as they come."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, Request
from joserfc.jwk import ECKey
from starlette.responses import JSONResponse, Response

from deploy.local.info import StackInfo
from deploy.local.outside_process import OutsideInfo
from libs.events.clock import FileClock
from libs.events.contracts.base import Payload
from libs.events.contracts.integrity import OfficialsNamed
from libs.events.database import migrate, prepare
from libs.events.envelope import Event
from libs.events.topics import partition_of, started, topic_name
from libs.web.service import build
from libs.web.settings import Settings
from libs.web.spine import Spine
from services.gateway.app import PARTS
from tests.domain.gateway.cast import Stream
from tests.domain.gateway.story import NOON, Story, key_of

OFFICIAL = "an-official"
SERVICES = ("intake", "review", "certificate", "integrity")
PATIENCE = 30.0


@dataclass
class Upstream:
    """A service behind the gateway: it answers what it was told to, and remembers what it was asked."""

    name: str
    app: FastAPI = field(default_factory=lambda: FastAPI(openapi_url=None, docs_url=None, redoc_url=None))
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    erased: set[str] = field(default_factory=set[str])
    broken: bool = False
    answer: Callable[[Request, bytes], Awaitable[Response]] | None = None
    document: dict[str, Any] = field(default_factory=lambda: {"paths": {}, "components": {"schemas": {}}})

    def __post_init__(self) -> None:
        @self.app.get("/v1/openapi.json")
        async def openapi() -> Response:
            return JSONResponse(self.document)

        @self.app.post("/internal/keys")
        async def keys(request: Request) -> Response:
            if self.broken:
                return Response(status_code=500)
            wanted = set((await request.json())["persons"]) - self.erased
            return JSONResponse({"keys": {one: base64.b64encode(key_of(one)).decode() for one in wanted}})

        @self.app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
        async def everything(path: str, request: Request) -> Response:
            body = await request.body()
            self.asked.append(
                {
                    "method": request.method,
                    "path": request.url.path,
                    "query": request.url.query,
                    "headers": dict(request.headers),
                    "body": body,
                }
            )
            if self.answer is not None:
                return await self.answer(request, body)
            return JSONResponse({"id": "1", "version": 1}, 201, {"ETag": '"1.ab"', "Consistency-Token": "person-1@1"})


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI app on a free port of this machine; give its address."""
    # With its protocol named, or asyncio does not turn Nagle's delay off: 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1, proxy_headers=False)
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        assert not task.done(), "the server did not start"
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


@dataclass
class World:
    """The gateway, running, and everything around it."""

    stack: StackInfo
    outside: OutsideInfo
    settings: Settings
    spine: Spine
    base: str
    http: httpx2.AsyncClient
    upstreams: dict[str, Upstream]
    tokens: dict[tuple[Any, ...], str] = field(default_factory=dict[tuple[Any, ...], str])
    office: Stream = field(default_factory=lambda: Stream(f"office-{uuid4()}"))

    async def token(self, *roles: str, **relations: str) -> str:
        """Get a token that carries these roles and relations."""
        known = (roles, *sorted(relations.items()))
        if known not in self.tokens:
            subject = OFFICIAL if "city" in roles else str(uuid4())
            admin = {"Authorization": f"Bearer {self.outside.admin_secret}"}
            user = {"roles": list(roles), **relations}
            made = await self.http.put(f"{self.outside.issuer}/dev/users/{subject}", json=user, headers=admin)
            made.raise_for_status()
            minted = await self.http.post(f"{self.outside.issuer}/dev/tokens", json={"sub": subject}, headers=admin)
            self.tokens[known] = minted.raise_for_status().json()["access_token"]
        return self.tokens[known]

    async def send(
        self, method: str, path: str, *roles: str, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx2.Response:
        """Send a request to the gateway, as the public or with a token of these roles and relations."""
        relations = {name: more.pop(name) for name in ("person", "unit", "district") if name in more}
        sent = dict(headers or {})
        if roles:
            sent["Authorization"] = f"Bearer {await self.token(*roles, **relations)}"
        return await self.http.request(method, f"{self.base}{path}", headers=sent, **more)

    async def get(self, path: str, *roles: str, **more: Any) -> httpx2.Response:
        """Read."""
        return await self.send("GET", path, *roles, **more)

    async def items(self, path: str, *roles: str, **more: Any) -> list[dict[str, Any]]:
        """Read a list's items."""
        answer = await self.get(path, *roles, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def publish(self, events: Iterable[Event], *, folded: bool = True) -> None:
        """Put events on their topics as the relays do, and wait until the gateway has folded them."""
        sent = list(events)
        async with started(AIOKafkaProducer(bootstrap_servers=self.settings.kafka, acks="all")) as producer:
            for event in sent:
                topic = topic_name(self.settings.topic_prefix, event.attributes["source"].rpartition("/")[2])
                await producer.send(topic, event.record, event.stream.encode(), partition_of(event.stream))
        if folded:
            await self.folded(sent)

    async def tell(self, story: Story) -> None:
        """Publish what a story has told since it was last published, and wait until it is folded."""
        await self.publish(story.told)
        story.told = []

    async def folded(self, events: Sequence[Event]) -> None:
        """Wait until the gateway has folded these events."""
        latest: dict[str, int] = {}
        for event in events:
            latest[event.stream] = max(event.version, latest.get(event.stream, 0))
        async with asyncio.timeout(PATIENCE):
            while True:
                rows = await self.spine.pool.fetch(
                    "select stream, version from resources where stream = any($1)", list(latest)
                )
                found = {row["stream"]: row["version"] for row in rows}
                if all(found.get(stream, 0) >= version for stream, version in latest.items()):
                    return
                await asyncio.sleep(0.01)

    async def tell_officials(self, *payloads: Payload) -> None:
        """Let the city's office tell who its officials are now."""
        events = self.office.say(*payloads)
        await self.publish(events, folded=False)
        async with asyncio.timeout(PATIENCE):
            while await self.spine.pool.fetchval("select version from officials") != events[-1].version:
                await asyncio.sleep(0.01)

    def at(self, instant: datetime) -> None:
        """Move the domain's clock."""
        assert isinstance(self.spine.clock, FileClock)
        self.spine.clock.move_to(instant)


@asynccontextmanager
async def running(stack: StackInfo, outside: OutsideInfo, folder: Path, **settings: Any) -> AsyncIterator[World]:
    """Run a gateway of its own: its database, its topics, its services."""
    prefix = f"gw{uuid4().hex[:10]}"
    async with AsyncExitStack() as exits:
        upstreams = {name: Upstream(name) for name in SERVICES}
        urls = {f"{name}_url": await exits.enter_async_context(serving(one.app)) for name, one in upstreams.items()}
        http = await exits.enter_async_context(httpx2.AsyncClient(timeout=30))
        made = Settings(
            profile="test",
            service="gateway",
            postgres_host=stack.postgres_host,
            postgres_port=stack.postgres_port,
            database_prefix=prefix,
            database_password="a-secret",
            kafka=stack.kafka_bootstrap,
            topic_prefix=prefix,
            issuer=outside.issuer,
            client_id=f"service-gateway-{prefix}",
            client_key=await _client(outside, http, prefix, folder),
            state=folder,
            clock_file=folder / "clock",
            **{"revocations": f"{outside.issuer}/revocations", **urls, **settings},
        )
        FileClock(folder / "clock").move_to(NOON)
        await prepare(stack.dsn("postgres"), made.database())
        await migrate(stack.dsn("postgres"), made.database(), [PARTS.migrations])
        spines: list[Spine] = []
        adapters = PARTS.adapters
        assert adapters is not None
        parts = replace(PARTS, adapters=lambda spine: spines.append(spine) or adapters(spine))
        base = await exits.enter_async_context(serving(build(parts, made)))
        world = World(stack, outside, made, spines[0], base, http, upstreams)
        await world.tell_officials(OfficialsNamed(officials=(OFFICIAL, "another-official")))
        yield world


async def _client(outside: OutsideInfo, http: httpx2.AsyncClient, prefix: str, folder: Path) -> Path:
    key = ECKey.generate_key("P-256", auto_kid=True)
    file = folder / "client.json"
    file.write_text(json.dumps(key.as_dict(private=True)))
    answer = await http.put(
        f"{outside.issuer}/dev/clients/service-gateway-{prefix}",
        json={"jwk": key.as_dict(private=False), "roles": ["system"]},
        headers={"Authorization": f"Bearer {outside.admin_secret}"},
    )
    answer.raise_for_status()
    return file
