"""What the gateway publishes about its own clients."""

from __future__ import annotations

from libs.events.contracts.base import Payload, contract


@contract("gateway")
class ClientRegistered(Payload):
    """A system may integrate: its OAuth client id, the roles it may carry, and the unit it speaks for."""

    client_id: str
    roles: tuple[str, ...]
    unit: str
    district: str
