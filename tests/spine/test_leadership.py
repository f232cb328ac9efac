"""Leadership: one at a time, its loss is noticed, another takes over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from libs.events.leader import AlreadyLedError, Lead, LostLeadershipError, lead, leading
from tests.spine.world import Shop, eventually, running

if TYPE_CHECKING:
    import asyncpg

HOLDERS = (
    "select l.pid from pg_locks l join pg_database d on d.oid = l.database"
    " where l.locktype = 'advisory' and l.granted and d.datname = current_database() and l.objsubid = 1"
)


@dataclass
class Candidate:
    """One process that would lead."""

    shop: Shop
    name: str = "work"
    leads: bool = False
    terms: int = 0
    ends: list[str] = field(default_factory=list[str])
    last: Lead | None = None

    async def run(self) -> None:
        await lead(self.shop.database, self.name, self._work)

    async def _work(self, leadership: Lead) -> None:
        self.leads, self.last, self.terms = True, leadership, self.terms + 1
        try:
            while True:
                leadership.check()
                await asyncio.sleep(0.01)
        except BaseException as error:
            self.ends.append(type(error).__name__)
            raise
        finally:
            self.leads = False


async def lock_holders(admin: asyncpg.Connection) -> list[int]:
    return [row["pid"] for row in await admin.fetch(HOLDERS)]


async def depose(admin: asyncpg.Connection) -> None:
    """Terminate the connection that holds the lock, as a failing network or server would."""
    for pid in await lock_holders(admin):
        await admin.execute("select pg_terminate_backend($1)", pid)


async def test_leadership_is_exclusive(shop: Shop, admin: asyncpg.Connection) -> None:
    rivals = [Candidate(shop) for _ in range(4)]
    async with running(*(rival.run() for rival in rivals)):
        await eventually(lambda: any(rival.leads for rival in rivals))
        for _ in range(30):
            assert sum(rival.leads for rival in rivals) == 1
            assert len(await lock_holders(admin)) == 1
            await asyncio.sleep(0.02)
        assert sum(rival.terms for rival in rivals) == 1


async def test_leaderships_of_two_names_know_nothing_of_each_other(shop: Shop) -> None:
    one, other = Candidate(shop, "one"), Candidate(shop, "other")
    async with running(one.run(), other.run()):
        await eventually(lambda: one.leads and other.leads)


async def test_the_loss_of_leadership_is_noticed_and_another_takes_over(shop: Shop, admin: asyncpg.Connection) -> None:
    rivals = [Candidate(shop) for _ in range(2)]
    async with running(*(rival.run() for rival in rivals)):
        for term in range(1, 4):
            await eventually(lambda: any(rival.leads for rival in rivals))
            deposed = next(rival for rival in rivals if rival.leads)
            held = deposed.last
            await depose(admin)
            await eventually(lambda term=term: sum(rival.terms for rival in rivals) > term, "a new term begins")
            assert held is not None
            with pytest.raises(LostLeadershipError):
                held.check()
    assert all(rival.ends for rival in rivals if rival.terms)


async def test_a_leader_whose_work_fails_leads_again(shop: Shop) -> None:
    terms: list[Lead] = []

    async def work(leadership: Lead) -> None:
        terms.append(leadership)
        raise ZeroDivisionError

    async with running(lead(shop.database, "failing", work)):
        await eventually(lambda: len(terms) >= 3)


async def test_one_piece_of_work_is_led_only_where_nobody_leads(shop: Shop) -> None:
    candidate = Candidate(shop, "piece")
    async with running(candidate.run()):
        await eventually(lambda: candidate.leads)
        with pytest.raises(AlreadyLedError):
            async with leading(shop.pool, "piece"):
                pass
    async with leading(shop.pool, "piece"), running(candidate.run()):
        await asyncio.sleep(0.6)
        assert candidate.terms == 1
    async with leading(shop.pool, "piece"):
        pass
