"""Sealed personal fields: AES-256-GCM under the person's own key.

A sealed field names its person and its event, so that whoever may ask for the key can open it wherever it
stands; event id and field path are associated data, so that it opens nowhere else than where it belongs.
Form: ``s1.<field>.<base64url(person 16 | event 16 | nonce 12 | ciphertext and tag)>``.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol, cast
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from libs.events.contracts.base import Part, Payload, Unsealed

KEY_CACHE_SECONDS = 60


class KeyDestroyedError(Exception):
    """The person's key is gone: the field can never be read again."""


class SealBrokenError(Exception):
    """The sealed bytes do not belong to this person, event and field."""


class PersonKeys(Protocol):
    """Where persons' keys come from: intake's own table, or intake over HTTP for everyone else."""

    async def keys(self, persons: Iterable[str]) -> dict[str, bytes]:
        """Give the 32-byte keys of those persons who have one."""
        ...


class SealedParts(NamedTuple):
    """A sealed field, taken apart."""

    field: str
    person: str
    event: str
    nonce: bytes
    ciphertext: bytes


def parts(sealed: str) -> SealedParts:
    """Take a sealed field apart without opening it."""
    _, field, body = sealed.split(".")
    raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    return SealedParts(field, str(UUID(bytes=raw[:16])), str(UUID(bytes=raw[16:32])), raw[32:44], raw[44:])


class EventSealer:
    """Seals the fields of one event with keys that were fetched before."""

    def __init__(self, event_id: str, keys: dict[str, bytes]) -> None:
        self._event = UUID(event_id).bytes
        self._keys = keys

    def seal(self, field: str, value: Unsealed) -> str:
        """Seal one value under its person's key."""
        nonce = os.urandom(12)
        sealed = AESGCM(self._keys[value.person]).encrypt(nonce, value.value.encode(), _bound(self._event, field))
        body = UUID(value.person).bytes + self._event + nonce + sealed
        return f"s1.{field}.{base64.urlsafe_b64encode(body).rstrip(b'=').decode()}"


def persons_in(payloads: Iterable[Payload]) -> set[str]:
    """Name the persons whose keys are needed to write these payloads."""
    return {
        person
        for payload in payloads
        for name in type(payload).personal
        for person in _persons_within(getattr(payload, name))
    }


def _persons_within(value: Any) -> Iterator[str]:
    if isinstance(value, Unsealed):
        yield value.person
    elif isinstance(value, tuple):
        for one in cast("tuple[Any, ...]", value):
            yield from _persons_within(one)
    elif isinstance(value, Part):
        for name in type(value).model_fields:
            yield from _persons_within(getattr(value, name))


def sealed_payload(payload: Payload, sealer: EventSealer) -> Payload:
    """Give the payload with its personal values sealed, each for its own place."""
    fields = {name: _sealed_at(name, getattr(payload, name), sealer) for name in type(payload).personal}
    return payload.model_copy(update=fields)


def _sealed_at(place: str, value: Any, sealer: EventSealer) -> Any:
    if isinstance(value, Unsealed):
        return sealer.seal(place, value)
    if isinstance(value, tuple):
        items = cast("tuple[Any, ...]", value)
        return tuple(_sealed_at(f"{place}/{number}", one, sealer) for number, one in enumerate(items))
    if isinstance(value, Part):
        names = type(value).model_fields
        return value.model_copy(
            update={name: _sealed_at(f"{place}/{name}", getattr(value, name), sealer) for name in names}
        )
    return value


class KeyRing:
    """Opens sealed fields; keeps each key for at most a minute, so that an erasure is felt by then."""

    def __init__(self, source: PersonKeys) -> None:
        self._source = source
        self._cache: dict[str, tuple[float, bytes]] = {}

    async def fetch(self, persons: Iterable[str]) -> dict[str, bytes]:
        """Give the keys of those persons who have one."""
        now = time.monotonic()
        wanted = set(persons)
        found = {
            person: held[1]
            for person in wanted
            if (held := self._cache.get(person)) and now - held[0] < KEY_CACHE_SECONDS
        }
        missing = wanted - found.keys()
        if missing:
            fresh = await self._source.keys(missing)
            self._cache.update({person: (now, key) for person, key in fresh.items()})
            for person in missing - fresh.keys():
                self._cache.pop(person, None)
            found |= fresh
        return found

    def forget(self, person: str) -> None:
        """Drop a key at once, as when it was destroyed here."""
        self._cache.pop(person, None)

    async def open_all(self, sealed: Iterable[str]) -> dict[str, str | None]:
        """Open many fields with one request for keys; what can never be read again is None."""
        taken = {text: parts(text) for text in set(sealed)}
        keys = await self.fetch(part.person for part in taken.values())
        return {
            text: open_with(keys[part.person], part) if part.person in keys else None for text, part in taken.items()
        }

    async def open(self, sealed: str) -> str:
        """Open one field.

        Raises
        ------
        KeyDestroyedError
            When the person was erased.
        """
        opened = (await self.open_all([sealed]))[sealed]
        if opened is None:
            raise KeyDestroyedError(parts(sealed).person)
        return opened


def open_with(key: bytes, part: SealedParts) -> str:
    """Open a field with its person's key."""
    try:
        return AESGCM(key).decrypt(part.nonce, part.ciphertext, _bound(UUID(part.event).bytes, part.field)).decode()
    except InvalidTag as error:
        raise SealBrokenError(part.field) from error


def _bound(event: bytes, field: str) -> bytes:
    return event + b"|" + field.encode()
