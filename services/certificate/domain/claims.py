"""What is unique across the streams of this service, and the refusal that a taken claim means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

from libs.kernel.decisions import Claim
from libs.kernel.terms import Level

LIVE_TITLE = "live_title"
CERTIFICATE_NUMBER = "certificate_number"
CERTIFICATE_OF_TITLE = "certificate_of_title"
VERIFICATION_CODE = "verification_code"

CLAIM_CODES: Mapping[str, str] = MappingProxyType(
    {
        LIVE_TITLE: "ALREADY_ISSUED",
        CERTIFICATE_NUMBER: "DUPLICATE_CERT_NO",
        CERTIFICATE_OF_TITLE: "ALREADY_ISSUED",
        VERIFICATION_CODE: "DUPLICATE_CERT_NO",
    }
)
"""For the command bus: the refusal code by the claim's name."""


def live_title(person: str, series: str, specialty: str, level: Level | None, scope: str) -> tuple[Claim, ...]:
    """Claim the one live title of a person, series, specialty, level and scope (invariant 8).

    Nothing is claimed while one of them is unknown, as an old record may leave it.
    """
    if level is None or not (series and specialty):
        return ()
    return (_claim(LIVE_TITLE, person, series, specialty, level.value, scope),)


def certificate_number(issuer: str, number: str) -> tuple[Claim, ...]:
    """Claim a number for ever, among those of its issuer; nothing where it is unknown."""
    return (_claim(CERTIFICATE_NUMBER, issuer, number),) if number else ()


def certificate_of_title(title: str) -> Claim:
    """Claim the one certificate of a title."""
    return Claim(CERTIFICATE_OF_TITLE, title)


def verification_code(code: str) -> Claim:
    """Claim a verification code for ever."""
    return Claim(VERIFICATION_CODE, code)


def _claim(name: str, *parts: str) -> Claim:
    # JSON, so that no part can reach into its neighbour whatever characters it has.
    return Claim(name, json.dumps(parts, ensure_ascii=False, separators=(",", ":")))
