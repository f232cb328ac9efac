"""Is this process alive, is it ready, and how is it doing."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from starlette.responses import JSONResponse, Response

from libs.events.letters import LettersOf, letters_by_view
from libs.events.store import gate_age

if TYPE_CHECKING:
    from libs.web.spine import Spine

READY_SECONDS = 2
GATE_AGE = Gauge("zhicheng_gate_age_seconds", "Age of the oldest writing transaction that stalls readers", ["service"])
PUBLISHED = Gauge("zhicheng_relay_published", "Events published since this process leads", ["service"])
LEADING = Gauge("zhicheng_relay_leading", "1 where this process leads the relay", ["service"])
RECORDS = Gauge("zhicheng_consumer_records", "Records applied", ["service", "sink"])
FENCED = Gauge("zhicheng_consumer_fenced", "Batches that another member had", ["service", "sink"])
RESTARTS = Gauge("zhicheng_consumer_restarts", "Consumers started anew", ["service", "sink"])
LETTERS = Gauge("zhicheng_letters", "Records held or parked", ["service", "view", "kind"])
HELD = Gauge("zhicheng_letters_held_seconds", "Age of the oldest held record", ["service", "view"])
WAITING = Gauge("zhicheng_reactions_waiting_seconds", "Age of the oldest waiting reaction", ["service"])
REVOCATIONS = Gauge("zhicheng_revocations_age_seconds", "Age of the list of revoked tokens", ["service"])
REFUSED = Gauge("zhicheng_reactions_refused", "Reactions that were refused for good", ["service"])


def health_router(spine: Spine) -> APIRouter:
    """Make `/livez`, `/readyz` and `/metrics`."""
    router = APIRouter(include_in_schema=False)
    name = spine.parts.name

    @router.get("/livez")
    async def livez() -> Response:
        return JSONResponse({"status": "alive", "service": name})

    @router.get("/readyz")
    async def readyz() -> Response:
        faults = await _faults(spine)
        return JSONResponse({"status": "ready" if not faults else "unready", "faults": faults}, 503 if faults else 200)

    @router.get("/metrics")
    async def metrics() -> Response:
        GATE_AGE.labels(name).set(await gate_age(spine.pool))
        if spine.relay is not None:
            PUBLISHED.labels(name).set(spine.relay.state.published)
            LEADING.labels(name).set(spine.relay.state.leading)
        for consumer in spine.consumers:
            RECORDS.labels(name, consumer.sink_name).set(consumer.state.records)
            FENCED.labels(name, consumer.sink_name).set(consumer.state.fenced)
            RESTARTS.labels(name, consumer.sink_name).set(consumer.state.restarts)
        _show_letters(spine, await letters_by_view(spine.pool))
        oldest = await spine.pool.fetchval(
            "select coalesce(extract(epoch from max(clock_timestamp() - since)), 0)::float8"
            " from reactions where outcome = 'waiting'"
        )
        WAITING.labels(name).set(oldest)
        if spine.revocations.fetched_at:
            REVOCATIONS.labels(name).set(time.monotonic() - spine.revocations.fetched_at)
        REFUSED.labels(name).set(await spine.pool.fetchval("select count(*) from reactions where outcome = 'refused'"))
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


async def _faults(spine: Spine) -> list[str]:
    """Say why this process should get no requests; nothing when it should."""
    faults: list[str] = []
    # Not awaited to its end: a database that is frozen keeps whoever waits for it, and also who gives up on it.
    asked = asyncio.ensure_future(spine.pool.fetchval("select 1", timeout=READY_SECONDS))
    asked.add_done_callback(lambda done: done.cancelled() or done.exception())
    done, _ = await asyncio.wait({asked}, timeout=READY_SECONDS)
    if not done or asked.exception() is not None:
        faults.append("store")
    if spine.revocations.missing:
        faults.append("no list of revoked tokens yet")
    if spine.relay is not None and spine.relay.state.refused:
        faults.append(spine.relay.state.refused)
    stalled = [c for c in spine.consumers if time.monotonic() - c.state.polled_at > 30]  # noqa: PLR2004
    if stalled:
        faults.append(f"{len(stalled)} consumers do not poll")
    return faults


def _show_letters(spine: Spine, found: list[LettersOf]) -> None:
    """Show every view anew, so that one that was mended goes back to nothing."""
    name = spine.parts.name
    LETTERS.clear()
    HELD.clear()
    none = [LettersOf(sink.name, 0, 0, 0.0) for sink in spine.sinks_of_worker()]
    for one in [*none, *found]:
        LETTERS.labels(name, one.view, "held").set(one.held)
        LETTERS.labels(name, one.view, "parked").set(one.parked)
        HELD.labels(name, one.view).set(one.oldest_held)
