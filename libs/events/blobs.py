"""Blobs: materials and certificates, encrypted under the person's key, addressed by the hash of what is stored."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from obstore.store import LocalStore, ObjectStore

from libs.events.contracts.intake import BlobRef
from libs.events.sealing import KeyDestroyedError, KeyRing, SealBrokenError

SWEEP_AFTER = timedelta(days=1)


class BlobMissingError(Exception):
    """No such blob is stored."""


def local_store(folder: Path) -> ObjectStore:
    """Keep blobs in a local folder; in production `obstore.store.S3Store` takes its place."""
    folder.mkdir(parents=True, exist_ok=True)
    return LocalStore(folder)


class Blobs:
    """Stores and reads blobs. An upload is complete before the event that names it is appended."""

    def __init__(self, store: ObjectStore, keys: KeyRing) -> None:
        self._store = store
        self._keys = keys

    async def put(self, person: str, content: bytes, media_type: str) -> BlobRef:
        """Encrypt under the person's key and store; give the reference that an event names.

        Raises
        ------
        KeyDestroyedError
            When the person was erased.
        """
        key = await self._key(person)
        nonce = os.urandom(12)
        stored = nonce + AESGCM(key).encrypt(nonce, content, media_type.encode())
        name = hashlib.sha256(stored).hexdigest()
        await self._store.put_async(_path(name), stored)
        return BlobRef(hash=name, size=len(content), media_type=media_type)

    async def get(self, person: str, ref: BlobRef, *, about_to_name: bool = False) -> bytes:
        """Read and decrypt a blob, checking that the stored bytes are those that the event named.

        `about_to_name` begins its day anew, so that the sweep does not overtake the event that will name it.
        """
        key = await self._key(person)
        try:
            result = await self._store.get_async(_path(ref.hash))
            stored = bytes(await result.bytes_async())
        except FileNotFoundError as error:
            raise BlobMissingError(ref.hash) from error
        if hashlib.sha256(stored).hexdigest() != ref.hash:
            raise SealBrokenError(ref.hash)
        if about_to_name:
            await self._store.put_async(_path(ref.hash), stored)
        try:
            return AESGCM(key).decrypt(stored[:12], stored[12:], ref.media_type.encode())
        except InvalidTag as error:
            raise SealBrokenError(ref.hash) from error

    async def has(self, name: str) -> bool:
        """Tell whether a blob of that hash is stored."""
        try:
            await self._store.head_async(_path(name))
        except FileNotFoundError:
            return False
        return True

    async def sweep(self, named: Callable[[list[str]], Awaitable[set[str]]], now: datetime | None = None) -> int:
        """Delete what is older than a day and no event names; give how many.

        `named` is asked which of the old ones are named, after they were listed. A command may begin a blob's day
        anew after that, and its event come later still: so each blob is looked at once more right before it goes.
        What is left to chance is one round trip to the store.
        """
        limit = (now or datetime.now(UTC)) - SWEEP_AFTER
        deleted = 0
        async for page in self._store.list():
            old = {meta["path"].rpartition("/")[2]: meta["path"] for meta in page if meta["last_modified"] < limit}
            kept = await named(list(old)) if old else set[str]()
            for name, path in old.items():
                if name not in kept and await self._older(path, limit):
                    await self._store.delete_async(path)
                    deleted += 1
        return deleted

    async def _older(self, path: str, limit: datetime) -> bool:
        try:
            return (await self._store.head_async(path))["last_modified"] < limit
        except FileNotFoundError:
            return False

    async def _key(self, person: str) -> bytes:
        key = (await self._keys.fetch([person])).get(person)
        if key is None:
            raise KeyDestroyedError(person)
        return key


def _path(name: str) -> str:
    return f"{name[:2]}/{name}"
