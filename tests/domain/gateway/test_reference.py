"""docs/reference/api.md is the list of what there is: every route of every service, every filter, and nothing else."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from starlette.routing import Route

from services.gateway.access.kinds import KINDS
from services.gateway.routing import SERVICES, route

PAGE = (Path(__file__).parents[3] / "docs/reference/api.md").read_text()
FIRST = re.compile(r"^(/v1/[^/{}]+/)\{[^{}]+\}")
FRAMED_BY_ALL = {
    *(("GET", f"/v1/{kind.collection}{rest}") for kind in KINDS.values() for rest in ("", "/{id}", "/{id}/events")),
    ("GET", "/v1/events"),
    ("GET", "/v1/openapi.json"),
    ("GET", "/v1/docs"),
    ("GET", "/v1/docs.css"),
}
"""What the first table and the first lines of the page say for all collections at once."""


def written() -> set[tuple[str, str]]:
    """Read the page's tables."""
    found: set[tuple[str, str]] = set()
    base = ""
    for line in PAGE.splitlines():
        heading = re.match(r"### .* · `(/v1/[a-z]+)`$", line)
        if heading:
            base = heading[1]
        row = re.match(r"\| (GET|POST|PUT) \| ([^|]+) \|", line)
        if row:
            paths = (path.replace("…", f"{base}/{{id}}") for path in re.findall(r"`([^`]+)`", row[2]))
            found |= {(row[1], path) for path in paths if "{collection}" not in path}
    return found


def served() -> set[tuple[str, str]]:
    """List what the services answer under `/v1`."""
    found: set[tuple[str, str]] = set()
    for service in (*SERVICES, "gateway"):
        for router in import_module(f"services.{service}.app").PARTS.routers:
            found |= {
                (method, FIRST.sub(r"\1{id}", one.path))
                for one in router.router.routes
                if isinstance(one, Route) and one.path.startswith("/v1/")
                for method in one.methods or ()
            }
    return found


def test_the_page_lists_every_route_and_no_others():
    assert served() - FRAMED_BY_ALL == written() - FRAMED_BY_ALL


def test_the_gateway_sends_every_route_to_the_service_that_answers_it():
    for service in SERVICES:
        for router in import_module(f"services.{service}.app").PARTS.routers:
            for one in router.router.routes:
                if isinstance(one, Route) and one.path.startswith("/v1/"):
                    path = re.sub(r"\{[^{}]+\}", "x", one.path).encode()
                    assert {route(method, path).service for method in one.methods or ()} == {service}, one.path


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_page_names_every_filter(kind):
    heading = f"· `/v1/{KINDS[kind].collection}`"
    if heading not in PAGE:
        heading = "· `/v1/cases`"
    section = PAGE.partition(heading)[2].partition("\n### ")[0]
    words = set(re.findall(r"`([a-z]+)`", section.partition("Filters")[2].partition("\n")[0]))
    assert set(KINDS[kind].filters) <= words
