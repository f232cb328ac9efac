"""Where a title is valid: a directed one in its district alone, every other in the whole city (十一.5)."""

from __future__ import annotations

from collections.abc import Iterator

from libs.kernel.refusals import Reason
from libs.kernel.terms import Route

CLAUSE = "十一.5"


def misfits(route: Route, scope: str) -> Iterator[Reason]:
    """Refuse a directed title without a district, and any other with one (invariant 18)."""
    if (route is Route.DIRECTED) is not bool(scope):
        yield Reason(
            "SCHEMA_INVALID",
            CLAUSE,
            facts={"route": route.value, "scope": scope},
            change={"scope": "a district" if route is Route.DIRECTED else ""},
            pointer="/scope",
        )
