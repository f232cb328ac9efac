"""Wires the gateway: the only place where its parts meet."""

from __future__ import annotations

from pathlib import Path

from libs.web.server import Server
from libs.web.service import build
from libs.web.settings import Settings
from libs.web.spine import Parts, Spine
from services.gateway.admission import OFFICIALS
from services.gateway.api import clients, documents
from services.gateway.api.feed import feed
from services.gateway.api.queries import queries
from services.gateway.forward import Forwarder, open_session
from services.gateway.front import Front
from services.gateway.routing import SERVICES
from services.gateway.views.resources import VIEWS


def _forwarder(spine: Spine) -> Forwarder:
    settings = spine.settings
    session = open_session(settings.upstream_seconds)
    spine.exits.push_async_callback(session.close)
    return Forwarder(session, {service: settings.url_of(service) for service in SERVICES})


PARTS = Parts(
    name="gateway",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=(queries, feed, clients.commands, documents.documents),
    views=(*VIEWS, OFFICIALS),
    adapters=_forwarder,
    front=Front,
)


def create(settings: Settings) -> Server:
    """Build the gateway's ASGI app."""
    return build(PARTS, settings)
