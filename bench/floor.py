"""The floors over HTTP, as one would write them: `python -m bench.floor validate|forward|select`.

Settings come from the environment: FLOOR_PORT, and FLOOR_UPSTREAM or FLOOR_DSN.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from libs.kernel.terms import EmployerKind

Text = Annotated[str, Field(max_length=400)]


class Employer(BaseModel):
    """The body that ours takes."""

    model_config = ConfigDict(extra="forbid")

    name: Text
    credit_code: Annotated[str, Field(max_length=50)]
    kind: EmployerKind
    district: Text
    superior: Text = ""


class Reply(BaseModel):
    """The members that ours answers."""

    id: UUID
    version: int
    etag: str


class Verification(BaseModel):
    """The question that ours takes."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(max_length=200)]


class Certificate(BaseModel):
    """What the table says of a certificate, its personal fields left out."""

    number: str
    title_name: str
    series: str
    specialty: str
    level: str
    scope: str
    obtained_on: date
    issued_on: date
    issuer: str
    revoked_on: date | None
    decision_no: str | None


class Answer(BaseModel):
    """What a verifier gets."""

    outcome: str
    certificate: Certificate


def validate() -> FastAPI:
    """Build a route that does nothing but validate what comes and what goes."""
    app = FastAPI()

    @app.post("/v1/employers", status_code=201)
    async def register(body: Employer) -> Reply:
        return Reply(id=uuid4(), version=1, etag=f'"1.{body.credit_code}"')

    return app


def forward() -> FastAPI:
    """Build a forwarder that does nothing but forward."""
    upstream = os.environ["FLOOR_UPSTREAM"]

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            app.state.session = session
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/{path:path}")
    async def pass_on(path: str, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name not in {"host", "content-length"}}
        session: aiohttp.ClientSession = request.app.state.session
        async with session.post(f"{upstream}/{path}", data=await request.body(), headers=headers) as answer:
            return Response(await answer.read(), answer.status, media_type=answer.content_type)

    return app


def select() -> FastAPI:
    """Build a route with one indexed SELECT. The pool resets nothing, so that it is one round trip."""

    async def as_it_is(_: asyncpg.Connection) -> None:
        return

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(os.environ["FLOOR_DSN"], reset=as_it_is) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)
    query = f"select {', '.join(Certificate.model_fields)} from verification where code = $1"

    @app.post("/v1/verifications")
    async def verify(body: Verification, request: Request) -> Answer:
        row: Any = await request.app.state.pool.fetchrow(query, body.code)
        if row is None:
            raise HTTPException(404)
        return Answer(outcome="valid", certificate=Certificate(**dict(row)))

    return app


if __name__ == "__main__":
    uvicorn.run(
        {"validate": validate, "forward": forward, "select": select}[sys.argv[1]](),
        # As `zhicheng serve` runs a service.
        host="127.0.0.1",
        port=int(os.environ["FLOOR_PORT"]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
        server_header=False,
    )
