"""What several services answer in the same words."""

from __future__ import annotations

from typing_extensions import TypedDict


class StoredFile(TypedDict):
    """A stored file, as a later command names it: SHA-256 of the stored bytes, size in bytes, media type."""

    hash: str
    size: int
    media_type: str
