"""Identities: UUIDv7 for what is new, UUIDv5 for what must come out the same again."""

from __future__ import annotations

import hashlib
from uuid import UUID

from uuid_utils import uuid7
from uuid_utils.compat import uuid5

_COMMANDS = UUID("6f1d3a52-0f0e-5d3c-9a51-6d2f0c7a1e01")


def new_id() -> str:
    """Give a new identity, ordered by time."""
    return str(uuid7())


def http_command_id(client: str, subject: str, method: str, path: str, key: str) -> UUID:
    """Identify an HTTP command for ever by who sent it, where, and its Idempotency-Key."""
    return uuid5(_COMMANDS, f"{client}\n{subject}\n{method}\n{path}\n{key}")


def derived_command_id(cause: str, name: str, target: str) -> UUID:
    """Identify a reaction's or deadline's command by its cause, its name and the stream it goes to."""
    return uuid5(_COMMANDS, f"{cause}\n{name}\n{target}")


def fingerprint(*parts: bytes) -> bytes:
    """Tell whether the same key came with the same body: SHA-256 over length-prefixed parts."""
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(8, "big"))
        hashed.update(part)
    return hashed.digest()
