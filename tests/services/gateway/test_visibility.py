"""Who sees what: the policy table and the database's row-level security agree, line by line (rules §14.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
import pytest_asyncio

from services.gateway import reading
from services.gateway.access.kinds import KINDS
from services.gateway.api.models import MODELS
from tests.domain.gateway.story import DAY, NAME, NOON, NUMBER, Story
from tests.services.gateway.viewers import PARTS, Somebody, everybody
from tests.services.gateway.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

pytestmark = pytest.mark.asyncio(loop_scope="module")
DURING = NOON + 34 * DAY
WHO = tuple(everybody(Story()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(world: World) -> AsyncIterator[Story]:
    """A story whose result is on public notice."""
    story = Story()
    for step in ("begin", "draft", "submit", "recommend", "receive", "qualify", "convene", "vote", "publish"):
        getattr(story, step)()
    story.object()
    await world.tell(story)
    # The inquiry did not stop it in this story; it runs on.
    world.at(DURING)
    yield story


def path_of(story: Story, part: str) -> str:
    kind, _, identity = story[part].name.partition("-")
    return f"/v1/{KINDS[kind].collection}/{identity}"


async def read(world: World, who: Somebody, path: str) -> Any:
    return await world.get(path, *who.roles, **who.relations)


@pytest.mark.parametrize("name", WHO)
async def test_each_caller_reads_what_it_may_and_nothing_else(world, story, name):
    who = everybody(story)[name]
    found = {part for part in PARTS if (await read(world, who, path_of(story, part))).status_code == 200}
    assert found == who.reads


@pytest.mark.parametrize("name", WHO)
async def test_a_list_holds_what_its_items_would_show(world, story, name):
    who = everybody(story)[name]
    listed: set[str] = set()
    for part in PARTS:
        kind, _, identity = story[part].name.partition("-")
        answer = await read(world, who, f"/v1/{KINDS[kind].collection}?limit=100")
        if answer.status_code == 200 and identity in {one["id"] for one in answer.json()["items"]}:
            listed.add(part)
    assert listed == who.reads


@pytest.mark.parametrize("name", WHO)
async def test_the_database_alone_would_let_each_caller_see_the_same(world, story, name):
    who = everybody(story)[name]
    async with reading.as_viewer(world.spine, who.viewer(DURING)) as reader:
        streams = {story[part].name: part for part in PARTS}
        rows = await reader.connection.fetch("select stream from resources where stream = any($1)", list(streams))
    assert {streams[row["stream"]] for row in rows} == who.reads


async def test_unset_means_no_rows(world, story):
    async with world.spine.pool.acquire() as connection, connection.transaction():
        await connection.execute(f'set local role "{world.spine.database.reader}"')
        for table in (
            "resources",
            "history",
            "my_applications",
            "my_sessions",
            "my_candidates",
            "case_streams",
            "person_names",
        ):
            assert await connection.fetchval(f"select count(*) from {table}") == 0, table
        await connection.execute("select set_config('zhicheng.person', $1, true)", story.person)
        assert await connection.fetchval("select count(*) from resources") == 0


async def test_what_belongs_to_a_case_is_not_told_to_whom_the_case_is_not(world, story):
    asks = everybody(story)
    query = "select stream from case_streams where application = $1"
    seen: dict[str, set[str]] = {}
    for name in ("auditor", "another applicant", "another agency"):
        async with reading.as_viewer(world.spine, asks[name].viewer(DURING)) as reader:
            rows = await reader.connection.fetch(query, story.id("application"))
        seen[name] = {row["stream"].partition("-")[0] for row in rows}
    assert {"application", "payment", "ballot", "notice"} <= seen["auditor"]
    # The public notice is everybody's while it runs.
    assert seen["another applicant"] == seen["another agency"] == {"notice"}


async def test_what_a_transaction_set_is_gone_after_it(world, story):
    async with world.spine.pool.acquire() as connection:
        async with connection.transaction():
            await connection.execute("select set_config('zhicheng.roles', 'auditor', true)")
        async with connection.transaction():
            await connection.execute(f'set local role "{world.spine.database.reader}"')
            assert await connection.fetchval("select count(*) from resources") == 0


async def test_the_reader_writes_nothing_and_row_security_is_forced(world, story):
    async with reading.as_viewer(world.spine, everybody(story)["city"].viewer(DURING)) as reader:
        with pytest.raises(asyncpg.PostgresError):
            await reader.connection.execute("delete from resources")
    guarded = "select relname from pg_class where relrowsecurity and relforcerowsecurity"
    forced = {row["relname"] for row in await world.spine.pool.fetch(guarded)}
    assert forced == {"resources", "history"}
    owns = "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = $1"
    assert await world.spine.pool.fetchval(owns, world.spine.database.reader) == 0


@pytest.mark.parametrize("name", WHO)
async def test_every_answer_is_one_that_the_document_describes(world, story, name):
    who = everybody(story)[name]
    for part in sorted(who.reads):
        kind = story[part].name.partition("-")[0]
        MODELS[kind].model_validate_json((await read(world, who, path_of(story, part))).content)


async def everything(world: World, story: Story, who: Somebody, parts: Iterable[str] = PARTS) -> str:
    """Give all that a caller gets to read of a story: items, lists, histories."""
    paths = [f"/v1/events?application={story.id('application')}&limit=100"]
    for part in sorted(parts):
        paths += [path_of(story, part), f"{path_of(story, part)}/events", path_of(story, part).rpartition("/")[0]]
    answers = [await read(world, who, path) for path in paths]
    return "\n".join(answer.text for answer in answers if answer.status_code == 200)


@pytest.mark.parametrize("name", ["expert", "recused expert", "chair", "supervisor"])
async def test_who_reviews_blind_never_sees_the_applicant_or_the_unit(world, story, name):
    # But for the public notice, which names the person to everyone, once the vote is over.
    found = await everything(world, story, everybody(story)[name], PARTS - {"notice", "employer", "agency"})
    for secret in (story.person, NAME, story.id("employer"), "某设计院", story.id("endorser"), story.district):
        assert secret not in found, secret


@pytest.mark.parametrize("query", ["employer", "person"])
async def test_who_reviews_blind_cannot_find_a_candidate_by_whose_it_is(world, story, query):
    who = everybody(story)["expert"]
    wanted = story.id("employer") if query == "employer" else story.person
    assert (await read(world, who, f"/v1/applications?{query}={wanted}")).json()["items"] == []
    assert (await read(world, who, "/v1/applications?district=海淀区")).json()["items"] == []
    assert (await read(world, who, "/v1/applications?series=engineering")).json()["items"]


@pytest.mark.parametrize("name", ["applicant", "employer clerk", "another applicant", "public", "district"])
async def test_who_does_not_review_never_sees_who_does(world, story, name):
    found = await everything(world, story, everybody(story)[name])
    for seat in ("seat1", "seat2", "seat3", "supervisor"):
        assert story.id(seat) not in found
        assert f"{seat} 李" not in found


async def test_the_id_number_is_masked_for_everyone(world, story):
    for name in ("applicant", "employer clerk", "agency officer", "city", "auditor"):
        body = (await read(world, everybody(story)[name], path_of(story, "person"))).json()
        assert body["id_number"] == "110105********002X"
        assert body["name"] == NAME
    for who in everybody(story).values():
        assert NUMBER not in await everything(world, story, who)


async def test_the_phone_and_the_birth_date_are_for_those_who_need_them(world, story):
    members = {
        name: set((await read(world, everybody(story)[name], path_of(story, "person"))).json())
        & {"phone", "birth_date"}
        for name in ("applicant", "agency officer", "employer clerk")
    }
    assert members == {"applicant": {"phone", "birth_date"}, "agency officer": {"phone"}, "employer clerk": set()}


async def test_the_public_notice_has_the_fields_of_the_list_and_no_others(world, story):
    body = (await world.get(path_of(story, "notice"))).json()
    assert set(body) == {
        "id",
        "version",
        "status",
        "created_at",
        "updated_at",
        "applicant_name",
        "employer",
        "employer_name",
        "series",
        "specialty",
        "level",
        "result",
        "ends_at",
    }
    assert (body["applicant_name"], body["employer_name"], body["result"]) == (NAME, "某设计院", "passed")


async def test_an_objection_is_known_by_its_answer_and_not_by_who_raised_it(world, story):
    applicant = (await read(world, everybody(story)["applicant"], path_of(story, "notice"))).json()["objections"][0]
    assert (applicant["founded"], applicant["reasons"]) == (False, "查无实据")
    assert not {"objector", "words"} & set(applicant)
    officer = (await read(world, everybody(story)["agency officer"], path_of(story, "notice"))).json()["objections"][0]
    assert (officer["words"], "objector" in officer) == ("论文有问题", False)
    city = (await read(world, everybody(story)["city"], path_of(story, "notice"))).json()["objections"][0]
    assert city["objector"] == story.id("stranger")


async def test_a_voter_sees_the_own_mark_and_the_receipts_and_the_counts_are_for_those_who_watch(world, story):
    ballot = path_of(story, "ballot")
    voter = (await read(world, everybody(story)["expert"], ballot)).json()
    assert (voter["voted"], voter["receipts"], voter["turnout"]) == (True, ["1" * 64, "2" * 64], 2)
    assert not {"agree", "against", "abstain", "invalid"} & set(voter)
    for name in ("supervisor", "agency officer", "city"):
        watching = (await read(world, everybody(story)[name], ballot)).json()
        assert watching["agree"] == 2
        assert "marked" not in watching


async def test_opinions_are_read_by_the_chair_and_not_by_the_other_experts(world, story):
    session = path_of(story, "session")
    chair = (await read(world, everybody(story)["chair"], session)).json()
    assert chair["opinions"][0]["opinion"] == "水平较高"
    assert "opinions" not in (await read(world, everybody(story)["expert"], session)).json()
    supervisor = (await read(world, everybody(story)["supervisor"], session)).json()
    assert supervisor["irregularities"][0]["words"] == "迟到一人"


async def test_co_members_know_one_another_by_name(world, story):
    names = (await read(world, everybody(story)["expert"], path_of(story, "session"))).json()["names"]
    assert names == {story.id(seat): f"{seat} 李" for seat in ("seat1", "seat2", "seat3", "supervisor")}


async def test_an_applicant_sees_that_an_endorsement_was_given_and_not_what_it_says(world, story):
    own = (await read(world, everybody(story)["applicant"], path_of(story, "endorsement"))).json()
    assert (own["status"], own["endorser"]) == ("given", story.id("endorser"))
    assert "statement" not in own
    endorser = (await read(world, everybody(story)["endorser"], path_of(story, "endorsement"))).json()
    assert (endorser["applicant_name"], endorser["statement"]) == (NAME, "同行推荐")


async def test_an_application_is_in_review_for_its_applicant_until_the_result_is_published(world):
    story = Story()
    for step in ("begin", "draft", "submit", "recommend", "receive", "qualify", "convene", "vote"):
        getattr(story, step)()
    await world.tell(story)
    people, path = everybody(story), path_of(story, "application")
    for name, status in (("applicant", "in_review"), ("employer clerk", "in_review"), ("agency officer", "passed")):
        body = (await read(world, people[name], path)).json()
        assert (body["status"], body["label"]) == (status, "评审中"), name
    for name in ("applicant", "employer clerk"):
        body = (await read(world, people[name], path)).json()
        assert not {"session", "passed", "held_at"} & set(body)
        for status, count in (("passed", 0), ("vote_open", 0), ("in_review", 1)):
            query = f"/v1/applications?status={status}&year=2025&limit=100"
            items = (await read(world, people[name], query)).json()["items"]
            assert len([one for one in items if one["id"] == story.id("application")]) == count
    story.publish()
    await world.tell(story)
    body = (await world.get(path, "applicant", person=story.person, headers={"Accept-Language": "en"})).json()
    assert (body["status"], body["label"]) == ("result_publicity", "Passed, on public notice")


async def test_a_file_is_seen_by_those_whom_it_has_reached(world):
    story = Story()
    story.begin()
    story.draft()
    await world.tell(story)
    people, path = everybody(story), path_of(story, "application")

    async def seen() -> set[str]:
        names = ("applicant", "employer clerk", "agency officer", "district")
        return {name for name in names if (await read(world, people[name], path)).status_code == 200}

    async def endorsement_seen() -> bool:
        return (await read(world, people["employer clerk"], path_of(story, "endorsement"))).status_code == 200

    assert await seen() == {"applicant"}
    assert not await endorsement_seen()
    story.submit()
    await world.tell(story)
    assert await seen() == {"applicant", "employer clerk"}
    assert await endorsement_seen()
    assert (await read(world, people["agency officer"], path_of(story, "person"))).status_code == 404
    story.recommend()
    story.receive()
    await world.tell(story)
    assert await seen() == {"applicant", "employer clerk", "agency officer", "district"}
    assert (await read(world, people["agency officer"], path_of(story, "person"))).status_code == 200


async def test_a_notice_comes_down_at_its_end_by_the_clock_alone(world):
    story = Story()
    for step in ("begin", "draft", "submit", "recommend", "receive", "qualify", "convene", "vote", "publish"):
        getattr(story, step)()
    await world.tell(story)
    world.at(NOON + 40 * DAY - timedelta(minutes=5))
    assert (await world.get(path_of(story, "notice"))).status_code == 200
    world.at(NOON + 40 * DAY + timedelta(seconds=1))
    try:
        assert (await world.get(path_of(story, "notice"))).status_code == 404
        assert story.id("notice") not in {one["id"] for one in await world.items("/v1/notices?limit=100")}
        assert (await read(world, everybody(story)["applicant"], path_of(story, "notice"))).status_code == 200
    finally:
        world.at(DURING)


async def test_a_case_is_the_citys_alone_until_the_facts_are_served(world):
    story = Story()
    for step in ("begin", "open_case"):
        getattr(story, step)()
    await world.tell(story)
    applicant = everybody(story)["applicant"]
    assert (await read(world, applicant, path_of(story, "case"))).status_code == 404
    assert (await world.get(path_of(story, "case"), "city")).json()["lead"] == "举报"
    against_oneself = await world.get(path_of(story, "case"), "city", person=story.person)
    assert against_oneself.status_code == 404
    story.revoke()
    await world.tell(story)
    body = (await read(world, applicant, path_of(story, "case"))).json()
    assert (body["facts"], body["status"]) == ("合同系伪造", "founded")
    assert "lead" not in body


async def test_a_record_is_hidden_after_its_last_day_and_kept_for_the_audit(world):
    story = Story()
    story.all()
    await world.tell(story)
    path, own = path_of(story, "record"), everybody(story)["applicant"]

    async def seen() -> tuple[int, int, int]:
        answers = [await read(world, own, path), await world.get(path, "city"), await world.get(path, "auditor")]
        return tuple(answer.status_code for answer in answers)

    end = datetime(2028, 5, 31, 16, 0, tzinfo=UTC)
    try:
        world.at(end - timedelta(minutes=5))
        assert await seen() == (200, 200, 200)
        world.at(end + timedelta(seconds=1))
        assert await seen() == (404, 404, 200)
    finally:
        world.at(DURING)


async def test_everything_that_is_the_persons_own_is_there_to_read(world):
    story = Story()
    story.all()
    await world.tell(story)
    own = everybody(story)["applicant"]
    for part in ("title", "certificate", "ban"):
        answer = await read(world, own, path_of(story, part))
        assert answer.status_code == 200
        MODELS[part].model_validate_json(answer.content)
    assert (await read(world, own, path_of(story, "certificate"))).json()["status"] == "revoked"
    assert (await world.get(path_of(story, "client"), "city")).json()["client_id"] == "bureau-1"
    stranger = everybody(story)["another applicant"]
    for part in ("title", "certificate", "ban", "record", "case"):
        assert (await read(world, stranger, path_of(story, part))).status_code == 404


async def test_what_was_sealed_for_an_erased_person_is_null(world, story):
    other = Story()
    for step in ("begin", "draft", "submit", "recommend", "receive"):
        getattr(other, step)()
    await world.tell(other)
    world.upstreams["intake"].erased.add(other.person)
    world.spine.keys.forget(other.person)
    body = (await read(world, everybody(other)["agency officer"], path_of(other, "person"))).json()
    assert (body["name"], body["id_number"], body["phone"]) == (None, None, None)
    application = (await read(world, everybody(other)["agency officer"], path_of(other, "application"))).json()
    assert (application["applicant_name"], application["employer_name"]) == (None, "某设计院")


async def test_keys_that_cannot_be_had_are_unavailable_and_never_erased(world, story):
    world.spine.keys.forget(story.person)
    world.upstreams["intake"].broken = True
    try:
        answer = await read(world, everybody(story)["applicant"], path_of(story, "person"))
        assert (answer.status_code, answer.json()["code"]) == (503, "UPSTREAM_UNAVAILABLE")
    finally:
        world.upstreams["intake"].broken = False
