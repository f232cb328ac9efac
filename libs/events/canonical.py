"""RFC 8785 canonical JSON for what we store: ASCII keys, no floats, integers a double holds exactly.

Under these three conditions canonical JSON is UTF-8 JSON with sorted keys, which orjson writes in one pass.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

MAX_RECORD = 512 * 1024
"""The largest record, in bytes; what is bigger is a blob."""

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


class NotCanonicalError(ValueError):
    """A value that has no canonical form here: a float, a key outside ASCII, an unsafe integer, bad text."""


def encode(value: Any) -> bytes:
    """Write a value in canonical form, checking every part of it.

    Raises
    ------
    NotCanonicalError
        For floats, keys that are not ASCII strings, integers beyond 2**53 - 1, lone surrogates, values that
        JSON does not have and nesting beyond any sense.
    """
    try:
        _check(value)
    except RecursionError as error:
        msg = "too deeply nested"
        raise NotCanonicalError(msg) from error
    return encode_trusted(value)


def encode_trusted(value: Any) -> bytes:
    """Write a value whose keys and numbers a registered contract has already checked."""
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
        raise NotCanonicalError(str(error)) from error


def digest(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def _check(value: Any) -> None:
    if isinstance(value, float):
        msg = "a float has no place in an event"
        raise NotCanonicalError(msg)
    if isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str) or not key.isascii():
                msg = f"a key is ASCII text, not {key!r}"
                raise NotCanonicalError(msg)
            _check(member)
    elif isinstance(value, (list, tuple)):
        for member in value:
            _check(member)
    elif value is not None and not isinstance(value, (str, int)):
        # orjson would write dates, UUIDs and dataclasses in a form of its own.
        msg = f"JSON has no {type(value).__name__}"
        raise NotCanonicalError(msg)
