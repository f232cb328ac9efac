"""Everyone who may ask, in terms of one story, and what each should see of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from services.gateway.access.viewer import Viewer

if TYPE_CHECKING:
    from datetime import datetime

    from tests.domain.gateway.story import Story

PUBLIC = {"employer", "ruleset", "campaign", "agency", "notice"}
DESK = PUBLIC | {"person", "application", "endorsement"}
SEATED = PUBLIC | {"application", "session", "ballot"}
PARTS = DESK | {"payment", "committee", "judge2", "session", "ballot"}
"""Everything of a story whose result is on public notice."""


class Somebody(NamedTuple):
    """Roles and relations, and the parts of the story that they may read."""

    roles: tuple[str, ...]
    relations: dict[str, str]
    reads: set[str]

    def viewer(self, now: datetime) -> Viewer:
        relations = {name: self.relations.get(name, "") for name in ("person", "unit", "district")}
        return Viewer(frozenset(self.roles or ("public",)), now=now, **relations)


def somebody(*roles: str, reads: set[str], **relations: str) -> Somebody:
    return Somebody(roles, relations, reads)


def everybody(story: Story) -> dict[str, Somebody]:
    """Give everyone who may ask about a story whose result is on public notice."""
    seat = {number: story.id(f"seat{number}") for number in (1, 2, 3)}
    other = str(uuid4())
    return {
        "applicant": somebody(
            "applicant", person=story.person, reads=PUBLIC | {"person", "application", "payment", "endorsement"}
        ),
        "another applicant": somebody("applicant", person=other, reads=PUBLIC),
        "endorser": somebody("applicant", person=story.id("endorser"), reads=PUBLIC | {"endorsement"}),
        "employer clerk": somebody("employer_clerk", unit=story.id("employer"), reads=DESK),
        "employer head": somebody("employer_head", unit=story.id("employer"), reads=DESK),
        "another employer": somebody("employer_clerk", unit=other, reads=PUBLIC),
        "agency officer": somebody("agency_officer", unit=story.id("agency"), reads=PARTS - {"payment"}),
        "another agency": somebody("agency_officer", unit=other, reads=PUBLIC),
        "an agency in a clerk's role": somebody("employer_clerk", unit=story.id("agency"), reads=PUBLIC),
        "district": somebody("district", district=story.district, reads=DESK),
        "another district": somebody("district", district="朝阳区", reads=PUBLIC),
        "expert": somebody("expert", person=seat[2], reads=SEATED | {"judge2"}),
        "recused expert": somebody("expert", person=seat[3], reads=PUBLIC | {"session"}),
        "expert of another session": somebody("expert", person=other, reads=PUBLIC),
        "chair": somebody("chair", "expert", person=seat[1], reads=SEATED),
        "supervisor": somebody("supervisor", person=story.id("supervisor"), reads=SEATED),
        "an expert's person in another role": somebody("applicant", person=seat[1], reads=PUBLIC),
        "finance": somebody("finance", reads=PUBLIC | {"payment"}),
        "city": somebody("city", reads=PARTS),
        "auditor": somebody("auditor", reads=PARTS),
        "public": somebody(reads=PUBLIC),
        "a token without a role": somebody("nothing_of_ours", reads=PUBLIC),
    }


def texts(*bodies: Any) -> str:
    """Give everything that answers say, as one text."""
    return "\n".join(str(body) for body in bodies)
