"""A client of the gateway as a person, an office or a system has it; every step is timed and looked at."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from rich.console import Console

from cli.demo.people import People
from deploy.local.house import HouseInfo
from libs.events.clock import FileClock

SEED = 2023
RENEW_SECONDS = 240
VISIBLE_SECONDS = 20
LOOK_SECONDS = 0.05
AGAIN_SECONDS = 0.2
OK, FORBIDDEN, UNAVAILABLE = 200, 403, 503
PLURALS = {"agency": "agencies"}


OFFICIALS = ("official-1", "official-2")
"""The subjects by which the development identity provider knows the first two officials of the city."""


class StepError(RuntimeError):
    """A step did not do what it says."""


@dataclass(slots=True)
class Step:
    """One step of the demonstration, as `build/demo.json` keeps it."""

    name: str
    actor: str
    status: int
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    milliseconds: float = 0.0
    """Until all its events were visible at the gateway."""


@dataclass(slots=True)
class Reply:
    """An answer of the gateway."""

    status: int
    body: dict[str, Any]
    headers: Any

    @property
    def id(self) -> str:
        """The id of what was made or changed."""
        return self.body["id"]

    @property
    def codes(self) -> list[str]:
        """The refusal codes of a problem, in their order."""
        return [error["code"] for error in self.body.get("errors", ())]


class Actor:
    """Somebody with a token, renewed in time."""

    def __init__(self, world: World, name: str, subject: str) -> None:
        self._world = world
        self.name = name
        self.subject = subject
        self._token = ""
        self._minted = 0.0

    async def token(self) -> str:
        """Give an access token that is still good for a while."""
        if time.monotonic() - self._minted > RENEW_SECONDS:
            self._token = await self._world.mint(self.subject)
            self._minted = time.monotonic()
        return self._token

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send a request as this actor, without a step of its own."""
        return await self._world.request(method, path, body, token=await self.token(), **headers)

    async def get(self, path: str, after: Reply | None = None) -> Reply:
        """Read, after a write of one's own when given its reply."""
        headers = {}
        if after is not None:
            headers = {"Consistency-Token": after.headers["consistency-token"], "Prefer": "wait=10"}
        reply = await self.send("GET", path, **headers)
        if reply.status != 200:
            raise StepError(f"{self.name} cannot read {path}: {reply.status} {reply.body}")
        return reply

    async def does(self, what: str, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Do a step that must succeed, and wait until its events are visible at the gateway."""
        return await self._world.step(what, self, method, path, body, **headers)

    async def is_refused(self, what: str, code: str, method: str, path: str, body: Any = None) -> Reply:
        """Do a step that must be refused with this code among the reasons."""
        reply = await self.send(method, path, body)
        if code not in reply.codes:
            raise StepError(f"{what}: expected {code}, got {reply.status} {reply.body}")
        self._world.steps.append(Step(f"{what} -> {code}", self.name, reply.status))
        self._world.print_step(self._world.steps[-1], f"refused: {', '.join(dict.fromkeys(reply.codes))}")
        return reply


class World:
    """The house as its users meet it.

    Parameters
    ----------
    patience
        For how many seconds a request that found nobody is sent again, with the same key. 0: it is sent once.
    """

    def __init__(self, info: HouseInfo, console: Console | None = None, patience: float = 10.0) -> None:
        self.info = info
        self.patience = patience
        self.clock = FileClock(Path(info.clock_file))
        self.http = httpx2.AsyncClient(timeout=30)
        self.steps: list[Step] = []
        self.people = People(SEED)
        self._console = console
        self._counted: dict[str, str] = {}
        self._cursor = ""
        self._auditor: Actor | None = None

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def official(self, number: int = 1) -> Actor:
        """Give the first or second official of the city, as `zhicheng bootstrap` named them."""
        official = await self._known(f"市人社局{'甲乙'[number - 1]} city", OFFICIALS[number - 1], ["city"])
        # The gateway hears a moment later who was named.
        await self.when(lambda: official.send("GET", "/v1/clients"), lambda reply: reply.status != FORBIDDEN)
        return official

    async def actor(self, name: str, roles: list[str], **relations: str) -> Actor:
        """Make somebody known to the development identity provider."""
        return await self._known(name, str(uuid4()), roles, **relations)

    async def _known(self, name: str, subject: str, roles: list[str], **relations: str) -> Actor:
        answer = await self.http.put(
            f"{self.info.issuer}/dev/users/{subject}", json={"roles": roles, **relations}, headers=self._admin()
        )
        answer.raise_for_status()
        return Actor(self, name, subject)

    async def mint(self, subject: str) -> str:
        """Get a token for somebody."""
        answer = await self.http.post(f"{self.info.issuer}/dev/tokens", json={"sub": subject}, headers=self._admin())
        return answer.raise_for_status().json()["access_token"]

    async def auditor(self) -> Actor:
        """Give the auditor who looks whether what was done can be seen."""
        if self._auditor is None:
            self._auditor = await self.actor("审计员 auditor", ["auditor"])
        return self._auditor

    async def records(self, system: str, entries: list[dict[str, Any]]) -> None:
        """Load a stand-in of an outside system."""
        (await self.http.put(f"{getattr(self.info, system)}/records", json=entries)).raise_for_status()

    async def request(self, method: str, path: str, body: Any, *, token: str, **headers: str) -> Reply:
        """Send one request to the gateway; commands get a key of their own."""
        sent = {**headers}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if method != "GET":
            sent.setdefault("Idempotency-Key", str(uuid4()))
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = await self._answered(method, f"{self.info.gateway}{path}", headers=sent, **content)
        kind = answer.headers.get("content-type", "")
        return Reply(answer.status_code, answer.json() if "json" in kind else {"bytes": answer.content}, answer.headers)

    async def _answered(self, method: str, url: str, **request: Any) -> httpx2.Response:
        """Send a request until it is answered by somebody who could: what is sent again has its key."""
        until = time.monotonic() + self.patience
        while True:
            try:
                answer = await self.http.request(method, url, **request)
            except httpx2.TransportError:
                if time.monotonic() > until:
                    raise
            else:
                if answer.status_code != UNAVAILABLE or time.monotonic() > until:
                    return answer
            await asyncio.sleep(AGAIN_SECONDS)

    async def step(self, what: str, actor: Actor, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Do one step and wait until the gateway shows every event that it caused."""
        begun = time.perf_counter()
        reply = await actor.send(method, path, body, **headers)
        if reply.status >= 400:
            raise StepError(f"{what} ({actor.name}): {method} {path} answered {reply.status} {reply.body}")
        step = Step(what, actor.name, reply.status)
        token = reply.headers.get("consistency-token")
        if token:
            step.events = await self._visible(token)
            step.milliseconds = round((time.perf_counter() - begun) * 1000, 1)
        self.steps.append(step)
        self.print_step(step, ", ".join(event["type"] for event in step.events))
        return reply

    async def _visible(self, token: str) -> list[dict[str, Any]]:
        """Wait until the version that a reply names is in the history; give what came with it."""
        stream, _, version = token.rpartition("@")
        kind, _, identity = stream.partition("-")
        auditor = await self.auditor()
        waiting = {"Consistency-Token": token, "Prefer": f"wait={VISIBLE_SECONDS}"}
        reply = await auditor.send("GET", f"/v1/{PLURALS.get(kind, kind + 's')}/{identity}/events?limit=100", **waiting)
        found = [one for one in reply.body.get("items", ()) if one["stream"] == stream]
        latest = [one for one in found if one["version"] == int(version)]
        if not latest:
            raise StepError(f"{token} did not become visible at the gateway: {reply.status} {reply.body}")
        return self._shown([one for one in found if one["time"] == latest[0]["time"]])

    async def news(self) -> list[dict[str, Any]]:
        """Give what the feed has told since it was last read, and no step has shown: what others caused."""
        auditor, found = await self.auditor(), list[dict[str, Any]]()
        while True:
            page = (await auditor.get(f"/v1/events?limit=100{self._cursor}")).body
            self._cursor = f"&cursor={page['next']}"
            if not page["items"]:
                return self._shown([one for one in found if one["id"] not in self._counted])
            found += page["items"]

    def _shown(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self._counted.update((one["id"], one["type"]) for one in events)
        return [{**one, "topic": f"zhicheng.{one['service']}"} for one in events]

    async def until(self, what: str, actor: Actor, path: str, good: Any) -> dict[str, Any]:
        """Wait until a reading is as it should be: effects in other services take their time."""
        begun = time.perf_counter()
        reply = await self.when(lambda: actor.send("GET", path), lambda reply: reply.status == OK and good(reply.body))
        if reply.status != OK or not good(reply.body):
            raise StepError(f"{what}: {path} did not get there; last seen {reply.body}")
        took = round((time.perf_counter() - begun) * 1000, 1)
        caused = await self.news()
        self.steps.append(Step(what, actor.name, OK, caused, took))
        self.print_step(self.steps[-1], ", ".join(event["type"] for event in caused) or "seen")
        return reply.body

    async def when(self, look: Callable[[], Awaitable[Reply]], good: Callable[[Reply], bool]) -> Reply:
        """Look until it is good, or for as long as anybody waits; give what was seen last."""
        until = time.monotonic() + VISIBLE_SECONDS + self.patience
        reply = await look()
        while not good(reply) and time.monotonic() < until:
            await asyncio.sleep(LOOK_SECONDS)
            reply = await look()
        return reply

    def told(self, what: str, answer: str) -> None:
        """Note a step that anybody may take and that changes nothing."""
        self.steps.append(Step(what, "公众 public", 200))
        self.print_step(self.steps[-1], answer)

    def at(self, instant: datetime) -> None:
        """Move the domain's clock of the whole stack."""
        self.clock.move_to(instant)
        if self._console:
            self._console.print(f"[dim]the clock is now {instant.isoformat()}[/dim]", highlight=False)

    def counts(self) -> dict[str, int]:
        """Count the events that the gateway has shown, by type."""
        return dict(Counter(self._counted.values()))

    def print_step(self, step: Step, what: str) -> None:
        """Print one step as it happens."""
        if self._console:
            took = f"{step.milliseconds:7.1f} ms" if step.milliseconds else "          "
            self._console.print(
                f"{len(self.steps):3}  {step.name:46.46} {step.actor:22.22} {took}  {what}", highlight=False
            )

    def _admin(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.info.admin_secret}"}
