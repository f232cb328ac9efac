"""Rule sets: drafted by one official of the city, published by another, superseded, never edited."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from libs.events.bus import Reply
from libs.kernel.refusals import Refused
from libs.kernel.rulesets import parse
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands, Form, Nothing
from libs.web.fields import Day
from services.intake import facts
from services.intake.domain.ruleset import RULESET, DraftRuleSet, PublishRuleSet, SupersedeRuleSet

commands = Commands("rulesets")
CITY = (Role.CITY,)


class RulesetDraft(Form):
    """A rule-set document as JSON text; docs/reference/rule-set-format.md describes it."""

    document: Annotated[str, StringConstraints(min_length=2, max_length=400_000)]


class LastDay(Form):
    """The last day on which a rule set is in force."""

    until: Day


@commands.post("/v1/rulesets", RulesetDraft, CITY)
async def draft(call: Call, body: RulesetDraft) -> Reply:
    """Propose a rule set; every number needs its source and tag."""
    return await call.execute(RULESET, call.new_identity(), DraftRuleSet(body.document))


@commands.put("/v1/rulesets/{ruleset}", RulesetDraft, CITY)
async def redraft(call: Call, body: RulesetDraft) -> Reply:
    """Replace a draft; a published rule set is never edited."""
    if (await call.load(RULESET, call.id("ruleset"))).version == 0:
        raise Refused.one("NOT_FOUND")
    return await call.execute(RULESET, call.id("ruleset"), DraftRuleSet(body.document))


@commands.post("/v1/rulesets/{ruleset}/publications", Nothing, CITY, status=200)
async def publish(call: Call, _: Nothing) -> Reply:
    """Put a draft in force from its day; by another official than its drafter."""
    loaded = await call.load(RULESET, call.id("ruleset"))
    series = parse(loaded.state.document).series if loaded.state.document else ""
    others = await facts.rulesets_in_force(call.spine, series, call.id("ruleset"))
    return await call.execute(RULESET, call.id("ruleset"), PublishRuleSet(others))


@commands.post("/v1/rulesets/{ruleset}/endings", LastDay, CITY, status=200)
async def supersede(call: Call, body: LastDay) -> Reply:
    """Say the last day of a rule set, so that another may follow."""
    return await call.execute(RULESET, call.id("ruleset"), SupersedeRuleSet(body.until))
