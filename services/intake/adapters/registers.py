"""The registers that are asked: education data and Beijing's social insurance (说一)."""

from __future__ import annotations

from datetime import date

import httpx2

from libs.kernel.terms import Check
from libs.web.outside import Outside, UnavailableError


class EducationRegister:
    """The Ministry of Education's data on certificates."""

    def __init__(self, base: str, http: httpx2.AsyncClient) -> None:
        self._outside = Outside("education", base, http)

    async def verify(self, certificate_no: str, name: str, id_number: str) -> Check:
        """Ask whether a certificate is this person's; UNAVAILABLE when nobody answers."""
        return await _ask(
            self._outside,
            "/v1/verifications",
            {"certificate_no": certificate_no, "name": name, "id_number": id_number},
        )


class InsuranceRegister:
    """Beijing's social-insurance data; it assists and never refuses by itself."""

    def __init__(self, base: str, http: httpx2.AsyncClient) -> None:
        self._outside = Outside("insurance", base, http)

    async def employed(self, id_number: str, credit_code: str, on: date) -> Check:
        """Ask whether a unit insured this person on a day; UNAVAILABLE when nobody answers."""
        return await _ask(
            self._outside, "/v1/employments", {"id_number": id_number, "unit_code": credit_code, "on": on.isoformat()}
        )


async def _ask(outside: Outside, path: str, body: dict[str, str]) -> Check:
    try:
        answer = await outside.post(path, body)
        return Check(answer.get("result"))
    except (UnavailableError, ValueError):
        return Check.UNAVAILABLE
