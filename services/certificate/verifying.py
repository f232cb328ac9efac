"""One answer to whoever asks whether a certificate is valid: looked up, compared, masked (说三, invariant 16)."""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass

import asyncpg
from starlette.types import Scope

from libs.events.sealing import KeyRing
from libs.kernel.refusals import Refused
from libs.kernel.terms import Level
from libs.web.auth import ANYONE
from libs.web.server import header
from services.certificate.adapters.records import Records
from services.certificate.domain.numbering import is_certificate_number
from services.certificate.domain.verification import (
    NOT_FOUND,
    Answer,
    Comparison,
    Found,
    answer,
    masked_name,
)
from services.certificate.domain.verification_codes import read_code

LAST = 4
"""How many characters of the ID number a verifier may compare."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a verifier typed; what was left out is empty."""

    code: str = ""
    number: str = ""
    name: str = ""
    id_number_last4: str = ""
    district: str = ""


async def verify(records: Records, keys: KeyRing, asked: Asked) -> Answer:
    """Answer a verification, by code or by number.

    Whether a certificate is valid never hangs on the keys' service: while that is away, or after the holder was
    erased, the masked name is left out. Only a comparison that cannot be made is told as such. By number, where
    the comparison is all that shows the certificate at hand, an erased holder's is not found.

    Raises
    ------
    Refused
        UPSTREAM_UNAVAILABLE when name or ID number were to be compared and nobody gives the key.
    """
    row = await _find(records, asked)
    if row is None:
        return NOT_FOUND
    try:
        opened = await keys.open_all([row["name"], row["id_number"]])
    except Refused:
        if asked.name or asked.id_number_last4:
            raise
        opened = {row["name"]: None, row["id_number"]: None}
    name, number = opened[row["name"]], opened[row["id_number"]]
    return answer(_found(row, name), _compare(asked, name, number), asked.district)


def client_of(scope: Scope, subject: str) -> str:
    """Tell clients apart: by their token's subject, else by the address that the gateway saw.

    `subject` is empty, or that of `ANYONE`, for a stranger.
    """
    if subject and subject != ANYONE.subject:
        return subject
    seen = header(scope, b"x-forwarded-for").rpartition(",")[2].strip()
    return seen or (scope["client"][0] if scope.get("client") else "")


async def _find(records: Records, asked: Asked) -> asyncpg.Record | None:
    if asked.code:
        code = read_code(asked.code)
        return await records.by_code(code) if code else None
    number = unicodedata.normalize("NFKC", asked.number).strip()
    return await records.by_number(number) if is_certificate_number(number) else None


def _found(row: asyncpg.Record, name: str | None) -> Found:
    return Found(
        number=row["number"],
        holder=None if name is None else masked_name(name),
        title_name=row["title_name"],
        series=row["series"],
        specialty=row["specialty"],
        level=Level(row["level"]),
        scope=row["scope"],
        obtained_on=row["obtained_on"],
        issued_on=row["issued_on"],
        issuer=row["issuer"],
        revoked_on=row["revoked_on"],
        decision_no=row["decision_no"],
    )


def _compare(asked: Asked, name: str | None, number: str | None) -> Comparison:
    """Compare what the verifier gave; a number is no secret, so by number alone nothing is told."""
    if asked.number and (name is None or number is None):
        return Comparison.MISMATCH
    if name is None or number is None or not (asked.name or asked.id_number_last4):
        return Comparison.NOT_GIVEN
    pairs = ((asked.name.strip(), name), (asked.id_number_last4.upper(), number[-LAST:]))
    same = [hmac.compare_digest(given.encode(), held.encode()) for given, held in pairs if given]
    return Comparison.MATCH if all(same) else Comparison.MISMATCH
