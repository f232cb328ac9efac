"""What is held or parked shows: by number, by age, and as an alarm."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from libs.events.letters import alarm_held
from libs.events.views import ViewSink
from libs.web.health import health_router
from tests.spine.test_view_chain import apply, labelled
from tests.spine.toys import COUNTERS

if TYPE_CHECKING:
    import asyncpg

    from tests.spine.world import Shop


@pytest.fixture
async def shown(shop: Shop) -> Any:
    """What a scrape of this service's metrics says about its letters."""
    spine: Any = SimpleNamespace(
        parts=SimpleNamespace(name="toy"),
        pool=shop.pool,
        relay=None,
        consumers=[],
        revocations=SimpleNamespace(missing=False, fetched_at=0.0),
        sinks_of_worker=lambda: [ViewSink(COUNTERS)],
    )
    app = FastAPI()
    app.include_router(health_router(spine))

    async def scrape() -> dict[str, float]:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://toy") as http:
            text = (await http.get("/metrics")).text
        lines = [line.rpartition(" ") for line in text.splitlines() if line.startswith("zhicheng_letters")]
        return {name: float(value) for name, _, value in lines}

    return scrape


HELD = 'zhicheng_letters{kind="held",service="toy",view="counters"}'
PARKED = 'zhicheng_letters{kind="parked",service="toy",view="counters"}'
AGE = 'zhicheng_letters_held_seconds{service="toy",view="counters"}'


async def age(pool: asyncpg.Pool, seconds: int) -> None:
    await pool.execute("update letters set since = since - $1 * interval '1 second'", seconds)


async def test_the_metrics_tell_how_long_a_record_has_been_held_and_go_back_to_nothing(shop: Shop, shown: Any) -> None:
    assert await shown() == {HELD: 0, PARKED: 0, AGE: 0}
    first, second, third = labelled(3)
    await apply(shop.pool, second, third)
    await age(shop.pool, 40)
    found = await shown()
    assert (found[HELD], found[PARKED]) == (2, 0)
    assert 40 <= found[AGE] < 60
    await apply(shop.pool, first)
    assert await shown() == {HELD: 0, PARKED: 0, AGE: 0}


async def test_a_record_held_for_more_than_thirty_seconds_is_an_alarm_until_its_predecessor_comes(shop: Shop) -> None:
    first, second = labelled(2)
    await apply(shop.pool, second)
    with capture_logs() as logs:
        await alarm_held(shop.pool)
    assert logs == []
    await age(shop.pool, 31)
    with capture_logs() as logs:
        await alarm_held(shop.pool)
    assert [(one["event"], one["log_level"], one["view"]) for one in logs] == [
        ("records are held", "error", "counters")
    ]
    await apply(shop.pool, first)
    with capture_logs() as logs:
        await alarm_held(shop.pool)
    assert logs == []
