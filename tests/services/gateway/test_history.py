"""The feed: what happened, as far as the caller may see it, each event once and in order, waited for."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import pytest_asyncio

from services.gateway.api.models import EventPage
from tests.domain.gateway.story import DAY, NOON, Story
from tests.services.gateway.viewers import everybody
from tests.services.gateway.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
EVENTS: list[Any] = []
"""The events of the module's story, as their services wrote them."""
HIDDEN = {"ReviewScheduled", "ReviewVoteOpened", "ReviewPassed"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(world: World) -> Story:
    """A case that went all the way, with the chronicle of what was published."""
    story = Story()
    story.all()
    EVENTS.extend(story.told)
    await world.tell(story)
    world.at(NOON + 34 * DAY)
    return story


async def whole(world: World, path: str, *roles: str, **more: Any) -> list[dict[str, Any]]:
    """Follow a feed to its end."""
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        joint = "&" if "?" in path else "?"
        answer = await world.get(f"{path}{joint}limit=7{cursor}", *roles, **more)
        body = answer.json()
        EventPage.model_validate_json(answer.content)
        if not body["items"]:
            return items
        items += body["items"]
        cursor = f"&cursor={body['next']}"


async def test_the_auditor_follows_every_event_with_its_hashes_and_its_actor(world, story):
    items = await whole(world, "/v1/events", "auditor")
    known = {event.id: event for event in EVENTS}
    mine = [one for one in items if one["id"] in known]
    assert len(mine) == len(known)
    for one in mine:
        event = known[one["id"]]
        assert (one["hash"], one["prevhash"]) == (event.hash.hex(), event.prev_hash.hex())
        assert (one["stream"], one["version"], one["type"], one["actor"]) == (
            event.stream,
            event.version,
            event.type,
            event.actor_id,
        )
    for stream in {one["stream"] for one in mine}:
        versions = [one["version"] for one in mine if one["stream"] == stream]
        assert versions == sorted(versions)


async def test_an_applicant_follows_the_own_case_through_all_services_to_the_certificate(world, story):
    path = f"/v1/applications/{story.id('application')}/events"
    items = await whole(world, path, "applicant", person=story.person)
    kinds = {one["stream"].partition("-")[0] for one in items}
    assert kinds == {"application", "endorsement", "payment", "notice", "title", "certificate"}
    types = {one["type"] for one in items}
    assert {"ApplicationSubmitted", "EndorsementGiven", "TitleGranted", "CertificateIssued", "TitleVoided"} <= types
    assert not types & HIDDEN
    assert all("actor" not in one for one in items)


@pytest.mark.parametrize(
    ("name", "sees_review", "kinds"),
    [
        ("employer clerk", False, {"application", "endorsement", "notice", "title"}),
        ("agency officer", True, {"application", "endorsement", "notice", "title", "ballot"}),
        ("district", True, {"application", "endorsement", "notice", "title"}),
        ("city", True, {"application", "endorsement", "payment", "notice", "title", "certificate", "ballot"}),
    ],
)
async def test_an_office_follows_what_it_has_on_its_desk(world, story, name, sees_review, kinds):
    who = everybody(story)[name]
    path = f"/v1/applications/{story.id('application')}/events"
    items = await whole(world, path, *who.roles, **who.relations)
    assert {one["stream"].partition("-")[0] for one in items} == kinds
    assert bool({one["type"] for one in items} & HIDDEN) == sees_review


@pytest.mark.parametrize("name", ["expert", "chair", "supervisor"])
async def test_who_reviews_blind_follows_the_session_and_not_the_file(world, story, name):
    who = everybody(story)[name]
    items = await whole(world, "/v1/events", *who.roles, **who.relations)
    mine = [one for one in items if one["id"] in {event.id for event in EVENTS}]
    kinds = {one["stream"].partition("-")[0] for one in mine}
    assert "application" not in kinds
    assert {"session", "ballot"} <= kinds
    path = f"/v1/applications/{story.id('application')}/events"
    of_the_case = await whole(world, path, *who.roles, **who.relations)
    assert {one["stream"] for one in of_the_case} == {story["ballot"].name}


async def test_the_public_follows_what_is_published_for_good_and_nothing_else(world, story):
    kinds = {one["stream"].partition("-")[0] for one in await whole(world, "/v1/events")}
    assert kinds == {"ruleset", "campaign"}


async def test_what_one_may_not_read_has_no_history(world, story):
    for part, collection in (("application", "applications"), ("ballot", "ballots"), ("person", "persons")):
        for name in ("public", "another applicant", "another employer"):
            who = everybody(story)[name]
            answer = await world.get(f"/v1/{collection}/{story.id(part)}/events", *who.roles, **who.relations)
            assert answer.status_code in {401, 403, 404}


async def test_the_feed_is_filtered_by_case_kind_and_type(world, story):
    query = f"application={story.id('application')}&kind=payment&type=PaymentReceived"
    (found,) = await whole(world, f"/v1/events?{query}", "auditor")
    assert (found["type"], found["service"], found["clauses"]) == ("PaymentReceived", "intake", ["附十"])
    answer = await world.get("/v1/events?kind=x&type=1&application=y&foo=1", "auditor")
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/kind", "/type", "/application", "/foo"}


async def test_a_reader_that_waits_is_woken_by_what_comes(world):
    story = Story()
    story.begin()
    story.draft()
    await world.tell(story)
    path = f"/v1/applications/{story.id('application')}/events"
    at_the_end = (await world.get(f"{path}?limit=100", "applicant", person=story.person)).json()["next"]
    waiting = asyncio.create_task(
        world.get(f"{path}?cursor={at_the_end}", "applicant", person=story.person, headers={"Prefer": "wait=20"})
    )
    await asyncio.sleep(0.3)
    assert not waiting.done()
    story.submit()
    await world.tell(story)
    items = (await waiting).json()["items"]
    assert [one["type"] for one in items] == ["ApplicationSubmitted"]


async def test_a_reader_that_waits_in_vain_gets_its_place_back(world, story):
    path = f"/v1/campaigns/{story.id('campaign')}/events"
    first = (await world.get(path)).json()
    begun = time.monotonic()
    answer = await world.get(f"{path}?cursor={first['next']}", headers={"Prefer": "wait=1"})
    assert answer.json() == {"items": [], "next": first["next"], "prev": None}
    assert time.monotonic() - begun > 0.9


async def test_no_reader_skips_an_event_that_a_slower_transaction_writes(world):
    """A row of a transaction that began earlier and commits later is still before every cursor."""
    story = Story()
    story.begin()
    await world.tell(story)
    path = f"/v1/agencies/{story.id('agency')}/events"
    who = ("agency_officer",)
    begun = (await world.get(f"{path}?limit=100", *who, unit=story.id("agency"))).json()["next"]
    slow = await world.spine.pool.acquire()
    try:
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute("select pg_current_xact_id()")
        await world.publish(story["agency"].say(*(e.payload for e in _listed(story))))
        assert (await world.get(f"{path}?cursor={begun}", *who, unit=story.id("agency"))).json()["items"] == []
        await transaction.rollback()
    finally:
        await world.spine.pool.release(slow)
    items = (await world.get(f"{path}?cursor={begun}", *who, unit=story.id("agency"))).json()["items"]
    assert [one["type"] for one in items] == ["AgencyListed"]


def _listed(story: Story) -> list[Any]:
    agency = story["agency"]
    assert agency.last is not None
    return [agency.last]
