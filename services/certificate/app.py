"""Wires certificate: the only place where its parts meet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from libs.web.server import Server
from libs.web.service import build
from libs.web.settings import Settings
from libs.web.spine import Parts, Spine, sweep
from services.certificate import reactions
from services.certificate.adapters.issuing import Issuing
from services.certificate.adapters.printer import Printer
from services.certificate.adapters.records import Records
from services.certificate.adapters.throttle import Throttle
from services.certificate.api import certificates, pages, titles, verifications
from services.certificate.domain.claims import CLAIM_CODES
from services.certificate.front import front
from services.certificate.views import others, own


@dataclass(frozen=True, slots=True)
class Adapters:
    """What certificate's handlers and reactions use beside the spine."""

    issuing: Issuing
    printer: Printer
    records: Records
    throttle: Throttle


def _adapters(spine: Spine) -> Adapters:
    adapters = Adapters(
        issuing=Issuing(spine.pool),
        printer=Printer(),
        records=Records(spine.database, spine.pool),
        throttle=Throttle(spine.settings.verifications),
    )
    spine.exits.callback(adapters.printer.close)
    spine.exits.push_async_callback(adapters.records.close)
    return adapters


PARTS = Parts(
    name="certificate",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=(titles.commands, certificates.commands, verifications.commands, pages.commands),
    views=(
        others.PERSONS,
        others.APPLICATIONS,
        others.RULESETS,
        others.BANS,
        others.COMMITTEES,
        others.RESULTS,
        own.VERIFICATION,
    ),
    listens=("certificate", "intake", "review", "integrity"),
    reaction_kinds=reactions.KINDS,
    reactions=reactions.reactions,
    claim_codes=CLAIM_CODES,
    workers=(sweep,),
    adapters=_adapters,
    front=front,
)


def create(settings: Settings) -> Server:
    """Build certificate's ASGI app."""
    return build(PARTS, settings)
