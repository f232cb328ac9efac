"""Stories told up to a step, and the rows that they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libs.events.sealing import open_with, parts
from services.gateway.views.resources import fold
from tests.domain.gateway.story import Story, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from libs.events.views import Row


def folded(story: Story) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for event in story.told:
        rows[event.stream] = fold(rows.get(event.stream, {}), event)
    return rows


def opened(sealed: str) -> str:
    """Open a sealed text as somebody who has every key."""
    return open_with(key_of(parts(sealed).person), parts(sealed))


def row(story: Story, name: str) -> Row:
    return folded(story)[story[name].name]


def told_until(*steps: str) -> Callable[[], Story]:
    def build() -> Story:
        story = Story()
        for step in (
            "begin",
            "draft",
            "submit",
            "recommend",
            "receive",
            "qualify",
            "convene",
            "vote",
            "publish",
            "certify",
        ):
            getattr(story, step)()
            if step in steps:
                return story
        return story

    return build
