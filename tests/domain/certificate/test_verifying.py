"""A verification whose comparison cannot be made: by code it still answers, by number it finds nothing."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from libs.events.sealing import KeyRing
from services.certificate.adapters.records import Records
from services.certificate.domain.verification import Outcome
from services.certificate.domain.verification_codes import code_of
from services.certificate.verifying import Asked, verify

CODE = code_of(bytes(range(10)))
NUMBER = "1120250520000428"
ROW = {
    "number": NUMBER,
    "name": "sealed name",
    "id_number": "sealed number",
    "title_name": "高级工程师",
    "series": "engineering",
    "specialty": "software",
    "level": "associate_senior",
    "scope": "",
    "obtained_on": date(2025, 2, 21),
    "issued_on": date(2025, 3, 1),
    "issuer": "北京市人力资源和社会保障局",
    "revoked_on": date(2025, 6, 1),
    "decision_no": "京人社职撤〔2025〕3号",
}


class Table:
    """The certificate's row, by code and by number."""

    async def by_code(self, _code: str) -> dict[str, Any]:
        return ROW

    async def by_number(self, _number: str) -> dict[str, Any]:
        return ROW


class Opened:
    """A key ring that opens the holder's fields, or finds the holder erased."""

    def __init__(self, name: str | None, number: str | None) -> None:
        self._fields = {"sealed name": name, "sealed number": number}

    async def open_all(self, sealed: list[str]) -> dict[str, str | None]:
        return {field: self._fields[field] for field in sealed}


ERASED = Opened(None, None)


async def outcome(ring: Opened, asked: Asked) -> Outcome:
    told = await verify(cast("Records", Table()), cast("KeyRing", ring), asked)
    return told.outcome


@pytest.mark.parametrize("name", ["欧阳明远", "路人"])
async def test_by_number_an_erased_holders_certificate_is_found_by_nobody(name: str) -> None:
    asked = Asked(number=NUMBER, name=name, id_number_last4="1233")
    assert await outcome(ERASED, asked) is Outcome.NOT_FOUND
    known = Opened("欧阳明远", "110101199003071233")
    found = Outcome.REVOKED if name == "欧阳明远" else Outcome.NOT_FOUND
    assert await outcome(known, asked) is found


async def test_by_code_an_erased_holders_certificate_is_still_what_it_is() -> None:
    assert await outcome(ERASED, Asked(code=CODE)) is Outcome.REVOKED
