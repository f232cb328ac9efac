"""The published payloads of every service. Importing this package registers them all."""

from libs.events.contracts import certificate, gateway, intake, integrity, review
from libs.events.contracts.base import Instant, Payload, Sealed, Unsealed, contract, registry

__all__ = [
    "Instant",
    "Payload",
    "Sealed",
    "Unsealed",
    "certificate",
    "contract",
    "gateway",
    "intake",
    "integrity",
    "registry",
    "review",
]
