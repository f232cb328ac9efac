"""What a title is worth as a basis is the same wherever it is asked: in its aggregate and in every view."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from types import SimpleNamespace
from typing import Any, Final

import pytest

from libs.events.contracts import registry
from libs.events.contracts.certificate import Basis
from libs.events.contracts.intake import Seen
from libs.events.sealing import EventSealer, persons_in, sealed_payload
from services.certificate.domain.title import TITLE, Standing, standing
from services.certificate.domain.title_commands import DecideReliance, ListReliance, ReliedTitle, VoidTitle
from services.gateway.views.titles import title as in_gateway
from services.intake.views.others import TITLES as IN_INTAKE
from services.review.views.others import TITLES as IN_REVIEW
from tests.domain.certificate.world import CITY, GRANT, NOW, REVOCATION
from tests.domain.harness import Story, given, uid

FIRST, SECOND = (Seen(stream=f"title-{uid(name)}", version=1) for name in ("first", "second"))
RELYING: Final = replace(GRANT, relied_on=tuple(ReliedTitle(seen, revoked=False) for seen in (FIRST, SECOND)))
INTAKE: Final = {
    Standing.LIVE: "live",
    Standing.IN_QUESTION: "unknown",
    Standing.NO_BASIS: "no_basis",
    Standing.REVOKED: "revoked",
}


def folded(story: Story) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The title's row in intake, in review and in the gateway."""
    intake, review, gateway = {}, {}, {"doc": {}}
    for place, plain in enumerate(story.events, 1):
        keys = dict.fromkeys(persons_in([plain]), bytes(32))
        payload = sealed_payload(plain, EventSealer(uid(f"event {place}"), keys))
        told = SimpleNamespace(
            type=type(payload).__name__,
            data=json.loads(payload.model_dump_json()),
            payload=payload,
            version=place,
            time=NOW,
            stream="title-1",
            identity="1",
            actor_role="city",
        )
        intake, review = IN_INTAKE.fold(intake, told), IN_REVIEW.fold(review, told)
        gateway = in_gateway(gateway, payload, told)
    return intake, review, gateway


@pytest.mark.parametrize("decisions", list(product((None, True, False), repeat=2)))
@pytest.mark.parametrize("voided", [False, True])
def test_every_view_gives_a_title_the_standing_that_its_aggregate_gives(
    decisions: tuple[bool | None, ...], voided: bool
) -> None:
    story = given(TITLE).go(RELYING, CITY, NOW)
    for seen, stands in zip((FIRST, SECOND), decisions, strict=True):
        story.go(ListReliance(seen))
        if stands is not None:
            story.go(DecideReliance(stands, "理由"), CITY)
    if voided:
        story.go(VoidTitle(REVOCATION))
    worth = standing(story.state)
    intake, review, gateway = folded(story)
    assert intake["state"] == INTAKE[worth]
    assert (review["live"], review["confirmed"] and review["live"]) == (
        worth is not Standing.REVOKED,
        worth is Standing.LIVE,
    )
    assert gateway["status"] == worth.value


def test_a_decision_told_before_it_carried_the_standing_is_read_by_itself() -> None:
    old = {"person": uid("person"), "relied_on": [uid("first")], "stands": False, "reasons": "无"}
    assert registry.upcast("RelianceDecided", 1, old)["standing"] == Basis.NO_BASIS
    assert registry.upcast("RelianceDecided", 1, {**old, "stands": True})["standing"] == Basis.LIVE
