"""Secret ballots: sealing a choice in the voter's own program, and counting what was sealed (rules §14.1)."""

from libs.ballot.sealing import (
    SEALED_BYTES,
    Choice,
    Tally,
    count,
    new_private_key,
    open_box,
    public_key_of,
    receipt,
    seal,
    sealed_from_text,
    sealed_to_text,
)

__all__ = [
    "SEALED_BYTES",
    "Choice",
    "Tally",
    "count",
    "new_private_key",
    "open_box",
    "public_key_of",
    "receipt",
    "seal",
    "sealed_from_text",
    "sealed_to_text",
]
