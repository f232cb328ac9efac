"""Whose a path is: answered here from the projection, or by the service that owns its first segment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from libs.kernel.refusals import Refused
from services.gateway.access.kinds import BY_COLLECTION

OWNERS: Final = {
    segment: service
    for service, segments in {
        "intake": ("persons", "employers", "rulesets", "campaigns", "applications", "payments", "assessments"),
        "review": ("agencies", "committees", "experts", "endorsements", "sessions", "ballots", "notices"),
        "certificate": ("titles", "certificates", "verifications"),
        "integrity": ("cases", "bans", "records", "offices"),
    }.items()
    for segment in segments
}
OURS: Final = frozenset({"clients", "events", "openapi.json", "docs", "docs.css"})
SERVICES: Final = tuple(dict.fromkeys(OWNERS.values()))
_FORWARDED: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Nothing percent-encoded and no dot segments: what is forwarded means the same to every hop.
_PATH: Final = re.compile(r"/v1/([a-z.]+)((?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*)")
# The pages behind a certificate's QR code. A code is what people type, so it may be percent-encoded.
_PAGE: Final = re.compile(r"/verify(?:/assets)?(?:/(?!\.{1,2}$)[A-Za-z0-9._~%-]{1,200})?")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes; `path` is its name in the metrics, `service` is empty for what is answered here."""

    path: str
    service: str = ""


HERE: Final = Route("")
_PAGES: Final = Route("/verify/…", "certificate")
_ROUTES: Final = {segment: Route(f"/v1/{segment}/…", service) for segment, service in OWNERS.items()}


def is_api(path: str) -> bool:
    """Tell whether a path is one for `route`; what is not is the gateway's own index or health."""
    return path.startswith(("/v1/", "/verify/")) or path == "/verify"


def route(method: str, raw_path: bytes) -> Route:
    """Say where a request to the API, or to the public pages of verification, goes.

    Raises
    ------
    Refused
        NOT_FOUND for a path whose first segment nobody owns, or that is no plain path.
    """
    path = raw_path.decode("latin-1")
    if method == "GET" and _PAGE.fullmatch(path):
        return _PAGES
    match = _PATH.fullmatch(path)
    if match is None:
        raise Refused.one("NOT_FOUND")
    first, rest = match[1], match[2]
    if first in OURS:
        return HERE
    found = _ROUTES.get(first)
    if found is None:
        raise Refused.one("NOT_FOUND")
    if method in _FORWARDED:
        return found
    if method == "GET" and (first not in BY_COLLECTION or not _is_query(rest)):
        return found
    return HERE


def _is_query(rest: str) -> bool:
    depth = rest.count("/")
    return depth <= 1 or (depth == 2 and rest.endswith("/events"))  # noqa: PLR2004 - the id and `events`
