"""The ballot's cryptography: HPKE (RFC 9180) with X25519, HKDF-SHA256 and ChaCha20-Poly1305.

A sealed box holds one byte of choice and 16 random bytes, so all boxes have one length, and two voters with
one choice have different boxes. The ballot's identity is HPKE's `info`: a box made for one ballot does not
open in another, whatever key it was made for.
"""

from __future__ import annotations

import binascii
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
SALT_BYTES: Final = 16
TAG_BYTES: Final = 16
KEY_BYTES: Final = 32
PLAIN_BYTES: Final = 1 + SALT_BYTES
SEALED_BYTES: Final = KEY_BYTES + PLAIN_BYTES + TAG_BYTES
"""Length of every sealed box: HPKE's encapsulated key, the plain bytes encrypted, the tag."""


class Choice(StrEnum):
    """What a voter may choose; whatever else comes out of a box counts as invalid."""

    AGREE = "agree"
    AGAINST = "against"
    ABSTAIN = "abstain"


CODES: Final = {Choice.AGREE: b"\x01", Choice.AGAINST: b"\x02", Choice.ABSTAIN: b"\x03"}
CHOICES: Final = {code: choice for choice, code in CODES.items()}


@dataclass(frozen=True, slots=True)
class Tally:
    """The count of a ballot, and the receipts of the boxes counted, sorted so that no order is kept."""

    agree: int
    against: int
    abstain: int
    invalid: int
    receipts: tuple[str, ...]


def new_private_key() -> bytes:
    """Make a ballot's private key: 32 raw bytes, from the system's random source."""
    return X25519PrivateKey.generate().private_bytes_raw()


def public_key_of(private_key: bytes) -> str:
    """Give the public key, base64url without padding, as `BallotOpened` publishes it.

    Raises
    ------
    ValueError
        If the private key is not 32 bytes long.
    """
    return _text(X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw())


def seal(choice: Choice, ballot: UUID | str, public_key: str) -> bytes:
    """Seal a choice in the voter's own program, to be sent instead of it.

    Parameters
    ----------
    ballot
        The ballot's identity; the box opens in no other ballot.
    public_key
        As `BallotOpened` has it.

    Returns
    -------
    bytes
        `SEALED_BYTES` bytes. Nothing from which they were made is kept: the 16 random bytes inside would
        prove the choice to a third person.

    Raises
    ------
    ValueError
        If the public key is not one, or the ballot is no UUID.
    """
    key = X25519PublicKey.from_public_bytes(_bytes(public_key))
    plain = CODES[choice] + secrets.token_bytes(SALT_BYTES)
    return SUITE.encrypt(plain, key, info=_bound_to(ballot))


def receipt(sealed: bytes) -> str:
    """Give the receipt of a box: SHA-256 of the sealed bytes, in hexadecimal."""
    return sha256(sealed).hexdigest()


def open_box(sealed: bytes, ballot: UUID | str, private_key: bytes) -> Choice | None:
    """Open a box; None for what is invalid: another ballot's, another key's, damaged, or no choice."""
    key = X25519PrivateKey.from_private_bytes(private_key)
    try:
        plain = SUITE.decrypt(sealed, key, info=_bound_to(ballot))
    except InvalidTag:
        return None
    return CHOICES.get(plain[:1]) if len(plain) == PLAIN_BYTES else None


def count(boxes: Iterable[bytes], ballot: UUID | str, private_key: bytes) -> Tally:
    """Open the boxes of a ballot and count them; which box held what leaves this function with nobody."""
    sealed = tuple(boxes)
    found = Counter(open_box(box, ballot, private_key) for box in sealed)
    return Tally(
        agree=found[Choice.AGREE],
        against=found[Choice.AGAINST],
        abstain=found[Choice.ABSTAIN],
        invalid=found[None],
        receipts=tuple(sorted(receipt(box) for box in sealed)),
    )


def sealed_to_text(sealed: bytes) -> str:
    """Write a box for JSON: base64url without padding."""
    return _text(sealed)


def sealed_from_text(text: str) -> bytes:
    """Read a box from JSON.

    Raises
    ------
    ValueError
        If the text is not base64url without padding, or the box has not `SEALED_BYTES` bytes. A box of the
        right length that does not open is no error here: it counts as invalid.
    """
    sealed = _bytes(text)
    if len(sealed) != SEALED_BYTES:
        msg = f"a sealed box has {SEALED_BYTES} bytes, not {len(sealed)}"
        raise ValueError(msg)
    return sealed


def _bound_to(ballot: UUID | str) -> bytes:
    return b"zhicheng ballot v1\x00" + UUID(str(ballot)).bytes


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    """Decode strictly: one text for one value, or a box could be sent twice in two spellings."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        msg = "not base64url"
        raise ValueError(msg) from error
    if _text(raw) != text:
        msg = "not base64url without padding, in its one canonical spelling"
        raise ValueError(msg)
    return raw
