"""Where a ballot's private key lives until it is destroyed: behind this port, and nowhere else (§14.1)."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol
from uuid import UUID

from libs.ballot import Tally, count, new_private_key, public_key_of

SUFFIX = ".key"
OWNER_ONLY = 0o600
OWNER_ONLY_FOLDER = 0o700


class KeyLost(Exception):  # noqa: N818 - an answer that the caller must act on: void the ballot, vote again
    """The ballot's private key is not held any more, or it is not the one that the ballot was opened with."""


class BallotKeys(Protocol):
    """Holds private keys so that none ever leaves: it opens the boxes itself and gives the count alone."""

    async def create(self, ballot: UUID | str) -> str:
        """Make the ballot's key pair, once, and give the public key; again, the same one.

        When this returns, the private key outlives a crash: nobody is asked to seal for a key that is gone.
        """
        ...

    async def count(self, ballot: UUID | str, public_key: str, boxes: Iterable[bytes]) -> Tally:
        """Open and count boxes; changes nothing, so it may be repeated until the key is destroyed.

        Parameters
        ----------
        public_key
            As BallotOpened published it.

        Raises
        ------
        KeyLost
            If no key is held for the ballot, or one with another public key: counting with it would turn
            every vote into an invalid one.
        """
        ...

    async def destroy(self, ballot: UUID | str) -> None:
        """Destroy the private key for good; nothing to do when it is gone already."""
        ...

    async def held(self) -> tuple[UUID, ...]:
        """List the ballots whose keys are held, for the sweep that finishes what was interrupted."""
        ...


class FileBallotKeys:
    """The development adapter: one file a key, readable by its owner only, outside database and backups.

    Overwriting in place is as good as the file system: one that copies on write may keep the old blocks. A
    deployment uses a key service instead.

    Parameters
    ----------
    folder
        Made with mode 0700 if it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)

    async def create(self, ballot: UUID | str) -> str:
        """See `BallotKeys`."""
        return await asyncio.to_thread(self._create, self._path(ballot))

    async def count(self, ballot: UUID | str, public_key: str, boxes: Iterable[bytes]) -> Tally:
        """See `BallotKeys`."""
        return await asyncio.to_thread(self._count, ballot, public_key, tuple(boxes))

    async def destroy(self, ballot: UUID | str) -> None:
        """See `BallotKeys`."""
        await asyncio.to_thread(self._destroy, self._path(ballot))

    async def held(self) -> tuple[UUID, ...]:
        """See `BallotKeys`."""
        return await asyncio.to_thread(
            lambda: tuple(sorted(UUID(path.stem) for path in self._folder.glob(f"*{SUFFIX}")))
        )

    def _path(self, ballot: UUID | str) -> Path:
        """Name the file; parsing the identity first keeps any other path out."""
        return self._folder / f"{UUID(str(ballot))}{SUFFIX}"

    def _create(self, path: Path) -> str:
        """Write a draft in full and link it to its name, which fails if another process was first.

        So a file with a key's name is always a whole key, and all callers get the public key of one pair.
        """
        draft = path.with_suffix(f".{secrets.token_hex(8)}.draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(new_private_key())
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)
            except FileExistsError:
                _overwrite(draft)
        finally:
            draft.unlink()
        self._sync_folder()
        return public_key_of(path.read_bytes())

    def _count(self, ballot: UUID | str, public_key: str, boxes: tuple[bytes, ...]) -> Tally:
        try:
            private_key = self._path(ballot).read_bytes()
        except FileNotFoundError as error:
            raise KeyLost(str(ballot)) from error
        try:
            held = public_key_of(private_key)
        except ValueError as error:
            raise KeyLost(str(ballot)) from error
        if held != public_key:
            raise KeyLost(str(ballot))
        return count(boxes, ballot, private_key)

    def _destroy(self, path: Path) -> None:
        """Overwrite in place, which also reaches a draft that a crash left linked to the same content."""
        try:
            _overwrite(path)
        except FileNotFoundError:
            return
        path.unlink(missing_ok=True)
        self._sync_folder()

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        file.write(secrets.token_bytes(size))
        file.flush()
        os.fsync(file.fileno())
