"""验证码 of a certificate: what a verifier types or scans, hard to guess and easy to type.

Sixteen characters of Crockford's alphabet, which has no I, L, O or U: fifteen carry 75 random bits, the last
one checks them, so that a slip of the finger is told from a certificate that does not exist without asking
the store. With 370,000 certificates a guess hits one in 10^17.
"""

from __future__ import annotations

import unicodedata

from services.certificate.domain.checksums import check_value

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BITS_EACH = 5
CARRIERS = 15
LENGTH = CARRIERS + 1
GROUP = 4
TOKEN_BYTES = 10
MOST_TYPED = 64
"""More than this is no code, however it is spaced; it is not even normalised."""

_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})


def code_of(token: bytes) -> str:
    """Derive a certificate's code from a random token.

    Parameters
    ----------
    token
        `TOKEN_BYTES` bytes of cryptographic randomness, which the shell draws anew for every certificate.
    """
    if len(token) != TOKEN_BYTES:
        msg = f"a verification code is derived from {TOKEN_BYTES} random bytes"
        raise ValueError(msg)
    bits = int.from_bytes(token) >> (TOKEN_BYTES * 8 - CARRIERS * BITS_EACH)
    values = [(bits >> (BITS_EACH * place)) & (len(ALPHABET) - 1) for place in reversed(range(CARRIERS))]
    return "".join(ALPHABET[value] for value in (*values, check_value(values, len(ALPHABET))))


def read_code(typed: str) -> str | None:
    """Read a code as people type it: any case, width, spaces and dashes; O for 0, I and L for 1.

    Returns None for what cannot be a code; the answer to the verifier is then the same as for an unknown one.
    """
    if len(typed) > MOST_TYPED:
        return None
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKC", typed).upper()
        if not character.isspace() and unicodedata.category(character) != "Pd"
    ).translate(_LOOKALIKES)
    if len(plain) != LENGTH or not set(plain) <= set(ALPHABET):
        return None
    values = [ALPHABET.index(character) for character in plain]
    return plain if check_value(values[:-1], len(ALPHABET)) == values[-1] else None


def shown_code(code: str) -> str:
    """Write a code in groups of four, as it is printed."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))
