"""The story goes on while every service is killed under it, twice; what it leaves behind is what it always leaves.

Each service dies once by itself at a labelled point, and once from outside when the story has come to a certain step.
Whoever asked asks again with the same key, as a front end does.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from cli.bootstrap import name_officials
from cli.demo.story import tell
from cli.demo.world import OFFICIALS, World
from deploy.local.house import House
from deploy.local.outside_process import OutsideInfo
from deploy.local.stack import StackInfo
from libs.web.settings import SERVICES
from tests.house_fixture import open_house
from tests.journeys.conftest import Told
from tests.journeys.records import read_stores, settle
from tests.journeys.test_the_record import (
    test_each_application_was_paid_exactly_once_and_the_second_payment_is_owed_back,
    test_each_grant_has_exactly_one_certificate_with_a_number_of_its_own,
    test_every_decision_by_rules_cites_one_rule_set_and_its_clauses,
    test_every_event_type_is_one_that_the_registry_knows,
    test_every_record_is_canonical_json_by_an_independent_implementation,
    test_every_stream_is_an_unbroken_chain_of_hashes,
    test_no_event_ties_a_voter_to_a_choice,
    test_nothing_was_parked_refused_by_surprise_or_left_waiting,
    test_personal_values_stand_in_no_record_no_table_and_no_log,
    test_the_bytes_on_the_topics_are_the_bytes_in_the_stores,
    test_the_four_events_that_name_the_system_have_happened,
)
from tests.journeys.test_the_views import (
    test_every_stream_is_shown_once_at_its_last_version_with_its_last_hash,
    test_how_a_matter_stands_is_what_the_last_event_that_moves_it_says,
    test_no_view_of_any_service_stands_elsewhere_than_its_streams,
    test_the_history_holds_every_event_of_what_it_tells_once,
)

__all__ = [
    "test_each_application_was_paid_exactly_once_and_the_second_payment_is_owed_back",
    "test_each_grant_has_exactly_one_certificate_with_a_number_of_its_own",
    "test_every_decision_by_rules_cites_one_rule_set_and_its_clauses",
    "test_every_event_type_is_one_that_the_registry_knows",
    "test_every_record_is_canonical_json_by_an_independent_implementation",
    "test_every_stream_is_an_unbroken_chain_of_hashes",
    "test_every_stream_is_shown_once_at_its_last_version_with_its_last_hash",
    "test_how_a_matter_stands_is_what_the_last_event_that_moves_it_says",
    "test_no_event_ties_a_voter_to_a_choice",
    "test_no_view_of_any_service_stands_elsewhere_than_its_streams",
    "test_nothing_was_parked_refused_by_surprise_or_left_waiting",
    "test_personal_values_stand_in_no_record_no_table_and_no_log",
    "test_the_bytes_on_the_topics_are_the_bytes_in_the_stores",
    "test_the_four_events_that_name_the_system_have_happened",
    "test_the_history_holds_every_event_of_what_it_tells_once",
]

POINTS = {
    "intake": "after-append:40",
    "review": "after-publish:20",
    "certificate": "before-reaction",
    "integrity": "before-append:2",
    "gateway": "before-view-commit:60",
}
"""Where each service kills itself, and at which time it comes there."""
STEPS = {
    "submits": "intake",
    "accepts": "gateway",
    "casts a sealed vote": "review",
    "confirms the result": "certificate",
    "serves the facts": "integrity",
}
"""Who is killed when the story has come to a step."""
PATIENCE = 120
"""Seconds: for how long whoever asks goes on asking while a service comes back."""
LOOK_SECONDS = 0.02


class Deaths:
    """Kills services as the story goes on, and starts whatever has ended."""

    def __init__(self, house: House, world: World) -> None:
        self.by_themselves: list[str] = []
        self.from_outside: list[str] = []
        self._house = house
        self._world = world

    async def go_on(self) -> None:
        """Look, for ever, whether somebody is to be killed or to be started again."""
        due = dict(STEPS)
        while True:
            for name in SERVICES:
                if not self._house.running(name):
                    self.by_themselves.append(name)
                    self._house.environment.pop(name)
                    await self._again(name)
            told = {step.name for step in self._world.steps}
            for step in [one for one in due if one in told]:
                name = due.pop(step)
                await asyncio.to_thread(self._house.kill_service, name)
                self.from_outside.append(name)
                await self._again(name)
            await asyncio.sleep(LOOK_SECONDS)

    async def _again(self, name: str) -> None:
        # Who was killed from outside first is still to die by itself, perhaps before it is ready.
        await asyncio.to_thread(self._house.start_service, name, wait=False)


@pytest.fixture(scope="module")
def deaths_and_told(stack: StackInfo, outside: OutsideInfo):
    """Tell the story with the deaths in it."""

    async def play(house: House) -> tuple[Deaths, Told]:
        world = World(house.info, patience=PATIENCE)
        deaths = Deaths(house, world)
        try:
            assert await name_officials(house, [*OFFICIALS]) == []
            reaper = asyncio.create_task(deaths.go_on())
            try:
                result = await tell(world)
            finally:
                reaper.cancel()
                with suppress(asyncio.CancelledError):
                    await reaper
        finally:
            await world.close()
        await settle(house)
        return deaths, Told(house, world, result, await read_stores(house))

    armed = {name: {"ZHICHENG_KILL_AT": label} for name, label in POINTS.items()}
    with open_house(stack, outside, armed) as house:
        yield asyncio.run(play(house))


@pytest.fixture(scope="module")
def told(deaths_and_told: tuple[Deaths, Told]) -> Told:
    """Give what the story left behind, to the checks of the undisturbed one."""
    return deaths_and_told[1]


def test_every_service_was_killed_twice_and_the_story_came_to_its_end(deaths_and_told: tuple[Deaths, Told]) -> None:
    deaths, told = deaths_and_told
    assert set(deaths.by_themselves) == set(SERVICES)
    assert set(deaths.from_outside) == set(SERVICES)
    assert len(told.result["certificates"]) == 2
