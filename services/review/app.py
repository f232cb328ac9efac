"""Wires review: the only place where its parts meet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from libs.kernel.calendars import Calendar, published_calendar
from libs.web.server import Server
from libs.web.service import build
from libs.web.settings import Settings
from libs.web.spine import Parts, Spine
from services.review import closing, deadlines, reactions
from services.review.adapters.ballot_keys import BallotKeys, FileBallotKeys
from services.review.api import ballots, endorsements, hall, notices, offices, sessions
from services.review.views import others, own

CLAIM_CODES = {
    "agency": "ILLEGAL_TRANSITION",
    "endorser": "DUPLICATE_RECOMMENDER",
    "candidate": "ILLEGAL_TRANSITION",
    "receipt": "ALREADY_VOTED",
}
"""The refusal that a taken claim means."""


@dataclass(frozen=True, slots=True)
class Adapters:
    """What review's handlers and reactions use beside the spine."""

    ballot_keys: BallotKeys
    calendar: Calendar


def _adapters(spine: Spine) -> Adapters:
    # A folder outside the database and its backups; a deployment puts a key service in its place.
    return Adapters(FileBallotKeys(spine.settings.state / "ballot-keys"), published_calendar())


PARTS = Parts(
    name="review",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=(
        offices.commands,
        endorsements.commands,
        sessions.commands,
        hall.commands,
        ballots.commands,
        notices.commands,
    ),
    views=(
        others.RULESETS,
        others.TITLES,
        others.BANS,
        others.RECORDS,
        others.PERSONS,
        others.APPLICATIONS,
        own.EXPERTS,
        own.ENDORSEMENTS,
        own.CANDIDATES,
    ),
    listens=("intake", "review", "integrity"),
    reaction_kinds=reactions.KINDS,
    reactions=reactions.reactions,
    deadlines_view=deadlines.VIEW,
    deadlines=deadlines.DEADLINES,
    claim_codes=CLAIM_CODES,
    adapters=_adapters,
    workers=(closing.sweep,),
)


def create(settings: Settings) -> Server:
    """Build review's ASGI app."""
    return build(PARTS, settings)
