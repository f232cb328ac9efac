"""Campaigns: the agency's notice with its five parts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from libs.events.bus import Reply
from libs.kernel.terms import Level, Role, Route
from libs.web.calls import Call, Commands, Form
from libs.web.fields import Code, Id, Instant
from services.intake import facts
from services.intake.domain.campaign import CAMPAIGN, PublishNotice

commands = Commands("campaigns")
Part = Annotated[str, StringConstraints(max_length=20_000)]


class Notice(Form):
    """The notice of 附六.7; a part that is empty is named in the answer."""

    series: Code
    specialties: tuple[Code, ...] = Field(max_length=200)
    levels: tuple[Level, ...] = Field(max_length=10)
    routes: tuple[Route, ...] = Field(max_length=20)
    year: int = Field(ge=2000, le=2999)
    opens_at: Instant
    closes_at: Instant
    ruleset: Id
    conditions: Part = ""
    procedure: Part = ""
    method: Part = ""
    time_and_place: Part = ""
    materials: Part = ""


@commands.post("/v1/campaigns", Notice, (Role.AGENCY_OFFICER,))
async def publish(call: Call, body: Notice) -> Reply:
    """Publish a campaign's notice before the review begins (附六.7)."""
    rules = await facts.rules(call.spine, body.ruleset)
    command = PublishNotice(rules=rules, **body.model_dump(exclude={"ruleset"}))
    return await call.execute(CAMPAIGN, call.new_identity(), command)
