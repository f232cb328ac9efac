"""Wires review: the only place where its parts meet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from libs.events.blobs import Blobs, local_store
from libs.events.sealing import KeyRing
from libs.kernel.calendars import Calendar, published_calendar
from libs.web.server import Server
from libs.web.service import build
from libs.web.settings import Settings
from libs.web.spine import Parts, Spine, sweep
from libs.web.unit_keys import UnitKeys
from services.review import closing, deadlines, reactions, standing
from services.review.adapters.ballot_keys import BallotKeys, FileBallotKeys
from services.review.api import ballots, endorsements, hall, minutes, notices, offices, sessions
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
    archive: Blobs
    calendar: Calendar


def _adapters(spine: Spine) -> Adapters:
    state = spine.settings.state
    return Adapters(
        # A folder outside the database and its backups; a deployment puts a key service in its place.
        ballot_keys=FileBallotKeys(state / "ballot-keys"),
        archive=Blobs(local_store(state / "blobs"), KeyRing(UnitKeys(spine.pool))),
        calendar=published_calendar(),
    )


PARTS = Parts(
    name="review",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=(
        offices.agencies,
        offices.committees,
        offices.experts,
        endorsements.commands,
        sessions.commands,
        hall.commands,
        minutes.commands,
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
        own.BALLOTS,
    ),
    listens=("intake", "review", "integrity"),
    reaction_kinds=reactions.KINDS,
    reactions=reactions.reactions,
    deadlines_view=deadlines.VIEW,
    deadlines=deadlines.DEADLINES,
    claim_codes=CLAIM_CODES,
    adapters=_adapters,
    workers=(closing.sweep, standing.sweep, sweep),
)


def create(settings: Settings) -> Server:
    """Build review's ASGI app."""
    return build(PARTS, settings)
