"""Wires integrity: the only place where its parts meet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from libs.events.blobs import local_store
from libs.web.server import Server
from libs.web.service import build
from libs.web.settings import Settings
from libs.web.spine import Parts, Spine, sweep
from services.integrity import deadlines, reactions, views
from services.integrity.adapters.vault import Vault
from services.integrity.api import cases, consequences, offices
from services.integrity.domain.case import CLAIM_CODES


@dataclass(frozen=True, slots=True)
class Adapters:
    """What integrity's handlers use beside the spine."""

    vault: Vault


def _adapters(spine: Spine) -> Adapters:
    return Adapters(Vault(spine.blobs, local_store(spine.settings.state / "blobs"), spine.pool))


PARTS = Parts(
    name="integrity",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=(cases.commands, consequences.bans, consequences.records, offices.commands),
    views=(views.RULESETS, views.TITLES),
    listens=("integrity",),
    reaction_kinds=reactions.KINDS,
    reactions=reactions.reactions,
    deadlines_view=deadlines.VIEW,
    deadlines=deadlines.DEADLINES,
    claim_codes=CLAIM_CODES,
    adapters=_adapters,
    workers=(sweep,),
)


def create(settings: Settings) -> Server:
    """Build integrity's ASGI app."""
    return build(PARTS, settings)
