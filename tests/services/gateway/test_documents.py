"""What the API says of itself: one document, pages without scripts, nothing from anywhere else."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from services.gateway.access.kinds import KINDS
from tests.services.gateway.world import World, running

if TYPE_CHECKING:
    from pathlib import Path

    from deploy.local.info import StackInfo
    from deploy.local.outside_process import OutsideInfo

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGES = ("/", "/v1/docs", "/?language=en", "/v1/docs?language=en")


class Page(HTMLParser):
    """A page's tags, links and anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[str] = []
        self.language = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append(name)
            if name in {"href", "src"}:
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name == "lang" and tag == "html":
                self.language = value or ""


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_needs_no_script_no_style_of_its_own_and_nobody_else(world, path):
    answer = await world.get(path)
    assert answer.headers["content-type"].startswith("text/html")
    page = Page(answer.text)
    assert "script" not in page.tags
    assert not {"style", "onclick", "onload"} & set(page.attributes)
    assert all(link.startswith(("/", "#", "?", "data:,")) for link in page.links)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert (await world.get("/v1/docs.css")).headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("path", PAGES)
async def test_every_anchor_is_there_once_and_every_link_leads_to_one(world, path):
    page = Page((await world.get(path)).text)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


async def test_pages_speak_the_language_that_is_asked_for(world):
    assert Page((await world.get("/")).text).language == "zh-CN"
    assert Page((await world.get("/", headers={"Accept-Language": "en-GB"})).text).language == "en"
    assert Page((await world.get("/v1/docs?language=zh", headers={"Accept-Language": "en"})).text).language == "zh-CN"
    assert (await world.get("/?language=fr")).status_code == 400


async def test_the_index_leads_to_documents_and_health(world):
    page = Page((await world.get("/")).text)
    assert {"/v1/openapi.json", "/livez", "/readyz", "/metrics"} <= set(page.links)


async def test_the_document_has_every_query_and_names_no_other_place(world):
    answer = await world.get("/v1/openapi.json")
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    for kind in KINDS.values():
        for path in (f"/v1/{kind.collection}", f"/v1/{kind.collection}/{{id}}", f"/v1/{kind.collection}/{{id}}/events"):
            assert "get" in document["paths"][path]
    assert {"/v1/events", "/v1/clients"} <= set(document["paths"])
    assert not re.findall(r"https?://[^\s\"]+", answer.text)


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set[str]()
        return own.union(*(references(member) for member in value.values()))
    if isinstance(value, list):
        return set[str]().union(*(references(member) for member in value))
    return set()


async def test_every_reference_in_the_document_has_its_target(world):
    document = (await world.get("/v1/openapi.json")).json()
    for reference in references(document):
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    ids = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(ids) == len(set(ids))


async def test_a_services_commands_are_in_the_document_and_one_that_is_down_is_named(
    stack: StackInfo, outside: OutsideInfo, tmp_path: Path
):
    async with running(stack, outside, tmp_path, review_url="http://127.0.0.1:9") as world:
        operation = {"summary": "Begin", "operationId": "begin", "responses": {"201": {"description": "Made"}}}
        world.upstreams["intake"].document["paths"] = {"/v1/applications": {"post": operation}}
        document = (await world.get("/v1/openapi.json")).json()
        assert document["x-missing"] == ["review"]
        assert document["paths"]["/v1/applications"]["post"]["x-service"] == "intake"
        assert "get" in document["paths"]["/v1/applications"]
        page = (await world.get("/v1/docs")).text
        assert "review" in page
        assert "Begin" in page


async def test_the_services_are_asked_once_and_not_for_every_reader(world: World):
    before = len(world.upstreams["intake"].asked)
    for _ in range(3):
        await world.get("/v1/openapi.json")
    assert len(world.upstreams["intake"].asked) == before
